"""The tables of a study, those of its tests (see `tests`) and all others, and the captions of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import yaml
from jinja2 import Environment

from frequency_shortcuts.spectrum.fills import ZEROS
from study.findings.definitions import PUBLISHED

from .columns import FILES, column
from .description import Result, Table
from .plan import Plan
from .tests import TESTS

OTHERS = {
    "graded": Table(planned=Plan.graded_seeds),
    "graded_dynamics": Table(planned=Plan.graded_seeds),
    "table_1": Table(
        Result("TPR and FPR of the baseline", "maps", "Table 1"),
        lambda plan: plan.baselines() and ZEROS.name in plan.config["shortcuts"]["fills"],
    ),
    "table_2": Table(
        Result("TPR and FPR of other networks and augmentations", "capacity", "Table 2"),
        lambda plan: plan.non_baselines() and ZEROS.name in plan.config["shortcuts"]["fills"],
    ),
    "table_3": Table(
        Result("TPR and FPR by class and rendition", "other", "Table 3"),
        lambda plan: (
            plan.ood_datasets() and all(ZEROS.name in plan.config[part]["fills"] for part in ("shortcuts", "ood"))
        ),
    ),
    "claims": Table(Result("the claims", "claims")),
    "claim_variants": Table(Result("variants of the claims", "claims")),
    "claim_numbers": Table(),
    "runtimes": Table(Result("run times and memory", "run")),
    "provenance": Table(Result("versions, commit, device, seeds", "run")),
}
TABLES = {**{name: table for test in TESTS.values() for name, table in test.tables.items()}, **OTHERS}
SHOWN = {name: table.result for name, table in TABLES.items() if table.result}  # those in the report

CAPTIONS = yaml.safe_load(Path(__file__).with_name("captions.yaml").read_text())
# The last path of a table is `tables/{name}.csv`.
CAPTIONS["tables"] = {PurePath(paths).stem: file["caption"] for paths, file in FILES.items() if "caption" in file}


@dataclass(frozen=True)
class Caption:
    """The caption of a table, of a page, or of the figures of a kind; as a text, it is filled in.

    A param of this type re-runs nothing, since Snakemake compares only params of builtin types.

    template : of `CAPTIONS`; captions.yaml says what it sees
    names, parameters : the names of the figures, and the parameters of the first one
    """

    template: str = field(repr=False)
    config: Mapping[str, Any] = field(repr=False)
    names: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        environment = Environment(trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(CAPTIONS["phrases"] + self.template)
        given = {"config": self.config, "names": self.names, "parameters": self.parameters, "published": PUBLISHED}
        return template.render(given, column=_of_column).strip()


def _of_column(table: str, name: str) -> str:
    """What a column of a table means, as a sentence in RST."""
    text = column(f"tables/{table}.csv", name).text.replace("`", "``")
    return f"*{name.capitalize()}*: {text}."
