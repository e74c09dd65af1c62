"""What is still recognised from a few frequencies"""

from matplotlib.figure import Figure

from frequency_shortcuts.figures import shortcuts
from frequency_shortcuts.figures.selection import clearest_shortcuts
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.findings.claims import lines


def draw(dataset: str, store: str, table: str, verdicts: str, networks: str, claims: list[str], most: int) -> Figure:
    classes = read_classes(store)
    rows, judged, of_networks = (
        found[found["dataset"] == dataset] for found in map(read_table, (table, verdicts, networks))
    )
    shown = clearest_shortcuts(judged, classes, most)
    sizes = of_networks.groupby(["network", "augmentation"])["parameters"].max().to_dict()
    words = lines(map(read_table, claims), "d f g d2 d3", dataset)
    return shortcuts.shortcuts(rows, shown.names(classes), shown.note, parameters=sizes, claims=words)
