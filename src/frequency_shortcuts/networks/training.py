"""The training loop: seeded, deterministic on one device, resumable; and the learning dynamics.

SGD with Nesterov momentum. The learning rate is divided by ten on a plateau of the validation loss, or follows one
cycle: up to its peak and down to almost zero.
Every iteration draws its random numbers from a generator seeded by (seed, iteration), so that a run
that is taken up again needs no generator state and ends with the weights of an uninterrupted one. Its state
can be stored after every iteration, and after every batch of what is done between two of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau
from tqdm import tqdm

from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.source import Source, prefetched
from frequency_shortcuts.data.splits import Split, identity
from frequency_shortcuts.maps.methods.culling.digest import network_digest
from frequency_shortcuts.spectrum import filters, masks
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.journal import Stopped

from . import predictions
from .augmentation import Augmentation

log = logging.getLogger(__name__)

SETTLE_EVERY = 50  # iterations between two looks at the losses: to read one off a GPU is to wait for it


VIEWS = ("full", "low-pass", "high-pass")  # of the test images, in the learning dynamics
Schedule = Literal["plateau", "one_cycle"]


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the published ones.

    schedule: `plateau` starts at `learning_rate` and multiplies it with `plateau_factor` whenever the validation loss
    has not fallen for more than `plateau_patience` epochs. `one_cycle` (Smith and Topin, arXiv 1708.07120) changes the
    rate at every iteration: from `learning_rate` / 25 up to `learning_rate` within the first `warmup_share` of all
    iterations, then down to `learning_rate` / 250,000, both along a cosine; the momentum is constant. A training
    whose warm-up would be one iteration or less has none. With both schedules the weights that are kept are those of
    the epoch with the lowest validation loss.

    Raises ValueError for a value that is not allowed.

    >>> Recipe(epochs=8, learning_rate=0.05, schedule="one_cycle").warmup_share
    0.25
    """

    epochs: int = 200
    batch_size: int = 64
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Schedule = "plateau"
    plateau_factor: float = 0.1
    plateau_patience: int = 10
    warmup_share: float = 0.25

    def __post_init__(self) -> None:
        if self.schedule not in get_args(Schedule):
            raise ValueError(f"schedule {self.schedule!r}: choose from {', '.join(get_args(Schedule))}")
        if not 0 < self.warmup_share < 1:
            raise ValueError(f"warmup_share {self.warmup_share}: expected above 0 and below 1")
        if self.epochs < 1 or self.batch_size < 1 or self.learning_rate <= 0:
            raise ValueError(
                f"epochs {self.epochs}, batch_size {self.batch_size}, learning_rate {self.learning_rate}: "
                "expected at least 1, at least 1, and above 0"
            )


@dataclass(frozen=True)
class Dynamics:
    """Test a network every few iterations while it begins to learn.

    test: the images to test on. iterations: how long to go on. every: iterations between two tests.
    cutoff: radius between the low-pass and the high-pass view, in cycles per image.
    """

    test: Split
    iterations: int
    every: int
    cutoff: float

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.every < 1:
            raise ValueError(f"iterations {self.iterations}, every {self.every}: expected at least 1 each")

    def filtered(self, images: Tensor, view: str) -> Tensor:
        """Normalised images [n, channels, H, W] in one of the `VIEWS`: as they are, low-passed or high-passed."""
        if view == "full":
            return images
        height, width = images.shape[-2:]
        low = masks.low_pass(height, width, self.cutoff)
        return filters.keep(images, low) if view == "low-pass" else filters.remove(images, low)

    def due(self, iteration: int) -> bool:
        return iteration <= self.iterations and iteration % self.every == 0


@dataclass
class Trained:
    """What training gives: best-validation weights on the CPU, a row an epoch, a row a test of the dynamics."""

    weights: dict[str, Tensor]
    best_epoch: int
    history: pd.DataFrame
    dynamics: pd.DataFrame


@dataclass
class _State:
    """Everything that changes while training goes on, apart from the network and the optimiser."""

    iteration: int = 0
    learning_rate: float = 0.0  # of the last iteration
    loss_sum: float = 0.0
    correct: int = 0
    best_loss: float = math.inf
    best_epoch: int = -1
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    dynamics: list[dict[str, Any]] = field(default_factory=list)
    # What the batches gave that are done of the validation, or the test of the dynamics, under way.
    begun: list[Tensor] = field(default_factory=list)


def train(
    network: nn.Module,
    data: Split,
    validation: Split,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    augmentation: Augmentation | None = None,
    dynamics: Dynamics | None = None,
    state: str | os.PathLike[str] | None = None,
    checkpoint_minutes: float = 2.0,
    stop: Callable[[], bool] | None = None,
    progress: bool = False,
) -> Trained:
    """Train a network in place and return its best-validation weights with the record of the run.

    Parameters
    ----------
    network : images [n, channels, H, W] -> logits [n, classes]
    data, validation : the splits to learn from and to choose the weights by; the latter is never augmented.
        Images that are not in memory are read while the network is at work, and moved to the device batch by batch
    state : file that keeps the run's state, written every `checkpoint_minutes` and at the end, and read
        at the start; that of another run, or a broken one, is overwritten. It is the caller's to
        delete, once the results are safe. It is replaced whole, and two processes that train the same run write
        the same states, so that they do each other no harm
    stop : asked after every iteration, and after every batch of a validation or a test of the dynamics, whether to
        store the state and to raise Stopped
    progress : show a bar on a terminal

    Raises RuntimeError when the loss stops being finite. It is looked at every `SETTLE_EVERY` iterations, at
    the end of an epoch, and before the state is written, which is never that of a run that diverged. Raises
    `storage.Stopped` when `stop` says so.
    """
    device = torch.device(device)
    augmentation = augmentation or Augmentation(shift=0, flip=False)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = _Run(network, data, validation, recipe, seed, device, augmentation, dynamics)
    run.path, run.minutes, run.stop = Path(state) if state else None, checkpoint_minutes, stop
    run.resume()
    devices = [device] if device.type == "cuda" else []
    with _deterministic(), torch.random.fork_rng(devices=devices):
        run.go(progress)
    done = run.state
    network.load_state_dict(done.best_weights)
    return Trained(done.best_weights, done.best_epoch, pd.DataFrame(done.history), pd.DataFrame(done.dynamics))


class _Run:
    def __init__(
        self,
        network: nn.Module,
        data: Split,
        validation: Split,
        recipe: Recipe,
        seed: int,
        device: torch.device,
        augmentation: Augmentation,
        dynamics: Dynamics | None,
    ) -> None:
        self.network, self.data, self.recipe, self.seed, self.device = network, data, recipe, seed, device
        self.augmentation, self.dynamics = augmentation, dynamics
        self.fingerprint = _fingerprint(network, data, validation, recipe, seed, augmentation, dynamics)
        if augmentation.name == "sin" and data.stylised is None:
            raise ValueError("the augmentation sin needs training images with stylised twins")
        # On the device as a whole if they may be, else fetched batch by batch, as those that are mixed with twins are.
        mixed = augmentation.name == "sin"
        self.resident = not mixed and isinstance(data.images, np.ndarray) and _fits(data.images, device)
        self.images = torch.from_numpy(data.images).to(device) if self.resident else data.images
        self.labels = torch.from_numpy(data.labels).to(device)
        self.mean, self.std = (
            torch.as_tensor(value, dtype=torch.float32, device=device)[:, None, None] for value in (data.mean, data.std)
        )
        self.check = validation
        self.optimiser = torch.optim.SGD(
            network.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=recipe.momentum > 0,
            fused=True,  # one call for all parameters instead of five for each
        )
        self.state = _State()
        # Loss, number of correct answers and of images of the iterations since the last `_settle`.
        self.unsettled: list[tuple[Tensor, Tensor, int]] = []
        # A last batch of a single image is left out: batch normalisation has nothing to normalise it by.
        self.per_epoch = max(1, math.ceil((len(data) - 1) / recipe.batch_size))
        self.total = recipe.epochs * self.per_epoch
        self.schedule = _schedule(self.optimiser, recipe, self.total)
        # Images of a batch that is only looked at.
        self.at_once = Source(validation.images, validation.mean, validation.std, device=device).batch_size()
        # Where the state is stored, how often, when it last was; and what is asked whether to stop.
        self.path: Path | None = None
        self.minutes, self.saved = math.inf, time.monotonic()
        self.stop: Callable[[], bool] | None = None

    def go(self, progress: bool) -> None:
        self.network.train()
        try:
            self._go(progress)
        except Stopped:
            if self.path:
                self._save(self.path)
            raise
        if self.path:
            self._save(self.path)

    def _go(self, progress: bool) -> None:
        total = self.total
        self._catch_up()
        with tqdm(
            total=total,
            initial=self.state.iteration,
            desc="training",
            unit="it",
            leave=False,
            disable=None if progress else True,
        ) as bar:
            for batch in self._batches(total):
                self._step(batch)
                self.state.iteration += 1
                if len(self.unsettled) >= SETTLE_EVERY or self.state.iteration % self.per_epoch == 0:
                    self._settle()
                self._pause()
                self._catch_up()
                bar.update()

    def _pause(self) -> None:
        """Store the state if that is due. Raises Stopped, with which `go` stores it, if that was asked for."""
        if self.stop is not None and self.stop():
            raise Stopped(f"iteration {self.state.iteration} of {self.total}", self.path)
        if self.path and time.monotonic() - self.saved > 60 * self.minutes:
            self._save(self.path)

    def _catch_up(self) -> None:
        """Do what is due after the last iteration and not done yet: the test of the dynamics, the end of the epoch."""
        state = self.state
        tested = state.dynamics[-1]["iteration"] if state.dynamics else -1
        if self.dynamics and self.dynamics.due(state.iteration) and tested < state.iteration:
            self._test_dynamics(self.dynamics)
        if len(state.history) < state.iteration // self.per_epoch:
            self._end_epoch(len(state.history))

    def _in_batches(self, look: Callable[[int], Tensor], starts: Iterable[int]) -> list[Tensor]:
        """What `look` gives of each batch, on the CPU; what the state holds of them is not asked for again."""
        begun = self.state.begun
        for start in itertools.islice(starts, len(begun), None):
            with predictions.evaluating(self.network), torch.inference_mode():
                begun.append(look(start))
            self._pause()
        self.state.begun = []  # with no pause before it is in the state as a whole
        return [some.cpu() for some in begun]

    def _batches(self, total: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images uint8 and labels of every iteration that is left, on the device."""
        wanted = self._wanted(total)
        if self.resident:
            for _, batch in wanted:
                chosen = torch.from_numpy(batch).to(self.device)
                yield self.images[chosen], self.labels[chosen]
            return
        pinned = self.device.type == "cuda"
        for batch, pixels in prefetched(self._fetch, wanted):
            raw = pixels.pin_memory() if pinned else pixels
            yield raw.to(self.device, non_blocking=True), self.labels[torch.from_numpy(batch).to(self.device)]

    def _wanted(self, total: int) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        """(iteration, positions of the batch) of every iteration that is left."""
        order, order_epoch = np.empty(0, np.int64), -1
        for iteration in range(self.state.iteration, total):
            epoch, step = divmod(iteration, self.per_epoch)
            if epoch != order_epoch:
                order = np.random.default_rng([self.seed, epoch, 1]).permutation(len(self.data))
                order_epoch = epoch
            yield iteration, order[step * self.recipe.batch_size : (step + 1) * self.recipe.batch_size]

    def _fetch(self, wanted: tuple[int, npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int64], Tensor]:
        """A batch from where it lies, with `sin` a share of it stylised."""
        iteration, batch = wanted
        stylised = np.zeros(len(batch), bool)
        if self.augmentation.name == "sin":
            draws = np.random.default_rng([self.seed, iteration, 2]).random(len(batch))
            stylised = draws < self.augmentation.stylised_share
        pixels = np.empty((len(batch), *self.data.images.shape[1:]), np.uint8)
        for source, mine in ((self.data.images, ~stylised), (self.data.stylised, stylised)):
            if source is not None and mine.any():
                pixels[mine] = source[batch[mine]]
        return batch, torch.from_numpy(pixels)

    def _reseed(self) -> None:
        """Seed the generators of the CPU and of the run's device, and no others, by (seed, iteration)."""
        seed = int(np.random.SeedSequence([self.seed, self.state.iteration]).generate_state(1)[0])
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            with torch.cuda.device(self.device):
                torch.cuda.manual_seed(seed)

    def _step(self, batch: tuple[Tensor, Tensor]) -> None:
        raw, labels = batch
        self._reseed()
        # images.normalise would copy mean and std to the device anew, and wait for it.
        seen = self.augmentation(raw).div_(255).sub_(self.mean).div_(self.std)
        with self._precision():
            logits = self.network(seen.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(logits, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.state.learning_rate = self.optimiser.param_groups[0]["lr"]
        if isinstance(self.schedule, OneCycleLR) and self.state.iteration + 1 < self.total:
            self.schedule.step()
        self.unsettled.append((loss.detach(), (logits.argmax(dim=1) == labels).sum(), len(labels)))

    def _settle(self) -> None:
        """Add what the last iterations gave to the state. Raises RuntimeError where a loss is not finite."""
        if not self.unsettled:
            return
        losses, correct, counts = zip(*self.unsettled, strict=True)
        for i, (value, count) in enumerate(zip(torch.stack(losses).tolist(), counts, strict=True)):
            if not math.isfinite(value):
                self._diverged(f"the loss is {value} at iteration {self.state.iteration - len(counts) + i}")
            self.state.loss_sum += value * count
        self.state.correct += int(torch.stack(correct).sum())
        self.unsettled.clear()

    def _diverged(self, what: str) -> NoReturn:
        rate = self.optimiser.param_groups[0]["lr"]
        raise RuntimeError(f"{what}: training diverged, lower learning_rate (now {rate:g})")

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def _test_dynamics(self, dynamics: Dynamics) -> None:
        test = dynamics.test
        batches = list(itertools.product(VIEWS, range(0, len(test), self.at_once)))

        def look(i: int) -> Tensor:
            view, start = batches[i]
            # Read, normalised and filtered anew for each test: only one batch is on the device.
            pixels = torch.from_numpy(test.images[start : start + self.at_once]).to(self.device)
            images = dynamics.filtered(normalise(pixels, test.mean, test.std), view)
            try:
                return predictions.predict(self.network, images)
            except ValueError as error:
                self._settle()  # says which loss was the first that was not finite
                self._diverged(f"{error}, at iteration {self.state.iteration}")

        found = torch.cat(self._in_batches(look, range(len(batches))))
        rows = []
        for view, called_as in zip(VIEWS, found.split(len(test)), strict=True):
            counts = predictions.confusion(test.labels, called_as, len(test.classes))
            columns = zip(
                *predictions.precision_recall_f1(counts),
                counts.sum(axis=1),
                counts.sum(axis=0),
                test.classes,
                strict=True,
            )
            for precision, recall, f1, size, called, name in columns:
                row = {"iteration": self.state.iteration, "view": view, "class": name}
                scores = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
                rows.append({**row, **scores, "images": int(size), "called": int(called)})
        self.state.dynamics += rows

    def _end_epoch(self, epoch: int) -> None:
        loss, accuracy = self._validate()
        seen = min(self.per_epoch * self.recipe.batch_size, len(self.data))
        row = {
            "epoch": epoch,
            "learning_rate": self.state.learning_rate,
            "train_loss": self.state.loss_sum / seen,
            "train_accuracy": self.state.correct / seen,
            "validation_loss": loss,
            "validation_accuracy": accuracy,
        }
        self.state.history.append(row)
        self.state.loss_sum, self.state.correct = 0.0, 0
        if loss < self.state.best_loss:
            self.state.best_loss, self.state.best_epoch = loss, epoch
            self.state.best_weights = {k: v.detach().cpu().clone() for k, v in self.network.state_dict().items()}
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(loss)
        log.info(
            "epoch %d of %d: training loss %.3f, accuracy %.3f; validation loss %.3f, accuracy %.3f",
            epoch + 1, self.recipe.epochs, row["train_loss"], row["train_accuracy"], loss, accuracy,
        )  # fmt: skip

    def _validate(self) -> tuple[float, float]:
        def look(start: int) -> Tensor:
            some = slice(start, start + self.at_once)
            pixels = torch.from_numpy(self.check.images[some]).to(self.device)
            truth = torch.from_numpy(self.check.labels[some]).to(self.device)
            seen = normalise(pixels, self.check.mean, self.check.std)
            logits = self.network(seen.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(logits, truth, reduction="sum")
            return torch.stack([loss.double(), (logits.argmax(dim=1) == truth).sum().double()])

        found = self._in_batches(look, range(0, len(self.check), self.at_once))
        losses, correct = torch.stack(found, dim=1).tolist()
        if not math.isfinite(loss := sum(losses)):
            self._diverged("the validation loss is not finite")
        return loss / len(self.check), sum(correct) / len(self.check)

    def _save(self, path: Path) -> None:
        self._settle()
        if not torch.stack([weight.isfinite().all() for weight in self.network.parameters()]).all():
            self._diverged(f"the weights are not finite after iteration {self.state.iteration - 1}")
        buffer = io.BytesIO()  # torch's own writer hides what the system says of a full disk
        torch.save(
            {
                "fingerprint": self.fingerprint,
                "network": self.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "schedule": self.schedule.state_dict(),
                "state": vars(self.state),
                "at_once": self.at_once,
            },
            buffer,
        )
        with replacing(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())
        self.saved = time.monotonic()

    def resume(self) -> None:
        """Take up the run whose state is stored; one of another run, or a broken one, is ignored."""
        path = self.path
        if path is None or not path.exists():
            return
        try:
            saved = torch.load(path, map_location=self.device, weights_only=True)
        except Exception as error:  # whatever torch says of a file that it cannot read
            log.warning("%s cannot be read (%s): training starts anew", path, error)
            return
        if not isinstance(saved, dict) or saved.get("fingerprint") != self.fingerprint:
            log.warning("%s belongs to another run: training starts anew", path)
            return
        self.network.load_state_dict(saved["network"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.schedule.load_state_dict(saved["schedule"])
        self.state = _State(**saved["state"])
        self.state.best_weights = {name: tensor.cpu() for name, tensor in self.state.best_weights.items()}
        if saved.get("at_once") != self.at_once:  # stored on another device: other batches
            self.state.begun = []
        log.info("resumed at iteration %d from %s", self.state.iteration, path)


def _schedule(optimiser: torch.optim.Optimizer, recipe: Recipe, iterations: int) -> ReduceLROnPlateau | OneCycleLR:
    """The schedule of a recipe for so many iterations in all."""
    if recipe.schedule == "plateau":
        return ReduceLROnPlateau(optimiser, factor=recipe.plateau_factor, patience=recipe.plateau_patience)
    # PyTorch divides by zero where the warm-up is one iteration: such short trainings begin at the peak.
    warmup_share = recipe.warmup_share if recipe.warmup_share * iterations > 1 else 0.0
    return OneCycleLR(
        optimiser,
        max_lr=recipe.learning_rate,
        total_steps=iterations,
        pct_start=warmup_share,
        cycle_momentum=False,
        div_factor=25,
        final_div_factor=1e4,
    )


def _fingerprint(network: nn.Module, data: Split, validation: Split, *settings: Any) -> str:
    """What must agree for a stored state to belong to this run: data, initial weights, settings."""
    digest = hashlib.sha256()
    tests = [setting.test for setting in settings if isinstance(setting, Dynamics)]
    for split in (data, validation, *tests):
        for images in (split.images, split.stylised):
            if images is not None:
                digest.update(identity(images))
        digest.update(split.labels.tobytes())
        digest.update(repr((split.classes, split.mean.tolist(), split.std.tolist())).encode())
    digest.update(network_digest(network))
    for setting in settings:
        if isinstance(setting, Dynamics):
            digest.update(repr((setting.iterations, setting.every, setting.cutoff)).encode())
        else:
            digest.update(repr(asdict(setting) if isinstance(setting, Recipe | Augmentation) else setting).encode())
    return digest.hexdigest()


def _fits(images: npt.NDArray[np.uint8], device: torch.device) -> bool:
    """Whether the training images may stay on the device: at most half of what is free there."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return images.nbytes < free / 2


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with it
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    settings: Any = torch.utils.deterministic
    fill = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    settings.fill_uninitialized_memory = False
    try:
        with sdpa_kernel(SDPBackend.MATH):  # the gradient of the faster attention kernels is not deterministic
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = benchmark
        settings.fill_uninitialized_memory = fill
