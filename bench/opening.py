"""The picture at the top of the README: a shortcut on a photograph, and planted frequencies beside a map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import yaml
from matplotlib.figure import Figure

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation.examples import reduced_images
from frequency_shortcuts.evaluation.truth import planted
from frequency_shortcuts.figures.panels import Panel, rows_of_panels
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.predictions import predict
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.spectrum import keep, remove
from frequency_shortcuts.spectrum.controls import control_mask
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import RUN, read_table

PLANTED = "plant_present"  # the data set of the lower row
TRIED = 20  # images of a class, to show one with which the network does what it does with most
HIT, EXTRA = 1.0, 0.35  # shades of a map: planted frequencies, and others


@dataclass(frozen=True)
class Case:
    """A class of a network: its row in a table, its map, a test image of it and one of class 0."""

    row: dict[str, Any]
    percent: float
    classes: list[str]
    mask: npt.NDArray[np.bool_]
    pictures: npt.NDArray[np.uint8]
    normalised: torch.Tensor
    network: torch.nn.Module
    store: Path

    def panel(self, above: str, picture: npt.NDArray, seen: torch.Tensor, tpr: str) -> Panel:
        """An image, and below it the class that the network predicts for what it sees, and a TPR of the row."""
        predicted = self.classes[int(predict(self.network, seen)[0])]
        right = predicted == self.row["class"]
        below = f"predicted: {predicted}\n({'right' if right else 'wrong'}; TPR {self.row[tpr]:.2f})"
        return Panel(above, picture, below, right, self.row[tpr])


def tested_percent(study: Path) -> float:
    """The size of the maps that a study tests, in percent of the frequencies."""
    return yaml.safe_load((study / "config.yaml").read_text())["shortcuts"]["percent"]


def strongest(study: Path) -> dict[str, Any]:
    """The class of a network on photographs whose map is furthest above its closest control, strong ones first."""
    tested = read_table(study / "tables" / "shortcuts.csv").query("headline and fill == 'zeros'")
    ranked = tested.assign(strong=tested["verdict"] == "strong")
    return ranked.sort_values(["strong", "margin_low"], ascending=False, kind="stable").iloc[0].to_dict()


def typical(study: Path, percent: float) -> dict[str, Any]:
    """The class of a network on `PLANTED` with the median average precision of its map."""
    scores = read_table(study / "tables" / "truth.csv").query(
        f"dataset == '{PLANTED}' and truth == 'own' and ranking == 'dfm' and cut == 'percent' and uses == True"
    )
    scores = scores[scores["percent"] == percent].sort_values("average_precision", kind="stable")
    verdicts = read_table(study / "tables" / "shortcuts.csv").query("part == 'keep' and fill == 'swap'")
    return scores.merge(verdicts, on=[*RUN, "class"]).iloc[len(scores) // 2].to_dict()


def read_case(study: Path, row: dict[str, Any], percent: float, number: int = 0) -> Case:
    """The files of a study that belong to a row, with the test images of this number of the class and of class 0."""
    run = "{dataset}/{network}/{augmentation}/seed{seed}".format(**row)
    weights, store = study / "networks" / run / "weights.safetensors", study / "data" / f"{row['dataset']}.h5"
    test = stores.read(store, "test", per_class=TRIED, statistics=normalisation(weights))
    c = list(test.classes).index(row["class"])
    places = (np.flatnonzero(test.labels == name) for name in (c, 0))
    pictures = test.images[[of_class[number % len(of_class)] for of_class in places]]
    mask = read_mask(study / "dfm" / f"{run}.h5", percent)[c]
    normalised = normalise(torch.from_numpy(pictures), test.mean, test.std)
    return Case(row, percent, list(test.classes), mask, pictures, normalised, architectures.load(weights), store)


def photograph(case: Case) -> list[Panel]:
    """A test image, its class's map, and what the map and a control of the same radii leave."""
    image, control = case.normalised[:1], control_mask(case.mask, "radial", seed=0)
    kept = f"{case.mask.sum()} of {case.mask.size} frequencies"
    to_map, to_control = (reduced_images(image, mask[None])[0] for mask in (case.mask, control))
    return [
        case.panel("test image", case.pictures[0], image, "tpr_unfiltered"),
        Panel(f"its map: {case.percent:g} % of the\nfrequencies (black)", HIT * case.mask, kept),
        case.panel("all that the map\nleaves of the image", to_map, keep(image, case.mask), "tpr_dfm"),
        case.panel("control: as many others\nat the same radii", to_control, keep(image, control), "tpr_radial"),
    ]


def truth(case: Case) -> list[Panel]:
    """A test image of a planted set, what was planted, the map, and the map's frequencies put into another image."""
    image, donor = case.normalised[:1], case.normalised[1:]
    with read_hdf5(case.store) as file:
        own = planted(file)["own"][case.classes.index(case.row["class"])]
    mixed = keep(image, case.mask) + remove(donor, case.mask)
    shown = np.where(own & case.mask, HIT, EXTRA * case.mask)
    other, precision = case.classes[0], case.row["average_precision"]
    kept = f"{(own & case.mask).sum()} of {own.sum()} are in the map;\naverage precision {precision:.2f}"
    put_in = reduced_images(image, case.mask[None], donor)[0]
    return [
        case.panel("test image", case.pictures[0], image, "tpr_unfiltered"),
        Panel("planted frequencies", HIT * own, f"{own.sum()} of {own.size} frequencies"),
        Panel("the map\n(black: planted)", shown, kept),
        case.panel(f"image of {other} that gets\nthe map's frequencies", put_in, mixed, "tpr_dfm"),
    ]


def cases(study: Path) -> tuple[Case, Case]:
    """The two classes that the picture shows: on photographs, and on a planted set."""
    percent = tested_percent(study)
    return read_case(study, strongest(study), percent), read_case(study, typical(study, percent), percent)


def opening(study: Path) -> Figure:
    """The picture, from the results of a study: of each class the first test image whose panels are all typical."""
    rows = {}
    for what, case, panels in zip(("photograph", "planted set"), cases(study), (photograph, truth), strict=True):
        candidates = (panels(read_case(study, case.row, case.percent, i)) for i in range(TRIED))
        typical_row = next((row for row in candidates if all(panel.typical for panel in row)), panels(case))
        rows[f"{what},\nclass {case.row['class']}"] = typical_row
    return rows_of_panels(rows)
