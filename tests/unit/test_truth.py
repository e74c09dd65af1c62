"""Scores against the planted truth, and whether a planted mask is used, against references that count one by one."""

import itertools

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waves_and_network import MEAN, SIZE, STD, WAVES, WaveNetwork, images_and_labels

from frequency_shortcuts import dfm
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.masks import control_mask
from frequency_shortcuts.spectrum.masks import strata as strata_of
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import RUN
from study.measures import planted_use, truth
from study.sources import synthetic

DESIGN = synthetic.Design(2, size=16, band_edges=(2, 4, 6))


def slow_average_precision(scores, inside):
    """Threshold by threshold: what is kept at and above each score, its precision, and by how much recall rose."""
    before, found = 0.0, 0.0
    for value in sorted(set(scores), reverse=True):
        kept = scores >= value
        recall = sum(kept & inside) / sum(inside)
        found += (recall - before) * sum(kept & inside) / sum(kept)
        before = recall
    return found


@settings(max_examples=30, deadline=None)
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(["random", "radial"]),
    st.integers(0, 5),
)
def test_a_ranking_dealt_anew_keeps_what_its_control_keeps(size, kind, seed):
    pairs = ConjugatePairs(*size)
    scores = np.random.default_rng(seed).permutation(len(pairs))
    strata = strata_of(pairs, kind)
    dealt = truth.shuffled(scores, pairs, kind, 3, np.random.default_rng(seed))
    for one in dealt:
        for stratum in np.unique(strata):
            assert sorted(one[strata == stratum]) == sorted(scores[strata == stratum])
    # Cut where the map is, it is a mask that control_mask could have drawn: as many pairs of each stratum.
    cut = len(pairs) // 3
    drawn = control_mask(pairs.scatter(scores < cut), kind, seed)
    for stratum in np.unique(strata):
        assert (dealt[0] < cut)[strata == stratum].sum() == pairs.gather(drawn)[
            strata == stratum
        ].sum()


@pytest.fixture(scope="module")
def synthetic_truth(tmp_path_factory):
    """The truths of a small synthetic set, as they are read from its store."""
    path = tmp_path_factory.mktemp("truth") / "syn.h5"
    with h5py.File(path, "w") as file:
        for name, mask in DESIGN.planted().items():
            file.create_dataset(f"planted/{name}", data=mask)
        file["planted"].attrs.update(DESIGN.about())
        assert stores.neutral_class(file) == 0
    return truth.planted(path)


def test_the_truth_of_a_class_is_its_pattern_or_the_band_that_it_lacks(synthetic_truth):
    found, masks = synthetic_truth, DESIGN.planted()
    assert not found["own"][0].any()
    assert np.array_equal(found["own"][1:3], masks["patterns"][1:3])
    assert np.array_equal(found["own"][3], masks["control_band"])
    assert found["any"].shape == (4, 16, 16) and (found["any"] == found["any"][0]).all()
    assert np.array_equal(
        found["any"][0], masks["control_band"] | masks["patterns"][1] | masks["patterns"][2]
    )
    assert set(found) == {"own", "any"}


def test_a_store_without_planted_masks_is_refused(tmp_path):
    with h5py.File(tmp_path / "photographs.h5", "w") as file:
        assert stores.neutral_class(file) is None
        file.create_group("planted").attrs["neutral"] = -1
        assert stores.neutral_class(file) is None
    with pytest.raises(ValueError, match=r"photographs.h5 holds no planted masks"):
        truth.planted(tmp_path / "photographs.h5")


def test_controls_are_at_chance_and_have_a_spread(synthetic_truth):
    generator, pairs, truths = np.random.default_rng(1), ConjugatePairs(16, 16), synthetic_truth
    increment = generator.standard_normal((4, len(pairs)))
    adcs = pairs.scatter(generator.choice([-3, -1, 1, 3], (4, len(pairs)))).astype(np.int16)
    rank, masks = pairs.scatter(dfm.rank(increment)), {12.5: dfm.dominant(increment, pairs, 12.5)}
    planes = {"significant": adcs, "increments": pairs.scatter(increment)}
    table = truth.score(rank, adcs, masks, truths, **planes, draws=80, seed=3).query(
        "cut == 'percent'"
    )
    drawn = table[table["ranking"].str.startswith("ra") & (table["truth"] == "any")]
    for score in ("precision", "recall", "average_precision"):
        assert (drawn[f"{score}_low"] <= drawn[score]).all() and (
            drawn[score] <= drawn[f"{score}_high"]
        ).all()
    random = drawn[drawn["ranking"] == "random"]
    assert np.allclose(random["precision"], random["prevalence"], atol=0.03)
    of_class_2 = table.query("truth == 'any' and `class` == 2").set_index("ranking")["precision"]
    # The radial control of a map, drawn here as masks.
    drawn_masks = [control_mask(masks[12.5][2], "radial", seed) for seed in range(300)]
    slow = [(control & truths["any"][2]).sum() / control.sum() for control in drawn_masks]
    assert of_class_2["radial"] == pytest.approx(np.mean(slow), abs=0.03)
    k, inside = masks[12.5][2].sum(), pairs.gather(truths["any"][2])
    others = [truth.curve(-pairs.gather(rank[c]), inside, pairs.size).at([k])[0] for c in (0, 1, 3)]
    assert of_class_2["other"] == pytest.approx(np.mean(others))
    rest = table[~table["ranking"].str.startswith("ra")]
    assert rest[["precision_low", "recall_high", "average_precision_low"]].isna().all(axis=None)


@pytest.fixture(scope="module")
def drawn():
    """(table, arguments, options) of `score` at random, with two halves of a truth; class 0 has none."""
    generator, pairs = np.random.default_rng(2), ConjugatePairs(7, 6)
    increment = generator.standard_normal((3, len(pairs)))
    rank = pairs.scatter(dfm.rank(increment))
    adcs, significant = pairs.scatter(generator.integers(-2, 3, (2, 3, len(pairs))))
    halves = np.zeros((2, 3, len(pairs)), bool)
    for half, c in itertools.product((0, 1), (1, 2)):
        halves[half, c, generator.choice(len(pairs), 3 + half, replace=False)] = True
    halves = pairs.scatter(halves)
    truths = {"own": halves[0] | halves[1], "half_0": halves[0], "half_1": halves[1]}
    masks = {percent: dfm.dominant(increment, pairs, percent) for percent in (10, 20)}
    increments = pairs.scatter(increment).astype(np.float32)
    options = {"increments": increments, "significant": significant, "draws": 50, "seed": 1}
    arguments = rank, adcs, masks, truths
    return truth.score(*arguments, **options), arguments, options


def slow_scores(plane, planted, k):
    """Precision, recall at k positions and average precision, value by value."""
    expected, left = 0.0, k
    for value in sorted(set(plane.ravel()), reverse=True):
        tied = planted[plane == value]
        taken = min(left, len(tied))
        expected += taken * tied.mean()
        left -= taken
    return (
        expected / k,
        expected / planted.sum(),
        slow_average_precision(plane.ravel(), planted.ravel()),
    )


def test_every_ranking_is_cut_to_the_maps_and_to_the_truth(drawn):
    table, (rank, adcs, masks, truths), options = drawn
    beside = {
        f"{kind}{name}"
        for kind in ("radial", "other")
        for name in ("_dfm_size", "_adcs_significant")
    }
    assert beside < set(table["ranking"])
    planes = {"dfm": -rank, "dfm_size": np.abs(options["increments"]), "adcs": np.abs(adcs), "adcs_high": adcs,
              "adcs_low": -adcs, "adcs_significant": np.abs(options["significant"])}  # fmt: skip
    assert {name for name in table["ranking"] if not name.startswith(("ra", "other"))} == set(
        planes
    )
    for (name, plane), (which, planted), c in itertools.product(
        planes.items(), truths.items(), (1, 2)
    ):
        selected = table[
            (table["ranking"] == name) & (table["truth"] == which) & (table["class"] == c)
        ]
        assert selected["cut"].tolist() == ["percent", "percent", "truth"]
        sizes = [mask[c].sum() for mask in masks.values()] + [planted[c].sum()]
        assert selected["positions"].tolist() == sizes
        np.testing.assert_allclose(selected["percent"], [10, 20, 100 * planted[c].mean()])
        slow = [slow_scores(plane[c], planted[c], k) for k in sizes]
        np.testing.assert_allclose(selected[["precision", "recall", "average_precision"]], slow)
    # A class without a truth has no size to be cut to.
    assert (table.loc[table["class"] == 0, "cut"] == "percent").all()


def test_the_better_half_is_chosen_for_every_ranking_and_every_draw(drawn):
    table, (rank, *_, truths), _ = drawn
    table = table.set_index(["truth", "ranking", "class", "cut", "percent"]).sort_index()
    pairs, scores = ConjugatePairs(*rank.shape[1:]), ["precision", "recall", "average_precision"]
    for name, c in itertools.product(("dfm", "dfm_size", "adcs_low"), (1, 2)):
        halves = [table.loc[half, name, c] for half in truth.HALVES]
        best = max(halves, key=lambda half: half["average_precision"].iloc[0])
        found = table.loc["better_half", name, c]
        assert found.loc["percent", scores].equals(best.loc["percent", scores])
        assert found.loc["truth", "positions"].tolist() == [
            max(truths[half][c].sum() for half in truth.HALVES)
        ]
        np.testing.assert_allclose(
            found["prevalence"], np.mean([truths[half][c].mean() for half in truth.HALVES])
        )
    # Draw by draw: the mean of the better of two is above the better of the two means.
    for c in (1, 2):
        dealt = truth.shuffled(
            -pairs.gather(rank[c]), pairs, "random", 50, np.random.default_rng([1, c])
        )
        inside = [pairs.gather(truths[half][c]) for half in truth.HALVES]
        slow = [
            max(truth.curve(one, half, pairs.size).average_precision() for half in inside)
            for one in dealt
        ]
        found = table.loc["better_half", "random", c]["average_precision"]
        np.testing.assert_allclose(found, np.mean(slow))
        assert found.iloc[0] > max(
            table.loc[half, "random", c]["average_precision"].iloc[0] for half in truth.HALVES
        )
    assert table.loc["better_half", "dfm", 0][scores].isna().all(axis=None)


def test_a_network_that_reads_the_planted_frequencies_uses_them():
    masks, split = (
        np.zeros((4, SIZE, SIZE), bool),
        Split(*images_and_labels(160), mean=MEAN, std=STD, neutral=3),
    )
    for mask, (u, v) in zip(masks, WAVES, strict=False):
        mask[SIZE // 2 + u, SIZE // 2 + v] = mask[SIZE // 2 - u, SIZE // 2 - v] = True
    table = planted_use.use(WaveNetwork(), split, masks).set_index("class")
    assert table.index.tolist() == [0, 1, 2] and table["uses"].all()
    assert (table["positions"] == 2).all() and (table["images"] == 40).all()
    assert (table[["tpr_unfiltered", "tpr_planted"]] > 0.95).all(axis=None)
    assert (table[["tpr_complement", "tpr_random", "fpr_planted", "fpr_random"]] < 0.05).all(
        axis=None
    )


@pytest.mark.parametrize(
    ("planted", "complement", "random", "uses"),
    [
        (0.7, 0.3, 1.0, True),
        (0.69, 0.3, 0.0, False),
        (0.7, 0.31, 0.0, False),
        (1.0, 0.0, 0.0, True),
    ],
)
def test_a_mask_is_used_if_it_is_sufficient_and_necessary(
    monkeypatch, planted, complement, random, uses
):
    rows = [(1, "keep", "unfiltered", 1.0), (1, "keep", "dfm", planted), (1, "remove", "dfm", complement),
            (1, "keep", "random", random)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["class", "part", "filter", "tpr"]).assign(
        fpr=0.0, images=100
    )
    monkeypatch.setattr("study.measures.planted_use.measure", lambda *_, **__: table)
    masks = np.stack([np.zeros((4, 4), bool), np.ones((4, 4), bool)])
    (row,) = planted_use.use(None, Split(np.zeros((1, 1, 4, 4)), [0], neutral=0), masks).to_dict(
        "records"
    )
    assert row["uses"] == uses and row["tpr_random"] == random


def test_scores_of_methods_equal_those_of_every_position_and_chance_that_of_every_draw():
    """Position by position, with ties and scores of both signs; the last class has no truth. Tolerance 1e-12."""
    pairs, generator = ConjugatePairs(6, 7), np.random.default_rng(0)
    scores = {
        name: pairs.scatter(generator.integers(-3, 4, (3, len(pairs)))) for name in ("one", "other")
    }
    inside = {name: generator.random((3, len(pairs))) < 0.3 for name in ("own", "half_0", "half_1")}
    truths = {
        name: pairs.scatter(mask * [[True], [True], [False]]) for name, mask in inside.items()
    }
    table = truth.score_methods(scores, truths, draws=7, seed=3).set_index(
        ["class", "truth", "method"]
    )
    assert set(table.index) == set(itertools.product((0, 1), [*truths, "better_half"], scores))

    def best(plane, planted):
        return max(slow_average_precision(plane.ravel(), mask.ravel()) for mask in planted)

    for (c, name, method), row in table.iterrows():
        planted = [
            truths[one][c] for one in (("half_0", "half_1") if name == "better_half" else (name,))
        ]
        ranks = truth.shuffled(
            np.arange(len(pairs)), pairs, "random", 7, np.random.default_rng([3, c])
        )
        chance = [best(one, planted) for one in pairs.scatter(ranks)]
        low, high = (np.interp(share * 6, range(7), np.sort(chance)) for share in (0.025, 0.975))
        expected = [best(one, planted) for one in (scores[method][c], np.abs(scores[method][c]))]
        np.testing.assert_allclose(
            row[["average_precision", "average_precision_size", "random", "random_low", "random_high"]].to_numpy(float),
            [*expected, np.mean(chance), low, high], rtol=0, atol=1e-12,
        )  # fmt: skip


def test_classes_whose_mask_is_not_used_have_no_scores():
    scores, runs = (
        ["precision", "recall_low", "average_precision", "average_precision_size"],
        dict.fromkeys(RUN, "x"),
    )
    about = pd.DataFrame({**runs, "class": ["C0", "C1", "C2"]})
    table = about.assign(**{name: [0.1, 0.2, 0.3] for name in (*scores, "random")})
    found = truth.only_where_used(table, about[:2].assign(uses=[True, False]))
    assert (found.loc[0, scores] == 0.1).all() and found.loc[1:, scores].isna().all(axis=None)
    assert found["random"].equals(table["random"]) and found["uses"].tolist()[:2] == [True, False]
