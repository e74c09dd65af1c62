"""The order of results in the report, and how each is marked there."""

from typing import Any, NamedTuple


class Result(NamedTuple):
    """A figure or table in the report.

    category : a key of `CATEGORIES`; number : of the figure or table of the paper that it rebuilds
    """

    title: str
    category: str
    number: str = ""


# In the order of the paper.
CATEGORIES = {
    "claims": "0. The claims",
    "samples": "1. Data",
    "dynamics": "2. What is learned first",
    "adcs": "3. What sets a class apart: ADCS",
    "maps": "4. Maps and shortcuts",
    "texture": "5. Texture or shape",
    "capacity": "6. Capacity and augmentation",
    "other": "7. Other images and networks",
    "beyond": "8. Beyond the paper",
    "run": "9. How it was run",
}

EXPLORER = Result("explorer: every class, network and size of map", "maps")
CONFIGURATION = Result("the configuration in use", "run")
NOTEBOOKS = Result("the executed notebooks", "run")


def marks(result: Result, caption: str, name: str = "") -> dict[str, Any]:
    """The keywords of Snakemake's `report()` for one file.

    caption : a file in report/captions; name : which of several figures of a kind it is

    The report sorts by the label, so that "Figure 6 · maps" stands before "Figure: others", and figures before tables.
    There is only one label: Snakemake turns a second label with two values, each on half of the results, into a switch,
    and the page breaks if a result has no counterpart.
    """
    head = {"figure": "Figure: ", "table": "Table: "}.get(caption, "")
    label = (f"{result.number} · " if result.number else head) + result.title
    return {
        "caption": f"../../report/captions/{caption}.rst",
        "category": CATEGORIES[result.category],
        "labels": {"result": f"{label}: {name}" if name else label},
    }
