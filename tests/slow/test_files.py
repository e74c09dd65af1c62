"""Files that are replaced completely or not at all, also on a full disk."""

import subprocess
import sys

import pytest
from test_files import names

HDF5_WHEN_FULL = """
import resource, signal, sys
import numpy as np
from frequency_shortcuts import dfm
from frequency_shortcuts.data import stores
from frequency_shortcuts.maps.methods.culling import Culling
from frequency_shortcuts.spectrum import ConjugatePairs
pairs = ConjugatePairs(32, 32)
pixels = np.random.default_rng(0).integers(0, 256, (40, 3, 32, 32), np.uint8)
increment = np.random.default_rng(0).standard_normal((4, len(pairs)))
four, zero = np.ones(4), np.zeros(4, int)
about = dict(method="exact", percent=5.0, target_recall=0.98, precision="float32", fingerprint="")
culling = Culling(increment, increment > 0, four, zero + 1, four, four, zero, zero, zero, zero, **about)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    if sys.argv[1] == "dfm":
        about = dict(classes="abcd", split="validation", weights_sha256="", images_sha256="", created_by="")
        dfm.write(sys.argv[2], culling, pairs, [5], **about)
    else:
        about = dict(classes="ab", source="", created_by="")
        stores.write(sys.argv[2], {"train": (pixels, np.arange(40) % 2)}, **about)
except OSError:
    print("OSError")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_FSIZE as Linux has it")
@pytest.mark.parametrize("kind", ["dfm", "images"])
def test_hdf5_that_cannot_be_written_raises_keeps_the_old_file_and_does_not_crash(tmp_path, kind):
    """No file may grow above 8 KiB in the process: like a full disk, a write fails half way."""
    path = tmp_path / "a.h5"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", HDF5_WHEN_FULL, kind, path], capture_output=True, text=True)
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-300:]}"
    assert done.stdout == "OSError\n"
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.h5"]
