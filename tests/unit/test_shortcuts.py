"""Shortcut tests of networks against loops over images and masks. Tolerance 1e-12 unless stated."""

import copy
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from small_stores import Noted
from spectral_classes import exchanged
from torch import nn

from frequency_shortcuts import shortcuts, spectrum
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.shortcuts.hits import NOT_SHOWN
from frequency_shortcuts.shortcuts.trials import Trials
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.masks import control_mask, low_pass_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZE = (8, 7)
LABELS = np.array([0, 1, 2, 2, 0, 2, 2, 1, 2, 0, 2, 1])  # unequal, not sorted


@pytest.fixture(scope="module")
def case():
    """Network, images, masks; the network calls every class at least once."""
    torch.manual_seed(1)
    network = nn.Sequential(nn.Flatten(), nn.Linear(56, 3))
    images = torch.randn(len(LABELS), 1, *SIZE)
    pairs = ConjugatePairs(*SIZE)
    masks = dominant(np.random.default_rng(0).standard_normal((3, len(pairs))), pairs, 30)
    assert len(set(called(network, images))) == 3
    return network, images, masks


def called(network, images, mask=None, others=None):
    """The class of each image after the full complex FFT and its inverse; others: the fill outside of the mask."""
    if mask is not None:
        images = torch.from_numpy(exchanged(images, mask, others).astype(np.float32))
    with torch.no_grad():
        return np.array([int(network(image[None]).argmax()) for image in images])


def slow_rates(found, c, judged=None):
    judged = np.ones(len(LABELS), bool) if judged is None else judged
    own = [call == c for call, label in zip(found, LABELS, strict=True) if label == c]
    others = [
        call == c
        for call, label, some in zip(found, LABELS, judged, strict=True)
        if label != c and some
    ]
    return np.mean(own), np.mean(others) if others else np.nan


def mask_of(row, masks, seed, run):
    """The mask of a row, drawn as documented."""
    kind, mask = row["filter"], masks[row["class"]]
    if kind in ("random", "radial"):
        shared_by = mask.sum() if kind == "random" else row["class"]
        return control_mask(
            mask, kind, [*shortcuts.seed_of(seed, run, kind), shared_by, row["draw"]]
        )
    fixed = {"unfiltered": np.ones(SIZE, bool), "dfm": mask, "low_pass": low_pass_mask(mask)}
    return masks[row["draw"]] if kind == "other" else fixed[kind]


@pytest.mark.parametrize("neutral", [None, 2])
def test_measure_equals_loops_over_masks_and_images(case, neutral):
    network, images, masks = case
    trials = Trials(("keep", "remove"), controls=3, radial=2, seed=7)
    split = Split(images, LABELS, neutral=neutral)
    table = shortcuts.measure(network, split, masks, trials, run="a run", batch_size=5)
    donor = fills.donors(LABELS, neutral=neutral, seed=shortcuts.seed_of(7, "a run", "donors"))
    behind = {"zeros": None, "swap": images[torch.from_numpy(donor)]}
    for row in table.to_dict("records"):
        c, mask = row["class"], mask_of(row, masks, 7, "a run")
        shown = mask if row["part"] == "keep" or row["filter"] == "unfiltered" else ~mask
        judged = LABELS[donor] != c if row["fill"] == "swap" else np.ones(len(LABELS), bool)
        judged &= row["filter"] != "radial"  # shown to images of the class alone
        rates_of_loop = slow_rates(called(network, images, shown, behind[row["fill"]]), c, judged)
        np.testing.assert_allclose((row["tpr"], row["fpr"]), rates_of_loop, rtol=0, atol=1e-12)
        assert row["positions"] == mask.sum()
        assert (
            row["images"] == (c == LABELS).sum()
            and row["negatives"] == ((c != LABELS) & judged).sum()
        )
        assert row["neutral"] == (c == neutral)
        if row["filter"] == "unfiltered":
            assert np.isnan(row["overlap"])
        else:
            assert row["overlap"] == (mask & masks[c]).sum() / (mask | masks[c]).sum()
    draws = {"unfiltered": [0], "dfm": [0], "random": [0, 1, 2], "radial": [0, 1], "low_pass": [0]}
    expected = {
        (c, part, fill, name, draw)
        for c, part, fill in itertools.product(range(3), ("keep", "remove"), fills.FILLS)
        for name, drawn in {**draws, "other": [other for other in range(3) if other != c]}.items()
        for draw in drawn
        if (part == "keep" or name in ("unfiltered", "dfm", "random"))
        and not (fill == "swap" and c == neutral)
    }
    rows = table[["class", "part", "fill", "filter", "draw"]].itertuples(index=False, name=None)
    assert sorted(rows) == sorted(expected)


def test_negatives_are_as_even_over_the_classes_as_their_images_allow():
    labels = np.repeat(np.arange(5), [3, 1, 4, 9, 2])
    for limit in range(1, 16):
        drawn = shortcuts.negatives_of(labels, 0, limit, seed=1)
        assert len(set(drawn)) == limit and (np.diff(drawn) > 0).all()
        count, there = np.bincount(labels[drawn], minlength=5)[1:], np.array([1, 4, 9, 2])
        assert count.max() - count[count < there].min(initial=count.max()) <= 1, count
    assert np.array_equal(shortcuts.negatives_of(labels, 0, 16, seed=1), np.flatnonzero(labels))
    assert np.array_equal(
        shortcuts.negatives_of(labels, 2, None, seed=1), np.flatnonzero(labels != 2)
    )


def test_draws_are_seeded_and_differ_between_classes_and_seeds():
    for draw in (
        lambda c, seed: shortcuts.negatives_of(np.arange(80) // 2, c, 12, seed),
        lambda c, seed: shortcuts.others_of(40, c, 12, seed),
    ):
        assert np.array_equal(draw(3, 0), draw(3, 0))
        assert not np.array_equal(draw(3, 0), draw(3, 1)) and not np.array_equal(
            draw(3, 0), draw(4, 0)
        )


def test_images_are_filtered_in_the_networks_precision(case):
    network, images, masks = copy.deepcopy(case[0]).double(), case[1], case[2]
    found, expected = (
        shortcuts.measure(network, Split(some, LABELS), masks, Trials(controls=1))
        for some in (images, images.double())
    )
    pd.testing.assert_frame_equal(found, expected)


def test_verdict_of_a_single_class_does_without_other_maps(case):
    network = nn.Sequential(nn.Flatten(), nn.Linear(56, 1))
    hits = shortcuts.collect(
        network, Split(case[1], np.zeros(12, int)), case[2][:1], Trials(fills=("zeros",))
    )
    found = shortcuts.verdicts(hits)
    assert "tpr_other" not in found and found["verdict"].tolist() == ["none"]
    assert found["largest_other"].isna().all() and found["measure"].tolist() == [1.0]


@pytest.mark.parametrize("neutral", [None, 2])
def test_band_stop_is_the_change_of_the_confusion_matrix(case, neutral):
    """With a neutral class, first with the bands of its images in place of the removed ones."""
    network, images, _ = case
    bands = spectrum.bands(*SIZE, (1.5, 3))
    table = shortcuts.band_stop(
        network, Split(images, LABELS, neutral=neutral), bands, seed=7, run="a run"
    )
    donor = fills.donors(LABELS, neutral=2, seed=shortcuts.seed_of(7, "a run", "donors"))
    behind = (
        {"zeros": None}
        if neutral is None
        else {"swap": images[torch.from_numpy(donor)], "zeros": None}
    )
    about, pairs = table[["fill", "removed", "half"]].drop_duplicates(), ["B1+B2", "B1+B3", "B2+B3"]
    assert [*about.itertuples(index=False, name=None)] == [
        *itertools.product(behind, pairs, range(2))
    ]
    halves = np.array([np.sum(LABELS[:i] == LABELS[i]) % 2 for i in range(len(LABELS))])
    assert len(table) == 9 * len(about)
    for row in table.itertuples():
        a, b = (int(name[1]) - 1 for name in row.removed.split("+"))
        before, after = (
            called(network, images),
            called(network, images, ~(bands[a] | bands[b]), behind[row.fill]),
        )
        of_class = (row.true_class == LABELS) & (row.half == halves)
        original, filtered = (np.sum(of_class & (x == row.called_class)) for x in (before, after))
        assert (row.original, row.filtered) == (original, filtered)
        np.testing.assert_allclose(
            row.delta_percent, 100 * (filtered - original) / of_class.sum(), rtol=0, atol=1e-12
        )
    assert (
        table.groupby("fill")["delta_percent"].apply(lambda change: change.abs().max()).gt(0).all()
    )


def test_rates_of_every_size_are_those_of_the_maps_of_that_size_and_of_the_lowest_frequencies(case):
    network, images, masks = case
    maps = {12.5: masks & low_pass_mask(masks[0]), 30: masks}
    table = shortcuts.measure_sizes(network, Split(images, LABELS), maps, negatives=5, seed=7)
    about = ["percent", "class", "filter"]
    expected = itertools.product(maps, range(3), ("dfm", "low_pass"))
    assert list(table[about].itertuples(index=False, name=None)) == list(expected)
    for row in table.to_dict("records"):
        c, judged = (
            row["class"],
            np.isin(np.arange(len(LABELS)), shortcuts.negatives_of(LABELS, row["class"], 5, 7)),
        )
        mask = maps[row["percent"]][c]
        mask = mask if row["filter"] == "dfm" else low_pass_mask(mask)
        tpr, fpr = slow_rates(called(network, images, mask), c, judged)
        assert (row["tpr"], row["fpr"], row["positions"], row["negatives"]) == (
            tpr,
            fpr,
            mask.sum(),
            5,
        )
        (low, high), (least, most) = (
            (row[f"{rate}_low"], row[f"{rate}_high"]) for rate in ("tpr", "fpr")
        )
        ends = (
            -(((tpr - low) ** 2 + (most - fpr) ** 2) ** 0.5),
            ((high - tpr) ** 2 + (fpr - least) ** 2) ** 0.5,
        )
        found = [row["measure"], row["measure_low"], row["measure_high"]]
        np.testing.assert_allclose(
            found, [tpr - fpr, tpr - fpr + ends[0], tpr - fpr + ends[1]], rtol=0, atol=1e-12
        )
    network, some = nn.Sequential(nn.Flatten(), nn.Linear(56, 2)), LABELS < 2
    alone = shortcuts.measure_sizes(network, Split(images[some], LABELS[some]), {30: masks[:2]})
    assert alone["fpr"].isna().all() and np.allclose(alone["measure_low"], alone["tpr_low"])


def test_random_masks_may_be_left_out_where_no_verdict_is_needed(case):
    network, images, masks = case
    trials = Trials(("keep", "remove"), controls=5, seed=7)

    def hits_with(**changes):
        return shortcuts.collect(
            network, Split(images, LABELS), masks, replace(trials, **changes), run="a run"
        )

    some, none = hits_with(), hits_with(controls=0, radial=0)
    assert set(none.trials["filter"]) == {"dfm", "low_pass", "other"}
    table = shortcuts.rates(some)
    expected = table[~table["filter"].isin(["random", "radial"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(shortcuts.rates(none), expected)
    pd.testing.assert_frame_equal(
        shortcuts.own_map_advantage(none), shortcuts.own_map_advantage(some)
    )
    for changes in ({"controls": 0, "radial": 5}, {"radial": 0}):
        hits = hits_with(**changes)
        with pytest.raises(
            ValueError, match=r"^0 draws of a random mask: a verdict needs at least 5$"
        ):
            shortcuts.verdicts(hits)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"controls": -1}, "controls -1: expected 0 or more"),
        ({"parts": ()}, "no part to test: choose from keep, remove"),
        ({"negatives": 0}, "negatives 0: expected at least 1, or None for all"),
        (
            {"masks": np.ones((2, *SIZE), bool)},
            "there are 2 maps for 3 classes: expected one for each class",
        ),
        ({"masks": np.ones((3, 4, 4), bool)}, r"mask of shape \(4, 4\)"),
        ({"masks": np.ones((3, *SIZE))}, "mask of dtype float64"),
        ({"network": nn.Sequential(nn.Flatten(), nn.Linear(56, 2))}, "has 2 outputs"),
        ({"network": nn.Flatten()}, r"has an output for class \d\d, but there are 3 classes"),
    ],
)
def test_errors_say_what_is_wrong_and_what_is_allowed(case, change, message):
    change = dict(change)
    network, masks = change.pop("network", case[0]), change.pop("masks", case[2])
    with pytest.raises(ValueError, match=message):
        shortcuts.measure(network, Split(case[1], LABELS), masks, Trials(**change))


def test_an_image_is_shown_where_its_class_or_a_rate_needs_it(case):
    masks = case[2]
    for options in ({"negatives": 3}, {"negatives": 4}):
        hits = shortcuts.collect(
            case[0], Split(case[1], LABELS), masks, Trials(controls=2, seed=2, **options)
        )
        for fill, named in hits.predicted.items():
            needed = np.zeros(named.shape, bool)
            for row in hits.trials.to_dict("records"):
                c, for_rate = row["class"], row["filter"] != "radial"
                counts = hits.negatives[c] & (LABELS[hits.donors] != c if fill == "swap" else True)
                needed[row["mask"]] |= (c == LABELS) | (counts & for_rate)
            assert np.array_equal(named == NOT_SHOWN, ~needed)
        for c in range(3):
            drawn = shortcuts.negatives_of(LABELS, c, options.get("negatives"), seed=2)
            assert np.flatnonzero(hits.negatives[c]).tolist() == drawn.tolist()
        table = shortcuts.rates(hits)
        measured = set(table.loc[table["fpr"].notna(), "filter"])
        assert measured == {"unfiltered", "dfm", "random", "low_pass", "other"}


def test_no_more_than_a_batch_is_read_at_once(case, monkeypatch):
    """Each image once unfiltered, once a fill, and again as a donor."""
    network, masks, bands = case[0], case[2], spectrum.bands(*SIZE, (1.5, 3))
    monkeypatch.setattr(Source, "batch_size", lambda _: 5)
    images = np.random.default_rng(3).integers(0, 256, (len(LABELS), 1, *SIZE), dtype=np.uint8)
    for measure, of_what, reads in (
        (shortcuts.measure, [masks, Trials(controls=1, others=1)], 1 + 2 + 1),
        (shortcuts.band_stop, [bands], 2),
    ):
        noted, how = Noted(images), {"mean": [0.4], "std": [0.3]}
        table = measure(network, Split(noted, LABELS, **how), *of_what)
        assert max(noted.sizes) == 5 and sum(noted.sizes) == reads * len(LABELS)
        pd.testing.assert_frame_equal(
            table, measure(network, Split(images, LABELS, **how), *of_what)
        )
