"""Errors in a job, chosen by a file: tests copy this module to the scripts of a checkout, and adcs calls it."""

import time
from pathlib import Path


def make(dataset, output):
    """Fail as the file `trouble/<dataset>` specifies, if it exists."""
    flag = Path("trouble") / dataset
    what = flag.read_text() if flag.exists() else ""
    if what == "fail":
        raise ValueError("provoked by the test")
    if what == "half":
        Path(output).write_bytes(b"half of a file")
    if what == "eat":
        eaten = bytearray(3 * 2**30)
        eaten[::4096] = b"x" * len(eaten[::4096])
    while what and flag.exists():  # until the test lets it go
        time.sleep(0.2)
