"""The explorer: one page, which needs no other file, to look at every class, network and size of map."""

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from frequency_shortcuts.exchange.answers import BOUND, LEAST_MARGIN, LEAST_RECALL, PARTS
from frequency_shortcuts.figures.canvas import CONTROLS, control_label
from frequency_shortcuts.figures.shortcuts import VERDICTS
from frequency_shortcuts.shortcuts.verdict import LOWEST, MOST_FPR, RECOGNISED_TPR
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.storage.tables import RUN

from .typeset import PAGES

SIDE = 112  # pixels of the longer side of a picture; larger ones are shrunk
LIMIT = 8e6  # bytes that the pictures may take, by estimate; above that, fewer classes are shown
ROWS = {  # filter in the table of verdicts -> what is kept, in words
    "unfiltered": "all frequencies (unfiltered)",
    "dfm": "the map",
    **{kind: CONTROLS[kind] for kind in ("radial", "random", "low_pass", "other")},
}


def explorer_page(
    title: str, sets: Iterable[tuple[Any, ...]], verdicts: pd.DataFrame, flips: pd.DataFrame, tested: Mapping[str, Any]
) -> str:
    """The page as text; data sets and their networks are offered in this order.

    sets : of each data set its name, the names of the k classes shown, the note on them, an image of each, uint8
        [k, channels, H, W], and of each network its run and what `examples.read_reduced` yields, to be read one after
        the other
    verdicts, flips : `tables/shortcuts.csv` and `tables/flips.csv`
    tested : `fills`, `split` of the images and `percent` of the spectrum, as in the test; `strong`, as in `verdicts`
    """
    datasets, judged = [], verdicts[verdicts["part"] == "keep"]
    for dataset, classes, note, images, networks in sets:
        shown = {"name": dataset, "note": note, "classes": classes, "images": [*map(png, images)], "networks": []}
        for run, sizes in networks:
            flip, rate = _rows(flips, run, "class"), _rows(judged, run, "class", "fill")
            shown["networks"].append({
                "name": "{network}, {augmentation} (seed {seed})".format(**run).replace(", none (", " ("),
                "flips": [_flips(flip.get((name,), {})) for name in classes],
                "rates": [_rates([rate.get((name, fill), {}) for fill in tested["fills"]]) for name in classes],
                "sizes": [_size(*reduced) for reduced in sizes],
            })  # fmt: skip
        datasets.append(shown)
    content = {"split": tested["split"], "percent": f"{tested['percent']:g}", "datasets": datasets}
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return PAGES.get_template("explorer.html.jinja").render(
        title=title, side=SIDE, most_fpr=MOST_FPR, data=data.replace("<", "\\u003c"), parts=PARTS, bound=BOUND,
        recall=LEAST_RECALL, margin=LEAST_MARGIN, fills=[named(fill).words for fill in tested["fills"]],
        **{name: tested[name] for name in ("split", "percent", "strong")},
    )  # fmt: skip


def affordable(shapes: Iterable[tuple[int, ...]], sizes: int, fills: int, most: int) -> int:
    """The number of classes of each data set, at most `most`, whose pictures stay below `LIMIT`.

    shapes : (class, H, W) of the maps of each network; sizes, fills : how many of each
    """
    sides = (np.array(shape[1:]) for shape in shapes)
    cost = sizes * sum(np.prod(side * min(1, SIDE / side.max())) + 500 for side in sides)
    return int(np.clip(LIMIT / (cost * 4 / 3 * (fills + 0.2)), 1, most))  # a map takes a fifth of a picture


def _rows(table: pd.DataFrame, run: Mapping[str, Any], *keys: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a run by the values of these columns."""
    own = table[(table[RUN] == [run[name] for name in RUN]).all(axis=1)]
    return {tuple(row[key] for key in keys): row for row in own.to_dict("records")}


def _flips(row: Mapping[str, Any]) -> str:
    """The verdict of the exchange test on a class, and its numbers."""
    if not row:
        return "not tested"
    parts = [] if pd.isna(row["follows"]) else filter(None, row["follows"].split(", "))
    followed = " and ".join(PARTS[part].words for part in parts)
    numbers = ", ".join(f"{part} {_number(row, part)}" for part in PARTS)
    return f"{' '.join(filter(None, (row['verdict'], followed)))}: {numbers}"


def _rates(under: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The lines of a table: a heading, then a TPR and an FPR, or one text, for each fill, whose row is in `under`."""
    rates = [
        [words, *(_number(row, f"{rate}_{kind}") for row in under for rate in ("tpr", "fpr"))]
        for kind, words in ROWS.items()
    ]
    return [*rates, ["verdict", *map(_verdict, under)], ["margin", *map(_margin, under)]]


def _number(row: Mapping[str, Any], name: str) -> str:
    """A number with its interval, where it has one."""
    if pd.isna(row.get(name)):
        return "not measured"
    ends = [np.clip(row[f"{name}_{end}"], -1, 1) for end in ("low", "high") if f"{name}_{end}" in row]
    return f"{row[name]:z.2f}" + (f" [{ends[0]:z.2f}, {ends[1]:z.2f}]" if ends else "")


def _verdict(row: Mapping[str, Any]) -> str:
    if not row:
        return "not tested"
    if pd.isna(row["verdict"]):
        return f"no verdict: TPR of unfiltered images below {RECOGNISED_TPR}"
    lowest = LOWEST.get(row["than_lowest"]) if row["verdict"] in ("strong", "weak") else None
    return "; ".join(filter(None, (VERDICTS[row["verdict"]], lowest)))


def _margin(row: Mapping[str, Any]) -> str:
    if pd.isna(row.get("margin")):
        return "not measured"
    return f"{_number(row, 'margin')} over {control_label(row['best_control'], row['closest_class'])}"


def _size(percent: float, masks: BoolArray, pictures: Sequence[FloatArray]) -> dict[str, Any]:
    """The map of each class, where what is kept is black, its size, and the image reduced to it under each fill."""
    classes = [
        {
            "map": _encoded(Image.fromarray(~mask[::-1])),
            "kept": int(mask.sum()),
            "of": mask.size,
            "reduced": [*map(png, under_fills)],
        }
        for mask, under_fills in zip(masks, zip(*pictures, strict=True), strict=True)
    ]
    return {"percent": f"{percent:g}", "classes": classes}


def png(image: npt.NDArray[Any]) -> str:
    """An image [channels, H, W], uint8 or numbers from 0 to 1, as a small PNG in base64.

    One and three channels are shown as they are; of others, their mean. Numbers in colour are written with at most 256
    colours, which takes less than half of the bytes.
    """
    exact = image.dtype == np.uint8
    if len(image) not in (1, 3):
        image = image.mean(axis=0, keepdims=True)
    pixels = np.rint(image if exact else 255 * image).astype(np.uint8)
    picture = Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    picture.thumbnail((SIDE, SIDE))
    if not exact and picture.mode == "RGB":
        picture = picture.quantize(256, dither=Image.Dither.NONE)
    return _encoded(picture)


def _encoded(picture: Image.Image) -> str:
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return base64.b64encode(target.getvalue()).decode()
