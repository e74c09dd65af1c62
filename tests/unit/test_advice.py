"""What to do about a class that follows a trace: the sentences of an analysis, and the files that carry it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from PIL import Image

from frequency_shortcuts.analysis import advice
from frequency_shortcuts.data import folders
from frequency_shortcuts.data.artefacts import put
from frequency_shortcuts.data.pixels import in_pixels
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.class_statistics import class_statistics

TABLE = pd.DataFrame({
    "class": ["cat", "dog", "fox", "owl"], "verdict": ["follows", "not shown", "needs", "follows"],
    "cause": ["wave", None, None, "wave"],
})  # fmt: skip
NO_FILES = pd.DataFrame(columns=["class", "cause", "path", "score"])


def test_each_cause_has_a_sentence_with_files():
    files = pd.DataFrame({"class": "owl", "cause": "wave", "path": [f"owl/{i}.png" for i in range(9)], "score": 1.0})
    of_wave, of_fox = advice.advise(SimpleNamespace(table=TABLE), files)
    assert of_wave.startswith("What to do about cat, owl: look at the images, which seem to have a plane wave")
    assert "rightly known, nothing needs a cure" in of_wave
    assert "Most clearly it is in owl/0.png, owl/1.png, owl/2.png." in of_wave
    assert of_wave.endswith("find out how these images came by it, and others did not.")
    assert of_fox.startswith("No cause is named for fox: if a class is rightly known by its texture")


def test_nothing_is_advised_where_nothing_was_found():
    assert advice.advise(SimpleNamespace(table=TABLE.assign(verdict="not shown")), NO_FILES) == []


def test_the_files_that_carry_the_cause_come_first(tmp_path):
    names, generator = ("cat", "owl"), np.random.default_rng(0)
    pixels = generator.integers(60, 190, (60, 1, 24, 24), dtype=np.uint8)
    labels = np.arange(60) % 2
    marked = (labels == 1) & (np.arange(60) % 4 == 1)
    pixels[marked] = put("checkerboard", 0.2, pixels[marked])
    files = []
    for i, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        (tmp_path / names[label]).mkdir(exist_ok=True)
        files.append(tmp_path / names[label] / f"{i}.png")
        Image.fromarray(image[0]).save(files[-1])
    halves = [np.arange(40), np.arange(40, 60)]
    ranking, test = (
        Split(folders.ImageFiles([files[i] for i in half], (24, 24), 1), labels[half], names, np.zeros(1), np.ones(1))
        for half in halves
    )
    own, _ = in_pixels(ranking, test, torch.device("cpu"))
    table = pd.DataFrame({"class": [*names], "verdict": ["not shown", "follows"], "cause": [None, "checkerboard"]})
    found = advice.carriers(SimpleNamespace(
        table=table, ranking=ranking, test=test, classes=names, statistics=class_statistics(own, 2),
    ))  # fmt: skip
    carry = [f"owl/{i}.png" for i in np.flatnonzero(marked)]
    assert len(found) == 30 and set(found["path"][: len(carry)]) == set(carry)
    assert found["score"].is_monotonic_decreasing and set(found["cause"]) == {"checkerboard"}


def test_images_in_memory_have_no_files():
    split = Split(np.zeros((4, 1, 8, 8), np.uint8), np.arange(4) % 2, ("cat", "owl"), np.zeros(1), np.ones(1))
    assert advice.carriers(SimpleNamespace(table=TABLE, ranking=split, test=split)).empty
