"""The tables of a study, those of its tests (see `tests`) and all others, and what the report shows of its results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

from frequency_shortcuts.spectrum.fills import ZEROS
from study.findings.definitions import PUBLISHED_RATES

from .columns import column
from .description import Planned
from .tests import TESTS

# Each table `tables/{name}.csv`, and what is true of plans that have it.
TABLES: dict[str, Planned] = {
    **{name: planned or test.runs for test in TESTS.values() for name, planned in test.tables.items()},
    "table_1": lambda plan: plan.baselines() and ZEROS.name in plan.config["shortcuts"]["fills"],
    "table_2": lambda plan: plan.non_baselines() and ZEROS.name in plan.config["shortcuts"]["fills"],
    "table_3": lambda plan: (
        plan.ood_datasets() and all(ZEROS.name in plan.config[part]["fills"] for part in ("shortcuts", "ood"))
    ),
    **dict.fromkeys(
        (
            "claims",
            "claim_variants",
            "claims_by_class",
            "claim_numbers",
            "claim_matrices",
            "runtimes",
            "provenance",
        ),
        lambda plan: True,
    ),
}
REPORT = yaml.safe_load(Path(__file__).with_name("report.yaml").read_text())
SHOWN: Mapping[str, Mapping[str, str]] = REPORT["tables"]  # the tables in the report
_HEADS = {"figures": "Figure: ", "tables": "Table: ", "pages": ""}


def marks(section: str, name: str, figure: str = "all") -> dict[str, Any]:
    """The keywords of Snakemake's `report()` for one file, whose rule has the param `caption`.

    section : figures, tables or pages; name : there; figure : which of several figures of a kind it is

    The report sorts by the label, so that "Figure 6 · maps" stands before "Figure: others", and figures before tables.
    There is only one label: Snakemake turns a second label with two values, each on half of the results, into a switch,
    and the page breaks if a result has no counterpart.
    """
    result = REPORT[section][name]
    number = result.get("numbers", {}).get(figure, result.get("number"))
    label = (f"{number} · " if number else _HEADS[section]) + result["title"]
    return {
        "caption": f"../../report/captions/{'table' if section == 'tables' else 'caption'}.rst",
        "category": REPORT["categories"][result["category"]],
        "labels": {"result": label if figure == "all" else f"{label}: {figure}"},
    }


@dataclass(frozen=True)
class Caption:
    """A caption in the report; as a text, it is filled in.

    A param of this type re-runs nothing, since Snakemake compares only params of builtin types.

    template : of `REPORT`; report.yaml says what it sees
    names, parameters : the names of the figures, and the parameters of the first one
    """

    template: str = field(repr=False)
    config: Mapping[str, Any] = field(repr=False)
    names: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        environment = Environment(trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(REPORT["phrases"] + self.template)
        given = {
            "config": self.config,
            "names": self.names,
            "parameters": self.parameters,
            "published": PUBLISHED_RATES,
        }
        return template.render(given, column=_of_column).strip()


def _of_column(table: str, name: str) -> str:
    """What a column of a table means, as a sentence in RST."""
    text = column(f"tables/{table}.csv", name).text.replace("`", "``")
    return f"*{name.capitalize()}*: {text}."
