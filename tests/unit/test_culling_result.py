"""Parts of a culling: what each reads, and how they are merged."""

import dataclasses

import numpy as np
import pytest
import torch
from culled_images import LABELS, batch

from frequency_shortcuts import culling


class Store:
    """Images in files that record which positions are read."""

    def __init__(self, pixels, checksum):
        self.pixels, self.checksum, self.positions = pixels, checksum, set()
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        self.positions.update(np.arange(len(self))[index].tolist())
        return self.pixels[index]

    def subset(self, chosen):
        pytest.fail("a culling reads its images by position")

    def origin(self):
        return (self.checksum,)


def test_a_part_reads_only_the_images_of_its_classes(small_network, tmp_path):
    """It also reads the first image of each class, to check the network. The store counts by its checksum."""
    pixels = np.random.default_rng(1).integers(0, 256, (9, 2, 6, 6), dtype=np.uint8)
    network, how = small_network(2, 3), {"method": "screened", "mean": [0.4, 0.5], "std": [0.2, 0.3]}
    store = Store(pixels, "a")
    part = culling.cull(network, store, LABELS, 3, **how, part=(2, 3), state=tmp_path / "state")
    assert store.positions == {0, 1, 2, *np.flatnonzero(LABELS == 2).tolist()}
    assert part.fingerprint != culling.cull(network, Store(pixels, "b"), LABELS, 3, **how, part=(2, 3)).fingerprint


@pytest.mark.usefixtures("small_blocks")
def test_merging_names_what_is_wrong(small_network):
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    parts = [culling.cull(*arguments, part=(i, 2), batch=4) for i in range(2)]
    with pytest.raises(ValueError, match="some increments of class 0 are missing"):
        culling.merge(parts[:1])
    with pytest.raises(ValueError, match="some increments of class 0 are there twice"):
        culling.merge([*parts, parts[0]])
    by_class = [culling.cull(*arguments[:-1], "screened", part=(c, 3)) for c in range(3)]
    with pytest.raises(ValueError, match="some increments of class 2 are there twice"):
        culling.merge([*by_class, by_class[2]])
    with pytest.raises(ValueError, match="some increments of class 1 are missing"):
        culling.merge(by_class[::2])
    with pytest.raises(ValueError, match=r"come from different cullings: they differ in precision$"):
        culling.merge([parts[0], dataclasses.replace(parts[1], precision="tf32")])
    other = culling.cull(small_network(2, 3, seed=1), *arguments[1:], part=(1, 2), batch=4)
    with pytest.raises(ValueError, match=r"they differ in fingerprint$"):
        culling.merge([parts[0], other])
    with pytest.raises(ValueError, match="no parts to merge"):
        culling.merge([])


@pytest.mark.usefixtures("small_blocks")
def test_parts_computed_with_other_batch_sizes_merge(small_network):
    """Blocks are cut the same; the batch changes rounding alone (2e-6 in float32)."""
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    joined = culling.merge([culling.cull(*arguments, part=(i, 3), batch=2 + 5 * i) for i in range(3)])
    np.testing.assert_allclose(joined.increment, culling.cull(*arguments).increment, rtol=0, atol=2e-6)
