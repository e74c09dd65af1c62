"""Hits, and what follows from them by counting: rates and the cross matrix, against loops over images."""

from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_results import random_hits

from frequency_shortcuts import intervals, shortcuts
from frequency_shortcuts.shortcuts import cross
from frequency_shortcuts.shortcuts.hits import NOT_SHOWN, read_hits_of_methods, write_hits

few = settings(max_examples=5, deadline=None, derandomize=True)
designs = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1000), "n_classes": st.integers(2, 4), "neutral": st.sampled_from([None, 1]),
        "negatives": st.sampled_from([None, 4]),
    }
)  # fmt: skip


def slow_rate(hits, fill, mask, c, own):
    """TPR (own) or FPR of class c under a mask, image by image; None where there is no image."""
    count = total = 0
    for i, label in enumerate(hits.labels):
        if own:
            counts = label == c
        else:
            counts = hits.negatives[c, i] and not (
                fill == "swap" and hits.labels[hits.donors[i]] == c
            )
        if counts:
            named = hits.unfiltered[i] if mask is None else hits.predicted[fill][mask, i]
            assert named != NOT_SHOWN
            count, total = count + (named == c), total + 1
    return count / total if total else None


def slow_matrix(hits, fill):
    """(class, map or the lowest frequencies) -> TPR - FPR."""
    found = {}
    for row in hits.trials[hits.trials["part"] == "keep"].to_dict("records"):
        c = row["class"]
        m = {"dfm": c, "other": row["draw"], "low_pass": cross.LOWEST}.get(row["filter"])
        if m is not None and hits.neutral not in (c, m):
            tpr, fpr = (slow_rate(hits, fill, row["mask"], c, own) for own in (True, False))
            found[c, m] = tpr - (fpr or 0)
    return found


def slow_advantage(matrix):
    classes = sorted({c for c, _ in matrix})
    of_maps = {key: value for key, value in matrix.items() if key[1] != cross.LOWEST}
    others = [
        np.mean([value for (c, m), value in of_maps.items() if c == one != m]) for one in classes
    ]
    return np.mean([matrix[c, c] for c in classes]), np.mean(others)


def redrawn(hits, weights):
    """The hits of images that were drawn so often, as a data set of its own; donors keep their place."""
    chosen = np.repeat(np.arange(len(hits.labels)), weights)
    donors = np.array(
        [np.flatnonzero(hits.labels[chosen] == hits.labels[d])[0] for d in hits.donors[chosen]]
    )
    return replace(
        hits, labels=hits.labels[chosen], unfiltered=hits.unfiltered[chosen], donors=donors,
        predicted={fill: named[:, chosen] for fill, named in hits.predicted.items()},
        negatives=hits.negatives[:, chosen],
    )  # fmt: skip


@pytest.mark.parametrize("neutral", [None, 0])
def test_the_bootstrap_recomputes_the_advantage_of_the_drawn_images(monkeypatch, neutral):
    """Exactly (1e-12) with zeros. With swap the number of judged images varies: within a tenth of the spread."""
    given = []

    def note(strata, statistic, **options):
        given.append((strata, statistic))
        return 0.0, 0.0

    monkeypatch.setattr(cross, "bootstrap", note)
    hits, generator = random_hits(3, per_class=(8, 12), neutral=neutral), np.random.default_rng(0)
    cross.own_map_advantage(hits)
    weights = np.zeros((15, len(hits.labels)), int)
    for one in weights:
        for c in range(hits.n_classes):
            (members,) = np.nonzero(hits.labels == c)
            np.add.at(one, generator.choice(members, len(members)), 1)
    of_advantages = given[::2]  # the margins follow
    for fill, (strata, statistic) in zip(hits.predicted, of_advantages, strict=True):
        assert np.array_equal(strata, hits.labels)
        expected = []
        for one in weights:
            own, others = slow_advantage(slow_matrix(redrawn(hits, one), fill))
            expected.append(own - others)
        tolerance = 1e-12 if fill == "zeros" or neutral is not None else np.std(expected) / 10
        np.testing.assert_allclose(statistic(weights), expected, rtol=0, atol=tolerance)


def test_beyond_twenty_one_classes_each_sees_twenty_maps_and_each_map_is_shown_to_twenty(
    n_classes=30,
):
    seen = [
        shortcuts.others_of(n_classes, c, shortcuts.OTHER_MAPS, seed=3).tolist()
        for c in range(n_classes)
    ]
    assert all(len(set(some)) == 20 and c not in some for c, some in enumerate(seen))
    assert np.bincount(np.concatenate(seen)).tolist() == [20] * n_classes


def test_what_is_written_is_read_and_the_hits_of_other_methods_lie_beside_those_of_the_culling(
    tmp_path,
):
    own, other = random_hits(negatives=4), random_hits(1, neutral=1)
    with h5py.File(tmp_path / "hits.h5", "w") as file:
        write_hits(file, own)
        assert list(read_hits_of_methods(file)) == ["culling"]
        write_hits(file.create_group("methods/mixture"), other)
        again = read_hits_of_methods(file)
    assert list(again) == ["culling", "mixture"]
    for hits, found in zip((own, other), again.values(), strict=True):
        pd.testing.assert_frame_equal(found.trials, hits.trials)
        for name in ("labels", "unfiltered", "donors", "negatives", "masks"):
            expected, values = getattr(hits, name), getattr(found, name)
            assert np.array_equal(values, expected) and values.dtype == expected.dtype
        assert found.neutral == hits.neutral and list(found.predicted) == list(hits.predicted)
        assert all(
            np.array_equal(found.predicted[fill], hits.predicted[fill]) for fill in hits.predicted
        )


@few
@given(designs)
def test_rates_are_those_of_a_loop_over_the_images(design):
    hits = random_hits(**design)
    table = shortcuts.rates(hits)
    masks = hits.trials.set_index(["part", "class", "filter", "draw"])["mask"]
    for row in table.to_dict("records"):
        mask = (
            None
            if row["filter"] == "unfiltered"
            else masks[row["part"], row["class"], row["filter"], row["draw"]]
        )
        measured = row["filter"] != "radial"
        tpr = slow_rate(hits, row["fill"], mask, row["class"], own=True)
        fpr = slow_rate(hits, row["fill"], mask, row["class"], own=False) if measured else None
        assert row["tpr"] == tpr and (np.isnan(row["fpr"]) if fpr is None else row["fpr"] == fpr)
        assert (row["negatives"] == 0) == (fpr is None) and row["neutral"] == (
            row["class"] == hits.neutral
        )
    for rate, images in (("tpr", "images"), ("fpr", "negatives")):
        there = table[images] > 0
        share, n = table.loc[there, [rate, images]].T.to_numpy()
        ends = table.loc[there, [f"{rate}_low", f"{rate}_high"]].T
        np.testing.assert_allclose(
            ends, intervals.shares(np.rint(share * n), n)[1:], rtol=0, atol=1e-12
        )
        assert table.loc[~there, [rate, f"{rate}_low", f"{rate}_high"]].isna().all(axis=None)
    tested = [c for c in range(hits.n_classes) if c != hits.neutral]
    assert sorted(set(table.loc[table["fill"] == "swap", "class"])) == tested
    assert len(table) == sum(len(hits.trials[hits.trials["class"].isin(of)]) + 2 * len(of)
                             for of in (range(hits.n_classes), tested))  # fmt: skip


@few
@given(designs.filter(lambda design: design["n_classes"] > 2))
def test_the_cross_matrix_and_the_advantage_are_those_of_loops(design):
    """Tolerance 1e-12. A neutral class has no row and no column. Maps have an FPR even if controls have none.

    With swap a class has no FPR if the donors of all its negatives are of the class.
    """
    hits = random_hits(**design)
    table, advantage = (
        cross.cross_matrix(hits),
        cross.own_map_advantage(hits).set_index("fill"),
    )
    for fill in hits.predicted:
        expected = slow_matrix(hits, fill)
        found = table[table["fill"] == fill].set_index(["class", "map"])
        measured = hits.judged(fill)[found.index.get_level_values("class")].any(axis=1)
        assert set(found.index) == set(expected) and (found["fpr"].notna() == measured).all()
        np.testing.assert_allclose(
            found["measure"], [expected[key] for key in found.index], rtol=0, atol=1e-12
        )
        (own, others), row = slow_advantage(expected), advantage.loc[fill]
        values = row[["own", "others", "advantage"]].astype(float)
        np.testing.assert_allclose(values, [own, others, own - others], rtol=0, atol=1e-12)
        ends = [row["advantage_low"], row["advantage_high"]]  # none if all images do the same
        assert np.isnan(ends).all() or ends[0] <= own - others <= ends[1]
        assert row["classes"] == hits.n_classes - (hits.neutral is not None)
        assert row["headline"] == (fill == ("zeros" if hits.neutral is None else "swap"))


@few
@given(designs.filter(lambda design: design["n_classes"] > 2))
def test_the_margin_over_the_lowest_frequencies_is_that_of_the_matrix(design):
    hits = random_hits(**design)
    table = cross.own_map_advantage(hits).set_index("fill")
    for fill in hits.predicted:
        matrix = slow_matrix(hits, fill)
        margins = [matrix[c, c] - matrix[c, cross.LOWEST] for c in sorted({c for c, _ in matrix})]
        value, low, high = table.loc[
            fill, ["low_pass_margin", "low_pass_margin_low", "low_pass_margin_high"]
        ]
        assert value == pytest.approx(np.mean(margins), abs=1e-12)
        assert np.isnan(low) or low <= value <= high  # a bootstrap without spread has no ends


def test_the_advantage_is_missing_where_no_other_map_was_tried_and_the_margin_is_not():
    hits = random_hits()
    alone = replace(hits, trials=hits.trials[hits.trials["filter"] != "other"])
    for found in (alone, random_hits(n_classes=2, neutral=0)):
        table = cross.own_map_advantage(found)
        assert table[["others", "advantage", "advantage_low"]].isna().all(axis=None)
        assert table[["own", "low_pass_margin"]].notna().all(axis=None)
