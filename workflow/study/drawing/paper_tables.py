"""Tables 1 to 3 of the paper."""

from collections.abc import Sequence

import pandas as pd
from IPython.display import display

from frequency_shortcuts.storage.files import write_text
from frequency_shortcuts.storage.tables import write_table
from study.drawing import typeset
from study.drawing.study import Study
from study.findings import study_tables

TITLES = {
    "table_1": "TPR and FPR of the baseline",
    "table_2": "TPR and FPR of other networks and augmentations",
    "table_3": "TPR and FPR by class and rendition",
}


def show_rates(
    study: Study,
    name: str,
    over_seeds: pd.DataFrame,
    verdicts: pd.DataFrame,
    chosen: Sequence[Sequence[str]],
) -> None:
    """Table 1 or 2, of the chosen networks: data set, network and augmentation."""
    table = study_tables.rates_over_seeds(over_seeds, chosen)
    _show(study, name, table, study_tables.networks_with_weak_maps(table, verdicts))


def show_renditions(study: Study, ood: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    """Table 3."""
    _show(study, "table_3", study_tables.by_rendition(ood, verdicts), [])


def _show(study: Study, name: str, table: pd.DataFrame, notes: Sequence[str]) -> None:
    """Show a table; if the workflow runs the notebook, also save it as CSV and LaTeX."""
    display(table, *notes)
    if not study.saves:
        return
    path = study.results / "tables" / f"{name}.csv"
    write_table(table, path)
    caption = ". ".join([TITLES[name], *notes])
    write_text(path.with_suffix(".tex"), typeset.latex(table, caption, f"tab:{name}"))
