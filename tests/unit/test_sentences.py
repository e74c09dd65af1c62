"""A finding in plain words, for the report's cover, the README and the docs, whichever way it comes out."""

import numpy as np
import pytest
import verdict_rows

from bench import gallery_laptop
from frequency_shortcuts.findings import sentences
from frequency_shortcuts.findings.definitions import FINDINGS
from frequency_shortcuts.storage.tables import write_table

ON = "on photographs (fashion_mnist; resnet18_w8, none)"


@pytest.mark.parametrize(
    ("letter", "verdict", "text"),
    [
        ("d", "holds",
         f"Yes: {ON}, quantity of d: 0.75, mean of 5 networks (95 % interval 0.62 to 0.88). The finding holds. "
         "Classes with a strong shortcut in most networks: Trouser (5 of 5), Bag (4 of 5)."),
        ("g", "does not hold",
         f"No: {ON}, quantity of g: -0.50, mean of 5 networks (95 % interval -0.75 to -0.25). The finding does "
         "not hold."),
        ("e1", "open",
         f"Open: {ON}, quantity of e1: 0.06, mean of 5 networks (95 % interval -0.06 to 0.19). The finding stays "
         "open: the half width of the interval is 0.12."),
        ("b", "does not hold",
         "No: on synthetic sets (syn_1, syn_2, syn_3, syn_4; resnet18_w8, none), quantity of b: 1 of 12 networks (a "
         "share of 0.08; 95 % interval -0.17 to 0.33; threshold 0.5). The finding does not hold."),
        ("f", "no data", "No data. The study needs: two seeds more."),
    ],
)  # fmt: skip
def test_a_sentence_asks_answers_and_gives_its_numbers(letter, verdict, text):
    assert sentences.sentence(verdict_rows.row(letter, verdict)) == f"{FINDINGS[letter].question} {text}"


def test_a_sentence_says_of_what_its_interval_is():
    few = verdict_rows.row("f", "open", interval="these networks", networks=1)
    assert "mean of 1 network (95 % interval -0.06 to 0.19, over the images of these networks)" in sentences.sentence(
        few
    )
    clear = sentences.sentence(verdict_rows.row("f", "open", low=0.01, high=0.1))
    assert clear.endswith("is beyond the threshold, but not after Holm's correction for all findings.")
    alone = verdict_rows.row("f", "open", low=np.nan, high=np.nan, half_width=np.nan, interval="")
    assert sentences.sentence(alone).endswith("0.06, mean of 5 networks. The finding stays open: it has no interval.")
    assert sentences.sentence(verdict_rows.row("d", "holds", detail=np.nan)).endswith("in most networks: none.")


def test_a_sentence_ends_with_the_number_of_other_methods_without_a_verdict():
    row = verdict_rows.row("e1", "open")
    other = verdict_rows.row("e1", "", role="beside", method="rise", value=0.5, low=0.4, high=0.6, p=0.00123)
    different = [other | {key: "other"} for key in ("finding", "quantity", "data", "networks_of")]
    rows = [row, other, *different, other | {"method": np.nan}]
    said = "With the maps of rise (not judged): 0.50, mean of 5 networks (95 % interval 0.40 to 0.60), unadjusted p "
    assert sentences.sentence(row, rows) == f"{sentences.sentence(row)} {said}0.0012."
    assert sentences.short(row, rows) == sentences.short(row).replace(" in 5", " (0.50 by rise) in 5")


@pytest.mark.parametrize("verdicts", [*((verdict,) for verdict in verdict_rows.VERDICTS), verdict_rows.VERDICTS])
def test_the_docs_have_a_sentence_and_a_row_for_each_finding(tmp_path, verdicts):
    (tmp_path / "tables").mkdir()
    write_table(verdict_rows.table(*verdicts), tmp_path / "tables" / "findings.csv")
    findings = gallery_laptop.findings(tmp_path)
    assert list(findings["sentences"]) == list(FINDINGS)
    rows = [line.strip("|").split("|") for line in findings["decides"].splitlines()]
    assert len(rows) == 2 + len(FINDINGS) and {len(row) for row in rows} == {11}
    assert [row[-1].strip() for row in rows[2:]] == [verdicts[i % len(verdicts)] for i in range(8)]
    assert len(findings["beside"].splitlines()) == 4 and "own-map advantage, swap" in findings["beside"]
    topics = dict(gallery_laptop.topics(tmp_path))
    assert len(topics) == 5 and set().union(*gallery_laptop.TOPICS.values()) == set(FINDINGS)
    for text in (*findings["sentences"].values(), *topics.values()):
        assert "nan" not in text
    if verdicts == verdict_rows.VERDICTS:
        assert topics["A few frequencies"] == "Claim of d: no data."
        assert topics["Without bands"] == "Claim of b: does not hold, in 1 of 12 networks on synthetic sets."
