"""Shared code of the scripts that measure shortcuts.

It is separate from `testing`, so that an edit of the shortcut tests re-runs only these scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from torch import nn

from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.spectrum.arrays import BoolArray

from .job import RUN
from .testing import with_names


def measure_shortcuts(
    network: nn.Module, data: Any, maps: BoolArray, run: str, settings: Mapping[str, Any], **options: Any
) -> pd.DataFrame:
    """The table of `shortcuts.measure` with class names.

    data : a `Split`; run : name that seeds the draws; settings : keyword arguments from the configuration
    """
    table = shortcuts.measure(network, data, maps, run=run, progress=True, **settings, **options)
    return with_names(table, data.classes)


def run_name(run: Mapping[str, Any]) -> str:
    """A run as one name: dataset/network/augmentation/seed."""
    return "/".join(str(run[key]) for key in RUN)
