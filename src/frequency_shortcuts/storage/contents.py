"""What every dataset of the HDF5 files is: one table, for the files themselves and for results/README.md."""

from pathlib import PurePosixPath
from typing import NamedTuple

import h5py


class Dataset(NamedTuple):
    """A dataset: the files that have it, the labels of its dimensions, its unit ("" for none), and what it holds."""

    files: str
    dims: tuple[str, ...]
    units: str
    description: str


_SPECTRUM = ("vertical frequency (cycles per image)", "horizontal frequency (cycles per image)")
_PIXELS = ("image", "channel", "row", "column")
_PER_CLASS = ("class", *_SPECTRUM)
_INDEX = "as its index in `classes`"

# By name: the end of the path in the file, where * stands for any name.
DATASETS = {
    "images": Dataset("data", _PIXELS, "1", "pixels, 0 to 255"),
    "stylised": Dataset("data", _PIXELS, "1", "a restyled twin of each image"),
    "files": Dataset("data", ("image",), "", "paths of the images, with `keep: files` in place of `images`"),
    "labels": Dataset("data, hits, flips", ("image",), "", f"the class of each image, {_INDEX}"),
    "truth": Dataset("planted", _PER_CLASS, "", "where each class differs from the background"),
    "control_band": Dataset("planted", _SPECTRUM, "", "of Syn_1 to Syn_4: the band that C3 lacks"),
    "patterns": Dataset("planted", _PER_CLASS, "", "of Syn_1 to Syn_4: the lines of C1 and C2"),
    "halves": Dataset("planted", ("half", *_PER_CLASS), "", "of redundant: the two sets, each of which is enough"),
    "mean_amplitude": Dataset("adcs", ("class", "channel", *_SPECTRUM), "1", "mean amplitude of the class"),
    "standard_error": Dataset("adcs", _PER_CLASS, "1", "standard error of the mean amplitude, with channels joined"),
    "adcs": Dataset("adcs", _PER_CLASS, "1", "classes with less energy there minus classes with more"),
    "adcs_significant": Dataset("adcs", _PER_CLASS, "1", "`adcs` of the differences beyond three standard errors"),
    "distinctiveness": Dataset(
        "adcs", ("class",), "1", "root mean square of the largest 5 % of the differences from the other classes, in "
        "standard errors; about 2.4 by chance"
    ),
    "count": Dataset("adcs", ("class",), "1", "the number of images of each class"),
    "loss_increment": Dataset("dfm", _PER_CLASS, "nats", "mean loss without this frequency, minus that with it"),
    "score": Dataset("maps", _PER_CLASS, "", "importance by the method; higher is more important"),
    "rank": Dataset("dfm, maps", _PER_CLASS, "1", "place of the frequency in the order of importance, from 0"),
    "evaluated": Dataset("dfm", _PER_CLASS, "", "whether the increment was computed, and not estimated"),
    "mask/top_*": Dataset("dfm, maps", _PER_CLASS, "", "the map: the best-ranked frequencies, % of the spectrum"),
    "unfiltered": Dataset("hits", ("image",), "", f"the class that the network names, {_INDEX}"),
    "masks": Dataset("hits", ("mask", *_SPECTRUM), "", "the frequencies that an image keeps"),
    "named/*": Dataset("hits", ("mask", "image"), "", "the class that the network names with this fill; -1: none"),
    "donors": Dataset("hits", ("image",), "", "of the fill swap: the image from which the other frequencies come"),
    "negatives": Dataset("hits", ("class", "image"), "", "whether the image counts in the FPR of the class"),
    "trials/class": Dataset("hits", ("trial",), "", f"the class that is tested, {_INDEX}"),
    "trials/part": Dataset("hits", ("trial",), "", "the part of the map: keep, remove"),
    "trials/filter": Dataset("hits", ("trial",), "", "kind of mask: dfm (the map), random, radial, low_pass, other"),
    "trials/draw": Dataset("hits", ("trial",), "", "number of the random mask, or the class whose map it is"),
    "trials/mask": Dataset("hits", ("trial",), "", "index of the mask in `masks`"),
    "trials/positions": Dataset("hits", ("trial",), "1", "the number of frequencies in the mask"),
    "trials/overlap": Dataset("hits", ("trial",), "1", "intersection over union of the mask and the map of the class"),
    "named/*/*": Dataset(
        "phase", ("class", "image"), "", "the class that the network names of images that keep both, the amplitude or "
        "the phase, inside the map of each class or in the whole spectrum (one row)"
    ),
    "judged": Dataset("phase", ("class", "image"), "", "whether the image counts in the FPR of the class"),
    "positions": Dataset("phase", ("class",), "1", "the number of frequencies in the map"),
    "before": Dataset("flips", ("image",), "", f"the class that the network names, {_INDEX}"),
    "receivers": Dataset("flips", ("class", "place"), "", "the images that get a part of the class; -1: none"),
    "given/*": Dataset(
        "flips", ("class", "place"), "", "the class that the network names for the images in `receivers` with this "
        "part of the class (fine, field, patch)"
    ),
    "control/*": Dataset("flips", ("class", "place"), "", "the same after the control: this part of their own class"),
    "result": Dataset("analysis", (), "", "all else that a result has, but images and network, as JSON"),
    "maps": Dataset("analysis", _PER_CLASS, "", "the map of each class"),
    "found/*": Dataset("analysis", ("class", "pair"), "", "of the search: scores, and which are evaluated"),
    "pictures/*": Dataset("analysis", _PIXELS, "1", "the images of flip.png and images.png, 0 to 255"),
    "pictures/logits_*": Dataset("analysis", ("image", "class"), "", "what the network says of these images"),
    "cards/*": Dataset("analysis", _PER_CLASS, "", "the planes of cards.png"),
    "cards/*ed": Dataset("analysis", ("class", *_PIXELS[1:]), "", "the images of cards.png"),
    "place/*": Dataset("flips", ("class",), "", "where the part of the class is, if it has a place"),
}  # fmt: skip


def row_of(name: str, n_dims: int) -> Dataset:
    """The row of the dataset at a path, with so many dimensions. Raises ValueError if there is none."""
    for end, row in sorted(DATASETS.items(), key=lambda one: -one[0].count("/")):
        if PurePosixPath(name).match(end) and len(row.dims) == n_dims:
            return row
    raise ValueError(f"the dataset {name} [{n_dims} dimensions] has no description: add it to storage/contents.py")


def describe(file: h5py.File) -> None:
    """Give every dataset of a file labels of its dimensions, `units` and `description`; links are left as they are.

    Raises ValueError for a dataset that the table does not have.
    """

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            row = row_of(name, item.ndim)
            text = row.description.replace("`", "")
            item.attrs["description"] = f"{text[0].upper()}{text[1:]}."
            if row.units:
                item.attrs["units"] = row.units
            for dimension, label in zip(item.dims, row.dims, strict=True):
                dimension.label = label

    file.visititems(visit)
