"""Timing on a noisy machine: things are compared by turns inside one run, and the median of their ratios counts."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from study import provenance


def seconds(task: Callable[[], object]) -> float:
    """How long a task takes, until the GPU, where there is one, is done."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    wait()
    start = time.perf_counter()
    task()
    wait()
    return time.perf_counter() - start


def by_turns(tasks: Mapping[str, Callable[[], object]], repeats: int = 5) -> pd.DataFrame:
    """Seconds of every task in every repeat, [repeat, task]; each ran once before, unmeasured."""
    for task in tasks.values():
        task()
    return pd.DataFrame(
        [{name: seconds(task) for name, task in tasks.items()} for _ in range(repeats)]
    )


def ratio(times: pd.DataFrame, task: str, reference: str) -> dict[str, float]:
    """How many times as fast a task is as the reference: median, least and greatest of the repeats."""
    each = times[reference] / times[task]
    return {"ratio": each.median(), "ratio_low": each.min(), "ratio_high": each.max()}


def flop(network: torch.nn.Module, image: torch.Tensor) -> float:
    """Floating-point operations of one forward pass of one image [1, channels, H, W]; a multiply-add counts as two."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(image)
    return counter.get_total_flops()


def peak_gflops(device: torch.device) -> float:
    """The machine's best rate: a large matrix product in float32, 10^9 operations a second."""
    best = 0.0
    for side in (4096, 8192) if device.type == "cuda" else (1024, 2048, 4096):
        a, b = (torch.randn(side, side, device=device) for _ in range(2))
        fastest = min(by_turns({"product": partial(torch.mm, a, b)}, 10)["product"])
        best = max(best, 2 * side**3 / fastest / 1e9)
    return best


def machine(_: Path, device: torch.device) -> pd.DataFrame:
    """What the numbers were measured on."""
    here, gpu = (
        provenance.machine(),
        torch.cuda.get_device_name(device) if device.type == "cuda" else "none",
    )
    return pd.DataFrame(
        [
            {
                "processor": here["processor"],
                "threads": str(torch.get_num_threads()),
                "memory_gib": here["memory, GiB"],
                "gpu": gpu,
                "device": device.type,
                **provenance.versions(["torch"]),
                "peak_gflops": f"{peak_gflops(device):.0f}",
            }
        ]
    )
