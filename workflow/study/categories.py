"""The order of results in the report, and how each is marked there."""

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

EXPLORER = Result("explorer: every class, network and size of map", "findings")
CONFIGURATION = Result("the configuration in use", "run")


def marks(result: Result, caption: str, name: str = "") -> dict[str, Any]:
    """The keywords of Snakemake's `report()` for one file.

    caption : a file in report/captions; name : which of several figures of a kind it is

    There is only one label: Snakemake turns a second label with two values, each on half of the results, into a switch,
    and the page breaks if a result has no counterpart.
    """
    return {
        "caption": f"../../report/captions/{caption}.rst",
        "category": CATEGORIES[result.category],
        "labels": {"result": f"{result.title}: {name}" if name else result.title},
    }
