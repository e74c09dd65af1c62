"""The explorer: its pictures are those of the tests, its numbers those of the tables, and what is missing is said."""

import sys

import pandas as pd
import pytest
from test_figures_explorer import (
    CLASSES,
    FILLS,
    content,
    network,  # noqa: F401 (fixtures)
    verdicts_of_network,
)

from conftest import ROOT
from frequency_shortcuts.figures import explorer

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


def test_rates_are_those_of_the_tables_and_only_of_what_was_tested(network, tmp_path):
    verdicts = verdicts_of_network(tmp_path)
    found = content([network], verdicts)["datasets"][0]["networks"][0]
    own, other = found["methods"]
    assert own["measured"] == ["5"] and other["measured"] == []
    assert all(shown["rates"] is None for size in other["sizes"] for shown in size["classes"])
    tests, said = pd.read_csv(network.tests).query("part == 'keep'"), set()
    for size in own["sizes"]:
        for name, shown in zip(CLASSES, size["classes"], strict=True):
            if size["percent"] != "5":
                assert shown["rates"] is None
                continue
            for fill, rates in zip(FILLS, shown["rates"], strict=True):
                mine = tests[(tests["class"] == name) & (tests["fill"] == fill)].set_index("filter")
                row, draws = mine.loc["dfm"], mine.loc["random"]
                assert rates["rows"]["the map"]["tpr"] == pytest.approx(
                    list(row[["tpr", "tpr_low", "tpr_high"]]), abs=1e-4
                )
                assert rates["rows"]["the map"]["fpr"] == pytest.approx(
                    list(row[["fpr", "fpr_low", "fpr_high"]]), abs=1e-4
                )
                uniform = rates["rows"]["random masks, uniform"]
                ends = [draws["fpr"].mean(), draws["fpr"].min(), draws["fpr"].max()]
                assert uniform["draws"] == 10 and uniform["fpr"] == pytest.approx(ends, abs=1e-4)
                assert set(rates["rows"]) == set(explorer.ROWS.values())
                assert (rates["images"], rates["others"]) == (50, 100)
                judged = verdicts.query("part == 'keep' and fill == @fill")
                (line,) = judged[judged["class"] == name].to_dict("records")
                assert rates["margin"][0] == pytest.approx(line["margin"], abs=1e-4)
                assert rates["low"] == pytest.approx(
                    [line[f"low_pass_margin{end}"] for end in ("", "_low", "_high")], abs=1e-4
                )
                assert rates["verdict"] == explorer.VERDICTS.get(line["verdict"])
                assert rates["low_frequency"] is bool(line["low_frequency"])
                is_map = line["best_control"] == "other"
                expected = f"the map of {line['closest_class']}" if is_map else explorer.ROWS[line["best_control"]]
                assert rates["control"] == expected
                said.add((is_map, rates["low_frequency"]))
    few = content([network], verdicts.assign(verdict="too few images"))["datasets"][0]["networks"][0]
    named = {rates["verdict"] for size in few["methods"][0]["sizes"] for one in size["classes"]
             for rates in one["rates"] or ()}  # fmt: skip
    assert named == {"too few images to tell"}
    assert {is_map for is_map, _ in said} == {low for _, low in said} == {True, False}
