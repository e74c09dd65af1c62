"""Pictures in DICOM files, which the optional package pydicom reads."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

import numpy as np
from PIL import Image

from frequency_shortcuts.storage.files import AnyPath

ENDINGS = (".dcm", ".dicom")
INSTALL = "DICOM needs pydicom (pip install 'frequency-shortcuts[dicom]')"
TAGS = [
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelData",
]


def installed() -> bool:
    """Whether pydicom is there."""
    return importlib.util.find_spec("pydicom") is not None


def read_head(path: AnyPath) -> tuple[int, int, str]:
    """Height, width and mode in words of a DICOM file. Raises ValueError for a file that is none."""
    head = _dataset(path, stop_before_pixels=True)
    grey = "16 bit grey" if head.BitsAllocated > 8 else "grey"
    return int(head.Rows), int(head.Columns), grey if head.SamplesPerPixel == 1 else "colour"


def read_picture(path: AnyPath) -> Image.Image:
    """The first frame of a DICOM file. Nothing is read of its head but how pixels are stored.

    Grey of more than 8 bits has the values after slope and intercept, whose mode is I if they are whole, else F. They
    may be negative, as of CT, and slopes differ from file to file, as of PET. Signed values of 8 bits are from -128.
    MONOCHROME1 is inverted in the range of its bits. Raises ValueError for other kinds of pixels.
    """
    data = _dataset(path)
    kind, bits = data.PhotometricInterpretation, data.BitsAllocated
    known = ("MONOCHROME",) if bits > 8 else ("MONOCHROME", "RGB", "YBR")
    if not kind.startswith(known):
        raise ValueError(f"its pixels are {kind} of {bits} bits: expected grey, or RGB or YBR of 8")
    try:
        from pydicom.pixels.utils import pixel_array

        pixels = pixel_array(data, index=0).astype(np.int64)
    except Exception as error:  # each decoder has its own
        raise ValueError(" ".join(str(error).split())) from error
    if kind == "MONOCHROME1":
        ends = -1 if data.PixelRepresentation else 2**data.BitsStored - 1  # least plus largest
        pixels = ends - pixels
    values = pixels + 128 * data.PixelRepresentation
    dtype: Any = np.uint8
    if bits > 8:
        slope, intercept = data.get("RescaleSlope") or 1, data.get("RescaleIntercept") or 0
        values = pixels * float(slope) + float(intercept)
        whole = (values == np.rint(values).clip(-(2**31), 2**31 - 1)).all()
        dtype = np.int32 if whole else np.float32
    picture = Image.fromarray(values.astype(dtype))
    picture.format = "DICOM"
    return picture


def _dataset(path: AnyPath, **options: Any) -> Any:
    if not installed():
        raise ValueError(INSTALL)
    import pydicom

    logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # its errors say the same
    return pydicom.dcmread(path, specific_tags=TAGS, **options)
