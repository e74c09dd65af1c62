"""What an analysis finds by maps, and of which classes figures show it."""

from collections.abc import Sequence
from dataclasses import dataclass

import h5py
import pandas as pd

from frequency_shortcuts.figures import selection
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.shortcuts.examples import Cards
from frequency_shortcuts.spectrum.arrays import BoolArray

from .cells import MOST
from .stored_fields import read_frame, read_object, write_array, write_frame, write_object


@dataclass(frozen=True)
class MapResult:
    """What was found by maps.

    maps : bool [class, H, W], centred, the frequencies in the map of each class
    found : scores of the search; None for maps of the user
    rates, verdicts : every rate that was measured, see `hits.rates`, and every verdict, see `shortcuts.verdicts`
    cards : what the cards of the clearest classes show
    """

    maps: BoolArray
    found: Found | None
    rates: pd.DataFrame
    verdicts: pd.DataFrame
    cards: Cards


def of_network(verdicts: pd.DataFrame, network: str) -> pd.DataFrame:
    """Verdicts with the columns by which figures tell networks apart."""
    return verdicts.assign(dataset="", network=network, augmentation="none", seed=0)


def shown_classes(
    verdicts: pd.DataFrame, classes: Sequence[str], network: str
) -> selection.ClassSelection:
    """The classes that figures of maps show: of more than twelve, those with the clearest shortcut."""
    return selection.clearest_shortcuts(of_network(verdicts, network), classes, MOST)


def write_maps(group: h5py.Group, result: MapResult) -> None:
    """Write the result of maps to a group of an HDF5 file; `read_maps` reads it."""
    write_array(group, "maps", result.maps)
    if result.found is not None:
        write_object(group.create_group("found"), vars(result.found))
    write_frame(group, "tables/rates", result.rates)
    write_frame(group, "tables/verdicts", result.verdicts)
    write_object(group.create_group("cards"), vars(result.cards))


def read_maps(group: h5py.Group) -> MapResult:
    """What `write_maps` wrote."""
    return MapResult(
        group["maps"][:],
        Found(**read_object(group["found"])) if "found" in group else None,
        read_frame(group, "tables/rates"),
        read_frame(group, "tables/verdicts"),
        Cards(**read_object(group["cards"])),
    )
