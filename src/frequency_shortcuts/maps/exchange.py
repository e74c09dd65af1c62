"""Read and write maps in the layouts of the published tools. Reading executes nothing from the file.

All tools pickle a dict. Its keys are the classes 0, 1, 2, ... in the order of torchvision's `ImageFolder`,
which is the order of the folders' names. Planes are centred, as in this library, and hold 0 and 1:

- `iccv2023` (nis-research/nn-frequency-shortcuts, `Evaluation/test_rank.py`): one float32 array [H, W] per class;
- `hfss` (nis-research/hfss, `hfss/LSI.py`): a list of float64 arrays [H, W] per class, ten by default. The one with
  the lowest loss comes first, and the evaluation of that tool reads this one;
- `dfmx` (nis-research/dfmX-augmentation, `train.py`): H lists of W floats per class, for CIFAR-10.
"""

from __future__ import annotations

import os
import pickle
import warnings
from itertools import chain
from typing import Any, Literal

import numpy as np

from frequency_shortcuts.data import pickles
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.masks import symmetric
from frequency_shortcuts.spectrum.pairs import mirror
from frequency_shortcuts.storage.files import replacing

Layout = Literal["iccv2023", "hfss", "dfmx"]
LAYOUTS: tuple[Layout, ...] = ("iccv2023", "hfss", "dfmx")
LISTED = 10  # maps per class in the lists of HFSS


def write(path: str | os.PathLike[str], masks: BoolArray, layout: Layout = "iccv2023") -> None:
    """Write masks bool [class, H, W], centred, for the scripts of a published tool.

    A list of `hfss` refers to the one map ten times, because a further search of that tool draws one of ten; the file
    stores it once. Raises ValueError for another layout.

    >>> write("maps.pkl", maps.mask(5), "dfmx")
    >>> read("maps.pkl", (10, 32, 32))  # the same masks
    """
    content: dict[int, Any]
    if layout == "iccv2023":
        content = {c: mask.astype(np.float32) for c, mask in enumerate(masks)}
    elif layout == "hfss":
        content = {c: [mask.astype(np.float64)] * LISTED for c, mask in enumerate(masks)}
    elif layout == "dfmx":
        content = {c: mask.astype(float).tolist() for c, mask in enumerate(masks)}
    else:
        raise ValueError(f"unknown layout {layout!r}: choose from {', '.join(LAYOUTS)}")
    # The published tools run on numpy 1, which lacks the module name that numpy 2 writes. Both know the old name.
    # Protocol 3 writes names as lines, so the new name can be replaced by the old one.
    pickled = pickle.dumps(content, protocol=3).replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    with replacing(path) as temporary:
        temporary.write_bytes(pickled)


def read(path: str | os.PathLike[str], shape: tuple[int, int, int] | None = None) -> BoolArray:
    """Read masks bool [class, H, W], centred, from any of the layouts, without executing code in the pickle.

    shape : the expected (classes, H, W), if given

    The first map of a list of arrays is read. Some maps hold a frequency without its conjugate partner: the Nyquist row
    and column of `iccv2023`; the edges of the patches of `hfss`, which are mirrored about a point half a cycle off; the
    Nyquist row and column and the column of horizontal frequency 0 of `dfmx`. The published filters take the real part
    and so keep half of such a frequency. This function adds the partner, with a warning. Raises ValueError for anything
    but a dict of 0-1 arrays or nested lists, and for another shape.
    """
    planes_by_class = pickles.read(path, "masks")
    if not _is_by_class(planes_by_class):
        raise ValueError(f"{path} holds no dict with the classes 0, 1, 2, ... as keys")
    planes = [_Plane(planes_by_class[c]) for c in range(len(planes_by_class))]
    if len({plane.shape for plane in planes}) != 1 or not planes[0].shape:
        raise ValueError(
            f"{path}: expected one number array [H, W] of the same size for each class, a list of such arrays, or "
            "H lists of W numbers"
        )
    there = (len(planes), *planes[0].shape)
    if shape is not None and there != tuple(shape):
        raise ValueError(f"{path} holds maps of {_words(there)}, but {_words(shape)} are expected")
    if not all(plane.is_binary() for plane in planes):
        raise ValueError(f"{path}: a mask holds other values than 0 and 1")
    masks = np.stack([plane.mask() for plane in planes])
    if not symmetric(masks):
        whole = masks | mirror(masks)
        warnings.warn(
            f"{path}: {int(whole.sum() - masks.sum())} frequencies lacked their conjugate partner, which was added "
            f"({int(masks.sum())} were there in all classes)",
            stacklevel=2,
        )
        masks = whole
    return masks


def _is_by_class(content: object) -> bool:
    """Whether it is a dict with the keys 0, 1, 2, ..."""
    return isinstance(content, dict) and bool(content) and set(content) == set(range(len(content)))


class _Plane:
    """The map of one class in a file: an array, the first of a list of arrays, or lists of numbers.

    shape : (H, W); empty if the file holds something else. It is known before numbers in lists are copied: a small
    pickle may refer to one row very often.
    """

    def __init__(self, content: object) -> None:
        self._rows: list[list[Any]] | None = None
        first = content[0] if isinstance(content, list) and content else content
        self._values = first.values if isinstance(first, pickles.Array) else np.empty(0)
        self.shape: tuple[int, ...] = self._values.shape if self._values.ndim == 2 else ()
        if isinstance(content, list) and isinstance(first, list) and first:
            self._rows = content
            same = all(isinstance(row, list) and len(row) == len(first) for row in content)
            self.shape = (len(content), len(first)) if same else ()

    def is_binary(self) -> bool:
        """Whether all values are the numbers 0 and 1."""
        if self._rows is None:
            return bool(np.isin(self._values, (0, 1)).all())
        return all(isinstance(value, int | float) and value in (0, 1) for value in chain.from_iterable(self._rows))

    def mask(self) -> BoolArray:
        """The map as bool [H, W]."""
        return np.asarray(self._values if self._rows is None else self._rows).astype(bool)


def _words(shape: tuple[int, ...]) -> str:
    return "{} classes at {} x {}".format(*shape)
