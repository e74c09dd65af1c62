"""Tests of networks."""

import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import clearest_shortcuts, of_kind
from frequency_shortcuts.figures.shortcuts import MOST, shortcuts
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import CULLING, read_table
from study.drawings import exchange
from study.drawings import shortcuts as drawings
from study.drawings.selection import clearest_flips, first_and_rest
from study.findings.claims import lines


def draw_shortcuts(
    dataset: str, store: str, table: str, verdicts: str, networks: str, claims: list[str], most: int
) -> Figure:
    """What is still recognised from a few frequencies"""
    classes = read_classes(store)
    rows, judged, of_networks = (
        found[found["dataset"] == dataset] for found in map(read_table, (table, verdicts, networks))
    )
    shown = clearest_shortcuts(judged, classes, most)
    sizes = of_networks.groupby(["network", "augmentation"])["parameters"].max().to_dict()
    words = lines(map(read_table, claims), "d f g d2 d3", dataset)
    return shortcuts(rows, shown.names(classes), shown.note, parameters=sizes, claims=words)


def draw_sizes(dataset: str, store: str, table: str, verdicts: str, most: int) -> Figure:
    """Maps of several sizes

    The table holds TPR - FPR, mean over classes and networks.
    """
    classes = read_classes(store)
    rows, judged = (found[found["dataset"] == dataset] for found in map(read_table, (table, verdicts)))
    display(rows.pivot_table("measure", "percent", "filter", sort=False).round(2))
    shown = clearest_shortcuts(judged, classes, min(most, MOST))
    return drawings.sizes(rows, shown.names(classes), shown.note)


def draw_cross(
    dataset: str, store: str, table: str, advantage: str, shortcuts: str, first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    """Every class with every map"""
    classes = read_classes(store)
    verdicts, *tables = (rows[rows["dataset"] == dataset] for rows in map(read_table, (shortcuts, table, advantage)))
    kind, *rest = first_and_rest(verdicts, first[dataset])
    matrix, gain = (
        rows.assign(network=rows["network"] + (", " + rows["method"]).where(rows["method"] != CULLING, ""))
        for rows in (of_kind(table, kind) for table in tables)
    )
    shown = clearest_shortcuts(verdicts, classes, most)
    return drawings.cross_matrix(matrix, gain, shown.names(classes), _note(kind, rest, shown.note))


def draw_ood(
    dataset: str, store: str, table: str, shortcuts: str, claims: list[str], first: dict[str, list[str]], fill: str,
    most: int,
) -> Figure:  # fmt: skip
    """Do shortcuts survive outside the training data?

    The table holds TPR and FPR, mean over classes, networks and draws.
    """
    classes = read_classes(store)
    rows, verdicts = (found[found["dataset"] == dataset] for found in map(read_table, (table, shortcuts)))
    display(rows.pivot_table(["tpr", "fpr"], "rendition", ["fill", "filter"], sort=False).round(2))
    shown = clearest_shortcuts(verdicts, classes, most)
    words = lines(map(read_table, claims), "e1", dataset)
    kinds = first_and_rest(rows, first[dataset])
    rows = pd.concat([of_kind(rows[rows["fill"] == fill], kind) for kind in kinds])
    return drawings.out_of_distribution(rows, shown.names(classes), claims=words, note=shown.note)


def draw_transfer(dataset: str, store: str, table: str, verdicts: str, claims: list[str], most: int) -> Figure:
    """Do maps work on another network?"""
    tested, judged = (rows[rows["dataset"] == dataset] for rows in map(read_table, (table, verdicts)))
    classes = read_classes(store)
    shown = clearest_shortcuts(judged, classes, most)
    words = lines(map(read_table, claims), "e2", dataset)
    return drawings.transfer(tested, judged, shown.names(classes), words, shown.note)


def draw_flips(
    dataset: str, store: str, table: str, claims: list[str], first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    """What a network follows"""
    classes = read_classes(store)
    rates = read_table(table).query("dataset == @dataset")
    kind, *rest = first_and_rest(rates, first[dataset])
    shown = clearest_flips(rates, classes, most)
    note, words = _note(kind, rest, shown.note), lines(map(read_table, claims), "h", dataset)
    return exchange.flips(of_kind(rates, kind), shown.names(classes), note, words)


def _note(kind: tuple[str, str], rest: list[tuple[str, str]], shown: str) -> str:
    """What stands below a figure of the first of several kinds of networks."""
    kinds = f"{' '.join(kind).removesuffix(' none')}, the first of {1 + len(rest)} kinds of networks" if rest else ""
    return "; ".join(filter(None, (kinds, shown)))
