"""Parts of a culling: what each reads, and how they are merged."""

import dataclasses

import pytest
import torch
from culled_images import LABELS, batch, same

from frequency_shortcuts import culling


@pytest.mark.parametrize(
    ("method", "fill", "n"), [("exact", "zeros", 1), ("exact", "swap", 7), ("screened", "zeros", 2)]
)
@pytest.mark.usefixtures("small_blocks")
def test_merged_parts_equal_the_whole_bit_by_bit(small_network, tmp_path, method, fill, n):
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, method)
    options = {"batch": 4, "fill": fill, "neutral": 0}
    whole = culling.cull(*arguments, **options)
    paths = [tmp_path / f"{i}.h5" for i in range(n)]
    for i, path in enumerate(paths):
        culling.write_part(path, culling.cull(*arguments, part=(i, n), **options))
    parts = [culling.read_part(path) for path in paths]
    joined = culling.merge(iter(parts[::-1]))
    same(dataclasses.replace(joined, fingerprint=""), dataclasses.replace(whole, fingerprint=""))
