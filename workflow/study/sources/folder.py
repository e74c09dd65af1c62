"""Images that the user provides in folders, one for each class."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from frequency_shortcuts.images.splits import first_of_each_class, stratified

from ..dependencies import digest_states, folder_state
from ..job import log
from .description import Content, Source, shape_of, statistics_of

FOLDERS = ("root", "test_root", "stylised")  # keys


class Folder(Source):
    """Folders of images."""

    names = ("folder",)
    threads, minutes = 8, 240

    def mistakes(self) -> Iterator[str]:
        dataset, key = self.keys, f"datasets.{self.name}"
        if "test_root" in dataset and "test" in dataset["shares"]:
            yield f"{key}.shares: test images come from root (shares.test) or from test_root; remove one"
        if dataset.get("keep") == "files" and (
            "stylised" in dataset or dataset["on_error"] == "skip"
        ):
            yield f"{key}.keep: files excludes stylised and on_error: skip; write keep: images"

    def state(self) -> str:
        folders = [Path(self.keys[key]) for key in FOLDERS if key in self.keys]
        return digest_states(map(folder_state, folders))

    def inspect(self) -> Content:
        """Raises ValueError for folders that are missing, or that the settings do not match."""
        from frequency_shortcuts.images.pictures import Tones

        settings = self.keys
        roots = [settings.get(key) for key in FOLDERS] + [settings.get("ood", {}).get("root")]
        if missing := [root for root in roots if root and not Path(root).is_dir()]:
            raise ValueError(
                f"no folder {' and no folder '.join(missing)}: expected class folders with image files"
            )
        splits, classes, _ = split_folder(settings)
        for pictures, labels in splits.values():
            pictures.tones = Tones([])  # a check needs no range of all files
            list(pictures.subset(first_of_each_class(labels, 1)[:20]).decoded())  # of 20 classes
        description = ", ".join(f"{len(labels)} {split}" for split, (_, labels) in splits.items())
        return Content(classes, shape_of(settings), description)

    def build(self, path: str, given: Any, workers: int, **about: Any) -> None:
        """Read root/class/*, split it class by class and store it; the test images may be in a separate folder."""
        from frequency_shortcuts.images import stores

        keys = self.keys
        splits, classes, twins = split_folder(keys, workers)
        about |= {
            "classes": classes,
            "source": f"folder {keys['root']}",
            "statistics": statistics_of(splits, keys["channels"]),
        }
        listed = keys.get("keep") == "files"
        stores.write(path, splits, stylised=twins, listed=listed, **about)
        for pictures, _ in splits.values():
            log_skipped(pictures)


def log_skipped(pictures: Any) -> None:
    """Log how many `ImageFiles` there are, and which were skipped."""
    for path in pictures.skipped:
        log.warning("skipped %s, which does not decode", path)
    log.info("%d images, %d skipped", len(pictures), len(pictures.skipped))


def split_folder(
    settings: Mapping[str, Any], workers: int = 1
) -> tuple[dict[str, tuple[Any, Any]], tuple[str, ...], Any]:
    """Splits of folders as `ImageFiles` and labels, the names of the classes, and twins of the training images.

    settings: the data set in the configuration. Raises ValueError if the folders do not match them.
    """
    from frequency_shortcuts.images import folders
    from frequency_shortcuts.images.pictures import ImageFiles, share_tones

    channels, height, width = shape_of(settings)
    classes, on_error = settings.get("classes"), settings["on_error"]
    options = {"resize": settings.get("resize"), "workers": workers, "on_error": on_error}

    def pictures(files: Sequence[Path]) -> ImageFiles:
        return ImageFiles(files, (height, width), channels, **options)

    files, labels, names = folders.class_files(settings["root"], classes)
    parts = stratified(labels, settings["shares"], settings["split_seed"], names)
    splits = {
        split: (pictures([files[i] for i in chosen]), labels[chosen])
        for split, chosen in parts.items()
    }
    if "test_root" in settings:
        same = classes or dict(zip(names, names, strict=True))
        files, labels, _ = folders.class_files(settings["test_root"], same)
        splits["test"] = pictures(files), labels
    twins = None
    if "stylised" in settings:
        trained = [Path(file) for file in splits["train"][0].files]
        twins = pictures(folders.twins(trained, settings["root"], settings["stylised"]))
    share_tones(twins, *(images for images, _ in splits.values()))
    return splits, names, twins


SOURCE = Folder
