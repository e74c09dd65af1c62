"""Every class with every map"""

from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import clearest_shortcuts, of_kind
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import CULLING, read_table
from study.drawings import cross_matrix
from study.drawings.selection import first_and_rest


def draw(
    dataset: str, store: str, table: str, advantage: str, shortcuts: str, first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    classes = read_classes(store)
    verdicts, *tables = (rows[rows["dataset"] == dataset] for rows in map(read_table, (shortcuts, table, advantage)))
    kind, *rest = first_and_rest(verdicts, first[dataset])
    matrix, gain = (
        rows.assign(network=rows["network"] + (", " + rows["method"]).where(rows["method"] != CULLING, ""))
        for rows in (of_kind(table, kind) for table in tables)
    )
    shown = clearest_shortcuts(verdicts, classes, most)
    kinds = f"{' '.join(kind).removesuffix(' none')}, the first of {1 + len(rest)} kinds of networks" if rest else ""
    note = "; ".join(filter(None, (kinds, shown.note)))
    return cross_matrix.cross_matrix(matrix, gain, shown.names(classes), note)
