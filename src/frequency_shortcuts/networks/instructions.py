"""The instructions that libraries use on a CPU. It imports no library, since they read the environment when they load.

Libraries choose the fastest instructions of a processor, and blocks that suit its caches. Both decide in which order
numbers are added, and so how a sum is rounded. A training amplifies that. With `PORTABLE`, all x86-64 servers since
2014 (Intel) and 2017 (AMD) compute in the same order.
"""

import os
import platform
import sys
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
PORTABLE = {
    **THREADS,
    "ATEN_CPU_CAPABILITY": "avx2",  # the loops of PyTorch, and SLEEF's functions in them
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # convolutions of PyTorch
    "ONEDNN_CPU_ISA_HINTS": "NO_HINTS",
    "ONEDNN_DEFAULT_FPMATH_MODE": "STRICT",
    "MKL_CBWR": "COMPATIBLE",  # matrix products and FFTs of PyTorch; its AVX2 mode holds on Intel's processors alone
    # Functions and sorting of NumPy, from 2.4 on and before. A name that this NumPy does not know is ignored.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",  # linear algebra of NumPy and SciPy
    "OPENBLAS_L2_SIZE": "256",  # KiB; its blocks follow from it
}
AS_PORTABLE = tuple(value for name, value in PORTABLE.items() if name not in THREADS)


def variables() -> dict[str, str]:
    """The environment of a process that computes portably; other processors than x86-64 only use one thread.

    Raises RuntimeError if an x86-64 processor lacks AVX2 or FMA.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return THREADS
    about = CPUINFO.read_text() if CPUINFO.is_file() else ""
    _, _, after = about.partition("\nflags")
    flags = after.partition("\n")[0].split()
    if flags and not {"avx2", "fma"} <= set(flags):
        raise RuntimeError(
            "this processor lacks AVX2 or FMA, which portable numerics need: choose numerics fast"
        )
    return PORTABLE


def portable() -> None:
    """Let PyTorch, NumPy and SciPy compute with one thread and the instructions that all x86-64 servers have.

    Call it before any of them is imported. Raises RuntimeError if that is too late, or the processor is too old.

    >>> import frequency_shortcuts as fs
    >>> fs.portable()
    """
    loaded = [name for name in ("numpy", "scipy", "torch") if name in sys.modules]
    if loaded and not is_portable():
        raise RuntimeError(
            f"numerics portable: {', '.join(loaded)} chose other instructions when they were imported: "
            "start Python with `import frequency_shortcuts as fs; fs.portable()`"
        )
    os.environ.update(variables())


def chosen() -> tuple[str, ...]:
    """The values of these variables in this process but for the threads: work that others began is not resumed."""
    return tuple(os.environ.get(name, "") for name in PORTABLE if name not in THREADS)


def is_portable() -> bool:
    """Whether the environment of this process is that of portable numerics."""
    return variables().items() <= os.environ.items()
