"""The checkpoint of a training: what is stored of a run, so that another process resumes it."""

from __future__ import annotations

import copy
import hashlib
import io
import logging
import math
import os
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
from frequency_shortcuts.storage.files import replacing, set_aside

from .augmentation import Augmentation
from .dynamics import Dynamics
from .fingerprint import state_digest
from .recipe import Recipe

log = logging.getLogger(__name__)

DIGEST_BYTES = hashlib.sha256().digest_size  # at the end of the file, behind what torch writes

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
    """The file that holds the state of a run, and ends with the SHA-256 of all bytes before.

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
        buffer.write(hashlib.sha256(buffer.getbuffer()).digest())
        with replacing(self.path) as temporary:
            temporary.write_bytes(buffer.getbuffer())
        self._written = time.monotonic()

    def read(self, device: torch.device) -> State | None:
        """Restore the parts and return the state; None if there is no file, or that of another run.

        None also if the file is damaged, or a folder: it is renamed (`files.set_aside`), and no part is changed.
        """
        path = self.path
        if not os.path.lexists(path):
            return None
        try:
            saved = _load(path, device)
            if saved["fingerprint"] != self._fingerprint:
                log.warning("%s belongs to another run: training starts anew", path)
                return None
            state = self._restore(saved)
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # torch raises various errors for contents that it cannot use
            log.info("%s: %s: %s", path, type(error).__name__, error)
            log.warning("%s is damaged: training starts anew, and the file is kept as %s", path, set_aside(path))
            return None
        log.info("resumed at iteration %d from %s", state.iteration, path)
        return state

    def _restore(self, saved: Mapping[str, Any]) -> State:
        """Load all parts, or none if one of them raises an error, and return the state."""
        state = State(**saved["state"])
        state.best_weights = {name: tensor.cpu() for name, tensor in state.best_weights.items()}
        if saved["batch"] != self._batch:  # the state is from another device with other batches
            state.partial = []
        before = {name: copy.deepcopy(part.state_dict()) for name, part in self._parts.items()}
        try:
            for name, part in self._parts.items():
                part.load_state_dict(saved[name])
        except Exception:  # whatever it is, no part stays half restored
            for name, part in self._parts.items():
                part.load_state_dict(before[name])
            raise
        return state


def _load(path: Path, device: torch.device) -> dict[str, Any]:
    """The contents of a file of `Checkpoint.write`. Raises ValueError if its bytes are not those that were written."""
    if not path.is_file():
        raise ValueError("it is not a file")
    with open(path, "rb") as file:
        contents, digest = file.read(max(0, path.stat().st_size - DIGEST_BYTES)), file.read()
    if hashlib.sha256(contents).digest() != digest:
        raise ValueError("the checksum at its end does not match")
    stored: dict[str, Any] = torch.load(io.BytesIO(contents), map_location=device, weights_only=True)
    return stored


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
            digest.update(repr((setting.iterations, setting.every, setting.cutoff, setting.views)).encode())
        else:
            digest.update(repr(asdict(setting) if isinstance(setting, Recipe | Augmentation) else setting).encode())
    return digest.hexdigest()
