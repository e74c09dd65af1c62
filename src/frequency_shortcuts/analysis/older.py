"""What version 2 called otherwise: it goes with version 4."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .classes import Outputs
from .options import Evaluation


@dataclass(frozen=True, eq=False)
class Test(Evaluation):
    """`Evaluation`, with `classes` and `outputs`, which `analyse` takes, and with `parts`, which are `actions`."""

    classes: Sequence[str] | None = None
    outputs: Outputs | None = None
    parts: Any = None

    def __post_init__(self) -> None:
        warnings.warn(
            "fs.Test is now fs.Evaluation; classes and outputs are now arguments of fs.analyse, and parts are actions",
            DeprecationWarning,
            stacklevel=3,
        )
        if self.parts is not None:
            object.__setattr__(self, "actions", self.parts)
        super().__post_init__()
