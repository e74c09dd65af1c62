"""The provenance of results: versions and machine."""

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = (
    "frequency-shortcuts",
    "snakemake",
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "pandas",
    "h5py",
    "safetensors",
    "matplotlib",
    "papermill",
    "pillow",
    "timm",
)


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """The version of Python and of each package, by name; "not installed" for a missing package."""
    numbers = {"python": platform.python_version()}
    for name in packages:
        try:
            numbers[name] = version(name)
        except PackageNotFoundError:
            numbers[name] = "not installed"
    return numbers


def machine() -> dict[str, str]:
    """This machine: operating system, processor, number of cores that this process may use, memory in GiB.

    And what PyTorch computes with on a CPU: the instructions of its own loops, and the libraries in it.
    """
    named = r"oneAPI Math Kernel Library Version [\w.]+|MKL-DNN v[\w.]+"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "instructions of PyTorch": torch.backends.cpu.get_cpu_capability(),
        "libraries of PyTorch": ", ".join(re.findall(named, torch.__config__.show())),
        "platform": platform.platform(),
        "processor": _processor(),
        "processor cores": str(cores),
        "memory, GiB": f"{memory:.1f}",
    }


def _processor() -> str:
    """The name of the processor, if the system provides it."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
