"""What is known of pictures before any spectrum: the facts of a file, and brightness, contrast and colour."""

import functools
import io
import os
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, JpegImagePlugin

from frequency_shortcuts.images import dicom
from frequency_shortcuts.images.pictures import opened
from frequency_shortcuts.spectrum.arrays import FloatArray

CONTENT = ("brightness", "contrast", "saturation")
FILE_FACTS = {  # which no class has by nature, in words
    "source": "source",
    "format": "file format",
    "quality": "JPEG quality",
    "subsampling": "chroma subsampling",
    "mode": "colour mode",
    "size": "size",
    "pixels": "number of pixels",
    "shape": "ratio of width to height",
}
CONTENT_FACTS = {  # in which natural classes can differ, too
    "bytes": "bytes per pixel",
    "brightness": "brightness",
    "contrast": "contrast",
    "saturation": "saturation",
}
THUMBNAIL = 32  # pixels along the short side, about, on which brightness, contrast and saturation are measured
_SUBSAMPLING = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}  # as Pillow numbers it
_MODES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with transparency",
    "P": "indexed colours",
    "RGB": "colour",
    "RGBA": "colour with transparency",
    "I": "16 bit grey",
    "I;16": "16 bit grey",
    "I;16B": "16 bit grey",
}


class FileFacts(NamedTuple):
    """What the head of an image file says.

    quality : of JPEG, by its table of luminance: `90`, or `about 87 (table 1f3a9c)` where no standard table is the same
    subsampling : of the colours of JPEG, such as 4:2:0; both are `none` where there is none
    height, width : in pixels, as stored; mode : grey, colour, ...; bytes : size of the file
    """

    format: str
    quality: str
    subsampling: str
    height: int
    width: int
    mode: str
    bytes: int


def file_facts(path: str | os.PathLike[str]) -> FileFacts:
    """The facts of an image file, of which only the head is read; of DICOM, its size and kind of pixels.

    Raises ValueError for a file that is no picture.
    """
    try:
        size = Path(path).stat().st_size
        if str(path).lower().endswith(dicom.ENDINGS):
            return FileFacts("DICOM", "none", "none", *dicom.read_head(path), size)
        head = opened(path)
    except Exception as error:  # Pillow raises nearly any error for damaged files
        raise ValueError(f"{path} cannot be read as a picture ({error})") from error
    with head as picture:
        name = str(picture.format)
        quality = subsampling = "none"
        # Also the first of several pictures in one file.
        if isinstance(picture, JpegImagePlugin.JpegImageFile):
            name = "JPEG"
            quality = _jpeg_quality(picture.quantization)
            subsampling = _SUBSAMPLING.get(JpegImagePlugin.get_sampling(picture), "none")
        mode = _MODES.get(picture.mode, picture.mode)
        return FileFacts(name, quality, subsampling, picture.height, picture.width, mode, size)


def jpeg_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables and the subsampling of a JPEG file, with which Pillow saves other pictures."""
    with JpegImagePlugin.JpegImageFile(path) as picture:
        return {
            "qtables": picture.quantization,
            "subsampling": JpegImagePlugin.get_sampling(picture),
        }


def _jpeg_quality(tables: dict[int, list[int]]) -> str:
    """The quality whose standard table of luminance this is, or the nearest one and a digest of the tables."""
    luminance = np.array(tables[min(tables)])
    ratios = _standard_tables() / luminance
    distances = np.abs(np.log(ratios)).sum(axis=1)
    quality = 1 + int(distances.argmin())
    if distances.min() == 0:
        return str(quality)
    content = repr(sorted(tables.items()))
    digest = zlib.crc32(content.encode())
    return f"about {quality} (table {digest:08x})"


@functools.cache
def _standard_tables() -> FloatArray:
    """The standard tables of luminance for the qualities 1 to 100, float64 [100, 64]."""
    tables = []
    for quality in range(1, 101):
        file = io.BytesIO()
        Image.new("L", (8, 8)).save(file, "JPEG", quality=quality)
        file.seek(0)
        tables.append(JpegImagePlugin.JpegImageFile(file).quantization[0])
    return np.array(tables, float)


def content_facts(images: npt.NDArray[Any]) -> FloatArray:
    """Brightness, contrast and saturation of images [n, channels, H, W], float64 [n, 3], of pixels from 0 to 1.

    Mean and standard deviation of the mean of the channels, and the mean difference between the largest and the
    smallest one, of a thumbnail. images : uint8, or floats from 0 to 1
    """
    step = max(1, min(images.shape[2:]) // THUMBNAIL)
    small = images[:, :, ::step, ::step].astype(float)
    if images.dtype == np.uint8:
        small /= 255
    grey = small.mean(axis=1)
    brightness = grey.mean(axis=(1, 2))
    contrast = grey.std(axis=(1, 2))
    saturation = np.ptp(small, axis=1).mean(axis=(1, 2))
    return np.stack([brightness, contrast, saturation], axis=1)
