"""One call from a network and images to maps, tests and verdicts."""

from itertools import pairwise
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset
from torchvision import transforms
from waves_and_network import CLASSES, MEAN, SIZE, STD, WAVES, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from frequency_shortcuts.analysis import clearest
from frequency_shortcuts.analysis.images import collect
from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import examples, shortcuts
from frequency_shortcuts.figures.panels import Panel, rows_of_panels
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import delete_state
from frequency_shortcuts.storage.tables import read_table

FEW = {"method": "culling", "fills": ("zeros",), "controls": 5, "parts": ("keep",), "percent": 2, "progress": False}


def analyse(network=None, images=None, labels=None, **options):
    if images is None:
        images, labels = images_and_labels()
    if "mean" not in options and "transform" not in options:
        options |= {"mean": MEAN, "std": STD}
    return fs.analyse(network or WaveNetwork(), images, labels, **{**FEW, **options})


@pytest.fixture(scope="module")
def result():
    images, labels = images_and_labels(160)
    return analyse(images=images, labels=labels, images_per_class=(10, 30))


def test_the_planted_waves_are_found_and_judged(result):
    for c, (u, v) in enumerate(WAVES):
        middle = SIZE // 2
        assert result.maps[c, middle + u, middle + v] and result.maps[c, middle - u, middle - v]
    rows = result.verdicts
    assert rows["class"].tolist() == ["0", "1", "2", "3"]
    assert rows["verdict"].tolist() == ["strong"] * 3 + ["none"]
    assert (rows["tpr_dfm"][:3] == 1).all() and (rows["fpr_dfm"][:3] == 0).all()
    assert "3 of 4 classes (0, 1, 2)" in result.summary() and "WaveNetwork" in repr(result)


def test_the_clearest_class_is_shown_with_its_closest_control(result):
    row = clearest.clearest_class(result.table)
    strong = result.verdicts[result.verdicts["verdict"] == "strong"]
    assert row["class"] == strong.loc[strong["margin"].idxmax(), "class"]
    c, kind, other = int(row["class"]), row["best_control"], row["closest_class"]
    figure = clearest.draw(result)
    _, its_map, left, control = figure.axes
    np.testing.assert_array_equal(np.asarray(its_map.images[0].get_array(), bool), result.maps[c])
    assert left.get_xlabel() == f"predicted: {c}\nTPR 1.00, FPR 0.00"
    rates = result.rates.query("`class` == @c and filter == @kind")
    rates = rates[rates["draw"] == int(other)] if kind == "other" else rates
    assert f"TPR {rates['tpr'].mean():.2f}, FPR {rates['fpr'].mean():.2f}" in control.get_xlabel()
    place = np.flatnonzero(result.test.labels == c)[0]  # its images are alike
    image = torch.from_numpy((result.test.images[[place]] / 255 - MEAN[0]) / STD[0])
    np.testing.assert_allclose(
        left.images[0].get_array(), examples.reduced_images(image, result.maps[[c]])[0, 0], atol=1e-6
    )
    plt.close(figure)


def test_long_names_have_room_in_the_first_picture():
    figure = rows_of_panels({"a": [Panel("above", np.eye(4), f"predicted: {'very long ' * 9}\nTPR 1.00")] * 4}, "note")
    figure.canvas.draw()
    boxes = [axis.xaxis.label.get_window_extent() for axis in figure.axes]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert min(box.y0 for box in boxes) > -2  # pixels: the box of a line is higher than its letters
    plt.close(figure)


def test_two_images_of_a_class_are_too_few_to_tell():
    found = analyse(images_per_class=(4, 2), parts=("keep", "remove"))
    assert set(found.verdicts["verdict"]) == {"too few images"} and found.verdicts["needed"].isna().all()
    assert found.verdicts["images"].tolist() == [2] * 4 and found.verdicts["negatives"].tolist() == [6] * 4
    assert "No shortcut" not in found.summary() and "Too few images to tell" in found.summary()
    assert "(too few images to tell)" in clearest.note(clearest.clearest_class(found.table), 4)


@pytest.mark.slow
def test_it_is_the_parts_one_after_the_other(result):
    pairs = ConjugatePairs(SIZE, SIZE)
    found = find(registry.load("culling"), WaveNetwork(), result.ranking, search="screened", percent=2)
    masks = dfm.dominant(found.score, pairs, 2)
    assert np.array_equal(masks, result.maps)
    rates = shortcuts.measure(WaveNetwork(), result.test, masks, fills=("zeros",), negatives=60, one_sample=True)
    pd.testing.assert_frame_equal(rates, result.rates)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 2),
        ({"settings": {"search": "screened"}}, 2),
        ({"settings": {"percent": 3}}, 3),
        ({"method": "hfss", "settings": {"candidates": 9, "parents": 3}}, 2),
    ],
)
def test_the_search_looks_for_maps_of_the_size_that_is_tested(options, expected):
    assert analyse(**options, parts=()).found.settings["percent"] == expected


def test_maps_and_tests_use_different_images(result):
    assert len(result.ranking) == 40 and len(result.test) == 120
    assert (np.bincount(result.ranking.labels) == 10).all() and (np.bincount(result.test.labels) == 30).all()
    both = np.concatenate([result.ranking.images, result.test.images]).reshape(160, -1)
    assert len(np.unique(both, axis=0)) == 160


@pytest.mark.slow
def test_the_files_hold_the_maps_the_rates_and_a_page(result, tmp_path):
    folder = result.save(tmp_path / "out")
    assert np.array_equal(dfm.read_mask(folder / "maps.h5", 2), result.maps)
    with h5py.File(folder / "maps.h5") as file:
        assert file.attrs["weights_sha256"] == result.about["weights_sha256"] and file.attrs["device"] == "cpu"
        assert file["score"].shape == (CLASSES, SIZE, SIZE)
    assert len(pd.read_csv(folder / "rates.csv")) == len(result.rates)
    assert pd.read_csv(folder / "verdicts.csv")["verdict"].tolist() == ["strong"] * 3 + ["none"]
    for name in ("clearest", "cards", "shortcuts"):
        with Image.open(folder / f"{name}.png") as picture:
            assert picture.width > 500
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3 and "Strong shortcut" in page
    assert "40 images (10 of each class) find the maps, 120 images (30 of each class) test them." in page
    assert "http" not in page.replace("http-equiv", "")  # it loads nothing


@pytest.mark.slow
def test_the_file_holds_the_same_maps_at_any_percentage(tmp_path):
    images, labels = images_and_labels()
    large = np.kron(images, np.ones((1, 1, 4, 4), np.uint8))
    network = nn.Sequential(nn.AvgPool2d(4), WaveNetwork())
    found = analyse(network, large, labels, method="gradient", percent=33.36, parts=())
    found.save_maps(tmp_path / "maps.h5")
    assert np.array_equal(dfm.read_mask(tmp_path / "maps.h5", 33.36), found.maps)


def as_folder(images, labels, folder):
    for i, (image, c) in enumerate(zip(images, labels, strict=True)):
        (folder / f"class{c}").mkdir(exist_ok=True)
        Image.fromarray(image[0]).save(folder / f"class{c}" / f"{i:03}.png")


class Pairs:
    """A map-style Dataset of PIL images."""

    def __init__(self, images, labels):
        self.images, self.targets = images, labels.tolist()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return Image.fromarray(self.images[i][0]), self.targets[i]


@pytest.mark.parametrize(
    "kind", ["tensor", "hdf5 dataset", "dataset", "pil", "loader", "folder", "store", "plain hdf5"]
)
def test_every_form_of_images_gives_the_same_maps(kind, tmp_path):
    images, labels = images_and_labels()
    expected = analyse()
    given: dict = {"labels": None}
    if kind == "tensor":
        given = {"images": torch.from_numpy(images), "labels": torch.from_numpy(labels)}
    elif kind == "hdf5 dataset":
        given = {"images": h5py.File(tmp_path / "a.h5", "w").create_dataset("x", data=images), "labels": labels}
    elif kind == "dataset":
        given["images"] = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    elif kind == "pil":
        given["images"] = Pairs(images, labels)
    elif kind == "loader":
        given["images"] = DataLoader(TensorDataset(torch.from_numpy(images), torch.from_numpy(labels)), batch_size=5)
    elif kind == "folder":
        as_folder(images, labels, tmp_path)
        given = {"images": tmp_path, "size": SIZE}
        order = np.argsort(labels, kind="stable")  # folders are read class by class
        expected = analyse(images=images[order], labels=labels[order])
    elif kind == "store":
        options = {"classes": ["a", "b", "c", "d"], "source": "test", "created_by": "test", "statistics": (MEAN, STD)}
        stores.write(tmp_path / "s.h5", {"test": (images, labels)}, **options)
        given = {"images": tmp_path / "s.h5", "mean": None, "std": None}
    else:
        with h5py.File(tmp_path / "p.h5", "w") as file:
            file["images"], file["labels"] = images, labels
        given["images"] = str(tmp_path / "p.h5")
    found = analyse(**given)
    assert np.array_equal(found.maps, expected.maps)
    values = ["tpr_dfm", "fpr_dfm", "margin"]
    pd.testing.assert_frame_equal(found.verdicts[values], expected.verdicts[values])


class Shifted(Pairs):
    """A Dataset of PIL images that augments at random."""

    generator = np.random.default_rng(0)

    def __getitem__(self, i):
        return Image.fromarray(np.roll(self.images[i][0], self.generator.integers(SIZE), axis=1)), self.targets[i]


def test_pictures_that_change_from_reading_to_reading_are_refused():
    with pytest.raises(ValueError, match="images: the Dataset gives other pictures at each reading: leave out"):
        analyse(images=Shifted(*images_and_labels()))


class Renumbered(Pairs):
    """Its items have other labels than its list of labels, as with a target_transform of torchvision."""

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i]), (self.targets[i] + 1) % CLASSES


def test_labels_that_contradict_the_list_of_labels_are_refused():
    with pytest.raises(ValueError, match="images: item 0 has the label 1, but the Dataset's own list of labels says 0"):
        analyse(images=Renumbered(*images_and_labels()))


def test_a_store_with_two_splits_tests_on_the_second(tmp_path):
    ranking, test = images_and_labels(12), images_and_labels(15, seed=1)
    options = {"classes": ["a", "b", "c", "d"], "source": "test", "created_by": "test", "statistics": (MEAN, STD)}
    stores.write(tmp_path / "s.h5", {"validation": ranking, "test": test}, **options)
    found = analyse(images=tmp_path / "s.h5", mean=None, std=None)
    assert np.array_equal(found.ranking.images, ranking[0]) and np.array_equal(found.test.images, test[0])
    assert found.classes == ("a", "b", "c", "d")


def test_the_test_images_of_a_store_are_its_split_test(tmp_path):
    ranking, test = images_and_labels(12), images_and_labels(15, seed=1)
    options = {"classes": ["a", "b", "c", "d"], "source": "test", "created_by": "test", "statistics": (MEAN, STD)}
    stores.write(tmp_path / "s.h5", {"validation": ranking, "test": test}, **options)
    found = analyse(images=tmp_path / "s.h5", test_images=tmp_path / "s.h5", mean=None, std=None)
    assert np.array_equal(found.ranking.images, ranking[0]) and np.array_equal(found.test.images, test[0])


def test_test_images_of_its_own():
    images, labels = images_and_labels()
    found = analyse(test_images=images[:9], test_labels=labels[:9])
    assert len(found.ranking) == 24 and np.array_equal(found.test.images, images[:9])


def test_test_images_of_other_classes_are_refused(tmp_path):
    images, labels = images_and_labels()
    options = {"source": "test", "created_by": "test", "statistics": (MEAN, STD)}
    for name, classes in (("a", ["a", "b", "c", "d"]), ("b", ["b", "a", "c", "d"])):
        stores.write(tmp_path / f"{name}.h5", {"test": (images, labels)}, classes=classes, **options)
    with pytest.raises(ValueError, match="test images are of the classes b, a, c, d, images of a, b, c, d: expected"):
        analyse(images=tmp_path / "a.h5", test_images=tmp_path / "b.h5", mean=None, std=None)


class Wrapped(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.network, self.kind = WaveNetwork(), kind

    def forward(self, images):
        logits = self.network(images)
        return {
            "tuple": (logits, images), "list": [logits], "object": SimpleNamespace(logits=logits, loss=None),
            "dict": {"logits": logits},
        }[self.kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["tuple", "list", "object", "dict"])
def test_logits_in_a_tuple_object_or_dict(kind):
    pd.testing.assert_frame_equal(analyse(Wrapped(kind)).rates, analyse().rates)


class FiveOutputs(nn.Module):
    """Output 1 is greater than all others, and of no class."""

    def forward(self, images):
        first, *others = WaveNetwork()(images).unbind(dim=1)
        return torch.stack([first, torch.full_like(first, 1e3), *others], dim=1)


def test_probabilities_give_the_results_of_their_logits_and_a_remark(caplog):
    caplog.set_level("WARNING")
    expected = analyse()
    assert expected.about["remark"] == "" and not caplog.text
    found = analyse(nn.Sequential(WaveNetwork(), nn.Softmax(1)), maps=expected.maps)
    pd.testing.assert_frame_equal(found.rates, expected.rates)
    assert found.about["remark"].startswith("the network gives probabilities") and found.about["remark"] in caplog.text


def test_images_of_some_of_the_classes():
    images, labels = images_and_labels()
    found = analyse(FiveOutputs(), images, np.array([0, 2, 3, 4])[labels], classes=["a", "nothing", "b", "c", "d"])
    assert found.classes == ("a", "b", "c", "d") and found.about["outputs"] == 5
    pd.testing.assert_frame_equal(found.rates, analyse().rates)
    for outputs in ([0, 2, 3, 4], {"1": 2, "0": 0, "3": 4, "2": 3}):
        named = analyse(FiveOutputs(), images, labels, outputs=outputs)
        pd.testing.assert_frame_equal(named.rates, found.rates)


def test_the_neutral_class_is_named_like_the_labels():
    images, labels = images_and_labels()
    found = analyse(FiveOutputs(), images, np.array([0, 2, 3, 4])[labels], neutral=2, fills=("swap",))
    assert found.test.neutral == 1 and found.verdicts["class"].tolist() == ["0", "3", "4"]
    with pytest.raises(ValueError, match="neutral class 1: expected the number of a class of the images, 0, 2, 3, 4"):
        analyse(FiveOutputs(), images, np.array([0, 2, 3, 4])[labels], neutral=1)


@pytest.mark.slow
def test_float_images_are_normalised_if_they_need_it():
    images, labels = images_and_labels()
    expected = analyse(WaveNetwork(), images, labels)
    plain = (images / 255).astype(np.float32)
    scaled = analyse(WaveNetwork(), plain, labels)
    ready = fs.analyse(WaveNetwork(), (plain - 0.5) / 0.25, labels, **FEW)
    for found in (scaled, ready):
        assert np.array_equal(found.maps, expected.maps)
    with pytest.raises(ValueError, match=r"from -[0-9.]+ to [0-9.]+, so they are normalised already: leave mean"):
        analyse(WaveNetwork(), (plain - 0.5) / 0.25, labels)
    with pytest.raises(ValueError, match=r"images are float32 from 23 to 207, but .*: divide the images by 255"):
        analyse(WaveNetwork(), images.astype(np.float32), labels)


def test_pictures_are_cropped_or_squashed(tmp_path):
    """A square half of the picture is black, the other white: the centre has both, in stripes half as wide."""
    pixels = np.zeros((SIZE, 2 * SIZE), np.uint8)
    pixels[:, SIZE:] = 255
    for i in range(8):
        (tmp_path / f"class{i % 4}").mkdir(exist_ok=True)
        shown = pixels if i % 4 < 3 else np.full_like(pixels, 128)  # class 3 has no wave
        Image.fromarray(shown).save(tmp_path / f"class{i % 4}" / f"{i}.png")
    cropped = analyse(images=tmp_path, size=SIZE, parts=()).ranking.images[:][0, 0]
    squashed = analyse(images=tmp_path, size=SIZE, resize=(SIZE, SIZE), parts=()).ranking.images[:][0, 0]
    assert np.array_equal(cropped, pixels[:, SIZE // 2 : -SIZE // 2])
    assert np.array_equal(squashed, np.asarray(Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BILINEAR)))
    assert not np.array_equal(cropped, squashed)
    short_side = analyse(images=tmp_path, size=SIZE, resize=SIZE, parts=()).ranking.images[:][0, 0]
    assert np.array_equal(short_side, cropped)


def test_a_transform_that_resizes_and_does_not_crop_needs_a_size():
    steps = transforms.Compose([transforms.Resize(20), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    pictures = [(Image.fromarray(image[0]), int(label)) for image, label in zip(*images_and_labels(), strict=True)]
    with pytest.raises(ValueError, match="short side is resized to 20 pixels, and then not cropped: give size="):
        fs.analyse(WaveNetwork(), ConcatDataset([pictures]), transform=steps)


@pytest.mark.slow
def test_maps_of_ones_own_are_tested():
    expected = analyse()
    found = analyse(maps=torch.from_numpy(expected.maps))
    pd.testing.assert_frame_equal(found.rates, expected.rates)
    assert found.found is None and found.about["passes of the search"] == 0
    assert "images that find the maps" not in found.about and found.about["images of the spectra"] == 12
    assert "2.34 % of the frequencies;" in found.summary() and "the maps are given" in found.summary()
    found.cards()
    masks = expected.maps.copy()
    masks[3] = True
    assert "26.8 % of the frequencies on average;" in analyse(maps=masks).summary()


def test_a_quick_culling_uses_cells():
    about = {"mean": MEAN, "std": STD, "progress": False, "quick": True, "method": "culling"}
    found = fs.analyse(WaveNetwork(), *images_and_labels(), **about, parts=("keep",))
    assert set(found.rates["fill"]) == {"zeros"} and found.rates["draw"].max() == 4
    assert "'patch': 1" in found.about["settings"]  # 16 x 16 has no more than 128 pairs
    large = np.kron(images_and_labels()[0], np.ones((1, 1, 2, 2), np.uint8))
    wide = fs.analyse(nn.Sequential(nn.AvgPool2d(2), WaveNetwork()), large, images_and_labels()[1], **about)
    assert "'patch': 2" in wide.about["settings"]


@pytest.mark.parametrize("method", [None, "culling"])
def test_a_finished_search_is_read_from_its_state_until_the_caller_deletes_it(tmp_path, method, monkeypatch):
    first = analyse(method=method, state=tmp_path / "run")
    monkeypatch.setattr("frequency_shortcuts.maps.methods.mixture._block", pytest.fail)
    again = analyse(method=method, state=tmp_path / "run")
    assert again.found.resumed and np.array_equal(again.maps, first.maps)
    (tmp_path / "run.py").touch()
    (tmp_path / "run.culling.csv").touch()
    delete_state(tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.culling.csv", "run.py"]


def test_the_network_stays_as_it_was():
    network = WaveNetwork().train()
    analyse(network)
    assert network.training and network.scale.grad is None and network.scale.requires_grad


def test_maps_alone_have_no_verdicts():
    found = analyse(parts=())
    with pytest.raises(ValueError, match="the maps were not tested: call analyse with the parts"):
        found.verdicts  # noqa: B018
    assert "4 classes\nThe maps were not tested" in repr(found)


IMAGES, LABELS = images_and_labels()


class Random(WaveNetwork):
    """Dropout that stays active in evaluation mode."""

    def forward(self, images):
        return super().forward(nn.functional.dropout(images, 0.2))


class Leaving(nn.Module):
    def forward(self, images):
        raise SystemExit(0)


@pytest.mark.parametrize("given", ["dataset", "loader"])
def test_classes_that_are_a_text_name_nothing(given):
    images, labels = images_and_labels()
    dataset = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    dataset.classes = "abcd"
    assert collect(dataset if given == "dataset" else DataLoader(dataset)).classes is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": np.eye(4)[LABELS]}, "labels are 24 x 4, as one-hot vectors are: expected the number"),
        ({"labels": [f"class {c}" for c in LABELS]}, "labels are text or objects, such as 'class 0'"),
        ({"labels": LABELS / 2}, "labels are float64: expected integers"),
        ({"labels": LABELS[:5]}, "there are 5 labels for 24 images"),
        ({"labels": None}, "images are an array without labels"),
        ({"labels": LABELS - 1}, "labels begin at -1"),
        ({"labels": LABELS + 1}, "labels go up to 4, but the network has the outputs 0 to 3"),
        ({"labels": LABELS * 0}, "all images are of class 0: expected at least two classes"),
        ({"images": IMAGES[:, 0]}, r"images are 24 x 16 x 16: expected \[n, channels, H, W\]; add the channel"),
        ({"images": IMAGES.transpose(0, 2, 3, 1)}, "with the channels last"),
        ({"images": IMAGES.astype(np.int32)}, "images of dtype int32: expected float32, float64 or uint8"),
        ({"images": list(IMAGES)}, "images are a list: expected one array"),
        ({"images": object(), "labels": None}, "images are a object: expected an array"),
        ({"images": "no/folder", "labels": None}, "no folder no/folder"),
        ({"mean": 0.5, "std": 0.5}, "mean is 0.5: expected a number for each of 1 channels"),
        ({"mean": [128], "std": [64]}, "divide those of pixels by 255"),
        ({"mean": [0.5], "std": None}, "mean and std belong together"),
        ({"mean": None, "std": None}, "images are uint8 and need the mean and std"),
        ({"network": WaveNetwork().half()}, r"half precision \(scale is float16\).*network.float\(\)"),
        ({"network": nn.Conv2d(1, 3, 3)}, r"Conv2d gives \(1, 3, 14, 14\) for one image: expected logits"),
        ({"network": Random()}, "Random gives other logits when it sees the same images again: expected the same"),
        ({"network": Leaving()}, r"Leaving refuses images of 1 x 16 x 16 \(SystemExit: 0\)"),
        ({"network": nn.Linear(5, 3)}, "Linear refuses images of 1 x 16 x 16"),
        ({"maps": np.ones((4, 8, 8), bool)}, r"maps are \[4, 8, 8\]: expected \[4, 16, 16\]"),
        ({"maps": np.full((4, 16, 16), 0.5)}, "maps hold other values than 0 and 1"),
        ({"maps": np.eye(16, k=3, dtype=bool)[None].repeat(4, 0)}, "maps is not symmetric"),
        ({"outputs": [0, 1]}, "expected 4 different numbers"),
        ({"outputs": [0, 1, 2, 7]}, "outputs 0 to 7 are named, but WaveNetwork has the outputs 0 to 3"),
        ({"classes": ["a", "b"]}, "2 names of classes: expected 4"),
        ({"classes": ["a", "b", "c", "a"]}, "two classes are called a"),
        ({"classes": ["a", "b", "c", "d\x1b"]}, r"the class 'd\\x1b' has a control character"),
        ({"method": "magic"}, "unknown method 'magic'"),
        ({"size": (0, 5)}, r"size \(0, 5\): expected \(height, width\)"),
        ({"parts": ("remove",)}, "parts remove: expected keep among them, which the verdict is about, or no parts"),
        ({"size": 32}, "images are 16 x 16 and size is 32 x 32: only pictures of a folder or Dataset are resized"),
        ({"negatives": 0}, "negatives 0: expected at least 1"),
        ({"precision": "float16"}, "unknown precision 'float16': choose from float32, tf32, bfloat16"),
        ({"memory_mib": 0}, "memory_mib 0, batch None: expected above 0"),
        ({"method": "rise_swap", "settings": {"masks": "many"}}, "masks 'many': expected a whole number or None"),
        ({"method": None, "settings": {"masks": 3}}, "unknown setting 'masks' of the method: choose from samples"),
        ({"controls": 4}, "controls 4: a verdict needs at least 5 random masks of each kind"),
        ({"fills": ()}, "no fill to test: choose from zeros, swap"),
        ({"fills": ("noise",)}, "fill noise is gone: .*; choose from zeros, swap"),
        ({"std": None, "transform": {"mean": [0.4], "std": [0.2]}}, "mean and std belong together: give both, or none"),
        ({"images_per_class": [5]}, r"images_per_class \[5\]: expected two numbers"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(change, words):
    given = {"network": WaveNetwork(), "images": IMAGES, "labels": LABELS, "mean": MEAN, "std": STD, **change}
    with pytest.raises((ValueError, FileNotFoundError), match=words) as error:
        fs.analyse(given.pop("network"), given.pop("images"), given.pop("labels"), **{**FEW, **given})
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_names_of_classes_are_no_code_in_pages_and_no_formulas_in_tables(tmp_path):
    names = ["=1+1", "<script>alert(1)</script>", "@x", "a``b .. raw:: html"]
    folder = analyse(classes=names).save(tmp_path)
    page = (folder / "report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for name in ("rates", "verdicts"):
        assert set(pd.read_csv(folder / f"{name}.csv")["class"]) == {"'=1+1", names[1], "'@x", names[3]}
        assert set(read_table(folder / f"{name}.csv")["class"]) == set(names)
