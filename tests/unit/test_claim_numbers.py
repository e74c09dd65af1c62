"""The number of each network, and its rates class by class, that claims are judged on: on tables easy to see."""

import itertools
from dataclasses import replace

import made_up_results as made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import (
    AUGMENTED,
    DEEP,
    LARGE,
    PAIRS,
    SMALL,
    STUDY,
    band_stop,
    cross,
    cross_of,
    dynamics_of,
    graded,
    margins,
    pair_of_networks,
    reliance_of,
    verdicts_of,
)
from scipy import stats

from study.findings import matrices as of_maps
from study.findings.definitions import CLAIMS
from study.findings.numbers import (
    COLUMNS,
    EVERY_PAIR,
    LEVEL,
    MEAN_OF_PAIRS,
    Study,
    numbers,
)
from study.findings.study_tables import LOWEST_NAME

RATES = np.full((3, 4), 0.5)  # of three classes with their maps and the lowest frequencies


def picked(found, claim, variant="", **where):
    for key, value in {"claim": claim, "variant": variant, **where}.items():
        found = found[found[key] == value]
    return list(found["value"])


def test_every_claim_is_measured_and_tables_of_no_photographs_give_nothing():
    of_networks, of_classes = made.whole_study(1)
    assert {*of_networks["claim"], *of_classes["claim"]} == {*CLAIMS}
    assert {*of_classes["claim"]} == {"d", "e1", "e2", "f", "g"}
    assert {*of_networks["claim"]} == {letter for letter, claim in CLAIMS.items() if claim.measure}
    tables = {
        "own_map_advantage": margins({SMALL: [0.1]}),
        "dynamics": dynamics_of(SMALL, {"ant": 0.1, "bee": 0.2, "cow": 0.3}),
        "exchanges": verdicts_of(SMALL, *["follows"] * 3),
        "phase": verdicts_of(SMALL, "shape"),
        "reliance": reliance_of(SMALL, [0.1], [0.1]),
        "bandstop": band_stop("syn_1", ["C1"], {pair: ["C1"] for pair in PAIRS}),
    }
    for name, table in tables.items():
        found = numbers(name, table, Study())
        assert found.empty
        assert list(found) == COLUMNS
    for name, about in {
        "cross_matrix": made.run(*SMALL, 200),
        "ood_cross_matrix": {**made.run(*SMALL, 200), "rendition": "toy"},
        "transfer_cross_matrix": pair_of_networks("small", "deep"),
    }.items():
        found = of_maps.matrices(name, cross(about, RATES), Study())
        assert found.empty
        assert list(found) == of_maps.COLUMNS


def test_a_gain_and_a_low_ring_are_ranked_against_earliness_without_the_plain_class():
    sets = [
        graded([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4], ["low", "low", "high", "high"]),
        graded([1, 2, 3, 4], [0.4, 0.3, 0.2, 0.1], ["high", "high", "low", "low"], seed=201),
        graded([1, 2, 3, 4], [0.5] * 4, ["low"] * 4, seed=202),
    ]
    found = numbers("graded", pd.concat(sets), STUDY)
    assert picked(found, "a") == pytest.approx([1, -1, np.nan], nan_ok=True)
    ring = stats.spearmanr([1, 1, 0, 0], [1, 2, 3, 4]).statistic
    assert picked(found, "a2") == pytest.approx([ring, ring, np.nan], nan_ok=True)


def difference(labels, called, name, images):
    """TPR - FPR of a class on some images, by counting."""
    own = [called[i] == name for i in images if labels[i] == name]
    others = [called[i] == name for i in images if labels[i] != name]
    return sum(own) / len(own) - sum(others) / len(others)


def two_of_each(generator):
    names = ["C0", "C1", "C2", "C3"]
    labels = names * 2 + list(generator.choice(names, 12))
    right = generator.random((6, 20)) < generator.choice([0.3, 0.7, 1], (6, 1))
    called = {
        pair: list(np.where(right[i], labels, generator.choice(names, 20)))
        for i, pair in enumerate(PAIRS)
    }
    return labels, called


@settings(max_examples=60, deadline=None)
@given(strategies.integers(0, 2**32), strategies.sampled_from([("syn_1", "B1"), ("syn_3", "B3")]))
def test_b_chooses_the_best_pair_on_one_half_of_the_images_and_judges_it_on_the_other(seed, of_set):
    dataset, band = of_set
    labels, called = two_of_each(np.random.default_rng(seed))
    found = numbers("bandstop", band_stop(dataset, labels, called), STUDY)
    assert set(found["class"]) == {"C1", "C2"}
    halves = [
        [i for i, name in enumerate(labels) if labels[:i].count(name) % 2 == half]
        for half in range(2)
    ]
    pairs = [pair for pair in PAIRS if band not in pair]
    assert len(pairs) == 3
    for name in ("C1", "C2"):
        first, second = (
            [difference(labels, called[pair], name, half) for pair in pairs] for half in halves
        )
        of_all = [difference(labels, called[pair], name, range(20)) for pair in pairs]
        best = first.index(max(first))
        assert picked(found, "b", **{"class": name}) == [second[best] > 0.4999]
        assert picked(found, "b", EVERY_PAIR, **{"class": name}) == [min(of_all) > 0.4999]
        assert picked(found, "b", MEAN_OF_PAIRS, **{"class": name}) == pytest.approx(
            [np.mean(of_all)]
        )


def test_b_is_no_when_the_best_pair_of_one_half_fails_on_the_other_and_half_is_enough():
    labels = [name for name in ("C0", "C1", "C2", "C3") for _ in range(20)]
    nothing = ["C0"] * 80
    first, second = (
        [name if i % 2 == half else "C0" for i, name in enumerate(labels)] for half in range(2)
    )
    called = dict.fromkeys(PAIRS, nothing) | {"B2+B3": first, "B2+B4": second}
    found = numbers("bandstop", band_stop("syn_1", labels, called), STUDY)
    assert picked(found, "b") == [0, 0]
    # In each half, 7 of 10 images of C1 are hits, and 6 of 30 others: 0.7 - 0.2 is below 0.5 in floating point.
    hits = {"C0": 4, "C1": 14, "C2": 4, "C3": 4}
    of_images = ["C1" if i % 20 < hits[name] else "C0" for i, name in enumerate(labels)]
    of_c1 = numbers("bandstop", band_stop("syn_1", labels, dict.fromkeys(PAIRS, of_images)), STUDY)
    of_c1 = of_c1[of_c1["class"] == "C1"]
    assert picked(of_c1, "b") == picked(of_c1, "b", EVERY_PAIR) == [1]


def test_b_is_with_swap_of_the_first_networks_and_of_classes_with_images_in_both_halves():
    labels, called = two_of_each(np.random.default_rng(0))
    tables = [band_stop("syn_1", labels, called, fill=fill) for fill in ("swap", "zeros")]
    found = numbers("bandstop", pd.concat(tables), STUDY)
    variants = ["", MEAN_OF_PAIRS, EVERY_PAIR]
    assert list(found["variant"].unique()) == [
        *variants,
        "zeros",
        *(f"{name}, zeros" for name in variants[1:]),
    ]
    assert numbers("bandstop", pd.concat(tables).assign(network="large"), STUDY).empty
    names = ["C0", "C1", "C2", "C3"]
    one_image = band_stop("syn_1", names, dict.fromkeys(PAIRS, names))
    assert numbers("bandstop", one_image, STUDY).empty


def test_c_is_a_rank_correlation_within_each_network_on_enough_classes_of_photographs():
    early = {"ant": 0.1, "bee": 0.3, "cow": 0.2, "dog": 0.4}
    few = {"ant": 0.1, "bee": 0.3}
    tables = [
        dynamics_of(SMALL, early),
        dynamics_of(SMALL, {name: -value for name, value in early.items()}, 201),
        dynamics_of(LARGE, early),
        dynamics_of(SMALL, early, dataset="syn_1"),
        dynamics_of(("few", "none"), few),
    ]
    found = numbers("dynamics", pd.concat(tables), STUDY)
    expected = stats.spearmanr([0, 1, 2, 3], list(early.values())).statistic
    assert picked(found, "c") == pytest.approx([expected, -expected])
    assert picked(found, "c", "distinctiveness") == pytest.approx([-expected, expected])
    assert len(found) == 4


@settings(max_examples=15, deadline=None)
@given(strategies.integers(0, 2**32), strategies.integers(1, 4))
def test_p_of_the_classes_is_the_share_of_all_their_permutations(seed, networks):
    generator = np.random.default_rng(seed)
    earliness = generator.integers(0, 6, (5, networks)) + np.arange(5)[:, None]
    tables = [
        dynamics_of(SMALL, dict(zip(made.CLASSES, f1, strict=True)), i)
        for i, f1 in enumerate(earliness.T)
    ]
    found = numbers("dynamics", pd.concat(tables), STUDY)

    def mean_correlation(scores):
        return np.mean(
            [stats.spearmanr(scores, of_network).statistic for of_network in earliness.T]
        )

    own = mean_correlation(range(5))
    means = [mean_correlation(scores) for scores in itertools.permutations(range(5))]
    share = np.mean([abs(mean) >= abs(own) - 1e-9 for mean in means])
    (p,) = found[found["variant"] == ""]["p_of_classes"].unique()
    assert p == pytest.approx(share, abs=0.025)  # five standard errors of 9,999 draws


def test_f_and_g_are_differences_of_margins_seed_by_seed_and_levels_are_of_each_network():
    others = {
        DEEP: [0.6],
        ("small", "swap"): [9],
        ("large", "autoaugment"): [9],
        ("middle", "none"): [0.8],
    }
    kinds = {SMALL: [0.1, 0.2], LARGE: [0.3, 0.5, 0.7], AUGMENTED: [0.4, 0.4, 9], **others}
    tables = [
        margins(kinds),
        margins({SMALL: [9]}, dataset="syn_1"),
        margins({SMALL: [9]}, classes=2),
    ]
    tables += [
        margins(kinds, "swap"),
        margins(kinds, method="mixture"),
        margins({AUGMENTED: [np.nan]}),
    ]
    found = numbers("own_map_advantage", pd.concat(tables), STUDY)
    # The third seed was trained with augmentation, and wide, but not narrow.
    assert (
        picked(found, "f", networks_of="large minus small")
        == picked(found, "f")
        == pytest.approx([0.2, 0.3])
    )
    assert picked(found, "g") == pytest.approx([0.3, 0.2])
    levels = {"small": [0.1, 0.2], "middle": [0.8], "large": [0.3, 0.5, 0.7], "deep": [0.6]}
    for network, values in levels.items():
        assert picked(found, "f", LEVEL, networks_of=network) == values
    assert len(found) == 2 + 2 + 7
    several = replace(STUDY, forms={"small": ["resnet18", 4], "deep": ["vgg16", 8]})
    found = numbers("own_map_advantage", pd.concat(tables), several)
    assert (len(picked(found, "f")), len(picked(found, "f", LEVEL))) == (0, 3)


def test_t_is_whether_a_network_has_texture_or_shape():
    of_networks = [
        ("texture", "both", None),
        ("undecided", "either"),
        (None, None),
        ("both", "shape", "shape", "both"),
    ]
    tables = [verdicts_of(SMALL, *verdicts, seed=i) for i, verdicts in enumerate(of_networks)]
    tables += [verdicts_of(LARGE, "shape"), verdicts_of(SMALL, "shape", dataset="syn_1")]
    found = numbers("phase", pd.concat(tables), STUDY)
    assert picked(found, "t") == [1, 0, 1]
    assert len(found) == 3


def test_h_is_whether_some_class_follows_in_each_ordinary_network_on_photographs():
    tables = [
        verdicts_of(SMALL, "x", "x", "follows"),
        verdicts_of(SMALL, "follows", "cannot tell", "x", seed=201),
        verdicts_of(SMALL, "x", *["cannot tell"] * 2, seed=202),
        verdicts_of(LARGE, "x", "x", "follows"),
        verdicts_of(("small", "swap"), *["follows"] * 3),
        verdicts_of(SMALL, *["follows"] * 3, dataset="syn_1"),
        verdicts_of(SMALL, "follows", "follows", seed=203),
        verdicts_of(SMALL, *["cannot tell"] * 3, seed=204),
    ]
    found = numbers("exchanges", pd.concat(tables), STUDY)
    assert picked(found, "h") == [1, 1, 0]
    assert len(found) == 3


def test_n_is_what_the_classes_lose_at_test_time_and_not_after_training_anew():
    tables = [
        reliance_of(SMALL, [0.5, 0.9], [0.1, 0.3]),
        reliance_of(SMALL, [0.2, 0.4], [0.4, 0.4], 201),
        reliance_of(SMALL, [9, 9], [0, 0], removed="random"),
        reliance_of(LARGE, [0.5] * 2, [0, 0]),
    ]
    found = numbers("reliance", pd.concat(tables), STUDY)
    assert picked(found, "n") == pytest.approx([0.5, -0.1])
    assert len(found) == 2


def kinds_of(found):
    """(claim, variant, networks) -> seeds, of the cells of matrices, each with all classes and maps."""
    assert set(found.groupby(["claim", "variant", "networks_of", "dataset", "seed"]).size()) == {12}
    kinds = found.groupby(["claim", "variant", "networks_of"])["seed"].unique()
    return {key: sorted(seeds) for key, seeds in kinds.items()}


def test_d_f_and_g_are_of_the_first_kind_of_each_width_and_with_augmentation():
    kinds = (SMALL, LARGE, AUGMENTED, DEEP, ("small", "swap"), ("large", "autoaugment"))
    tables = [cross_of(kind, [RATES]) for kind in kinds]
    for differs in ({"fill": "swap"}, {"method": "mixture"}, {"fill": "swap", "method": "mixture"}):
        tables += [cross_of(SMALL, [RATES], **differs), cross_of(LARGE, [RATES], **differs)]
    tables += [
        cross_of(SMALL, [RATES], dataset="syn_1"),
        cross_of(SMALL, [RATES[:2, [0, 1, 3]]], first=300),
    ]
    found = of_maps.matrices("cross_matrix", pd.concat(tables), STUDY)
    expected = [("d", variant, "small") for variant in ("", "swap", "mixture", "mixture, swap")]
    expected += [("f", "", "small"), ("f", "", "large"), ("g", "", "small, autoaugment")]
    assert kinds_of(found) == {key: [200] for key in expected}


def test_e1_is_the_mean_over_the_renditions_cell_by_cell_and_each_is_a_variant():
    first, second = np.random.default_rng(0).random((2, 3, 4))
    tables = [
        cross_of(SMALL, [rates], [rates / 2], rendition=name)
        for name, rates in (("a", first), ("b", second))
    ]
    tables += [
        cross_of(SMALL, [RATES], rendition="a", fill="swap"),
        cross_of(LARGE, [RATES], rendition="a"),
    ]
    found = of_maps.matrices("ood_cross_matrix", pd.concat(tables), STUDY)
    assert kinds_of(found) == {
        ("e1", variant, "small"): [200] for variant in ("", "a", "b", "swap")
    }
    own = found[found["variant"] == ""].set_index(["class", "map"])
    names = [*made.CLASSES[:3], LOWEST_NAME]
    for c, m in itertools.product(range(3), range(4)):
        mean = (first[c, m] + second[c, m]) / 2
        rates = own.loc[(names[c], names[m]), ["tpr", "fpr", "value"]]
        assert rates.tolist() == pytest.approx([mean, mean / 2, mean / 2])


def test_e2_is_the_mean_of_both_directions_between_two_architectures_within_a_seed():
    one_way, other_way = pair_of_networks("small", "deep"), pair_of_networks("deep", "small")
    tables = [
        cross(one_way, RATES),
        cross(other_way, RATES / 5),
        cross(pair_of_networks("small", "deep", 201), RATES),
    ]
    tables += [cross(one_way, RATES, fill="swap"), cross(other_way, RATES, fill="swap")]
    within = pair_of_networks("small", "large")
    tables += [cross(within, RATES), cross(within, RATES, fill="swap")]
    found = of_maps.matrices("transfer_cross_matrix", pd.concat(tables), STUDY)
    assert kinds_of(found) == {
        ("e2", "", "deep and small"): [200],
        ("e2", "swap", "deep and small"): [200],
    }
    assert picked(found, "e2") == pytest.approx([0.3] * 12)


def test_the_first_photographs_come_first():
    study = replace(STUDY, photographs=["zoo", "farm"])
    of_networks = pd.concat(
        [margins({SMALL: [0.1], LARGE: [0.2]}, dataset=name) for name in ("farm", "zoo")]
    )
    cells = pd.concat([cross_of(SMALL, [RATES], dataset=name) for name in ("farm", "zoo")])
    tables = (
        numbers("own_map_advantage", of_networks, study),
        of_maps.matrices("cross_matrix", cells, study),
    )
    assert [list(found["dataset"].unique()) for found in tables] == [["zoo", "farm"]] * 2
