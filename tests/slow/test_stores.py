"""Image stores: written from arrays and from files, read at once and when indexed."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from frequency_shortcuts.data import stores as store

FULL_DISK = """
import resource, signal, sys
import numpy as np
from PIL import Image
from frequency_shortcuts.data import stores
from frequency_shortcuts.data.folders import ImageFiles
decode, decoded = ImageFiles._decode, []
ImageFiles._decode = lambda self, path: (decoded.append(1), decode(self, path))[1]
pictures = ImageFiles([sys.argv[2]] * 5000, (64, 64), workers=2)
stores.write(sys.argv[1] + ".first", {"train": (pictures.subset(np.arange(4)), np.arange(4) % 2)},
             classes="ab", source="", created_by="")
decoded.clear()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    stores.write(sys.argv[1], {"train": (pictures, np.arange(5000) % 2)}, classes="ab", source="", created_by="")
except OSError as error:
    print(type(error).__name__, len(decoded))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_FSIZE as Linux has it")
@pytest.mark.parametrize("limit", [0, 3_000, 4_000_000])
def test_a_full_disk_stops_the_writing_early_and_leaves_nothing(tmp_path, limit):
    """5,000 incompressible images of 12 KiB; no file may grow above the limit, as on a full disk."""
    picture = tmp_path / "x.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(picture)
    path = tmp_path / "a.h5"
    path.write_text("old")
    command = [sys.executable, "-c", FULL_DISK, str(path), str(picture), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-300:]}"
    kind, decoded = done.stdout.split()
    assert kind == "OSError"
    assert int(decoded) <= limit / 12_000 + 2 * store.BLOCK + 16
    assert path.read_text() == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.h5", "a.h5.first", "x.png"]
