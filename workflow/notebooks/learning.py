"""What is learned first, and what is needed."""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings import learning
from study.drawings.selection import first_and_last_learned, first_kinds, most_changed_by_bands
from study.findings.claims import lines


def draw_dynamics(
    datasets: list[str], store: str | None, table: str, claims: list[str], first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    """What is learned first

    The table holds F1 averaged over these iterations and networks: the higher, the earlier a class is learned.
    """
    rows = read_table(table)
    rows = first_kinds(rows[rows["dataset"].isin(datasets)], first)
    display(rows.pivot_table("f1", ["dataset", "class"], "view", sort=False).round(2))
    if store is None:
        return learning.dynamics(rows)
    classes = read_classes(store)
    shown = first_and_last_learned(rows, classes, "f1", most)
    words = lines(map(read_table, claims), "c", datasets[0])
    return learning.learned(rows, shown.names(classes), claims=words, note=shown.note)


def draw_bandstop(
    dataset: str, store: str, table: str, claims: list[str], first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    """Removing two of four bands"""
    classes = read_classes(store)
    rows = first_kinds(read_table(table).query("dataset == @dataset"), first)
    shown = most_changed_by_bands(rows, classes, most)
    words = lines(map(read_table, claims), "b")
    return learning.band_stop(rows, shown.names(classes), claims=words, note=shown.note)


def draw_graded(table: str, claims: list[str]) -> Figure:
    """Is what stands out more learned earlier?

    The table holds means over the sets, by ring.
    """
    rows = read_table(table)
    display(rows.groupby("ring")[["gain", "distinctiveness", "earliness", "recall"]].mean().round(2))
    return learning.graded(rows, lines(map(read_table, claims), "a"))


def draw_reliance(dataset: str, table: str, claims: list[str]) -> Figure:
    """Are the frequencies of the maps needed?

    The table holds both losses with their 95 % intervals; `interval` says of what they are.
    """
    rows = read_table(table).query("dataset == @dataset")
    display(rows.drop(columns=["dataset", "augmentation"]).round(3))
    return learning.reliance(rows, lines(map(read_table, claims), "n", dataset))
