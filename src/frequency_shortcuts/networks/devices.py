"""The device of a network."""

from __future__ import annotations

import torch


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
