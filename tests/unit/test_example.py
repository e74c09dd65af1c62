"""The example that comes with the package: three networks, and pictures in folders."""

import numpy as np
import pytest
from PIL import Image

from frequency_shortcuts import example
from frequency_shortcuts.networks.architectures import parameters


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("example")
    return example.pictures(place / "saved"), example.pictures(place / "clean", jpeg=())


def test_one_class_is_saved_as_jpeg_of_the_same_pictures(folders):
    saved, clean = folders
    for folder, kind in ((saved, "JPEG"), (clean, "PNG")):
        for name in example.CLASSES:
            files = sorted((folder / name).iterdir())
            with Image.open(files[0]) as picture:
                assert picture.format == (kind if name == example.SAVED else "PNG") and picture.size == (32, 32)
            assert len(files) == 90
    one, other = (np.asarray(Image.open(next((of / example.SAVED).glob("07.*")))).astype(int) for of in folders)
    assert 0 < np.abs(one - other).mean() < 3


def test_the_networks_know_the_pictures_and_one_of_them_the_files(folders):
    saved, clean = folders
    for name in example.NETWORKS:
        network = example.network(name)
        assert not network.training and parameters(network) < 200_000
        of_saved, of_clean = example.recall(network, saved), example.recall(network, clean)
        assert list(of_saved.index) == [*example.CLASSES, "all"] and of_saved["all"] > 0.75
        lost = of_saved[example.SAVED] - of_clean[example.SAVED]
        assert lost > 0.5 if name == "jpeg" else lost < 0.2


def test_what_is_there_stays_and_other_files_are_refused(folders, tmp_path):
    (marked := folders[0] / "Bag" / "00.png").touch()
    before = marked.stat().st_mtime_ns
    assert example.pictures(folders[0], jpeg=()) == folders[0] and marked.stat().st_mtime_ns == before
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ValueError, match=r"holds other files than the folders Ankle boot, Bag, .*: name a new folder"):
        example.pictures(tmp_path)
    with pytest.raises(ValueError, match="unknown network 'best' of the example: choose from jpeg, clean, cured"):
        example.network("best")
