"""Removing two of four bands"""

from matplotlib.figure import Figure

from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings import learning
from study.drawings.selection import first_kinds, most_changed_by_bands
from study.findings.claims import lines


def draw(
    dataset: str, store: str, table: str, claims: list[str], first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    classes = read_classes(store)
    rows = first_kinds(read_table(table).query("dataset == @dataset"), first)
    shown = most_changed_by_bands(rows, classes, most)
    words = lines(map(read_table, claims), "b")
    return learning.band_stop(rows, shown.names(classes), claims=words, note=shown.note)
