"""Files that are damaged, cut short or empty are named; 60 seeded flips of one bit in each kind of file are noticed."""

import numpy as np
import pytest
from test_checksums import (
    everything,
    kept,  # noqa: F401 (fixtures)
)

from frequency_shortcuts.storage.checksums import DamagedFile

FLIPS = 60


def test_every_flipped_bit_is_noticed_or_changes_nothing_that_is_read(kept):
    good, expected = kept.read_bytes(), everything(kept)
    noticed = 0
    for bit in np.random.default_rng(0).integers(8 * len(good), size=FLIPS):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << (bit % 8)
        kept.write_bytes(flipped)
        try:
            assert everything(kept) == expected, f"bit {bit}"
        except DamagedFile as error:
            noticed += 1
            assert str(error).startswith(f"{kept}: ") and str(error).endswith("; make it again"), error
    assert noticed == FLIPS


@pytest.mark.parametrize("share", [0, 0.3, 0.999])
def test_a_file_that_was_cut_short_is_named(kept, share):
    good = kept.read_bytes()
    kept.write_bytes(good[: int(share * len(good))])
    with pytest.raises(DamagedFile, match=rf"^{kept}: .*; make it again$"):
        everything(kept)
