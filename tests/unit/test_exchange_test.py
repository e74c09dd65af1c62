"""The exchange test: numbers, verdicts, and whole tests of networks that follow a part or the object."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from exchange_subjects import Waves, grey

from frequency_shortcuts.exchange import test as exchange
from frequency_shortcuts.exchange.answers import (
    Answers,
    rates,
    read_answers,
    typical,
    write_answers,
)
from frequency_shortcuts.exchange.border import OWN, Borders
from frequency_shortcuts.exchange.verdict import BOUND, CALLED, LOST_RECALL, PARTS
from frequency_shortcuts.images.splits import Split, evenly
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5


def answers(
    *,
    k: int = 4,
    each: int = 30,
    gained: dict[tuple[str, int], int] | None = None,
    lost: dict[int, int] | None = None,
    **how,
) -> Answers:
    """A network that is always right, but calls so many images class c after they got a part of it.

    lost : so many images of a class are not called it with the border of another class
    """
    labels = np.arange(k * each) % k
    images = np.stack([np.flatnonzero(labels != c) for c in range(k)])
    given, control = ({part: labels[images].astype(np.int16) for part in PARTS} for _ in range(2))
    for (part, c), count in (gained or {}).items():
        given[part][c, :count] = c
    right = np.ones((k * each, OWN + k - 1), bool)
    for c, count in (lost or {}).items():
        right[np.flatnonzero(labels == c)[:count], OWN:] = False
    givers = np.array([np.delete(np.arange(k), c) for c in range(k)])
    return Answers(
        labels,
        labels.copy(),
        images,
        given,
        control,
        {part: np.zeros(k, int) for part in PARTS},
        Borders(right, labels, givers),
        **how,
    )


def slow_ends(given: np.ndarray, control: np.ndarray) -> tuple[float, float, float]:
    """Agresti and Min's interval of a paired difference of shares, two-sided, 90 %."""
    n, b, c = len(given), int((given & ~control).sum()) + 0.5, int((~given & control).sum()) + 0.5
    centre, half = (b - c) / (n + 2), 1.6448536 * np.sqrt(b + c - (b - c) ** 2 / (n + 2)) / (n + 2)
    return given.mean() - control.mean(), centre - half, centre + half


def test_numbers_are_paired_differences_to_before_and_of_a_patch_to_the_control():
    draw = np.random.default_rng(0)
    made = answers()
    for part in PARTS:
        for after in (made.given, made.control):
            after[part][:] = draw.integers(4, size=after[part].shape)
    made.before[:] = draw.integers(4, size=len(made.before))
    images = made.images.copy()
    images[2, 50:] = -1  # fewer images
    made = replace(made, images=images)
    table = rates(made)
    numbers = [f"{part}{end}" for part in PARTS for end in ("", "_low", "_high", "_control")]
    border = [f"border{end}" for end in ("", "_low", "_high", "_error", "_own", "_images")]
    others = ["recall", "images", "false_positives", "verdict", "follows", "reason"]
    assert list(table.columns) == ["class", *numbers, *border, *others]
    for row in table.to_dict("records"):
        c = row["class"]
        m = 50 if c == 2 else 90
        assert row["images"] == m
        assert row["recall"] == np.mean(made.before[made.labels == c] == c)
        for part in PARTS:
            given, control = (after[part][c, :m] == c for after in (made.given, made.control))
            before = made.before[images[c, :m]] == c
            expected = slow_ends(given, control if part == "patch" else before)
            assert tuple(row[f"{part}{end}"] for end in ("", "_low", "_high")) == pytest.approx(
                expected, abs=1e-6
            )
            assert row[f"{part}_control"] == pytest.approx(control.mean() - before.mean())


def test_a_class_follows_the_parts_whose_lower_ends_are_above_the_limit():
    table = rates(answers(gained={("fine", 0): 32, ("patch", 0): 50, ("field", 2): 70}))
    assert list(table["verdict"]) == ["follows", "nothing found", "follows", "nothing found"]
    assert list(table["follows"]) == ["fine, patch", "", "field", ""]
    assert list(table["reason"]) == [
        "others: fine 36, patch 56",
        "at most 10 of the recall lost, 2 of others called it",
        "others: field 78",
        "at most 10 of the recall lost, 2 of others called it",
    ]


def test_a_class_follows_its_border_if_recall_is_lost_without_it():
    table = rates(answers(each=100, lost={1: 40, 2: 6}))
    assert list(table["verdict"]) == ["nothing found", "follows", "cannot tell", "nothing found"]
    assert (
        table["border"].tolist() == pytest.approx([0, 0.4, 0.06, 0])
        and table["border_low"][2] < LOST_RECALL
    )
    assert list(table["reason"])[1:3] == [
        "recall 100 -> 60",
        "border up to 10 (100 of about 110 images)",
    ]


def test_of_more_classes_the_border_must_be_clearer_and_the_first_unclear_one_ends_the_list():
    assert list(rates(answers(k=2, each=100, lost={0: 11}))["follows"]) == ["border"] * 2
    for lost in ({0: 11}, dict.fromkeys(range(40), 11)):
        assert not rates(answers(k=40, each=100, lost=lost))["follows"].any()
    two = rates(answers(k=40, each=100, lost={5: 40, 9: 14}))
    assert two.loc[two["follows"] == "border", "class"].tolist() == [5, 9]


def test_what_is_neither_above_its_limit_nor_below_the_bound_cannot_be_told():
    (row,) = rates(answers(gained={("patch", 1): 20})).iloc[[1]].to_dict("records")
    assert row["patch_low"] < CALLED and row["patch_high"] > BOUND
    assert (row["verdict"], row["reason"]) == ("cannot tell", "patch up to 29")
    row = rates(answers(each=100, lost={1: 6})).iloc[1]
    assert row["reason"] == "border up to 10 (100 of about 120 images)"


def test_a_class_that_is_not_recognised_with_borders_of_its_own_cannot_be_told():
    made = answers(gained={("fine", 3): 4})
    own = np.flatnonzero(made.labels == 3)
    made.borders.right[own[:20]] = False
    row = rates(made).iloc[3]
    assert row["border_own"] == pytest.approx(1 / 3)
    assert (row["verdict"], row["follows"]) == ("cannot tell", "")
    assert row["reason"] == "recall 100, 33 with borders of its own class"
    made.borders.right[own[:25]] = False
    assert rates(made)["reason"][3] == "recall 17 with borders of its own class"


def test_where_all_classes_lose_by_other_borders_nothing_can_be_told():
    table = rates(answers(each=400, lost={0: 100, 1: 14, 2: 14, 3: 14}))
    assert list(table["verdict"]) == ["follows", *["cannot tell"] * 3]
    assert set(table["reason"][1:]) == {"borders differ between classes: the median loses 4"}


def test_two_classes_have_the_verdict_of_the_pair():
    table = rates(answers(k=2, each=60, gained={("fine", 1): 30, ("field", 0): 24}))
    assert (
        list(table["verdict"]) == ["follows"] * 2 and list(table["follows"]) == ["fine, field"] * 2
    )
    assert table["fine"].tolist() == [0, 0.5]  # the numbers stay those of each class
    table = rates(answers(k=2, each=60, gained={("fine", 1): 6}))
    assert list(table["verdict"]) == ["cannot tell"] * 2 and len({*table["reason"]}) == 1


def test_a_neutral_class_has_no_row_and_its_images_count():
    table = rates(answers(k=3, neutral=1, gained={("field", 2): 60}))
    assert list(table["class"]) == [0, 2] and list(table["verdict"]) == [
        "nothing found",
        "follows",
    ]  # no pair


def slow_hardly_confused(counts: np.ndarray) -> np.ndarray:
    k = len(counts)
    made = np.zeros((k, k), bool)
    for c, d in np.ndindex(k, k):
        rarely = [counts[a, b] <= max(0.02 * counts[a].sum(), 1) for a, b in ((c, d), (d, c))]
        made[c, d] = c != d and all(rarely)
    return np.where(made.any(axis=1, keepdims=True), made, ~np.eye(k, dtype=bool))


def test_classes_that_are_hardly_confused_count():
    draw = np.random.default_rng(1)
    for _ in range(20):
        counts = draw.poisson(1, (5, 5)) + np.diag(draw.integers(30, 90, 5))
        np.testing.assert_array_equal(
            exchange.hardly_confused(counts), slow_hardly_confused(counts)
        )


CORNER = torch.zeros(20, 20, dtype=torch.bool)
CORNER[:4, :4] = True
CUES = {  # the part that class 0 is called by -> what it has, of pixels [n, 1, 20, 20], and how a network sees it
    "fine": (
        lambda x: x + 0.06 * (1 - 2 * (torch.arange(20) % 2)),
        lambda x: (x[..., 1:] - x[..., :-1]).square().mean((1, 2, 3)) > 0.01,
    ),
    "field": (lambda x: x + 0.15, lambda x: x.mean((1, 2, 3)) > 0.52),
    "patch": (lambda x: torch.where(CORNER, 1, x), lambda x: x[..., CORNER].mean((1, 2)) > 0.9),
}  # fmt: skip


def with_cue(split: Split, part: str) -> Split:
    pixels = torch.from_numpy(split.images).float() / 255
    own = torch.from_numpy(split.labels == 0)
    pixels[own] = CUES[part][0](pixels[own])
    return Split(
        (255 * pixels).round().clamp(0, 255).byte().numpy(),
        split.labels,
        mean=np.zeros(1),
        std=np.ones(1),
    )


@pytest.mark.parametrize("part", PARTS)
def test_the_part_that_a_class_is_called_by_is_found_and_no_other_class(part):
    ranking, test = (with_cue(grey(4, 40, seed=seed), part) for seed in (1, 2))
    made = exchange.collect(Waves(4, CUES[part][1]), ranking, test, most=60)
    table = rates(made)
    assert table["verdict"].tolist() == ["follows", *["nothing found"] * 3]
    assert part in table["follows"][0].split(", ") and table[part][0] > 0.8
    place = typical(made, part, 0)[0]
    image = made.images[0][place]
    assert made.before[image] == made.labels[image] != 0 and made.given[part][0, place] == 0


def test_images_are_drawn_evenly_from_the_classes_that_count():
    labels = np.repeat(np.arange(4), [50, 50, 3, 50])
    chosen = evenly(labels, np.flatnonzero(labels), 43, [0, 0])
    assert pd.Series(labels[chosen]).value_counts().to_dict() == {1: 20, 3: 20, 2: 3}


def test_answers_are_read_as_they_were_written(tmp_path):
    made = answers(gained={("patch", 1): 4}, neutral=2)
    with replacing_hdf5(tmp_path / "exchanges.h5") as file:
        write_answers(file, made)
    with read_hdf5(tmp_path / "exchanges.h5") as file:
        read = read_answers(file)
    pd.testing.assert_frame_equal(rates(read), rates(made))
    for one, other in zip(vars(read).values(), vars(made).values(), strict=True):
        if isinstance(one, Borders):
            one, other = vars(one), vars(other)
        np.testing.assert_equal(one, other)


@pytest.mark.parametrize(
    ("k", "neutral", "most"), [(10, None, 60_000), (3, None, 14_000), (3, 1, 14_000)]
)
def test_it_takes_few_forward_passes(k, neutral, most, monkeypatch):
    network, split = Waves(k), replace(grey(k, 200, size=(24, 24)), neutral=neutral)
    monkeypatch.setattr(exchange.Classifier, "frozen", lambda network: exchange.Classifier(network))
    exchange.collect(network, split, split)
    checks = 10  # whether the network can be tested
    assert (
        network.passes - checks
        <= exchange.count_passes(split.labels, k, neutral)
        <= min(most, 1.1 * network.passes)
    )
