"""Lay out ImageNet-10: links to the images of the ten classes of config/paper.yaml, in the folders that it names.

In the folder of the checkout, with the folders of ImageNet that one has:

    python -m workflow.study.imagenet10 --train CLS-LOC/train --validation CLS-LOC/val --labels LOC_val_solution.csv
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml
from tqdm import tqdm

from frequency_shortcuts.data.folders import listing
from frequency_shortcuts.storage.files import replacing

from .job import ROOT

CONFIG = ROOT / "config" / "paper.yaml"
FLAT = "ILSVRC2012_val_*.JPEG"
NUMBER, ID = re.compile(r"ILSVRC2012_val_(\d{8})"), re.compile(r"\bn\d{8}\b")


def in_folders(root: Path, classes: Mapping[str, str]) -> list[tuple[Path, str]]:
    """Each image of the classes with its WordNet id, from a folder of ids. Raises an error that names what is missing.

    classes: name -> WordNet id
    """
    files, labels, _ = listing(root, classes)
    ids = list(classes.values())
    return [(file, ids[label]) for file, label in zip(files, labels, strict=True)]


def in_one_folder(images: Sequence[Path], labels: Path | None, classes: Mapping[str, str]) -> list[tuple[Path, str]]:
    """The same, from validation images that are not sorted, with a file of labels (see `ids_by_number`)."""
    if labels is None:
        raise ValueError(
            f"{images[0].parent} holds {len(images):,} images that are not sorted by class: add "
            "--labels LOC_val_solution.csv (from Kaggle), or sort them into folders of WordNet ids"
        )
    ids = ids_by_number(labels)
    if len(ids) != len(images):
        raise ValueError(f"{labels} has {len(ids):,} ids for the {len(images):,} images of {images[0].parent}")
    chosen = []
    for image in images:
        number = NUMBER.search(image.name)
        if number is None or int(number[1]) not in ids:
            raise ValueError(f"{labels} has no label for {image.name}")
        chosen.append((image, ids[int(number[1])]))
    there = {wordnet_id for _, wordnet_id in chosen}
    if without := [f"{wordnet_id} ({name})" for name, wordnet_id in classes.items() if wordnet_id not in there]:
        raise ValueError(f"by {labels}, {images[0].parent} has no images of {', '.join(without)}")
    return [(image, wordnet_id) for image, wordnet_id in chosen if wordnet_id in classes.values()]


def ids_by_number(labels: Path) -> dict[int, str]:
    """The WordNet id of each validation image, by the number in its name.

    labels: a file with one image a line, its id and, if they are not in order, its name: Kaggle's LOC_val_solution.csv,
    or a list of 50,000 ids. The devkit's ground truth has numbers of its own instead of ids.
    """
    if not labels.is_file():
        raise FileNotFoundError(f"no file {labels}: expected the labels of the validation images")
    ids: dict[int, str] = {}
    for line in labels.read_text().splitlines():
        if found := ID.search(line):
            number = NUMBER.search(line)
            ids[int(number[1]) if number else len(ids) + 1] = found[0]
    if not ids:
        raise ValueError(
            f"{labels} holds no WordNet ids such as n02690373: expected Kaggle's LOC_val_solution.csv, or an id a "
            "line; with the devkit alone, torchvision.datasets.ImageNet(folder, 'val') sorts the images into folders"
        )
    return ids


def lay_out(images: Iterable[tuple[Path, str]], root: Path, *, copy: bool, label: str) -> None:
    """Link or copy each image to root/id/name. What is there already stays.

    Raises ValueError for a folder that holds other images, of an earlier call with other labels.
    """
    images = list(images)
    planned = {(wordnet_id, image.name) for image, wordnet_id in images}
    for folder in (root / wordnet_id for wordnet_id in dict.fromkeys(wordnet_id for _, wordnet_id in images)):
        if other := next((file for file in folder.glob("*") if (folder.name, file.name) not in planned), None):
            raise ValueError(f"{folder} holds other images than planned, such as {other.name}: remove {root} first")
    for image, wordnet_id in tqdm(images, desc=label, unit="image", disable=None):
        target = root / wordnet_id / image.name
        if target.exists():
            continue
        target.unlink(missing_ok=True)  # a link whose image has moved
        target.parent.mkdir(parents=True, exist_ok=True)
        if copy:
            with replacing(target) as temporary:
                shutil.copyfile(image, temporary)
        else:
            target.symlink_to(image.resolve())


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, find all images, then lay them out."""
    parser = argparse.ArgumentParser(prog="python -m workflow.study.imagenet10", description=__doc__.partition("\n")[0])
    parser.add_argument("--train", type=Path, required=True, help="training images, a folder a WordNet id")
    parser.add_argument("--validation", type=Path, required=True, help="the same, or the 50,000 images in one folder")
    parser.add_argument("--labels", type=Path, help="of images in one folder: LOC_val_solution.csv, or an id a line")
    parser.add_argument("--copy", action="store_true", help="copy the images instead of linking them")
    options = parser.parse_args(arguments)
    settings = yaml.safe_load(CONFIG.read_text())["datasets"]["imagenet10"]
    try:
        classes, unsorted = settings["classes"], sorted(options.validation.glob(FLAT))
        found = {"root": in_folders(options.train, classes)}
        found["test_root"] = (
            in_one_folder(unsorted, options.labels, classes) if unsorted else in_folders(options.validation, classes)
        )
        for key, images in found.items():
            lay_out(images, Path(settings[key]), copy=options.copy, label=settings[key])
            print(f"{settings[key]}: {len(images):,} images of {len(classes)} classes")
    except (OSError, ValueError) as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
