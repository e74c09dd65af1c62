"""The example that comes with the package: five networks, and pictures in folders."""

import numpy as np
import pytest
from PIL import Image

from frequency_shortcuts import example
from frequency_shortcuts.networks.architectures import parameters


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("example")
    tagged = example.pictures(place / "tagged", jpeg=(), tag=[example.TRACED])
    return example.pictures(place / "saved"), example.pictures(place / "clean", jpeg=()), tagged


def test_one_class_is_saved_as_jpeg_or_tagged_of_the_same_pictures(folders):
    for folder, kind in zip(folders, ("JPEG", "PNG", "PNG"), strict=True):
        for name in example.CLASSES:
            files = sorted((folder / name).iterdir())
            with Image.open(files[0]) as picture:
                assert picture.format == (kind if name == example.TRACED else "PNG") and picture.size == (32, 32)
            assert len(files) == 90
    one, other, tagged = (np.array(Image.open(next((of / example.TRACED).glob("07.*"))), int) for of in folders)
    assert 0 < np.abs(one - other).mean() < 3
    assert (tagged[1:5, 1:5] == 255).all() and (tagged != other).sum() == (other[1:5, 1:5] < 255).sum() > 0


def test_the_networks_know_the_pictures_and_two_of_them_the_files_or_the_tag(folders):
    saved, clean, tagged = folders
    for name, trace in example.NETWORKS.items():
        network = example.network(name)
        assert not network.training and parameters(network) < 200_000
        of_own, of_clean = example.recall(network, tagged if trace == "tag" else saved), example.recall(network, clean)
        assert list(of_own.index) == [*example.CLASSES, "all"] and of_own["all"] > 0.75
        lost = of_own[example.TRACED] - of_clean[example.TRACED]
        assert lost > 0.5 if name in ("jpeg", "tagged") else lost < 0.2


def test_what_is_there_stays_and_other_files_are_refused(folders, tmp_path):
    (marked := folders[0] / "Bag" / "00.png").touch()
    before = marked.stat().st_mtime_ns
    assert example.pictures(folders[0], jpeg=()) == folders[0] and marked.stat().st_mtime_ns == before
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ValueError, match=r"holds other files than the folders Ankle boot, Bag, .*: name a new folder"):
        example.pictures(tmp_path)
    with pytest.raises(ValueError, match="unknown network 'best' of the example: choose from jpeg, clean, cured, "):
        example.network("best")
