"""The classes of images matched with the outputs of a network."""

import sys

import numpy as np
import pytest

from frequency_shortcuts.analysis.classes import match

LABELS = np.array([0, 1, 2, 1])
NAMED = ("Granny_Smith", "ashcan", "fox")
IDS = ("n01440764", "n01443537", "n15075141")  # the first two classes of ImageNet, and the last


def test_outputs_by_the_names_of_the_classes():
    found = match(LABELS, NAMED, 1000, outputs={"fox": 277, "ashcan": 412, "Granny_Smith": 948})
    assert (
        found.outputs.tolist()
        == [948, 412, 277]
        == match(LABELS, NAMED, 1000, outputs=[948, 412, 277]).outputs.tolist()
    )
    assert match(LABELS, None, 9, outputs={0: 4, 1: 5, "2": 6}).outputs.tolist() == [4, 5, 6]
    shown = match(
        LABELS, NAMED, 1000, classes=("apple", "bin", "fox"), outputs={"fox": 1, "ashcan": 2, "Granny_Smith": 3}
    )
    assert shown.names == ("apple", "bin", "fox") and shown.outputs.tolist() == [3, 2, 1]


def test_outputs_by_the_names_of_all_outputs():
    found = match(LABELS, NAMED, 5, classes=["fox", "cat", "ashcan", "dog", "Granny Smith"])
    assert found.names == NAMED and found.outputs.tolist() == [4, 2, 0]


def test_wordnet_ids_are_classes_of_imagenet():
    pytest.importorskip("timm")
    assert match(LABELS, IDS, 1000).outputs.tolist() == [0, 1, 999]
    with pytest.raises(ValueError, match="n99999999 is not among the 1000 classes of ImageNet: leave it out, or say"):
        match(LABELS, (*IDS[:2], "n99999999"), 1000)


def test_wordnet_ids_without_timm_are_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm.data.imagenet_info", None)
    with pytest.raises(
        ValueError, match=r"WordNet ids \(n01440764 is the first\).*install it \(pip install timm\), or"
    ):
        match(LABELS, IDS, 1000)
    assert match(LABELS, IDS, 1000, outputs=[0, 1, 999]).outputs.tolist() == [0, 1, 999]
    assert match(LABELS, IDS, 3).outputs is None


MANY = tuple(f"class{c:02}" for c in range(30))


@pytest.mark.parametrize(
    ("named", "outputs", "words"),
    [
        (NAMED, {"fox": 1, "ashcan": 2}, "outputs has no number for Granny_Smith: expected one for each class"),
        (NAMED, dict(zip(NAMED, range(3), strict=True)) | {"ox": 5}, "outputs names ox: the classes .* Granny_S"),
        (NAMED, {"fox": 1, "ashcan": 1, "Granny_Smith": 3}, r"outputs \[3, 1, 1\]: expected 3 different numbers"),
        (NAMED, {"fox": [1, 2], "ashcan": 1, "Granny_Smith": 3}, r"outputs \[3, 1, \[1, 2\]\]: expected 3 different"),
        (MANY, [0, 1], "expected 30 different numbers.* in this order: " + ", ".join(MANY)),
        (MANY, None, "1000 outputs, the images have 30 classes.* by its name or in this order: " + ", ".join(MANY)),
    ],
)  # fmt: skip
def test_outputs_that_do_not_match_are_one_sentence(named, outputs, words):
    with pytest.raises(ValueError, match=words) as error:
        match(np.arange(len(named)), named, 1000, outputs=outputs)
    assert "\n" not in str(error.value)
