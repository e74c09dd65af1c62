"""The device of a network, and the memory of its batches."""

from __future__ import annotations

import ctypes
import os
import sys

import torch

TRIM, MMAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's malloc.h
THRESHOLDS = {TRIM: "MALLOC_TRIM_THRESHOLD_", MMAP: "MALLOC_MMAP_THRESHOLD_"}  # variables that a user may have set
MOST, OLD_MOST = 2**30, 2**25  # bytes; older versions of glibc refuse a greater MMAP threshold than the second


def pick_device(name: str = "auto") -> torch.device:
    """`auto` is CUDA if available, else the CPU. Raises RuntimeError for a CUDA device that does not exist."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"unknown device {name!r}: choose auto, cpu, cuda or cuda:<number>") from None
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise RuntimeError(
            f"device {name} was requested, but this machine offers {torch.cuda.device_count()} CUDA devices to "
            f"PyTorch {torch.__version__}: set device to auto or cpu, or install a CUDA build"
        )
    return device


def keep_freed_memory() -> bool:
    """Let glibc keep the memory of a batch for the next one; returns whether it does.

    By default it gives this memory back to the system and asks for it again, which takes up to a third of the time of a
    network on a CPU. The setting holds for the whole process. Other C libraries are left alone, and so is a threshold
    that an environment variable sets.

    >>> keep_freed_memory()
    True
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        set_threshold = ctypes.CDLL(None).mallopt
        ctypes.CDLL(None).gnu_get_libc_version  # noqa: B018 (musl has a mallopt without effect)
    except (OSError, AttributeError):
        return False
    free = [number for number, variable in THRESHOLDS.items() if variable not in os.environ]
    kept = [set_threshold(number, MOST) or set_threshold(number, OLD_MOST) for number in free]  # both are set
    return all(kept)
