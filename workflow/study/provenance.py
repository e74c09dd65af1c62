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
    """This machine: operating system, processor, number of cores, memory in GiB.

    And what PyTorch computes with on a CPU: the instructions of its own loops, and the libraries in it.
    """
    named = r"oneAPI Math Kernel Library Version [\w.]+|MKL-DNN v[\w.]+"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "instructions of PyTorch": torch.backends.cpu.get_cpu_capability(),
        "libraries of PyTorch": ", ".join(re.findall(named, torch.__config__.show())),
        "platform": platform.platform(),
        "processor": _processor(),
        "processor cores": str(os.cpu_count()),
        "memory, GiB": f"{memory:.1f}",
    }


def _processor() -> str:
    """The name of the processor, if the system provides it."""
    listed = Path("/proc/cpuinfo")
    named = re.findall(r"model name\s*: (.+)", listed.read_text()) if listed.is_file() else []
    return named[0] if named else platform.processor() or platform.machine()
