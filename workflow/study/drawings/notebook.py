"""What the notebooks share: reading the tables of a figure, and the kinds of networks that it shows."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import kinds_of, of_kind
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw_all(draw: Callable[..., Figure], figures: Iterable[Mapping[str, Any]]) -> None:
    """Draw figures one after the other, save each under the path in `figure`, and show it.

    figures : of each, `figure`, a path without suffix, and the parameters of `draw`. In place of a CSV, `draw` gets its
        table, with the rows of `dataset` alone if the figure has one; of the CSVs in `numbers`, whole tables; of the
        file `classes`, the names of the classes in it.
    """
    for given in figures:
        dataset, taken = given.get("dataset"), inspect.signature(draw).parameters
        read = {name: _read(name, value, dataset) for name, value in given.items() if name in taken}
        canvas.save(draw(**read), given["figure"])
        plt.show()


def _read(name: str, value: Any, dataset: str | None) -> Any:
    if name == "numbers":
        return [read_table(path) for path in value]
    if name == "classes":
        return read_classes(value)
    if not str(value).endswith(".csv"):
        return value
    table = read_table(value)
    return table[table["dataset"] == dataset] if dataset else table


def kinds_from_first(table: pd.DataFrame, first: Sequence[str]) -> list[tuple[str, str]]:
    """The kinds of networks in a table, from the one of this network and augmentation on, if it is there."""
    return sorted(kinds_of(table), key=lambda kind: list(kind) != list(first))


def first_kinds(table: pd.DataFrame, first: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of the first kind of network of each data set; first : its network and augmentation."""
    sets = table.groupby("dataset", sort=False)
    return pd.concat([of_kind(rows, kinds_from_first(rows, first[str(name)])[0]) for name, rows in sets])


def first_kind_note(kinds: Sequence[tuple[str, str]], note: str) -> str:
    """The note of a figure that shows the first of these kinds of networks, before that on its classes."""
    kind = " ".join(kinds[0]).removesuffix(" none")
    first = f"{kind}, the first of {len(kinds)} kinds of networks" if len(kinds) > 1 else ""
    return "; ".join(filter(None, (first, note)))
