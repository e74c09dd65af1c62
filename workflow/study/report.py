"""What the report calls its figures and tables, and how it files them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Result(NamedTuple):
    """A figure or table in the report. category: a key of `CATEGORIES`. caption: a file in report/captions."""

    title: str
    category: str
    caption: str


# What the study says first, then in the order of the paper.
CATEGORIES = {
    "findings": "0. Findings",
    "samples": "1. Synthetic data",
    "dynamics": "2. What is learned first",
    "bandstop": "3. Removing bands",
    "adcs": "4. What sets a class apart (ADCS)",
    "dfm": "5. Dominant frequencies",
    "shortcuts": "6. Shortcut tests",
    "ood": "7. Out of distribution",
    "beyond": "8. Beyond the paper",
    "run": "9. How it was run",
}

FIGURES = {
    "samples": Result("images and spectra", "samples", "samples.rst"),
    "dynamics": Result("learning dynamics", "dynamics", "dynamics.rst"),
    "bandstop": Result("band-stop test", "bandstop", "bandstop.rst"),
    "adcs": Result("ADCS", "adcs", "adcs.rst"),
    "dfm": Result("dominant frequency maps", "dfm", "dfm.rst"),
    "cards": Result("class cards", "dfm", "cards.rst"),
    "filtered": Result("images reduced to the maps", "dfm", "filtered.rst"),
    "findings": Result("findings and their intervals", "findings", "findings.rst"),
    "shortcuts": Result("TPR - FPR with controls", "shortcuts", "shortcuts.rst"),
    "renditions": Result("the renditions", "ood", "renditions.rst"),
    "ood": Result("TPR by rendition", "ood", "ood.rst"),
    "truth": Result("maps against the planted truth", "beyond", "truth.rst"),
    "stability": Result("stability of the maps", "beyond", "stability.rst"),
    "curves": Result("recall without some frequencies", "beyond", "curves.rst"),
    "sensitivity": Result("error under single plane waves", "beyond", "sensitivity.rst"),
    "corruptions": Result("recall under corruptions", "beyond", "corruptions.rst"),
    "rule_graph": Result("rule graph", "run", "rule_graph.rst"),
}

CONFIGURATION = Result("the configuration in use", "run", "config.rst")

# The tables that the report shows, where the study makes them.
TABLES = {
    name: Result(title, category, "table.rst")
    for name, title, category in (
        ("findings", "the paper's findings, tested", "findings"),
        ("published_numbers", "published numbers beside ours", "findings"),
        ("table_1", "TPR and FPR of the baseline (table 1)", "shortcuts"),
        ("table_2", "larger networks and augmentations (table 2)", "shortcuts"),
        ("shortcuts", "verdict on every class, network and seed", "shortcuts"),
        ("shortcuts_over_seeds", "mean and spread over seeds", "shortcuts"),
        ("transfer", "maps of one network tried on another", "shortcuts"),
        ("published", "maps of the published tools beside ours", "shortcuts"),
        ("table_3", "TPR by class and rendition (table 3)", "ood"),
        ("ood", "every test on renditions", "ood"),
        ("planted_use", "is the planted mask used?", "beyond"),
        ("truth", "maps scored against what was planted", "beyond"),
        ("stability", "how stable the maps are", "beyond"),
        ("curves", "recall without some frequencies", "beyond"),
        ("corruptions", "recall under corruptions", "beyond"),
        ("networks", "networks and their accuracy", "run"),
        ("runtimes", "run times and memory", "run"),
        ("provenance", "versions, commit, device, seeds", "run"),
    )
}


def marks(result: Result, name: str = "") -> Mapping[str, Any]:
    """The keywords of Snakemake's `report()`; `name` says which of several figures of one kind it is.

    One label only: Snakemake makes a switch of a second label with two values, each on half of the results, and the
    page breaks where a result lacks its twin.
    """
    return {
        "caption": f"../../report/captions/{result.caption}",
        "category": CATEGORIES[result.category],
        "labels": {"result": f"{result.title}: {name}" if name else result.title},
    }
