"""The tables of the study, from tests of several runs, and the text of the cover about them."""

import pandas as pd
import pytest
from made_up_hits import random_hits

from conftest import ROOT, made_up_tests, made_up_verdicts
from frequency_shortcuts.evaluation import verdicts as rates
from frequency_shortcuts.evaluation.cross import cross_matrix
from frequency_shortcuts.findings import definitions, headlines, judge, study_tables
from frequency_shortcuts.findings.numbers import Tables
from frequency_shortcuts.storage.tables import RUN, read_table, write_table

PHOTOGRAPHS = [("photos", "small", "none", 0), ("photos", "small", "none", 1), ("photos", "large", "sin", 0)]
SYNTHETIC = [("syn", "small", "none", 0)]
CLASSES = ["ant", "bee", "none"]


def stored(table, path):
    """The table after it was written and read."""
    write_table(table, path)
    return read_table(path)


@pytest.fixture
def tests():
    return pd.concat([made_up_tests(PHOTOGRAPHS, CLASSES), made_up_tests(SYNTHETIC, ["C0", "C1"], neutral="C0")])


@pytest.fixture
def verdicts(tmp_path):
    tables = [made_up_verdicts(PHOTOGRAPHS, CLASSES), made_up_verdicts(SYNTHETIC, ["C0", "C1"], neutral="C0")]
    return stored(pd.concat(tables), tmp_path / "verdicts.csv")


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
    again = stored(table, tmp_path / "verdicts.csv")
    assert list(again["class"]) == list(table["class"]) and list(again["verdict"]) == list(table["verdict"])
    assert list(again["closest_class"].dropna()) == list(table["closest_class"].dropna())
    matrix = study_tables.of_run(cross_matrix(hits), run, classes)
    assert set(matrix["map"]) == set(matrix["class"]) == set(classes)


def test_external_maps_stand_beside_ours_under_each_part_and_fill(verdicts):
    external = made_up_verdicts(PHOTOGRAPHS[:1], CLASSES, seed=1).assign(positions=60, maps="hfss")
    table = study_tables.with_external_maps(verdicts, [external])
    assert len(table) == 2 * 3 * 4 and list(table["maps"]) == ["ours", "hfss"] * 12
    assert list(table["positions"]) == [51, 60] * 12
    assert (table.iloc[::2][["class", "part", "fill"]].to_numpy() == table.iloc[1::2][["class", "part", "fill"]]).all(
        axis=None
    )


def test_draws_are_averaged_within_each_fill(tests):
    ood = tests[tests["part"] == "keep"].drop(columns=["fpr", "negatives"]).assign(rendition="toy")
    table = study_tables.mean_over_draws(ood.assign(new=ood["tpr"]), [*RUN, "rendition"])
    keys = [*RUN, "rendition", "class", "part", "fill", "filter"]
    assert not table.duplicated(keys).any() and "negatives" not in table
    assert table["new"].equals(table["tpr"]) and not {"draw", "positions", "tpr_low"} & set(table)
    selected = "network == 'large' and `class` == 'bee' and fill == 'swap' and filter == 'random'"
    assert table.query(selected)["tpr"].item() == pytest.approx(ood.query(selected)["tpr"].mean())
    transfer = tests[tests["part"] == "keep"].drop(columns=RUN[1:]).assign(maps_of="a", tested_on="b")
    table = study_tables.mean_over_draws(transfer, ["dataset", "maps_of", "tested_on"])
    assert set(table["negatives"]) == {100}  # findings weigh a false positive rate by it


def test_a_class_has_a_strong_shortcut_by_the_headline_alone(verdicts):
    table = pd.DataFrame([{**dict(zip(RUN, run, strict=True)), "class": c} for run in SYNTHETIC for c in ("C0", "C1")])
    joined = study_tables.with_strong_shortcuts(table, verdicts)
    expected = verdicts.query("dataset == 'syn' and fill == 'swap' and part == 'keep'")["verdict"].item() == "strong"
    assert list(joined["strong_shortcut"]) == [False, expected]  # the neutral class has no headline
    assert joined["strong_shortcut"].dtype == bool
    with pytest.raises(pd.errors.MergeError):
        study_tables.with_strong_shortcuts(table, pd.concat([verdicts, verdicts]))


def cover(verdicts, **changes):
    """The text of the cover, with the available tables. The lowest frequencies do as well for the first class."""
    verdicts = verdicts.assign(low_frequency=verdicts["class"] == CLASSES[0])
    networks = verdicts[RUN].drop_duplicates().assign(test_accuracy=0.9)
    headline = verdicts[verdicts["headline"]]
    values = {
        "percent": 5, "strong": 0.6, "findings": [], "pictures": [], "n_tested": len(headline),
        "networks": headlines.network_rows(networks, headline, 12), **headlines.count_verdicts(headline),
        "judged_from": rates.RECOGNISED_TPR, "most_fpr": rates.MOST_FPR,
        "steps": [{"step": "all", "minutes": 1.0, "resumed": 2}],
    }  # fmt: skip
    template = (ROOT / "report" / "headlines.rst.jinja").read_text()
    return headlines.fill_template(template, **values | changes)


def read_as_rst(text):
    """Its document, in which a mistake is an error."""
    from docutils.core import publish_doctree

    return publish_doctree(text, settings_overrides={"halt_level": 2})


def test_the_cover_counts_the_verdicts_of_the_headline(tests, verdicts):
    headline = verdicts[verdicts["headline"]]
    count = headline["verdict"].value_counts()
    low = (headline["verdict"] == "strong") & (headline["class"] == CLASSES[0])
    missing = int(headline["verdict"].isna().sum())
    text = cover(verdicts)
    assert f"In all, {count['strong']} of {len(headline)} tests" in text and f"{missing} have no verdict" in text
    assert low.any() and f"Of {low.sum()} of the strong ones, the lowest frequencies" in text
    read_as_rst(text)


def test_the_cover_counts_classes_with_too_few_images_as_undecided(verdicts):
    few = verdicts.assign(verdict=verdicts["verdict"].mask(verdicts["class"] == CLASSES[0], "too few images"))
    undecided = int((few["headline"] & ((few["class"] == CLASSES[0]) | few["verdict"].isna())).sum())
    assert undecided and f"{undecided} have no verdict" in cover(few)
    assert headlines.count_verdicts(few[few["headline"]])["n_none"] == (few[few["headline"]]["verdict"] == "none").sum()


def test_the_cover_gives_each_finding_that_decides_with_its_verdict(verdicts):
    """A study without data for them has eight rows that say what they need."""
    table, _ = judge.judge(Tables())
    text = cover(verdicts, findings=headlines.finding_rows(table))
    read_as_rst(text.replace("`findings.html`_", "findings.html").replace("`findings_all.svg`_", "findings_all.svg"))
    for finding in definitions.FINDINGS.values():
        assert finding.claim in text
    assert text.count(definitions.NO_DATA + ".") >= len(definitions.FINDINGS)


def test_the_cover_counts_the_networks_whose_maps_are_tested(verdicts):
    headline = verdicts[verdicts["headline"]]
    networks = headline[RUN].drop_duplicates().assign(test_accuracy=0.9)
    without = networks.assign(seed=networks["seed"] + 100, test_accuracy=0.1)
    unknown = networks[:1].assign(network="never_tested")
    assert headlines.network_rows(pd.concat([without, networks, unknown]), headline, 12) == headlines.network_rows(
        networks, headline, 12
    )
