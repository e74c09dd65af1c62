"""Copies of pictures in which the other classes get what JPEG or resizing left in one class."""

import io
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from tqdm import tqdm

from frequency_shortcuts.data_check.comparison import SETS_APART, compare_classes, share_facts
from frequency_shortcuts.data_check.file_facts import jpeg_settings
from frequency_shortcuts.data_check.forensics import BLOCK, SIDE
from frequency_shortcuts.images.artefacts import BLOCKS, LOST, PixelArray, put
from frequency_shortcuts.images.folders import Files, few
from frequency_shortcuts.images.pictures import BILINEAR, opened, upright
from frequency_shortcuts.storage.files import check_folder, explain_full_disk
from frequency_shortcuts.storage.tables import write_table

from .data_images import DataImages, read_data
from .images import as_files

COMMON = 0.9  # share of files whose size is taken as that of all
NONE = "none"  # quality of files that are no JPEG
QUALITIES = np.arange(15, 101)  # that are tried, of JPEG that was stored in another format
LOOKED_AT, BESIDE, DIP = 16, 3, 0.1  # images, next qualities, logarithm of an error
AS_IT_WAS = "as it was"
SENTENCES = """{out} has {images} pictures, all PNG. Made like those of {name}: {done}. matched.csv lists them.
Test images and all later images need the same before the network sees them, but for those that have it already: \
{settings}. By JPEG and Resize of torchvision.transforms.v2; or, of class folders in which {name} has it, by --match \
OUT {options}."""
Size = tuple[int, int]  # width, height


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
    quality : of JPEG, 1 to 100. Default: of the files, or what is found in pixels. scale : share of its sides to which
        the class was resized, and back. seed : of the files that are drawn

    Returns the table of matched.csv (path, label, done), and what to say. Raises ValueError if no trace is known.
    """
    out, given = check_folder(out).resolve(), as_files(images)
    if given is None:
        raise ValueError(
            f"{images} is no folder of pictures: expected one, or a CSV that lists pictures"
        )
    if given.path == given.root and out.is_relative_to(given.root.resolve()):
        raise ValueError(f"{out} lies in {given.root}: expected a folder outside of it")
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty: expected a new folder")
    data = read_data(given, None, classes=None, progress=True, **reading)
    root = given.root
    old = [Path(path) for path in data.names]
    new = [path.with_suffix(".png") for path in old]
    new = new if len({*new}) == len(new) else [path.with_name(f"{path.name}.png") for path in old]
    if any(path.is_absolute() or ".." in path.parts for path in new):
        raise ValueError(f"pictures are not in {root}: list each by a path below it")
    k, like, first = _trace(data, name, quality, scale, seed)
    own, qualities = data.labels == k, data.facts["quality"].to_numpy()
    last = first and min(first, _common(data.facts["size"][~own]) or first, key=np.prod)
    donors = np.flatnonzero(own & (qualities != NONE))
    has = (qualities == like) | own & ((qualities != NONE) | (len(donors) == 0))
    of_files = quality is None and like in qualities[donors]
    drawn = (
        np.random.default_rng(seed).choice(donors, len(old)) if of_files else np.arange(len(old))
    )
    partial, done = out.with_name(f".{out.name}.{os.getpid()}"), []
    try:
        with explain_full_disk(partial):
            for i, path in enumerate(tqdm(old, desc="matching", unit="file", disable=None)):
                words: list[str] = []
                with opened(root / path) as stored:
                    picture = upright(stored, data.images.shape[1], data.tones.range)
                if scale is not None and not own[i]:
                    pixels = np.atleast_3d(np.array(picture)).transpose(2, 0, 1)[None]
                    picture = Image.fromarray(
                        put("resized", scale, pixels)[0].transpose(1, 2, 0).squeeze()
                    )
                    words.append(f"resized by {scale:g} and back")
                picture = picture if own[i] else _fitted(picture, first, words)
                if like is not None and not has[i]:
                    words.append(f"JPEG {qualities[drawn[i]] if of_files else like}")
                    settings = (
                        jpeg_settings(root / old[drawn[i]]) if of_files else {"quality": int(like)}
                    )
                    picture.save(file := io.BytesIO(), "JPEG", **settings)
                    picture = Image.open(file, formats=["JPEG"])
                picture = _fitted(picture, last, words)
                (partial / new[i]).parent.mkdir(parents=True, exist_ok=True)
                picture.save(partial / new[i])
                done.append(", ".join(words) or AS_IT_WAS)
            table = pd.DataFrame(
                {"path": new, "label": np.array(data.classes)[data.labels], "done": done}
            )
            write_table(table, partial / "matched.csv")
            os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    counts = table["done"].value_counts()
    options = {
        "class": shlex.quote(data.classes[k]),
        "quality": None if of_files else like,
        "scale": scale,
    }
    return table, SENTENCES.format(
        out=out,
        images=len(done),
        name=data.classes[k],
        settings=table["done"][~own].mode()[0],
        done=few(
            [
                f"{words} ({count})"
                for words, count in counts.drop(AS_IT_WAS, errors="ignore").items()
            ]
        ),
        options=" ".join(
            f"--{option} {value}" for option, value in options.items() if value is not None
        ),
    )


def _trace(
    data: DataImages, name: str | None, quality: int | None, scale: float | None, seed: int
) -> tuple[int, str | None, Size | None]:
    """The class, the JPEG quality of most of its files, and its size if it is one of its own."""
    if name is not None and name not in data.classes:
        raise ValueError(f"no class {name}: choose from {few(data.classes, 20)}")
    facts, labels = data.facts, data.labels
    shares = share_facts(facts[["quality", "size"]], labels, len(data.classes))
    apart = (
        shares[shares["own"] - shares["others"] >= SETS_APART].groupby("fact")["class"].agg(list)
    )
    k = None if name is None else data.classes.index(name)
    if k is None and "quality" in apart:
        level = facts["quality"].str.extract(r"(\d+)", expand=False).astype(float).fillna(101)
        k = int(level.groupby(labels).median().idxmin())
    if k is None and "size" in apart:
        k = int(facts["pixels"].groupby(labels).median()[apart["size"]].idxmin())
    if k is None:
        found = compare_classes(data.images, labels, len(data.classes), seed=seed).table
        found = found[found["cause"] == (BLOCKS if scale is None or quality else LOST)]
        k = None if found.empty else int(found["class"][found["carriers"].idxmax()])
    if k is not None:
        size = _common(facts["size"][labels == k]) if "size" in apart else None
        of_files = facts["quality"][(labels == k) & (facts["quality"] != NONE)]
        like = None if quality is None else str(quality)
        if like is None and len(of_files) and ("quality" in apart or not (size or scale)):
            like = of_files.mode()[0]
        if not (like or size or scale):
            like = _quality(np.asarray(data.take(np.flatnonzero(labels == k)[:LOOKED_AT])[:]))
        if like or size or scale:
            return k, like, size
    raise ValueError(
        "nothing says what JPEG or resizing left in which class: name the class, with its quality (1 to 100) or its "
        "scale (0 to 1)"
    )


def _quality(images: PixelArray) -> str | None:
    """The quality at which images were saved, if one is seen: saving them so again changes them less than beside it."""
    top, left = (max(0, (side - SIDE) // 2 // BLOCK * BLOCK) for side in images.shape[2:])
    images = images[:, :, top : top + SIDE, left : left + SIDE]
    errors = [
        np.square(put("jpeg", float(quality), images).astype(float) - images).mean()
        for quality in QUALITIES
    ]
    levels = np.log(np.array(errors) + 1e-3)
    windows = np.lib.stride_tricks.sliding_window_view(levels, 2 * BESIDE + 1)
    dips = windows[:, BESIDE] - np.delete(windows, BESIDE, axis=1).min(axis=1)
    return str(QUALITIES[BESIDE + dips.argmin()]) if dips.min() < -DIP else None


def _common(sizes: pd.Series) -> Size | None:
    """The size of nearly all of some files."""
    shares = sizes.value_counts(normalize=True)
    width, _, height = shares.index[0].partition(" x ")
    return (int(width), int(height)) if shares.iloc[0] >= COMMON else None


def _fitted(picture: Image.Image, size: Size | None, words: list[str]) -> Image.Image:
    """A picture that is cropped to the shape of a size and resized to it, unless it has the size."""
    if size is None or picture.size == size:
        return picture
    words.append(f"resized to {size[0]} x {size[1]}")
    return ImageOps.fit(picture, size, BILINEAR)
