"""The order of results in the report, and the titles of those that are not figures (see `figures`)."""

from __future__ import annotations

from typing import Any, NamedTuple


class Result(NamedTuple):
    """A figure or table in the report. category: a key of `CATEGORIES`."""

    title: str
    category: str


# What came out stands first, then what leads to it; synthetic data stand behind what photographs show as well.
CATEGORIES = {
    "findings": "0. Findings",
    "shortcuts": "1. Shortcut tests",
    "dfm": "2. Dominant frequencies",
    "ood": "3. Out of distribution",
    "adcs": "4. What sets a class apart (ADCS)",
    "dynamics": "5. What is learned first",
    "bandstop": "6. Removing bands",
    "samples": "7. Synthetic data",
    "beyond": "8. Beyond the paper",
    "run": "9. How it was run",
}

EXPLORER = Result("explorer: every class, network, method and size of map", "findings")
CONFIGURATION = Result("the configuration in use", "run")

# The tables of the report, if the study has them.
TABLES = {
    name: Result(title, category)
    for name, title, category in (
        ("findings", "the paper's findings, tested", "findings"),
        ("table_1", "TPR and FPR of the baseline (table 1)", "shortcuts"),
        ("table_2", "larger networks and augmentations (table 2)", "shortcuts"),
        ("shortcuts", "verdict on every class, network and seed", "shortcuts"),
        ("shortcuts_over_seeds", "mean and spread over seeds", "shortcuts"),
        ("cross_matrix", "every class with every map", "shortcuts"),
        ("own_map_advantage", "own-map advantage of every network", "shortcuts"),
        ("method_own_map_advantage", "own-map advantage with the maps of other methods", "shortcuts"),
        ("transfer", "maps of one network tried on another", "shortcuts"),
        ("table_3", "TPR by class and rendition (table 3)", "ood"),
        ("ood", "every test on renditions", "ood"),
        ("phase", "phase or amplitude?", "beyond"),
        ("planted_use", "is the planted mask used?", "beyond"),
        ("truth", "maps scored against what was planted", "beyond"),
        ("stability", "how stable the maps are", "beyond"),
        ("curves", "recall without some frequencies", "beyond"),
        ("corruptions", "recall under corruptions", "beyond"),
        ("reliance", "are the frequencies of the maps needed?", "beyond"),
        ("harm", "what a strong shortcut costs", "beyond"),
        ("cure", "training that avoids shortcuts", "beyond"),
        ("graded", "gain and earliness in the graded sets", "dynamics"),
        ("networks", "networks and their accuracy", "run"),
        ("runtimes", "run times and memory", "run"),
        ("provenance", "versions, commit, device, seeds", "run"),
    )
}


def label(result: Result, name: str = "") -> dict[str, str]:
    """The label of a result; `name` identifies one of several figures of a kind.

    There is only one label: Snakemake turns a second label with two values, each on half of the results, into a switch,
    and the page breaks if a result has no counterpart.
    """
    return {"result": f"{result.title}: {name}" if name else result.title}


def marks(result: Result, caption: str, name: str = "") -> dict[str, Any]:
    """The keywords of Snakemake's `report()` for one file; caption: a file in report/captions, name: as for `label`."""
    return {
        "caption": f"../../report/captions/{caption}.rst",
        "category": CATEGORIES[result.category],
        "labels": label(result, name),
    }
