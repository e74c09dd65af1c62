"""Copies of pictures in which the other classes get what JPEG or resizing left in one class."""

import io
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageOps
from tqdm import tqdm

from frequency_shortcuts.data_check.comparison import SETS_APART, compare_classes, share_facts
from frequency_shortcuts.data_check.file_facts import jpeg_settings
from frequency_shortcuts.images.artefacts import BLOCKS, LOST, put
from frequency_shortcuts.images.folders import Files, few
from frequency_shortcuts.images.labelled import as_files
from frequency_shortcuts.images.pictures import BILINEAR, opened, upright
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.storage.files import check_folder, explain_full_disk
from frequency_shortcuts.storage.tables import write_table

from .data_images import DataImages, read_data

NEARLY_ALL = 0.9  # share of files whose size is taken as that of all
NONE = "none"  # quality of files that are no JPEG
AS_IT_WAS = "as it was"
SUMMARY = """{out} has {images} pictures, all PNG of 8 bits{deep}. Made like those of {name}: {done}. matched.csv \
lists them.
Test images and all later images need the same before the network sees them, but for those that have it already: \
{settings}. By JPEG and Resize of torchvision.transforms.v2; or, of class folders in which {name} has it, by --match \
OUT {options}."""
Size = tuple[int, int]  # width, height
Jpeg = tuple[str, dict[str, Any]]  # its quality in words, and settings with which Pillow saves it


@dataclass(frozen=True)
class LeftInClass:
    """What JPEG or resizing left in a class.

    k : number of the class; quality : of JPEG, as `FileFacts` names it, of most of its files; size : of nearly all of
    its files, if classes differ in it; scale : share of its sides to which the class was resized, and back
    """

    k: int
    quality: str | None
    size: Size | None
    scale: float | None


def match(
    images: Path | Files,
    out: Path,
    *,
    name: str | None = None,
    quality: int | None = None,
    scale: float | None = None,
    seed: int = 0,
    **reading: Any,
) -> tuple[pd.DataFrame, str]:
    """Write copies of pictures to a folder, in which the other classes get what JPEG or resizing left in one class.

    Copies are PNG of 8 bit, all grey or all colour: no format tells the class. A picture without JPEG as the class has
    it is saved once as a file of the class was, drawn. If these have a size of their own, the others get that before,
    and then all get the smaller size.

    images, reading (source, size) : as of `read_data`. out : is empty or not there, and not in images
    name : of the class. Default: of the lowest quality or smallest size, if files of classes differ so, or by its cause
    quality : of JPEG, 1 to 100. Default: of the files. scale : share of its sides to which the class was resized, and
        back. seed : of the files that are drawn

    Returns the table of matched.csv (path, label, done), and what to say. Raises ValueError if no trace is known.
    """
    out = check_folder(out).resolve()
    given = _given_pictures(images, out)
    data = read_data(given, None, classes=None, progress=True, **reading)
    old = [Path(path) for path in data.names]
    new = _new_names(old, given.root)
    trace = _find_trace(data, name, quality, scale, seed)
    in_class = data.labels == trace.k
    of_files = quality is None and trace.quality is not None
    jpegs = _jpeg_of_each(data, trace, given.root, of_files, seed)
    last = trace.size
    if last is not None:  # the smaller one
        last = min(last, _common_size(data.facts["size"][~in_class]) or last, key=np.prod)
    done = []
    with _whole_folder(out) as partial:
        bar = tqdm(old, desc="matching", unit="file", disable=None)
        for path, target, stays, jpeg in zip(bar, new, in_class, jpegs, strict=True):
            with opened(given.root / path) as stored:
                picture = upright(stored, data.images.shape[1], data.tones.range)
            words: list[str] = []
            if not stays:
                picture = _resized_as(picture, trace, words)
            if jpeg is not None:
                picture = _as_jpeg(picture, jpeg, words)
            picture = _fitted(picture, last, words)
            (partial / target).parent.mkdir(parents=True, exist_ok=True)
            picture.save(partial / target)
            done.append(", ".join(words) or AS_IT_WAS)
        labels = np.array(data.classes)[data.labels]
        table = pd.DataFrame({"path": new, "label": labels, "done": done})
        write_table(table, partial / "matched.csv")
    return table, _summary(out, table, data, trace, of_files)


def _given_pictures(images: Path | Files, out: Path) -> Files:
    given = as_files(images)
    if given is None:
        raise ValueError(
            f"{images} is no folder of pictures: expected one, or a CSV that lists pictures"
        )
    if given.path == given.root and out.is_relative_to(given.root.resolve()):
        raise ValueError(f"{out} lies in {given.root}: expected a folder outside of it")
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty: expected a new folder")
    return given


def _new_names(old: list[Path], root: Path) -> list[Path]:
    """The names of the copies: with the ending .png instead of theirs, or after it if that makes two the same."""
    new = [path.with_suffix(".png") for path in old]
    if len(set(new)) < len(new):
        new = [path.with_name(f"{path.name}.png") for path in old]
    if any(path.is_absolute() or ".." in path.parts for path in new):
        raise ValueError(f"pictures are not in {root}: list each by a path below it")
    return new


def _find_trace(
    data: DataImages, name: str | None, quality: int | None, scale: float | None, seed: int
) -> LeftInClass:
    """The class with a trace, and what it is."""
    if name is not None and name not in data.classes:
        raise ValueError(f"no class {name}: choose from {few(data.classes, 20)}")
    shares = share_facts(data.facts[["quality", "size"]], data.labels, len(data.classes))
    apart = shares[shares["own"] - shares["others"] >= SETS_APART]
    by_fact = apart.groupby("fact")["class"].agg(list)
    if name is not None:
        k: int | None = data.classes.index(name)
    elif len(by_fact):
        k = _class_by_files(data, by_fact)
    else:
        k = _class_by_cause(data, LOST if scale and not quality else BLOCKS, seed)
    if k is not None:
        in_class = data.labels == k
        size = _common_size(data.facts["size"][in_class]) if "size" in by_fact else None
        of_jpeg = None if quality is None else str(quality)
        if quality is None and ("quality" in by_fact or not (size or scale)):
            of_jpeg = _quality_of_files(data.facts["quality"][in_class])
        if of_jpeg or size or scale:
            return LeftInClass(k, of_jpeg, size, scale)
    raise ValueError(
        "nothing says what JPEG or resizing left in which class: name the class, with its quality (1 to 100) or its "
        "scale (0 to 1)"
    )


def _class_by_files(data: DataImages, by_fact: pd.Series) -> int:
    """The class of the lowest quality or smallest size; by_fact : the classes that a fact sets apart."""
    if "quality" in by_fact:
        qualities = data.facts["quality"].str.extract(r"(\d+)", expand=False)
        levels = qualities.astype(float).fillna(101)
        return int(levels.groupby(data.labels).median().idxmin())
    pixels = data.facts["pixels"].groupby(data.labels).median()
    return int(pixels[by_fact["size"]].idxmin())


def _class_by_cause(data: DataImages, cause: str, seed: int) -> int | None:
    """The class of which most images carry this likely cause."""
    found = compare_classes(data.images, data.labels, len(data.classes), seed=seed).table
    found = found[found["cause"] == cause]
    return None if found.empty else int(found["class"][found["carriers"].idxmax()])


def _quality_of_files(qualities: pd.Series) -> str | None:
    """The quality of most JPEG files, if some are."""
    of_files = qualities[qualities != NONE]
    return None if of_files.empty else of_files.mode()[0]


def _common_size(sizes: pd.Series) -> Size | None:
    """The size of nearly all of some files."""
    shares = sizes.value_counts(normalize=True)
    if shares.iloc[0] < NEARLY_ALL:
        return None
    width, _, height = shares.index[0].partition(" x ")
    return int(width), int(height)


def _jpeg_of_each(
    data: DataImages, trace: LeftInClass, root: Path, of_files: bool, seed: int
) -> Iterator[Jpeg | None]:
    """The JPEG that each picture gets, None for none; of_files : whether it is that of a file of the class, drawn."""
    in_class = data.labels == trace.k
    qualities = data.facts["quality"].to_numpy()
    donors = np.flatnonzero(in_class & (qualities != NONE))
    generator = np.random.default_rng(seed)
    drawn = generator.choice(donors, len(qualities)) if of_files else np.array([], int)
    for i, is_needed in enumerate(_needs_jpeg(qualities, in_class, trace)):
        if not is_needed:
            yield None
        elif of_files:
            yield qualities[drawn[i]], jpeg_settings(root / data.names[drawn[i]])
        else:
            yield str(trace.quality), {"quality": int(trace.quality or 0)}


def _needs_jpeg(qualities: npt.NDArray[Any], in_class: BoolArray, trace: LeftInClass) -> BoolArray:
    """Whether pictures get JPEG, [n]: all that do not have it as the class has it."""
    if trace.quality is None:
        return np.zeros(len(qualities), bool)
    has = in_class & (qualities != NONE)
    if not has.any():  # the class has it in files of another format
        has = in_class
    return ~(has | (qualities == trace.quality))


def _resized_as(picture: Image.Image, trace: LeftInClass, words: list[str]) -> Image.Image:
    """A picture resized as the class was; what was done is added to the words."""
    if trace.scale is not None:
        pixels = np.atleast_3d(np.array(picture)).transpose(2, 0, 1)
        resized = put("resized", trace.scale, pixels[None])[0]
        picture = Image.fromarray(resized.transpose(1, 2, 0).squeeze())
        words.append(f"resized by {trace.scale:g} and back")
    return _fitted(picture, trace.size, words)


def _as_jpeg(picture: Image.Image, jpeg: Jpeg, words: list[str]) -> Image.Image:
    quality, settings = jpeg
    words.append(f"JPEG {quality}")
    file = io.BytesIO()
    picture.save(file, "JPEG", **settings)
    return Image.open(file, formats=["JPEG"])


def _fitted(picture: Image.Image, size: Size | None, words: list[str]) -> Image.Image:
    """A picture that is cropped to the shape of a size and resized to it, unless it has the size."""
    if size is None or picture.size == size:
        return picture
    words.append(f"resized to {size[0]} x {size[1]}")
    return ImageOps.fit(picture, size, BILINEAR)


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """A folder that becomes `out` at the end of the block, and is gone if that fails."""
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with explain_full_disk(partial):
            yield partial
            os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _summary(
    out: Path, table: pd.DataFrame, data: DataImages, trace: LeftInClass, of_files: bool
) -> str:
    """What was made, and how to make the same of other images; of_files : whether JPEG was that of files."""
    name = data.classes[trace.k]
    deep = data.tones.count
    counts = table["done"].value_counts().drop(AS_IT_WAS, errors="ignore")
    options = [f"--class {shlex.quote(name)}"]
    if trace.quality is not None and not of_files:
        options.append(f"--quality {trace.quality}")
    if trace.scale is not None:
        options.append(f"--scale {trace.scale}")
    return SUMMARY.format(
        out=out,
        images=len(table),
        deep=f" ({deep:,} had 16: a network that reads 16 bits needs another scale)"
        if deep
        else "",
        name=name,
        settings=table.loc[table["label"] != name, "done"].mode()[0],
        done=few([f"{words} ({count})" for words, count in counts.items()]),
        options=" ".join(options),
    )
