"""The tables and figures of a study: their names, as far as its runs have them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from frequency_shortcuts.spectrum.fills import ZEROS

from .datasets import has_truth
from .job import WITH_TRUTH

# Each table `tables/{name}.csv`, and the runs without which there is none: a condition on the columns of `runs.table`.
TABLES = {
    "networks": "planned",
    "dynamics": "planned & trained",
    "graded": "graded",
    "graded_dynamics": "graded",
    "bandstop": "bandstop",
    "planted_use": "planted_use",
    "truth": "planted_use",
    "shortcuts": "maps",
    "shortcuts_over_seeds": "maps",
    "cross_matrix": "maps",
    "own_map_advantage": "maps",
    "phase": "phase",
    "exchanges": "maps",
    "sizes": "sizes",
    "ood": "ood",
    "ood_advantage": "ood",
    "ood_cross_matrix": "ood",
    "transfer": "transfer",
    "transfer_advantage": "transfer",
    "transfer_cross_matrix": "transfer",
    "reliance": "reliance",
    "table_1": "maps & first_kind & kind == 'photographs'",
    "table_2": "maps & not first_kind & kind == 'photographs'",
    "table_3": "ood",
    "claims": "planned",
    "claim_variants": "planned",
    "claims_by_class": "planned",
    "claim_numbers": "planned",
    "claim_matrices": "planned",
    "runtimes": "planned",
    "provenance": "planned",
}
# The tables of the paper have the rates with zeros at the other frequencies, in these tests.
TESTS_OF_PAPER = {
    "table_1": ["shortcuts"],
    "table_2": ["shortcuts"],
    "table_3": ["shortcuts", "ood"],
}

# The kind of figure that shows a claim.
FIGURE_OF_CLAIM = {
    "a": "graded",
    "a2": "graded",
    "b": "bandstop",
    "c": "dynamics",
    "d": "shortcuts",
    "e1": "ood",
    "e2": "transfer",
    "f": "shortcuts",
    "g": "shortcuts",
    "t": "texture",
    "n": "reliance",
    "h": "exchanges",
}


def tables(config: Mapping[str, Any], runs: pd.DataFrame) -> list[str]:
    """Names of all tables of a study."""
    return [
        name
        for name, needed in TABLES.items()
        if not runs.query(needed).empty
        and all(ZEROS.name in config[test]["fills"] for test in TESTS_OF_PAPER.get(name, []))
    ]


def figures(runs: pd.DataFrame) -> dict[str, list[str]]:
    """The names of the figures of each kind, in the order of the report: most are drawn once for each data set."""

    def of(needed: str) -> list[str]:
        return list(runs.query(needed)["dataset"].unique())

    mapped = of("maps")
    mapped_photographs = of("maps & kind == 'photographs'")
    made = of(f"planned & kind in {WITH_TRUTH}")
    learned = of("planned & trained & kind == 'photographs'")
    made_and_learned = of(f"planned & trained & kind in {WITH_TRUTH}")
    return {
        "samples": ["synthetic"] if made else [],
        "dynamics": [*learned, *(["synthetic"] if made_and_learned else [])],
        "graded": ["all"] if of("graded") and of("planned") else [],
        "bandstop": of("bandstop"),
        "adcs": of("planned"),
        "dfm": mapped,
        "cards": cards(runs.query("first_seed")),
        "shortcut": (mapped_photographs or mapped)[:1],
        "texture": of("phase & kind == 'photographs'"),
        "shortcuts": mapped,
        "sizes": of("sizes"),
        "renditions": of("ood"),
        "ood": of("ood"),
        "transfer": of("transfer"),
        "exchanges": mapped,
        "reliance": of("reliance"),
        "truth": ["synthetic"] if of("planted_use") else [],
        "claims": ["all"] if of("planned") else [],
    }


def cards(runs: pd.DataFrame) -> list[str]:
    """The names of the cards of networks, one for each row."""
    return ["{dataset}-{network}-{augmentation}".format(**run) for run in runs.to_dict("records")]


def shown(runs: pd.DataFrame, kind: str, names: list[str]) -> list[str]:
    """The figures of a kind, of these names, that stand in the report: of photographs, where these are planned."""
    if kind == "cards":
        first = cards(runs.query("first_seed & first_kind"))
        return [name for name in names if name in first]
    photographs = set(runs.query("planned & kind == 'photographs'")["dataset"])
    if kind in ("dfm", "shortcuts", "exchanges") and photographs:
        return [name for name in names if name in photographs]
    return names


def judged_photographs(config: Mapping[str, Any], runs: pd.DataFrame) -> list[str]:
    """The sets that claims about photographs are judged on: none whose cue was made."""
    photographs = runs.query("planned & kind == 'photographs'")["dataset"].unique()
    return [name for name in photographs if not has_truth(config, name)]


def figures_of_claims(config: Mapping[str, Any], runs: pd.DataFrame) -> dict[str, str]:
    """The figure of each claim that has one in the report: of photographs, if there is one, else the first one."""
    photographs = judged_photographs(config, runs)
    drawn = figures(runs)
    found = {}
    for claim, kind in FIGURE_OF_CLAIM.items():
        names = shown(runs, kind, drawn[kind])
        if names:
            first = min(names, key=lambda name: name not in photographs)
            found[claim] = f"{kind}_{first}"
    return found
