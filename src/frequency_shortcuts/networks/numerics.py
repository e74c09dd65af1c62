"""The device, its precision and memory, the same bits each time, and square roots that all CPUs agree on."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

# M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's malloc.h, and variables that a user may have set
THRESHOLDS = {-1: "MALLOC_TRIM_THRESHOLD_", -3: "MALLOC_MMAP_THRESHOLD_"}
KEPT_BYTES = 2**30


def pick_device(name: str = "auto") -> torch.device:
    """`auto` is CUDA if available, else the CPU. Raises RuntimeError or ValueError for a device that cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(
            f"unknown device {name!r}: choose auto, cpu, cuda or cuda:<number>"
        ) from None
    if device.type == "mps":
        raise ValueError(
            "device mps has no float64, which spectra need: set device to cpu, or give network.cpu()"
        )
    if device.type == "cuda" and (
        not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()
    ):
        raise RuntimeError(
            f"device {name} was requested, but this machine offers {torch.cuda.device_count()} CUDA devices to "
            f"PyTorch {torch.__version__}: set device to auto or cpu, or install a CUDA build"
        )
    return device


def keep_freed_memory() -> None:
    """Let glibc keep the memory of a batch for the next one.

    By default it gives this memory back to the system and asks for it again, which takes up to a third of the time of a
    network on a CPU. The setting holds for the whole process. Other C libraries are left alone, and so is a threshold
    that an environment variable sets.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        set_threshold = ctypes.CDLL(None).mallopt
        ctypes.CDLL(None).gnu_get_libc_version  # noqa: B018 (musl has a mallopt without effect)
    except (OSError, AttributeError):
        return
    for number, variable in THRESHOLDS.items():
        if variable not in os.environ:
            set_threshold(number, KEPT_BYTES)


@contextlib.contextmanager
def tf32(allowed: bool, device: torch.device) -> Iterator[None]:
    """Allow or forbid TF32 multiplications inside the block; the previous setting is restored. A CPU has none.

    Without it, CUDA's convolutions use TF32 for float32: logits then have three digits.
    """
    if device.type != "cuda":
        yield
        return
    matmul = torch.backends.cuda.matmul
    convolution = getattr(torch.backends.cudnn, "conv", torch.backends.cudnn)
    name = "fp32_precision"
    value: str | bool = "tf32" if allowed else "ieee"
    if not hasattr(convolution, name):  # PyTorch before 2.9
        name, value = "allow_tf32", allowed
    before = getattr(matmul, name), getattr(convolution, name)
    setattr(matmul, name, value)
    setattr(convolution, name, value)
    try:
        yield
    finally:
        setattr(matmul, name, before[0])
        setattr(convolution, name, before[1])


def bfloat16(device: torch.device) -> torch.autocast:
    """Autocast of a training to bfloat16, on GPUs that compute in it (from compute capability 8 on)."""
    fast = device.type == "cuda" and torch.cuda.get_device_capability(device)[0] >= 8
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


@contextlib.contextmanager
def deterministic() -> Iterator[None]:
    """Deterministic algorithms inside the block; the previous settings are restored."""
    # CuBLAS is deterministic only with it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    settings: Any = torch.utils.deterministic
    fill = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    settings.fill_uninitialized_memory = False
    try:
        # The gradient of the faster attention kernels is not deterministic.
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
        settings.fill_uninitialized_memory = fill


def deterministic_on_cuda(device: torch.device) -> contextlib.AbstractContextManager[None]:
    """`deterministic` on CUDA. On a CPU, gradients and sums over classes are so in any case."""
    return deterministic() if device.type == "cuda" else contextlib.nullcontext()


def square_root(values: Tensor) -> Tensor:
    """The square root, correctly rounded. On a CPU, PyTorch calls MKL's, which depends on the processor.

    No gradient is known for it.
    """
    if values.device.type != "cpu":
        return values.sqrt()
    return torch.from_numpy(np.asarray(np.sqrt(values.numpy())))
