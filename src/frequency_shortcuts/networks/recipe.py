"""How a network is trained: the settings of the optimiser and of its learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

Schedule = Literal["plateau", "one_cycle"]


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the published ones.

    schedule: `plateau` starts at `learning_rate` and multiplies it with `plateau_factor` whenever the validation loss
    has not fallen for more than `plateau_patience` epochs. `one_cycle` (Smith and Topin, arXiv 1708.07120) changes the
    rate at every iteration: from `learning_rate` / 25 up to `learning_rate` within the first `warmup_share` of all
    iterations, then down to `learning_rate` / 250,000, both along a cosine; the momentum is constant. A training
    whose warm-up would be one iteration or less has none. With both schedules, training returns the weights of
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

    def scheduler(self, optimiser: torch.optim.Optimizer, iterations: int) -> ReduceLROnPlateau | OneCycleLR:
        """What sets the learning rate of an optimiser in so many iterations."""
        if self.schedule == "plateau":
            return ReduceLROnPlateau(optimiser, factor=self.plateau_factor, patience=self.plateau_patience)
        # PyTorch divides by zero where the warm-up is one iteration: such short trainings begin at the peak.
        warmup_share = self.warmup_share if self.warmup_share * iterations > 1 else 0.0
        return OneCycleLR(
            optimiser,
            max_lr=self.learning_rate,
            total_steps=iterations,
            pct_start=warmup_share,
            cycle_momentum=False,
            div_factor=25,
            final_div_factor=1e4,
        )
