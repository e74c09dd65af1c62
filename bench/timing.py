"""Timing on a noisy machine: things are compared by turns inside one run, and the median of their ratios counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pandas as pd
import torch

from workflow.study import provenance

REPEATS = 5


def seconds(task: Callable[[], object]) -> float:
    """How long a task takes, until its device is done."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    wait()
    start = time.perf_counter()
    task()
    wait()
    return time.perf_counter() - start


def by_turns(tasks: Mapping[str, Callable[[], object]], repeats: int = REPEATS) -> pd.DataFrame:
    """Seconds of every task in every repeat, [repeat, task]; each ran once before, unmeasured."""
    for task in tasks.values():
        task()
    return pd.DataFrame([{name: seconds(task) for name, task in tasks.items()} for _ in range(repeats)])


def ratio(times: pd.DataFrame, task: str, reference: str, work: Mapping[str, float] | None = None) -> dict[str, float]:
    """How many times as fast a task is as the reference, a unit of work: median, least and greatest of the repeats."""
    work = work or {}
    each = (times[reference] / work.get(reference, 1)) / (times[task] / work.get(task, 1))
    return {"ratio": each.median(), "ratio_low": each.min(), "ratio_high": each.max()}


def machine(device: torch.device) -> dict[str, str]:
    """What the numbers were measured on."""
    here, versions = provenance.machine(), provenance.versions(["torch"])
    return {
        "processor": here["processor"],
        "threads": str(torch.get_num_threads()),
        "memory_gib": here["memory, GiB"],
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else "none",
        "device": device.type,
        **versions,
    }
