"""What portable numerics set, when it is too late for them, and square roots."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from numpy._core import _multiarray_umath as numpy_build

import frequency_shortcuts as fs
from frequency_shortcuts.networks import instructions, numerics


@pytest.fixture
def as_started(monkeypatch):
    """The variables of this process are those from before the test afterwards."""
    for name in instructions.PORTABLE:
        monkeypatch.delenv(name, raising=False)


def test_it_is_too_late_once_a_library_is_imported(as_started):
    with pytest.raises(RuntimeError, match=r"torch chose other instructions .* start Python with `import"):
        fs.Run(numerics="portable")
    assert not instructions.is_portable()
    with pytest.raises(ValueError, match="numerics 'exact': expected portable or fast"):
        fs.Run(numerics="exact")


def test_a_process_that_was_started_with_the_variables_is_portable(as_started, monkeypatch):
    for name, value in instructions.variables().items():
        monkeypatch.setenv(name, value)
    assert fs.Run(numerics="portable").numerics == "portable"


def test_the_command_sets_them_before_anything_is_loaded(as_started):
    code = (
        "import os, sys; from frequency_shortcuts import command\n"
        "try: command.main(['analyse', 'a:b', '--images', 'missing', '--numerics', 'portable'])\n"
        "except SystemExit: print(os.environ['ATEN_CPU_CAPABILITY'], sys.modules['torch'].get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["avx2", "1"] and "missing" in done.stderr


def test_what_a_processor_lacks_is_named_and_others_than_x86_only_use_one_thread(monkeypatch, tmp_path):
    listed = tmp_path / "cpuinfo"
    monkeypatch.setattr(instructions, "CPUINFO", listed)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert instructions.variables() == instructions.PORTABLE  # a system that does not list them
    listed.write_text("model name\t: x\nflags\t\t: fpu avx2 fma\nbugs\t: none\n")
    assert instructions.variables() == instructions.PORTABLE
    listed.write_text("model name\t: x\nflags\t\t: fpu avx fma\nbugs\t: avx2\n")
    with pytest.raises(RuntimeError, match="lacks AVX2 or FMA"):
        instructions.variables()
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert instructions.variables() == instructions.THREADS


def test_every_instruction_of_numpy_above_avx2_is_switched_off():
    off = instructions.PORTABLE["NPY_DISABLE_CPU_FEATURES"].split()
    above = {name for name in numpy_build.__cpu_dispatch__ if name.startswith(("AVX512", "X86_V4"))}
    assert above <= {*off} and not {*off} & {*numpy_build.__cpu_baseline__, "AVX2", "FMA3", "X86_V3"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_square_roots_are_rounded_correctly(dtype):
    """Tolerance 0: the root in float64 is exact for float32, and C's for float64. PyTorch's own misses the last bit."""
    numbers = torch.rand(3, 500, dtype=dtype)
    expected = torch.tensor([[math.sqrt(x) for x in row] for row in numbers.tolist()], dtype=torch.float64)
    assert torch.equal(numerics.square_root(numbers), expected.to(dtype))
    assert numerics.square_root(torch.tensor(4.0, dtype=dtype)).item() == 2


def test_no_tensor_takes_a_function_of_mkl_that_depends_on_the_processor():
    """Roots of tensors are those of `square_root`; what NumPy and C compute is the same everywhere."""
    call = re.compile(r"(?<!\bnp)(?<!\bmath)\.(sqrt|log10|tan|atan|asin|acos)\(")
    files = [path for path in Path(fs.__file__).parent.rglob("*.py") if path.stem != "numerics"]
    assert len(files) > 100 and [path for path in files if call.search(path.read_text())] == []
