"""Tables 1 to 3 of the published study, against values looked up one by one."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts import shortcuts
from frequency_shortcuts.findings import paper_tables

CLASSES = ["zebra", "10", "ox"]
RUNS = [("p", "b", "none", 0), ("p", "b", "none", 1), ("p", "a", "sin", 0), ("q", "b", "none", 3)]
RUN = ["dataset", "network", "augmentation", "seed"]


@pytest.fixture
def verdicts():
    generator = np.random.default_rng(0)
    rows = [
        {**dict(zip(RUN, run, strict=True)), "class": c, "part": part, "fill": fill}
        for run, part, fill, c in product(RUNS, ("keep", "remove"), ("zeros", "swap"), CLASSES)
    ]
    table = pd.DataFrame(rows).assign(margin=0.5, measure=0.5, largest_other=0.1, headline=False)
    for rate, kind in product(("tpr", "fpr"), ("unfiltered", "dfm", "random", "radial", "low_pass", "other")):
        table[f"{rate}_{kind}"] = generator.random(len(table))
    for end in ("low", "high"):
        table[f"tpr_dfm_{end}"], table[f"fpr_dfm_{end}"] = table["tpr_dfm"], table["fpr_dfm"]
    table["verdict"] = ["strong", "none", "weak"] * (4 * len(RUNS))
    return table


def published(table):
    """The test that the study published."""
    return table.query("part == 'keep' and fill == 'zeros'")


@pytest.fixture
def ood(verdicts):
    generator = np.random.default_rng(1)
    renditions = {"p": ["toy", "art"], "q": ["art"]}
    rows = [
        {**dict(zip(RUN, run, strict=True)), "rendition": r, "class": c, "part": "keep", "fill": fill, "filter": f,
         "tpr": generator.random()}
        for run in RUNS
        for r, c, fill, f in product(renditions[run[0]], CLASSES, ("swap", "zeros"), paper_tables.FILTERS)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_rates_hold_the_chosen_networks_in_their_order(verdicts):
    over = shortcuts.over_seeds(verdicts)
    table = paper_tables.rates(over, [["p", "a", "sin"], ["p", "b", "none"]])
    assert list(table["class"]) == CLASSES * 2 and list(table["network"]) == ["a"] * 3 + ["b"] * 3
    assert list(table["seeds"]) == [1] * 3 + [2] * 3 and list(table["strong_seeds"]) == [1, 0, 0, 2, 0, 0]
    for _, row in table.iterrows():
        selected = (
            published(verdicts).query("dataset == 'p'").loc[lambda rows, row=row: rows["network"] == row["network"]]
        )
        values = selected.loc[selected["class"] == row["class"], "fpr_dfm"]
        assert np.isclose(row["fpr_dfm_mean"], values.mean())
        assert np.isclose(row["fpr_dfm_sd"], values.std(ddof=1), equal_nan=True)
    with pytest.raises(ValueError, match="there are no shortcut tests of p, c, none with the fill zeros"):
        paper_tables.rates(over, [["p", "c", "none"]])
    with pytest.raises(ValueError, match="there are no shortcut tests of p, a, sin with the fill zeros"):
        paper_tables.rates(over.query("fill == 'swap'"), [["p", "a", "sin"]])


def test_runs_without_renditions_do_not_enter(verdicts, ood):
    table = paper_tables.by_rendition(ood[ood["dataset"] == "p"], verdicts)
    assert set(table["dataset"]) == {"p"}
