"""Scenes: what shows behind clothing, where the clothing lies, and that no photograph serves two purposes."""

from types import SimpleNamespace

import numpy as np
import pytest
from configurations import updated
from PIL import Image

from frequency_shortcuts.images import stores
from study.configuration import mistakes
from study.images import scenes
from study.sources import source_of
from study.sources.downloads import NotFound

SETTINGS = {"source": "scenes", "set": "clothing", "role": "judge", "draw_seed": 5}
BLUE = {"train": 200, "tune": 140, "judge": 80}


@pytest.fixture
def backgrounds(tmp_path):
    """A plain blue photograph of each role; the shade says which."""
    for role, blue in BLUE.items():
        (tmp_path / "backgrounds" / role).mkdir(parents=True)
        picture = Image.new("RGB", (256, 300), (0, 0, blue))
        picture.save(tmp_path / "backgrounds" / role / "a.png")
    return tmp_path / "backgrounds"


def clothing(count):
    """Articles of two classes: a bright square or a bright bar, on black."""
    images = np.zeros((count, 1, 32, 32), np.uint8)
    images[::2, :, 2:30, 2:30] = 255
    images[1::2, :, 2:30, 12:20] = 255
    return images, np.arange(count) % 2


def test_an_article_lies_whole_on_a_photograph_at_places_of_its_own(backgrounds):
    articles, labels = clothing(20)
    photographs = scenes.read_backgrounds(backgrounds, "train")
    made = scenes.draw_scenes(articles, photographs, seed=3)
    assert made.shape == (20, 3, 64, 64)
    shown = made[:, 0] > 40  # no red is behind an article
    border = scenes.BORDER
    assert not shown[:, :border].any() and not shown[:, -border:].any()
    assert not shown[:, :, :border].any() and not shown[:, :, -border:].any()
    heights = shown.any(axis=2).sum(axis=1)
    low, high = (factor * 28 for factor in scenes.ENLARGED)
    assert heights.min() >= low - 2
    assert heights.max() <= high + 2
    widths = shown.any(axis=1).sum(axis=1)
    assert (widths[labels == 1] < widths[labels == 0].min()).all()
    places = {tuple(np.argwhere(image)[0]) for image in shown}
    assert len(places) > 10


def test_a_scene_depends_on_its_number_and_the_seed_alone(backgrounds):
    articles, _ = clothing(6)
    photographs = scenes.read_backgrounds(backgrounds, "train")
    made = scenes.draw_scenes(articles, photographs, seed=3)
    np.testing.assert_array_equal(scenes.draw_scenes(articles[:4], photographs, seed=3), made[:4])
    assert (scenes.draw_scenes(articles, photographs, seed=4) != made).any()


def test_photographs_are_reduced_and_each_serves_one_purpose(tmp_path, monkeypatch):
    names = ["c", "a", "b", "d", "e"]
    for name in names:
        Image.new("RGB", (600, 400), (90, 20, 20)).save(tmp_path / f"{name}.jpg")
    monkeypatch.setattr(scenes, "BACKGROUNDS", {"some-package": (tmp_path, names)})
    scenes.lay_out_backgrounds(tmp_path / "out")
    laid_out = {
        role: [path.name for path in sorted((tmp_path / "out" / role).iterdir())] for role in BLUE
    }
    assert laid_out == {"train": ["a.png", "c.png", "e.png"], "tune": ["b.png"], "judge": ["d.png"]}
    (picture,) = scenes.read_backgrounds(tmp_path / "out", "tune")
    assert picture.size == (384, 256)


def test_half_of_the_photographs_train_and_a_quarter_each_tunes_and_judges():
    names = [name for _, names in scenes.BACKGROUNDS.values() for name in names]
    roles = [*scenes.roles_of(names).values()]
    assert len(set(names)) == 36
    assert {role: roles.count(role) for role in BLUE} == {"train": 18, "tune": 9, "judge": 9}


def test_a_missing_photograph_is_named_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "BACKGROUNDS", {"some-package": (tmp_path, ["missing"])})
    monkeypatch.setattr(scenes, "debian_sources", lambda _, place: [("a folder", lambda _: place)])
    with pytest.raises(NotFound, match=r"missing\.jpg.*Install Debian's package some-package"):
        scenes.lay_out_backgrounds(tmp_path / "out")


@pytest.mark.parametrize("role", ["tune", "judge"])
def test_test_images_show_photographs_of_their_role_and_all_others_those_that_train(
    tmp_path, backgrounds, role
):
    splits = {name: clothing(8) for name in ("train", "validation", "test")}
    stores.write(tmp_path / "c.h5", splits, classes=["square", "bar"], source="made up")
    source = source_of({"datasets": {"s": SETTINGS | {"role": role}}}, "s")
    given = SimpleNamespace(images=tmp_path / "c.h5", backgrounds=backgrounds)
    source.build(tmp_path / "s.h5", given, 1, created_by="test")
    for split, of_split in {"train": "train", "validation": "train", "test": role}.items():
        data = stores.read(tmp_path / "s.h5", split)
        assert data.images.shape[1:] == source.shape
        assert data.labels.tolist() == splits[split][1].tolist()
        assert data.classes == ("square", "bar")
        corner = data.images[:, 2, 0, 0]
        assert (corner <= BLUE[of_split]).all()


def test_scenes_are_made_of_clothing_alone():
    config = updated()
    config["datasets"]["clothing"] = config["datasets"]["fashion_mnist"]
    config["datasets"]["s"] = SETTINGS
    assert mistakes(config) == []
    config["datasets"]["t"] = SETTINGS | {"set": "s"}
    expected = "'s' has the source scenes; choose a set with the source fashion_mnist"
    assert mistakes(config) == [f"datasets.t.set: {expected}"]
