"""The example: outputs are added up to groups, photographs are chosen and put on grey, and what is missing is named."""

import builtins

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from torch import nn

from conftest import ROOT
from frequency_shortcuts import real_example as example
from frequency_shortcuts.data.downloads import NotFound


def test_the_probabilities_of_the_outputs_of_a_group_are_added_up():
    inner, images = nn.Sequential(nn.Flatten(), nn.Linear(3, 6).double()), torch.randn(4, 3, 1, 1).double()
    groups = {"a": [0, 3], "b": [5], "c": [1, 2]}
    probabilities = inner(images).softmax(1)
    sums = torch.stack([probabilities[:, [0, 3]].sum(1), probabilities[:, 5], probabilities[:, [1, 2]].sum(1)], 1)
    found = example.EfficientNetLite0(inner, groups)(images).softmax(1)
    torch.testing.assert_close(found, sums / sums.sum(1, keepdim=True))


def test_no_output_belongs_to_two_groups_and_the_groups_are_sorted_as_folders_are():
    outputs = [output for group in example.GROUPS.values() for output in group]
    assert len(outputs) == len(set(outputs)) and min(outputs) >= 0 and max(outputs) < 1000
    assert list(example.GROUPS) == sorted(example.GROUPS) == sorted(example.FOLDERS)


def test_a_missing_package_is_named_with_what_to_type(monkeypatch):
    def without(name, *arguments, **named):
        if name.startswith("efficientnet"):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *arguments, **named)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ModuleNotFoundError, match=r"type `pip install -r envs/real.txt` in a checkout, or `pip install"
    ):
        example.network()


@pytest.fixture
def stamps(tmp_path, monkeypatch):
    """Two photographs of each group, and of the birds what is none."""
    monkeypatch.setattr(example, "FEWEST", 2)
    for names in example.FOLDERS.values():
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
    folder = example.photographs(stamps / "out" / "pictures", stamps)
    files = {group: sorted(path.name for path in (folder / group).iterdir()) for group in example.GROUPS}
    assert files["birds"] == ["birds_0.png", "birds_1.png"] and all(len(names) == 2 for names in files.values())
    with Image.open(folder / "birds" / "birds_0.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (224, 224, 3)
    red = (pixels == (200, 10, 10)).all(axis=2)  # 192 x 64 pixels in the middle
    assert red[80:144, 16:208].all() and red.sum() == 192 * 64 and (pixels[~red] == 127).all()
    (stamps / "animals" / "birds" / "some kind" / "birds_0.png").unlink()
    assert example.photographs(folder, stamps / "none") == folder  # what is there stays
    assert [path.name for path in folder.parent.iterdir()] == ["pictures"]


def test_folders_that_cannot_be_used_are_named(stamps, monkeypatch):
    for path in (stamps / "hobbies").rglob("*.png"):
        path.unlink()
    with pytest.raises(NotFound) as error:
        example.photographs(stamps / "out", stamps)
    assert f"tried folder {stamps} ({stamps} has 0 photographs of objects, fewer than 2)" in str(error.value)
    assert "Install Debian's package tuxpaint-stamps-default, or unpack" in str(error.value)
    with pytest.raises(
        ValueError, match="holds other files than the folders birds, mammals, objects: name a new folder"
    ):
        example.photographs(stamps / "animals")
    monkeypatch.setattr(example, "SOURCES", (("nowhere", lambda scratch: stamps / "none"),))
    with pytest.raises(NotFound, match="The set of stamps of Tux Paint was not found; tried nowhere"):
        example.photographs(stamps / "out")


def test_the_study_of_make_real_takes_this_network():
    network = yaml.safe_load((ROOT / "config" / "real.yaml").read_text())["networks"]["efficientnet_lite0"]
    assert network["source"] == f"{example.__name__}:{example.network.__name__}"
