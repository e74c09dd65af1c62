"""The job that restyles test images, on a store that is larger than what may be in memory."""

from types import SimpleNamespace

import numpy as np
import pytest
from script_runs import run_script

from frequency_shortcuts.data import renditions, stores


@pytest.mark.parametrize("in_memory", [2**30, 10_000])
def test_a_store_above_the_limit_of_memory_is_restyled_as_one_below_it(tmp_path, monkeypatch, in_memory):
    """As config/imagenet1k.yaml: 10 of 1,000 classes' images do not fit, and are read when they are drawn."""
    pixels = np.random.default_rng(0).integers(0, 256, (30, 3, 16, 16), dtype=np.uint8)
    labels = np.arange(30) % 3
    splits = dict.fromkeys(("train", "test"), (pixels, labels))
    stores.write(tmp_path / "d.h5", splits, classes=("a", "b", "c"), source="", created_by="")
    monkeypatch.setitem(stores.read.__kwdefaults__, "in_memory", in_memory)
    params, given = SimpleNamespace(images_per_class=5, seed=2), SimpleNamespace(images=str(tmp_path / "d.h5"))
    output = [str(tmp_path / f"{name}.h5") for name in renditions.names()]
    wildcards = SimpleNamespace(dataset="d")
    run_script("render", tmp_path, params=params, input=given, output=output, wildcards=wildcards)
    for name in renditions.names():
        found = stores.read(tmp_path / f"{name}.h5", "test", in_memory=2**30)
        np.testing.assert_array_equal(found.labels, labels[:15])
        np.testing.assert_array_equal(found.images, renditions.render(name, pixels[:15], labels[:15], 2))
