"""The tables of a study: those of its tests (see `tests`), and all others."""

from frequency_shortcuts.spectrum.fills import ZEROS

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
