"""The checkpoint of a training: what is stored of a run, so that another process resumes it."""

from __future__ import annotations

import hashlib
import io
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from frequency_shortcuts.data.splits import Split, identity
from frequency_shortcuts.storage.files import replacing

from .augmentation import Augmentation
from .dynamics import Dynamics
from .fingerprint import state_digest
from .recipe import Recipe

log = logging.getLogger(__name__)

Part = nn.Module | Optimizer | LRScheduler


@dataclass
class State:
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
    # Results of the finished batches of the validation, or of the test of the dynamics, under way.
    partial: list[Tensor] = field(default_factory=list)


class Checkpoint:
    """The file that holds the state of a run.

    path : the file, which need not exist
    fingerprint : of the run; see `run_fingerprint`
    parts : what has a state of its own, by name: the network, the optimiser and others
    batch : images in a batch of the validation and of the dynamics; partial results of other batches are left out
    minutes : time after which the file is due to be written again
    """

    def __init__(self, path: Path, fingerprint: str, parts: Mapping[str, Part], batch: int, minutes: float) -> None:
        self.path = path
        self._fingerprint, self._parts, self._batch, self._minutes = fingerprint, parts, batch, minutes
        self._written = time.monotonic()

    def due(self) -> bool:
        """Whether the file was last written, or the run started, more than `minutes` ago."""
        return time.monotonic() - self._written > 60 * self._minutes

    def write(self, state: State) -> None:
        """Replace the file as a whole by one with this state and those of the parts."""
        buffer = io.BytesIO()  # torch's own writer hides the error of a full disk
        torch.save(
            {
                "fingerprint": self._fingerprint,
                **{name: part.state_dict() for name, part in self._parts.items()},
                "state": vars(state),
                "batch": self._batch,
            },
            buffer,
        )
        with replacing(self.path) as temporary:
            temporary.write_bytes(buffer.getbuffer())
        self._written = time.monotonic()

    def read(self, device: torch.device) -> State | None:
        """Restore the parts and return the state; None if there is no file, or a broken one, or that of another run."""
        path = self.path
        if not path.exists():
            return None
        try:
            saved = torch.load(path, map_location=device, weights_only=True)
        except Exception as error:  # torch raises various errors for a file that it cannot read
            log.warning("%s cannot be read (%s): training starts anew", path, error)
            return None
        if not isinstance(saved, dict) or saved.get("fingerprint") != self._fingerprint:
            log.warning("%s belongs to another run: training starts anew", path)
            return None
        for name, part in self._parts.items():
            part.load_state_dict(saved[name])
        state = State(**saved["state"])
        state.best_weights = {name: tensor.cpu() for name, tensor in state.best_weights.items()}
        if saved["batch"] != self._batch:  # the state is from another device with other batches
            state.partial = []
        log.info("resumed at iteration %d from %s", state.iteration, path)
        return state


def run_fingerprint(network: nn.Module, data: Split, validation: Split, *settings: Any) -> str:
    """A stored state belongs to this run if data, initial weights and settings agree: their digest."""
    digest = hashlib.sha256()
    tests = [setting.test for setting in settings if isinstance(setting, Dynamics)]
    for split in (data, validation, *tests):
        for images in (split.images, split.stylised):
            if images is not None:
                digest.update(identity(images))
        digest.update(split.labels.tobytes())
        digest.update(repr((split.classes, split.mean.tolist(), split.std.tolist())).encode())
    digest.update(repr(network).encode() + state_digest(network))
    for setting in settings:
        if isinstance(setting, Dynamics):
            digest.update(repr((setting.iterations, setting.every, setting.cutoff)).encode())
        else:
            digest.update(repr(asdict(setting) if isinstance(setting, Recipe | Augmentation) else setting).encode())
    return digest.hexdigest()
