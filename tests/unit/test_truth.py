"""Scores against the planted truth, and whether a planted mask is used, against references that count one by one."""

import itertools

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waves_and_network import MEAN, SIZE, STD, WAVES, WaveNetwork, images_and_labels

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
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 5))
def test_a_ranking_dealt_anew_keeps_what_its_control_keeps(size, seed):
    pairs = ConjugatePairs(*size)
    scores = np.random.default_rng(seed).permutation(len(pairs))
    strata = strata_of(pairs, "random")
    dealt = truth.shuffled(scores, pairs, 3, np.random.default_rng(seed))
    for one in dealt:
        for stratum in np.unique(strata):
            assert sorted(one[strata == stratum]) == sorted(scores[strata == stratum])
    # Cut where the map is, it is a mask that control_mask could have drawn: as many pairs of each stratum.
    cut = len(pairs) // 3
    drawn = control_mask(pairs.scatter(scores < cut), "random", seed)
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
    assert set(found) == {"own"}


def test_a_store_without_planted_masks_is_refused(tmp_path):
    with h5py.File(tmp_path / "photographs.h5", "w") as file:
        assert stores.neutral_class(file) is None
        file.create_group("planted").attrs["neutral"] = -1
        assert stores.neutral_class(file) is None
    with pytest.raises(ValueError, match=r"photographs.h5 holds no planted masks"):
        truth.planted(tmp_path / "photographs.h5")


def test_every_ranking_has_its_average_precision_beside_that_of_random_ones():
    """Of maps and ADCS with ties; the first class has no truth. Tolerance 1e-12."""
    generator, pairs = np.random.default_rng(2), ConjugatePairs(7, 6)
    rankings = {name: pairs.scatter(generator.integers(-4, 5, (3, len(pairs)))) for name in "ab"}
    planted = pairs.scatter((generator.random((3, len(pairs))) < 0.3) * [[False], [True], [True]])
    table = truth.score(rankings, planted, draws=50, seed=1).set_index(["class", "ranking"])
    assert table.index.tolist() == list(itertools.product(range(3), ("a", "b", "random")))
    ends = ["average_precision_low", "average_precision_high"]
    assert table.loc[0].isna().all(axis=None) and table.loc[[(1, "a"), (2, "b")], ends].isna().all(
        axis=None
    )
    for c, (name, plane) in itertools.product((1, 2), rankings.items()):
        slow = slow_average_precision(plane[c].ravel(), planted[c].ravel())
        assert table.loc[(c, name), "average_precision"] == pytest.approx(slow, abs=1e-12)
    for c in (1, 2):
        drawn = truth.shuffled(
            pairs.gather(rankings["a"][c]), pairs, 50, np.random.default_rng([1, c])
        )
        chance = [
            slow_average_precision(one.ravel(), planted[c].ravel()) for one in pairs.scatter(drawn)
        ]
        expected = [np.mean(chance), *np.quantile(chance, (0.025, 0.975))]
        np.testing.assert_allclose(table.loc[(c, "random")].to_numpy(float), expected, atol=1e-12)


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
        ranks = truth.shuffled(np.arange(len(pairs)), pairs, 7, np.random.default_rng([3, c]))
        chance = [best(one, planted) for one in pairs.scatter(ranks)]
        low, high = (np.interp(share * 6, range(7), np.sort(chance)) for share in (0.025, 0.975))
        expected = [best(one, planted) for one in (scores[method][c], np.abs(scores[method][c]))]
        np.testing.assert_allclose(
            row[["average_precision", "average_precision_size", "random", "random_low", "random_high"]].to_numpy(float),
            [*expected, np.mean(chance), low, high], rtol=0, atol=1e-12,
        )  # fmt: skip


def test_classes_whose_mask_is_not_used_have_no_scores():
    scores = ["average_precision", "average_precision_low", "average_precision_size"]
    runs = dict.fromkeys(RUN, "x")
    about = pd.DataFrame({**runs, "class": ["C0", "C1", "C2"]})
    table = about.assign(**{name: [0.1, 0.2, 0.3] for name in (*scores, "random")})
    found = truth.only_where_used(table, about[:2].assign(uses=[True, False]))
    assert (found.loc[0, scores] == 0.1).all() and found.loc[1:, scores].isna().all(axis=None)
    assert found["random"].equals(table["random"]) and found["uses"].tolist()[:2] == [True, False]
