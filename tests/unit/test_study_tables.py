"""The tables of the study and those of the published one, and the text of the cover."""

import re
from collections import defaultdict
from itertools import product

import numpy as np
import pandas as pd
import pytest
from drawn_tables import made_up_verdicts
from made_up_results import random_hits, whole_study

from conftest import ROOT
from frequency_shortcuts import shortcuts
from frequency_shortcuts.evaluation import verdicts as rates
from frequency_shortcuts.evaluation.cross import cross_matrix
from frequency_shortcuts.evaluation.flip_rates import FOUND, NOT_SHOWN_VERDICT, VERDICTS
from frequency_shortcuts.findings import headlines, judge, paper_tables, sentences, study_tables
from frequency_shortcuts.storage.tables import RUN, read_table, write_table

PHOTOGRAPHS = [("photos", "small", "none", 0), ("photos", "small", "none", 1), ("photos", "large", "sin", 0)]
SYNTHETIC = [("syn", "small", "none", 0)]
CLASSES = ["ant", "bee", "none"]


@pytest.fixture
def verdicts():
    return pd.concat(
        [made_up_verdicts(PHOTOGRAPHS, CLASSES), made_up_verdicts(SYNTHETIC, ["C0", "C1"], neutral="C0")],
        ignore_index=True,
    )


def test_a_table_of_hits_gets_its_run_and_the_names_of_its_classes(tmp_path):
    """Names that look like numbers or missing values stay as they are, in the file too."""
    run, classes, hits = dict(zip(RUN, PHOTOGRAPHS[2], strict=True)), ["1", "nan", "0"], random_hits(n_classes=3)
    measured = rates.verdicts(hits)
    table = study_tables.of_run(measured, run, classes)
    assert list(table)[:7] == [*RUN, "class", "part", "fill"] and (table[RUN] == list(run.values())).all(axis=None)
    for name in ("class", "closest_class", "largest_other_class"):
        there = measured[name].notna()
        assert list(table.loc[there, name]) == [classes[int(c)] for c in measured.loc[there, name]]
        assert table.loc[~there, name].isna().all()
    write_table(table, tmp_path / "verdicts.csv")
    again = read_table(tmp_path / "verdicts.csv")
    assert list(again["class"]) == list(table["class"]) and list(again["verdict"]) == list(table["verdict"])
    assert list(again["closest_class"].dropna()) == list(table["closest_class"].dropna())
    matrix = study_tables.of_run(cross_matrix(hits), run, classes)
    assert set(matrix["map"]) == set(matrix["class"]) == set(classes)


def test_draws_are_averaged_within_each_fill():
    hits = [random_hits(i, n_classes=3, negatives=4) for i in range(len(PHOTOGRAPHS))]
    runs = [dict(zip(RUN, run, strict=True)) for run in PHOTOGRAPHS]
    parts = [study_tables.of_run(shortcuts.rates(one), run, CLASSES) for one, run in zip(hits, runs, strict=True)]
    tests = pd.concat(parts).query("part == 'keep'")
    ood = tests.drop(columns=["fpr", "negatives"]).assign(rendition="toy")
    table = study_tables.mean_over_draws(ood.assign(new=ood["tpr"]), [*RUN, "rendition"])
    keys = [*RUN, "rendition", "class", "part", "fill", "filter"]
    assert not table.duplicated(keys).any() and "negatives" not in table
    assert table["new"].equals(table["tpr"]) and not {"draw", "positions", "tpr_low"} & set(table)
    selected = "network == 'large' and `class` == 'bee' and fill == 'swap' and filter == 'random'"
    assert table.query(selected)["tpr"].item() == pytest.approx(ood.query(selected)["tpr"].mean())
    transfer = tests.drop(columns=RUN[1:]).assign(maps_of="a", tested_on="b", negatives=100)
    table = study_tables.mean_over_draws(transfer, ["dataset", "maps_of", "tested_on"])
    assert set(table["negatives"]) == {100}  # findings weigh a false positive rate by it


def cover(verdicts, **changes):
    """The text of the cover, with the available tables. The lowest frequencies do as well for the first class."""
    verdicts = verdicts.assign(than_lowest=np.where(verdicts["class"] == CLASSES[0], "as well", "undecided"))
    networks = verdicts[RUN].drop_duplicates().assign(test_accuracy=0.9)
    headline = verdicts[verdicts["headline"]]
    values = {
        "percent": 5, "strong": 0.6, "most_fpr": rates.MOST_FPR, "flips": "None.", "answers": [],
        "judged": [], "most_networks": 0,
        "networks": headlines.network_rows(networks, headline, 12), **headlines.count_verdicts(headline),
        "picture": {"dataset": "zoo", "result": "a.svg", "lines": ["AAAA"]}, "on_photographs": True,
        "n_tested": len(headline),
    }  # fmt: skip
    template = (ROOT / "report" / "headlines.rst.jinja").read_text()
    return headlines.fill_template(template, **values | changes)


def read_as_rst(text):
    """Its document, in which a mistake is an error; the report adds the targets of links to results."""
    from docutils.core import publish_doctree

    return publish_doctree(re.sub(r"`([\w.]+)`_", r"\1", text), settings_overrides={"halt_level": 2})


def test_the_cover_counts_the_verdicts_of_the_headline_and_too_few_images_as_undecided(verdicts):
    headline = verdicts[verdicts["headline"]]
    count = headline["verdict"].value_counts()
    low = (headline["verdict"] == "strong") & (headline["class"] == CLASSES[0])
    missing = int(headline["verdict"].isna().sum())
    text = cover(verdicts)
    words = " ".join(text.split())
    assert f"{count['strong']} of {len(headline)} maps of photographs are *strong*" in words
    assert (f"{missing} maps have no verdict" in words) == (missing > 0)
    assert low.any() and f"In {low.sum()} of the {count['strong']}, as many of the lowest frequencies" in words
    assert f"do as well or better; in {count['strong'] - low.sum()} this is undecided." in words
    read_as_rst(text)
    few = verdicts.assign(verdict=verdicts["verdict"].mask(verdicts["class"] == CLASSES[0], "too few images"))
    undecided = int((few["headline"] & ((few["class"] == CLASSES[0]) | few["verdict"].isna())).sum())
    assert undecided and f"{undecided} maps have no verdict" in cover(few)
    assert headlines.count_verdicts(few[few["headline"]])["n_none"] == (few[few["headline"]]["verdict"] == "none").sum()


def test_the_cover_answers_in_a_sentence_a_topic_and_needs_no_findings(verdicts):
    assert "findings.html" not in cover(verdicts)
    judged, described = (headlines.answers(judge.judge(whole_study(n))[0]) for n in (20, 5))
    assert len(judged) == len(described) == len(sentences.TOPICS)
    text = cover(verdicts, answers=described, judged=judged, most_networks=20)
    read_as_rst(text)
    places = [text.replace("\\", "").index(f"- {answer.removesuffix('.')}") for answer in judged]
    assert places == sorted(places) and "From up to 20 networks of a kind" in text
    assert "In these 5 networks" not in text and "findings.html" in text  # what decides stands there alone
    alone = cover(verdicts, answers=described)
    read_as_rst(alone)
    assert "**In short.**" not in alone and "In these 5 networks" in alone


def test_our_own_findings_stand_before_the_need_and_the_claims_of_the_paper():
    findings = judge.judge(whole_study(20))[0]
    found = headlines.published_answers(findings, "Use is not need.")
    assert found.pop(3) == "Use is not need." and found == headlines.answers(findings)


def flips(*verdicts, **columns):
    """Rows of `tables/flips.csv` with these verdicts, upper ends of 0.1, 0.11 and so on."""
    rows = pd.DataFrame({"verdict": verdicts, "flip_high": 0.1 + 0.01 * np.arange(len(verdicts)), "need_high": 0.3})
    return rows.assign(
        **{"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 0, "class": "ant"} | columns
    )


def test_the_cover_first_says_which_classes_are_followed_or_needed_and_the_bound_of_what_is_not_shown(verdicts):
    table = flips("follows", "follows and needs", "not shown", "cannot tell", seed=[0, 1, 2, 3])
    shirt = flips("needs", "not shown", "not recognised", augmentation="afa", **{"class": ["bee_", "c", "d"]})
    text = headlines.flip_answer(pd.concat([table, shirt]), 2)
    assert text == (
        "3 of 5 networks follow or need the fine spectrum of a class, a texture or artefact: ant (zoo, small: followed "
        "and needed in 2 of 4 networks); bee_ (zoo, small, afa: needed). In 2 of 7 tests of a class this is not shown: "
        "by the upper ends of all intervals, at most 12 % of other images are called the class, and 30 % of its own "
        "are lost. In 2 the images do not decide, or the class is not recognised."
    )
    for verdict in VERDICTS:
        assert headlines.flip_answer(flips(verdict), 1).startswith("1 of 1 networks follows or") == (verdict in FOUND)
    assert headlines.UNSEEN == NOT_SHOWN_VERDICT
    page = cover(verdicts, flips=text)
    read_as_rst(page)
    assert page.replace("\\", "").index(text) < page.index("**Strong maps.**")
    assert "; 1 more." in headlines.flip_answer(pd.concat([table, shirt]), 1)
    unseen = headlines.flip_answer(flips("not shown", "not shown", seed=[0, 1]), 2)
    assert unseen.startswith("Of 2 networks, none was seen to follow or need") and "at most 11 %" in unseen


def test_the_cover_counts_the_networks_whose_maps_are_tested(verdicts):
    headline = verdicts[verdicts["headline"]]
    networks = headline[RUN].drop_duplicates().assign(test_accuracy=0.9)
    without = networks.assign(seed=networks["seed"] + 100, test_accuracy=0.1)
    unknown = networks[:1].assign(network="never_tested")
    expected = headlines.network_rows(networks, headline, 12)
    assert headlines.network_rows(pd.concat([without, networks, unknown]), headline, 12) == expected


def test_the_cover_names_the_strongest_of_many_shortcuts_and_counts_the_others():
    run = {"dataset": "d", "network": "n", "augmentation": "none", "seed": 0}
    verdicts = pd.DataFrame({"class": list("abcde"), "margin": [0.5, 0.9, 0.8, 0.2, 0.1], "fill": "swap", **run})
    verdicts = verdicts.assign(verdict=["strong", "strong", "strong", "none", None], tpr_dfm=0.9, fpr_dfm=0.1)
    verdicts["than_lowest"] = ["as well", "undecided", "worse", "worse", None]
    networks = pd.DataFrame([{**run, "test_accuracy": 0.9}])
    for most, named, more in ((2, ["b", "c"], 1), (3, ["a", "b", "c"], 0)):
        (row,) = headlines.network_rows(networks, verdicts, most)
        assert ([entry["class"] for entry in row["strong"]], row["more"], row["n_strong"]) == (named, more, 3)
        assert (row["fill"], row["n_none"], row["n_without"]) == ("swap", 1, 1)
        assert (row["n_lowest"], row["n_open"]) == (2, 1)
    (row,) = headlines.network_rows(networks, verdicts.assign(than_lowest=None), 3)
    assert (row["n_lowest"], row["n_open"]) == (0, 0)


# Tables 1 to 3 of the published study, against values looked up one by one

NAMES = ["zebra", "10", "ox"]
RUNS = [("p", "b", "none", 0), ("p", "b", "none", 1), ("p", "a", "sin", 0), ("q", "b", "none", 3)]


@pytest.fixture
def of_runs():
    """Verdicts of these runs, with rates at random."""
    table = pd.concat([made_up_verdicts([run], NAMES, seed=i) for i, run in enumerate(RUNS)], ignore_index=True)
    rates = [name for name in table if name.startswith(("tpr_", "fpr_"))]
    table[rates] = np.random.default_rng(0).random((len(table), len(rates)))
    return table.assign(verdict=["strong", "none", "weak"] * (4 * len(RUNS)))


@pytest.fixture
def ood():
    generator = np.random.default_rng(1)
    renditions = {"p": ["toy", "art"], "q": ["art"]}
    rows = [
        (*run, rendition, c, "keep", fill, kind, generator.random())
        for run in RUNS
        for rendition, c, fill, kind in product(renditions[run[0]], NAMES, ("swap", "zeros"), paper_tables.FILTERS)
    ]
    return pd.DataFrame(rows, columns=[*RUN, "rendition", "class", "part", "fill", "filter", "tpr"])


def test_rates_hold_the_chosen_networks_in_their_order(of_runs):
    over = shortcuts.over_seeds(of_runs)
    table = paper_tables.rates_over_seeds(over, [["p", "a", "sin"], ["p", "b", "none"]])
    assert list(table["class"]) == NAMES * 2 and list(table["network"]) == ["a"] * 3 + ["b"] * 3
    assert list(table["seeds"]) == [1] * 3 + [2] * 3 and list(table["strong_seeds"]) == [1, 0, 0, 2, 0, 0]
    published = of_runs.query("part == 'keep' and fill == 'zeros' and dataset == 'p'").set_index(["network", "class"])
    for row in table.to_dict("records"):
        values = published.loc[[(row["network"], row["class"])], "fpr_dfm"]
        assert np.isclose(row["fpr_dfm_mean"], values.mean())
        assert np.isclose(row["fpr_dfm_sd"], values.std(ddof=1), equal_nan=True)
    for some, name in ((over, "c"), (over.query("fill == 'swap'"), "b")):
        with pytest.raises(ValueError, match=f"there are no shortcut tests of p, {name}, none with the fill zeros"):
            paper_tables.rates_over_seeds(some, [["p", name, "none"]])


def test_a_row_by_rendition_holds_every_test_of_a_class(of_runs, ood):
    table = paper_tables.by_rendition(ood, of_runs)
    assert len(table) == 3 * len(NAMES) * 6
    columns = [f"tpr_{images}_{kind}" for images in ("original", "toy", "art") for kind in ("mean", "sd")]
    assert list(table.columns[6:]) == columns
    assert list(table["class"].iloc[::6]) == NAMES * 3 and list(table["filter"]) == [*paper_tables.FILTERS] * 9
    values = defaultdict(list)
    for row in of_runs.query("part == 'keep' and fill == 'zeros'").to_dict("records"):
        for kind in paper_tables.FILTERS:
            values[(*(row[key] for key in RUN[:3]), row["class"], kind, "original")].append(row[f"tpr_{kind}"])
    for *network, _, rendition, name, _, fill, kind, tpr in ood.itertuples(index=False):
        if fill == "zeros":
            values[*network, name, kind, rendition].append(tpr)
    for row in table.to_dict("records"):
        for images in ("original", "toy", "art"):
            seeds = values[(*(row[key] for key in RUN[:3]), row["class"], row["filter"], images)]
            expected = np.mean(seeds) if seeds else np.nan
            assert np.isclose(row[f"tpr_{images}_mean"], expected, equal_nan=True)
            spread = np.std(seeds, ddof=1) if len(seeds) > 1 else np.nan
            assert np.isclose(row[f"tpr_{images}_sd"], spread, equal_nan=True)
    # Runs without renditions do not enter.
    assert set(paper_tables.by_rendition(ood[ood["dataset"] == "p"], of_runs)["dataset"]) == {"p"}
