"""Tables 1 to 3 of the paper."""

from pathlib import Path

from IPython.display import display

from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table, write_table
from study.drawings import typeset
from study.findings import study_tables


def build(path: str, title: str, over_seeds: str, chosen: list[list[str]], verdicts: str, ood: str) -> None:
    """The tables of the paper"""
    tested, notes = read_table(verdicts), []
    if chosen:
        table = study_tables.rates_over_seeds(read_table(over_seeds), chosen)
        notes = study_tables.networks_with_weak_maps(table, tested)
    else:
        table = study_tables.by_rendition(read_table(ood), tested)
    write_table(table, path)
    caption = ". ".join([title[0].upper() + title[1:], *notes])
    with replacing(Path(path).with_suffix(".tex")) as temporary:
        temporary.write_text(typeset.latex(table, caption, f"tab:{Path(path).stem}"))
    display(table, *notes)
