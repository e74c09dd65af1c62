"""The training loop: seeded, deterministic on one device, resumable.

SGD with Nesterov momentum. The learning rate is divided by ten on a plateau of the validation loss, or follows one
cycle: up to its peak and down to almost zero. Every iteration draws its random numbers from a generator seeded by
(seed, iteration), so that a run that is resumed needs no generator state and ends with the weights of an uninterrupted
one. Its state can be stored after every iteration, with the tests that are due there.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import update_bn
from tqdm import tqdm

from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.source import fitting_batch
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks import architectures, predictions
from frequency_shortcuts.networks.architectures import Architecture
from frequency_shortcuts.networks.instructions import chosen
from frequency_shortcuts.networks.numerics import bfloat16, deterministic, tf32
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.storage.journal import Stopped, Work

from .augmentation import KINDS, Augmentation
from .checkpoint import Checkpoint, Part, State, run_fingerprint
from .dynamics import Dynamics
from .minibatches import Minibatches
from .without import Without

log = logging.getLogger(__name__)

# Training images of up to this many bytes are read at once, so that a GPU can hold them.
IN_MEMORY = 2**32
STATISTICS = 2048  # images that renew the statistics of batch normalisation


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the published ones.

    schedule: `plateau` starts at `learning_rate` and multiplies it with `plateau_factor` whenever the validation loss
    has not fallen for more than `plateau_patience` epochs. `one_cycle` (Smith and Topin, arXiv 1708.07120) changes the
    rate at every iteration: from `learning_rate` / 25 up to `learning_rate` within the first `warmup_share` of all
    iterations, then down to `learning_rate` / 250,000, both along a cosine; the momentum is constant. A training
    whose warm-up would be one iteration or less has none. With both schedules, training returns the weights of
    the epoch with the lowest validation loss.

    >>> Recipe(epochs=8, learning_rate=0.05, schedule="one_cycle").warmup_share
    0.25
    """

    epochs: int = 200
    batch_size: int = 64
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Literal["plateau", "one_cycle"] = "plateau"
    plateau_factor: float = 0.1
    plateau_patience: int = 10
    warmup_share: float = 0.25

    def scheduler(
        self, optimiser: torch.optim.Optimizer, iterations: int
    ) -> ReduceLROnPlateau | OneCycleLR:
        """What sets the learning rate of an optimiser in so many iterations."""
        if self.schedule == "plateau":
            return ReduceLROnPlateau(
                optimiser, factor=self.plateau_factor, patience=self.plateau_patience
            )
        # PyTorch divides by zero where the warm-up is one iteration: such short trainings begin at the peak.
        warmup_share = self.warmup_share if self.warmup_share * iterations > 1 else 0.0
        return OneCycleLR(
            optimiser,
            self.learning_rate,
            iterations,
            pct_start=warmup_share,
            cycle_momentum=False,
            div_factor=25,
            final_div_factor=1e4,
        )


@dataclass
class Trained:
    """Result of a training: best-validation weights on the CPU, one row per epoch, one row per test, view and class."""

    weights: dict[str, Tensor]
    best_epoch: int
    history: pd.DataFrame
    dynamics: pd.DataFrame


def train(
    network: nn.Module,
    data: Split,
    validation: Split,
    recipe: Recipe,
    *,
    seed: int,
    augmentation: Augmentation | None = None,
    dynamics: Dynamics | None = None,
    work: Work | None = None,
) -> Trained:
    """Train a network in place and return its best-validation weights with the record of the run.

    Parameters
    ----------
    network : images [n, channels, H, W] -> logits [n, classes]; it is trained on its device
    data, validation : the splits to learn from and to choose the weights by; the latter is never augmented.
        Images that are not in memory are read while the network is at work, and moved to the device batch by batch
    work : its state is written every `checkpoint_minutes` and at the end, replaced as a whole: two processes that train
        the same run write the same states, so both end correctly. `stop` is called after every iteration

    Raises RuntimeError if the loss is not finite. It is checked at the end of an epoch, before a test, and before the
    state is written. Raises `journal.Stopped` if it is stopped.
    """
    device, work = predictions.device_of(network), work or Work()
    augmentation = augmentation or Augmentation(shift=0, flip=False)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = _Training(network, data, validation, recipe, seed, augmentation, dynamics, work)
    if work.state:
        # The rounding of a training depends on the device and its instructions.
        settings = [recipe, seed, augmentation, work.version, device.type, chosen()]
        splits = [data, validation]
        if dynamics:
            settings += [dynamics.iterations, dynamics.every, dynamics.cutoff, dynamics.views]
            splits.append(dynamics.test)
        fingerprint = run_fingerprint(network, splits, settings)
        run.checkpoint = Checkpoint(
            Path(work.state), fingerprint, run.parts, work.checkpoint_minutes
        )
        run.state = run.checkpoint.read(device) or run.state
    devices = [device] if device.type == "cuda" else []
    with deterministic(), torch.random.fork_rng(devices=devices):
        run.go()
    done = run.state
    network.load_state_dict(done.best_weights)
    return Trained(
        done.best_weights, done.best_epoch, pd.DataFrame(done.history), pd.DataFrame(done.dynamics)
    )


def train_anew(
    form: Architecture,
    recipe: Mapping[str, Any],
    augmentation: Mapping[str, Any],
    data: Split,
    validation: Split,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    removed: BoolArray | None = None,
    **how: Any,
) -> tuple[nn.Module, Trained]:
    """A new network after its training, and the record of that; how : as in `train`.

    recipe, augmentation : the fields of `Recipe` and `Augmentation`; removed : frequencies that it never sees
    """
    built = architectures.build(form, seed)
    network = (built if removed is None else Without(built, removed)).to(device)
    how["augmentation"] = Augmentation(**augmentation)
    return network, train(network, data, validation, Recipe(**recipe), seed=seed, **how)


@dataclass
class _Training:
    """A training under way: its parts, its state, and the file that both are stored in, if there is one."""

    network: nn.Module
    data: Split
    validation: Split
    recipe: Recipe
    seed: int
    augmentation: Augmentation
    dynamics: Dynamics | None
    work: Work
    checkpoint: Checkpoint | None = None

    def __post_init__(self) -> None:
        data, recipe = self.data, self.recipe
        self.state, self.device = State(), predictions.device_of(self.network)
        kind = KINDS[self.augmentation.name]
        read = None
        if kind.reader:
            read = kind.reader(data, self.augmentation.stylised_share, self.seed)
        self.transform = kind.transform() if kind.transform else None
        self.minibatches = Minibatches(data, recipe.batch_size, self.seed, self.device, read)
        self.per_epoch = self.minibatches.per_epoch
        self.total = recipe.epochs * self.per_epoch
        self.mean, self.std = (
            torch.as_tensor(value, dtype=torch.float32, device=self.device)[:, None, None]
            for value in (data.mean, data.std)
        )
        self.optimiser = torch.optim.SGD(
            self.network.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=recipe.momentum > 0,
            fused=True,  # one call for all parameters instead of five for each
        )
        self.schedule = recipe.scheduler(self.optimiser, self.total)
        self.parts: dict[str, Part] = {
            "network": self.network,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }
        # Images in a forward pass of the validation and of the dynamics.
        self.batch = fitting_batch(self.validation.images.shape[1:], self.device)

    def go(self) -> None:
        """Train from the state on until the end, and store the state."""
        self.network.train()
        first, disable = self.state.iteration, None if self.work.progress else True
        if first == 0:
            self._test_dynamics()
        with tqdm(
            total=self.total, initial=first, desc="training", leave=False, disable=disable
        ) as bar:
            for batch in self.minibatches.between(first, self.total):
                self._step(batch)
                self.state.iteration += 1
                self._test_dynamics()
                if self.state.iteration % self.per_epoch == 0:
                    self._end_epoch()
                self._pause()
                bar.update()
        self._save()

    def _pause(self) -> None:
        """Store the state if a checkpoint is due, or if `stop` returns true, which raises Stopped."""
        stopped = self.work.stopped()
        if stopped or (self.checkpoint and self.checkpoint.due()):
            self._save()
        if stopped:
            stored = self.checkpoint.path if self.checkpoint else None
            raise Stopped(f"iteration {self.state.iteration} of {self.total}", stored)

    def _save(self) -> None:
        """Write the checkpoint, if the run has one."""
        if self.checkpoint:
            self._check(self.state.loss_sum)
            self.checkpoint.write(self.state)

    def _check(self, loss: float | Tensor) -> None:
        """Raise RuntimeError if a loss, or a sum of losses, is not finite."""
        if not math.isfinite(loss):
            rate = self.optimiser.param_groups[0]["lr"]
            raise RuntimeError(
                f"the loss is {float(loss)} after iteration {self.state.iteration}: "
                f"training diverged, lower learning_rate (now {rate:g})"
            )

    def _step(self, batch: tuple[Tensor, Tensor]) -> None:
        raw, labels = batch
        self._seed_draws()
        pixels = self.augmentation(raw).div_(255)
        if self.transform is not None:
            pixels = self.transform(pixels)
        # `normalise` would copy mean and std to the device, and wait for the copy.
        seen = pixels.sub_(self.mean).div_(self.std)
        with bfloat16(self.device):
            logits = self.network(seen.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(logits, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        state = self.state
        state.learning_rate = self.optimiser.param_groups[0]["lr"]
        if isinstance(self.schedule, OneCycleLR) and state.iteration + 1 < self.total:
            self.schedule.step()
        # Sums stay on the device: each read from a GPU waits for it.
        state.loss_sum = state.loss_sum + loss.detach().double() * len(labels)
        state.correct = state.correct + (logits.argmax(dim=1) == labels).sum()

    def _seed_draws(self) -> None:
        seed = np.random.SeedSequence([self.seed, self.state.iteration]).generate_state(1)[0]
        torch.manual_seed(int(seed))

    def _test_dynamics(self) -> None:
        """Test the network while it learns, if a test is due."""
        dynamics, iteration = self.dynamics, self.state.iteration
        if dynamics is None or not dynamics.due(iteration):
            return
        self._check(self.state.loss_sum)
        predicted = [
            predictions.predict(self.network, dynamics.images(*batch, self.device))
            for batch in dynamics.batches(self.batch)
        ]
        self.state.dynamics += dynamics.rows(iteration, torch.cat(predicted))

    def _renew_statistics(self) -> None:
        """Give batch normalisation the statistics of training images as they are."""
        self._seed_draws()  # dropout before a batch normalisation
        data = self.data
        chosen = np.sort(np.random.default_rng(0).permutation(len(data))[:STATISTICS])
        batches = np.array_split(chosen, math.ceil(len(chosen) / self.batch))
        images = (torch.from_numpy(np.asarray(data.images[of])).to(self.device) for of in batches)
        update_bn((normalise(of, data.mean, data.std) for of in images), self.network)

    def _end_epoch(self) -> None:
        state, epoch = self.state, len(self.state.history)
        self._check(state.loss_sum)
        if self.transform is not None:
            self._renew_statistics()
        loss, accuracy = self._validate()
        self._check(loss)
        seen = min(self.per_epoch * self.recipe.batch_size, len(self.data))
        row = {
            "epoch": epoch,
            "learning_rate": state.learning_rate,
            "train_loss": float(state.loss_sum) / seen,
            "train_accuracy": int(state.correct) / seen,
            "validation_loss": loss,
            "validation_accuracy": accuracy,
        }
        state.history.append(row)
        state.loss_sum, state.correct = 0.0, 0
        if loss < state.best_loss:
            state.best_loss, state.best_epoch = loss, epoch
            state.best_weights = {
                k: v.detach().cpu().clone() for k, v in self.network.state_dict().items()
            }
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(loss)
        done = f"epoch {epoch + 1} of {self.recipe.epochs}"
        log.info("%s: validation loss %.3f, accuracy %.3f", done, loss, accuracy)

    def _validate(self) -> tuple[float, float]:
        """Loss and accuracy on the validation images."""
        data, losses, correct = self.validation, [], 0
        with (
            predictions.evaluating(self.network),
            torch.inference_mode(),
            tf32(False, self.device),
        ):
            for start in range(0, len(data), self.batch):
                batch = slice(start, start + self.batch)
                labels = torch.from_numpy(data.labels[batch]).to(self.device)
                raw = torch.from_numpy(data.images[batch]).to(self.device)
                images = normalise(raw, data.mean, data.std)
                logits = self.network(images.contiguous(memory_format=torch.channels_last))
                losses.append(functional.cross_entropy(logits, labels, reduction="sum").item())
                correct += int((logits.argmax(dim=1) == labels).sum())
        return sum(losses) / len(data), correct / len(data)


def architecture_of(
    settings: Mapping[str, Any], n_classes: int, shape: Sequence[int]
) -> Architecture:
    """The form of a network for images [channels, H, W]. Raises ValueError for images that are not square."""
    channels, height, width = shape
    if height != width:
        raise ValueError(
            f"images are {height} x {width}, but networks are trained on square images only"
        )
    return Architecture(
        settings["architecture"], n_classes, channels, height, settings["width"], settings["stem"]
    )
