"""What a network follows"""

from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import of_kind
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings import exchange
from study.drawings.selection import clearest_flips, first_and_rest
from study.findings.claims import lines


def draw(
    dataset: str, store: str, table: str, claims: list[str], first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    classes = read_classes(store)
    rates = read_table(table)
    rates = rates[rates["dataset"] == dataset]
    kind, *rest = first_and_rest(rates, first[dataset])
    shown = clearest_flips(rates, classes, most)
    kinds = f"{' '.join(kind).removesuffix(' none')}, the first of {1 + len(rest)} kinds of networks" if rest else ""
    note, words = "; ".join(filter(None, (kinds, shown.note))), lines(map(read_table, claims), "h", dataset)
    return exchange.flips(of_kind(rates, kind), shown.names(classes), note, words)
