"""The words of pages: no codes, no raw backticks, no shares beyond 100 %, and why a class has no verdict."""

import html
import re

import numpy as np
import pytest
from fine_wave import MEAN, STD, Reader, images_and_labels
from waves_and_network import without_drawings

import frequency_shortcuts as fs
from frequency_shortcuts.analysis import wording
from frequency_shortcuts.exchange.answers import BOUND, PARTS, Answers, ends, rates
from frequency_shortcuts.images.artefacts import CAUSES
from frequency_shortcuts.intervals import paired
from frequency_shortcuts.spectrum.fills import FILLS


def check_words(text):
    """Assert that a page, or a summary, reads as words: names of files and what stands in the list of facts may not."""
    body, *_ = re.sub(r"<style>.*?</style>|base64,[^\"]*", "", text, flags=re.DOTALL).partition("<h2>How it was made")
    words = re.sub(r"\w+\.(csv|h5|png)\b", "", html.unescape(body))
    assert "`" not in words and not re.findall(r"[a-z]_[a-z]+", words)
    assert not {*CAUSES, *FILLS, "mixture"} & set(re.split(r"<[^>]*>|\n|  +", words))
    shares = re.findall(r"(-?\d+) \[(-?\d+), (-?\d+)\]", words)
    assert all(-100 <= int(share) <= 100 for row in shares for share in row)
    return words


@pytest.mark.parametrize(("n_classes", "maps"), [(2, None), (3, fs.Search("gradient"))])
def test_pages_have_no_codes_and_no_shares_above_1(n_classes, maps, tmp_path, monkeypatch):
    without_drawings(monkeypatch)
    images, labels = (of[images_and_labels(640)[1] < n_classes] for of in images_and_labels(640))
    shared = {"classes": ("ant", "bee", "cat")[:n_classes], "source": ["north", "south"] * (len(labels) // 2)}
    result = fs.analyse(
        Reader(200, n_classes), images, labels, mean=MEAN, std=STD, quick=maps is None, test=fs.Test(maps, **shared),
        run=fs.Run(name="my network", progress=False),
    )  # fmt: skip
    page = check_words((result.save(tmp_path / "network") / "report.html").read_text())
    assert "<title>my network</title>" in page and "Recall by source" in page
    assert ("bee" if n_classes > 2 else "ant or bee") in check_words(result.summary())
    found = fs.differences(images, labels, **shared, progress=False)
    page = check_words((found.save(tmp_path / "data") / "data.html").read_text())
    assert "Classes and sources" in page and check_words(found.summary())


def row_of(verdict="cannot tell", images=40, **flips):
    """A row of numbers, of so many flips of each part."""
    numbers = {part: ends(paired(np.arange(images) < flips.get(part, 0))) for part in PARTS}
    named = {f"{part}{end}": of[i] for part, of in numbers.items() for i, end in enumerate(("", "_low", "_high"))}
    return {"verdict": verdict, "recall": 0.42, "false_positives": 0.03, "images": images, **named}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (row_of("follows", fine=40), None),
        (row_of(fine=40), "recall 42, FPR 3"),  # of two classes, of which the other one is recognised
        (row_of("not recognised", fine=9), "recall 42, FPR 3"),
        (row_of(fine=6, field=9), "fine, field: 40 of 160 images"),
        (row_of(patch=9), "patch between 20 and 25"),
        (row_of(fine=6, patch=9), "patch between 20 and 25; fine: 40 of 160 images"),
        (row_of(images=120, fine=18), "fine: 120 of 150 images"),
    ],
)
def test_the_reason_names_what_is_open_and_about_how_many_images_decide(row, said):
    assert wording.reason(row) == said
    for part, images in re.findall(r"(fine|patch): \d+ of (\d+) images", said or ""):
        many = int(1.2 * int(images))
        _, low, high = ends(paired(np.arange(many) < round(row[part] * many)))
        assert low >= PARTS[part].threshold or high < BOUND


def test_where_40_percent_flip_the_class_follows_also_if_all_are_of_one_other_class():
    labels = np.repeat([0, 1, 2], 40)
    images = np.stack([np.flatnonzero(labels != c)[20:60] for c in range(3)])
    given = dict.fromkeys(PARTS, labels[images]) | {"fine": labels[images]}
    given["fine"][1, :16] = 1
    answers = Answers(labels, labels, images, given, dict.fromkeys(PARTS, labels[images]), dict.fromkeys(PARTS, labels))
    assert rates(answers).loc[1, ["fine", "verdict", "follows"]].tolist() == [0.4, "follows", "fine"]
