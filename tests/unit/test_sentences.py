"""The findings in plain words, on the cover and in the docs."""

import re

import numpy as np
import pandas as pd
import pytest
from made_up_results import finding, verdicts_of, whole_study

from bench import numbers
from frequency_shortcuts.findings import headlines, judge, sentences
from frequency_shortcuts.findings.definitions import FINDINGS, NO_DATA
from frequency_shortcuts.findings.evidence import Tables
from frequency_shortcuts.storage.tables import read_table, write_table

CASES = [(letter, verdict) for letter in FINDINGS for verdict in verdicts_of(letter)]


@pytest.mark.parametrize(("letter", "verdict"), CASES)
def test_every_verdict_on_every_finding_has_a_sentence(letter, verdict):
    text = sentences.plain([finding(letter, verdict)], [letter])
    assert "nan" not in text and "{" not in text and "None" not in text
    if verdict == NO_DATA:
        assert text == ""
        return
    assert text[0].isupper() and text.endswith(".")
    assert ("not decided" in text or "leaves open" in text) == (verdict in ("open", "undecided"))
    if letter != "c":
        assert ("these 5" in text or "of 5 networks" in text) == (verdict == "described")


@pytest.mark.parametrize(
    ("letter", "verdict", "text"),
    [
        ("d", "holds", "A class of photographs is recognised 75 percentage points better from its own map than from "
         "the average map of another class (95 % interval 62 to 88)."),
        ("d3", "worse", "A class of photographs is recognised 50 percentage points worse from its own map than from "
         "the map of another class that does best on other images (95 % interval -62 to -38)."),
        ("f", "as well", "The advantage of the own map is as large in the widest networks as in the narrowest (a "
         "difference of 3 percentage points, 95 % interval -9 to 16; up to 10 counts as none)."),
        ("g", "undecided", "It is not decided whether the advantage of the own map is larger or smaller in networks "
         "trained with augmentation than in those without (a difference of 3 percentage points, 95 % interval -9 to "
         "16; up to 10 counts as none)."),
        ("e2", "described", "In these 5 networks, with the maps of another network, a class is recognised 3 percentage "
         "points better from its own map than from the average map of another (95 % interval -9 to 16)."),
        ("b", "does not hold", "Without two of four bands of frequencies, in the worst of three pairs, 1 of 20 "
         "networks still recognise the class C2 of images that we made, unlike in the paper."),
        ("c", "described", "Of these 10 classes of photographs, how early they are learned and how much their "
         "frequencies differ from the others have a rank correlation of 0.03, p = 0.01 by permutation of the 10 "
         "classes."),
        ("h", "holds", "Networks on ordinary photographs follow the fine spectrum of no class: of other images that "
         "get the fine spectrum of a class, at most 3 percentage points more are called this class (mean over networks "
         "of a kind; the intervals end at 6, the limit is 10)."),
        ("h", "does not hold", "Networks on ordinary photographs follow the fine spectrum of a class (Shirt): of other "
         "images that get the fine spectrum of a class, up to 50 percentage points more are called this class (mean "
         "over networks of a kind; the intervals end at 6, the limit is 10)."),
    ],
)  # fmt: skip
def test_a_sentence_has_the_strength_and_the_interval(letter, verdict, text):
    quantity = {"quantity": "C2 survives"} if letter == "b" else {}
    assert sentences.plain([finding(letter, verdict, **quantity)], [letter]) == text


def test_one_network_and_numbers_without_an_interval():
    row = finding("f", "described", networks=1, low=np.nan, high=np.nan, half_width=np.nan, interval="", value=-0.01)
    assert sentences.plain([row], ["f"]) == (
        "In this network, the advantage of the own map is 1 percentage point smaller in the widest networks than in "
        "the narrowest."
    )


def test_rows_with_one_verdict_share_a_clause_and_others_are_named():
    rows = [finding("d", "holds", method=method, quantity=f"own-map advantage, {fill}", value=value)
            for method, fill, value in (("culling", "zeros", 0.75), ("mixture", "zeros", 0.5))]  # fmt: skip
    assert "is recognised 50 to 75 percentage points better" in sentences.plain(rows, ["d"])
    swap = finding("d", "open", quantity="own-map advantage, swap")
    text = sentences.plain([*rows, swap], ["d"])
    assert "(culling, zeros; mixture, zeros: 95 % intervals within" in text
    assert "; not decided with culling, swap (a difference of 3 percentage points" in text
    worse = finding("d", "does not hold", quantity="own-map advantage, swap", value=-0.5)
    assert "; worse with culling, swap (a difference of -50 percentage points" in sentences.plain([*rows, worse], ["d"])
    mixed = [finding("d", "described", value=value) for value in (-0.02, 0.05)]
    assert "between 2 percentage points worse and 5 percentage points better" in sentences.plain(mixed, ["d"])


@pytest.mark.parametrize(("high", "start"), [(0.02, "at most 2 percentage points better"), (-0.01, "no better"),
                                             (0.06, "better or worse")])  # fmt: skip
def test_what_is_not_decided_is_said_as_far_as_the_interval_goes(high, start):
    text = sentences.plain([finding("d2", "undecided", value=-0.04, low=-0.09, high=high)], ["d2"])
    assert f"is recognised {start} from its own map" in text
    assert ("; whether it is worse is not decided (a difference" in text) == (start != "better or worse")


@pytest.mark.parametrize(
    ("verdicts", "how"),
    [(["as well", "as well"], "as well"), (["worse"], "better"), (["as well", "worse"], "as well or better"),
     (["as well", "undecided"], None), (["better"], None), (["described"], None)],
)  # fmt: skip
def test_beside_the_advantage_stands_what_the_lowest_frequencies_do(verdicts, how):
    rows = [finding("d", "holds"), *(finding("d2", verdict) for verdict in verdicts)]
    text = sentences.plain(rows, ["d"])
    assert text.endswith(f"; but as many of the lowest frequencies do {how}." if how else ").")


def test_the_ring_stands_in_the_sentence_of_the_gain():
    ring = finding("a", "", role="beside", quantity="rank correlation of a high ring with earliness", value=-0.6)
    text = sentences.plain([finding("a", "holds"), ring | {"low": -0.9, "high": -0.3}], ["a"])
    assert text.endswith("; if it lies in a high ring, the rank correlation is -0.60, 95 % interval -0.90 to -0.30).")


def test_what_is_split_by_kinds_of_networks_or_by_data_sets_is_named():
    rows = [finding("h", verdict, networks_of=name)
            for name, verdict in (("small", "holds"), ("large", "open"), ("deep", "open"))]  # fmt: skip
    text = sentences.plain(rows, ["h"])
    assert text.startswith("Networks of one kind (small) on ordinary photographs follow the fine spectrum of no class:")
    assert ". This is not decided for large; deep (at most " in text
    needed = finding("h", "does not hold", networks_of="small", quantity="need")
    text = sentences.plain([needed, *rows], ["h"])
    assert text.index(" follow ") < text.index(". This is not decided for large; deep") < text.index(" need ")
    assert sentences.plain([rows[1], rows[2]], ["h"]).startswith("It is not decided whether networks of 2 kinds on ")
    two = [finding("c", "described", data=data, detail=f"{count} classes") for data, count in (("a", 10), ("b", 12))]
    text = sentences.plain(two, ["c"])
    assert text.startswith("Of these 10 classes") and "(a); of these 12 classes" in text and text.endswith("(b).")
    two = [finding("d", "described", data=data, value=value) for data, value in (("a", 0.1), ("b", 0.3))]
    assert "recognised 10 percentage points better" in (text := sentences.plain(two, ["d"])) and "(b: 95 %" in text


def test_rows_are_told_apart_by_networks_only_where_maps_and_numbers_are_the_same():
    rows = [finding("h", "holds", networks_of=name, quantity=quantity)
            for quantity in ("flip rate", "need") for name in ("small", "large")]  # fmt: skip
    assert sentences.labels(rows) == ["flip rate, small", "flip rate, large", "need, small", "need, large"]
    two = [finding("d", "holds", method=method, networks_of=method) for method in ("culling", "mixture")]
    assert sentences.labels(two) == ["culling", "mixture"]
    assert sentences.labels(two[:1]) == [""]


@pytest.mark.parametrize("n", [1, 5, 20])
def test_the_cover_and_the_docs_have_the_words_of_a_whole_study(tmp_path, n):
    write_table(judge.judge(whole_study(n), "0123")[0], tmp_path / "findings.csv")
    table = read_table(tmp_path / "findings.csv")
    answers = headlines.answers(table)
    assert len(answers) == len(sentences.TOPICS)
    assert sorted(letter for topic in sentences.TOPICS for letter in topic) == sorted(FINDINGS)
    assert (
        "fine spectrum" in answers[0]
        and "lowest frequencies" in answers[1]
        and "does best on other images" in answers[2]
    )
    assert not any(re.search(r"\bnan\b|None|[{}]", text) for text in (*answers, numbers.brief(table, "d2")))
    rows = [line.strip("|").split("|") for line in numbers.table_of_findings(table).splitlines()]
    assert len(rows) == 2 + (table["role"] == "decides").sum() and {len(row) for row in rows} == {9}
    assert headlines.answers(judge.judge(Tables())[0]) == []  # without data


def test_a_table_of_findings_without_data_has_a_row_for_each():
    table = pd.DataFrame([finding(letter, NO_DATA) for letter in FINDINGS])
    assert len(numbers.table_of_findings(table).splitlines()) == 2 + len(FINDINGS)
