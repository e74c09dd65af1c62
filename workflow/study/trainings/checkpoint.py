"""The checkpoint of a training: what is stored of a run, so that another process resumes it."""

import hashlib
import io
import logging
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from frequency_shortcuts.images.splits import Split, images_digest
from frequency_shortcuts.networks.weights import state_digest
from frequency_shortcuts.storage.files import replacing

log = logging.getLogger(__name__)

Part = nn.Module | Optimizer | LRScheduler


@dataclass
class State:
    """Everything that changes while training goes on, apart from the network and the optimiser."""

    iteration: int = 0
    learning_rate: float = 0.0  # of the last iteration
    loss_sum: float | Tensor = 0.0  # of the images of this epoch
    correct: int | Tensor = 0
    best_loss: float = math.inf
    best_epoch: int = -1
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    dynamics: list[dict[str, Any]] = field(default_factory=list)


class Checkpoint:
    """The file that holds the state of a run.

    path : the file, which need not exist
    fingerprint : of the run; see `run_fingerprint`
    parts : what has a state of its own, by name: the network, the optimiser and others
    minutes : time after which the file is due to be written again
    """

    def __init__(
        self, path: Path, fingerprint: str, parts: Mapping[str, Part], minutes: float
    ) -> None:
        self.path = path
        self._fingerprint, self._parts, self._minutes = fingerprint, parts, minutes
        self._written = time.monotonic()

    def due(self) -> bool:
        """Whether the file was last written, or the run started, more than `minutes` ago."""
        return time.monotonic() - self._written > 60 * self._minutes

    def write(self, state: State) -> None:
        """Replace the file as a whole by one with this state and those of the parts."""
        buffer = io.BytesIO()  # torch's own writer hides the error of a full disk
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        torch.save({"fingerprint": self._fingerprint, **parts, "state": vars(state)}, buffer)
        with replacing(self.path) as temporary:
            temporary.write_bytes(buffer.getbuffer())
        self._written = time.monotonic()

    def read(self, device: torch.device) -> State | None:
        """Restore the parts and return the state; None if there is no file, or that of another run."""
        if not self.path.is_file():
            return None
        saved = torch.load(self.path, map_location=device, weights_only=True)
        if saved["fingerprint"] != self._fingerprint:
            log.warning("%s belongs to another run: training starts anew", self.path)
            return None
        for name, part in self._parts.items():
            part.load_state_dict(saved[name])
        state = State(**saved["state"])
        state.best_weights = {name: tensor.cpu() for name, tensor in state.best_weights.items()}
        log.info("resumed at iteration %d from %s", state.iteration, self.path)
        return state


def run_fingerprint(network: nn.Module, splits: Iterable[Split], settings: Sequence[object]) -> str:
    """A stored state belongs to this run if data, initial weights and settings agree: their digest."""
    digest = hashlib.sha256(repr(settings).encode())
    for split in splits:
        for images in (split.images, split.stylised):
            if images is not None:
                digest.update(images_digest(images))
        digest.update(split.labels.tobytes())
        digest.update(repr((split.classes, split.mean.tolist(), split.std.tolist())).encode())
    digest.update(repr(network).encode() + state_digest(network))
    return digest.hexdigest()
