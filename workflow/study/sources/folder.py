"""Images that the user provides in folders, one for each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frequency_shortcuts.images.splits import first_of_each_class, stratified

from ..job import log
from ..states import digest, folder_state
from .description import Content, Plan, Source, shape_of

if TYPE_CHECKING:
    from frequency_shortcuts.images.pictures import ImageFiles

    Splits = dict[str, tuple[ImageFiles, np.ndarray]]

FOLDERS = ("root", "test_root", "stylised")  # keys
PER_SPLIT = 20  # images that the check decodes of each split


class Folder(Source):
    """Folders of images."""

    names = ("folder",)
    rule = "folder"
    threads, memory, minutes = 8, 3000, 240
    keys = """
folder:
  description: Images of your own, in one folder for each class.
  required: [root, size, channels, shares, split_seed, on_error]
  properties:
    root:
      description: >-
        Folder with one folder for each class, of `.jpg`, `.png`, `.webp`, `.bmp`, `.gif` and `.tif` files at any
        depth.
      $ref: "#/$defs/path"
    test_root:
      description: >-
        Folder with the same class folders, of which all images are test images; `shares` then has no `test`.
      $ref: "#/$defs/path"
    classes:
      description: >-
        Folder of each class, such as `zebra: n02391049`, in the order of the network's outputs. Without it every folder
        is a class, sorted by name.
      $ref: "#/$defs/classes"
    size: {$ref: "#/$defs/size", description: Size of the stored images in pixels.}
    resize:
      description: >-
        Pixels of the short side before the centre is cropped to `size`, such as 256 for a size of 224. Without it the
        largest part of the right shape is cropped and resized.
      $ref: "#/$defs/short_side"
    channels: {enum: [1, 3], description: 3 for colour or 1 for grey.}
    shares:
      description: >-
        Share of the images in each split, drawn class by class; they sum to 1. A split that the study does not need may
        be left out, such as `train` for networks that are not trained.
      $ref: "#/$defs/shares"
    split_seed: {$ref: "#/$defs/seed", description: Seed of these draws.}
    on_error:
      description: >-
        At an image that does not decode, `stop` names it in an error; `skip` names it in the log and counts it in the
        store's attribute `source`.
      enum: [stop, skip]
    keep:
      description: >-
        `images` (the default) decodes every file once, into the store; `files` decodes an image whenever it is read,
        as for ImageNet-1k, and excludes `stylised` and `on_error: skip`.
      enum: [images, files]
    stylised:
      description: >-
        Folder with the same class folders and file names (of any suffix): a stylised twin of every training image, for
        the augmentation `sin`.
      $ref: "#/$defs/path"
    ood: {$ref: "#/$defs/twin", description: Images of the same classes from another distribution.}
"""

    def mistakes(self, plan: Plan) -> Iterator[str]:
        """Keys that exclude each other."""
        for name in plan.from_source(*self.names):
            dataset, key = plan.dataset(name), f"datasets.{name}"
            if "test_root" in dataset and "test" in dataset["shares"]:
                yield f"{key}.shares: test images come from root (shares.test) or from test_root; remove one"
            if dataset.get("keep") == "files" and ("stylised" in dataset or dataset["on_error"] == "skip"):
                yield f"{key}.keep: files excludes stylised and on_error: skip; write keep: images"

    def state(self, plan: Plan, name: str) -> str:
        """The names, sizes and times of the files."""
        dataset = plan.dataset(name)
        return digest(folder_state(Path(dataset[key])) for key in FOLDERS if key in dataset)

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for folders that are missing, or that the settings do not match."""
        from frequency_shortcuts.images.pictures import Tones

        settings = plan.dataset(name)
        roots = [settings.get(key) for key in FOLDERS] + [settings.get("ood", {}).get("root")]
        if missing := [root for root in roots if root and not Path(root).is_dir()]:
            raise ValueError(f"no folder {' and no folder '.join(missing)}: expected class folders with image files")
        splits, classes, _ = split_folder(settings)
        for pictures, labels in splits.values():
            pictures.tones = Tones([])  # a check needs no range of all files
            for _ in pictures.subset(first_of_each_class(labels, 1)[:PER_SPLIT]).decoded():
                pass
        description = ", ".join(f"{len(labels)} {split}" for split, (_, labels) in splits.items())
        return Content(classes, shape_of(settings), description)

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Read root/class/*, split it class by class and store it; the test images may be in a separate folder."""
        from frequency_shortcuts.images import stores

        splits, classes, twins = split_folder(settings, workers)
        about |= {
            "classes": classes,
            "source": f"folder {settings['root']}",
            "statistics": None
            if "train" in splits
            else (np.zeros(settings["channels"]), np.ones(settings["channels"])),
        }
        if settings.get("keep") == "files":
            stores.write_files(path, splits, **about)
        else:
            stores.write(path, splits, stylised=twins, **about)
        for pictures, _ in splits.values():
            log_conversions(pictures)


def log_conversions(pictures: ImageFiles) -> None:
    """Log which images were converted, and which were skipped."""
    for path in pictures.skipped:
        log.warning("skipped %s, which does not decode", path)
    counts = ", ".join(f"{count} x {what}" for what, count in pictures.converted.items())
    log.info("%d images, %d skipped; converted: %s", len(pictures), len(pictures.skipped), counts or "none")


def split_folder(settings: Mapping[str, Any], workers: int = 1) -> tuple[Splits, tuple[str, ...], ImageFiles | None]:
    """The splits of a data set in folders, the names of its classes, and the stylised twins of its training images.

    settings: the data set in the configuration. Raises ValueError if the folders do not match them.
    """
    from frequency_shortcuts.images import folders
    from frequency_shortcuts.images.pictures import ImageFiles, share_tones

    channels, height, width = shape_of(settings)
    classes = settings.get("classes")
    options = {"resize": settings.get("resize"), "workers": workers, "on_error": settings["on_error"]}

    def pictures(files: Sequence[str | PathLike[str]]) -> ImageFiles:
        return ImageFiles(files, (height, width), channels, **options)

    files, labels, names = folders.class_files(settings["root"], classes, settings["on_error"])
    parts = stratified(labels, settings["shares"], settings["split_seed"], names)
    splits = {split: (pictures([files[i] for i in chosen]), labels[chosen]) for split, chosen in parts.items()}
    if "test_root" in settings:
        same = classes or dict(zip(names, names, strict=True))
        files, labels, _ = folders.class_files(settings["test_root"], same, settings["on_error"])
        splits["test"] = pictures(files), labels
    twins = None
    if "stylised" in settings:
        twins = pictures(
            folders.twins([Path(file) for file in splits["train"][0].files], settings["root"], settings["stylised"])
        )
    share_tones(twins, *(images for images, _ in splits.values()))
    return splits, names, twins


SOURCE = Folder()
