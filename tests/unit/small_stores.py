"""Small image stores and image files: how tests write and read them; an array that notes reads, and a full disk."""

import errno
import io

import h5py
import numpy as np
from PIL import Image

from frequency_shortcuts.images import stores as store

CLASSES = ("cat", "dog")


def labelled(n, seed, channels=3, height=6, width=5):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (n, channels, height, width), dtype=np.uint8)
    return pixels, (np.arange(n) % 2).astype(np.int64)


def write(path, splits, **options):
    store.write(path, splits, classes=CLASSES, source="made here", created_by="test", **options)


def content(path):
    """All that a store holds: {name: array or attribute}."""
    contents = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                contents.update({name: item[:]}) if isinstance(item, h5py.Dataset) else None
            )
        )
        contents.update(file.attrs)
    return contents


def saved(folder, name, picture, **options):
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / name, **options)
    return folder / name


def class_folders(folder, images, labels, names=None):
    """Write grey images [n, 1, H, W] as 000.png, ... into the folders of their classes. Returns the files."""
    where = [folder / (str(c) if names is None else names[c]) for c in labels]
    numbered = enumerate(zip(where, images, strict=True))
    return [saved(of, f"{i:03}.png", Image.fromarray(image[0])) for i, (of, image) in numbered]


class PictureSet:
    """A map-style Dataset of grey pictures, from images [n, 1, H, W]."""

    def __init__(self, images, labels, **about):
        self.images, self.labels = images, labels
        self.__dict__ |= about

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return Image.fromarray(self.images[i, 0]), int(self.labels[i])


def photographs(folder, n, seed=0, suffix="png"):
    """n files of noise, of different shapes."""
    folder.mkdir()
    generator = np.random.default_rng(seed)
    files = [folder / f"{i:04d}.{suffix}" for i in range(n)]
    for i, file in enumerate(files):
        Image.fromarray(generator.integers(0, 256, (7 + i % 3, 8, 3), np.uint8)).save(file)
    return files


class Noted:
    """An array that is read by slices and arrays of positions alone, and notes how many rows each of them gives."""

    def __init__(self, images):
        self.images, self.shape, self.dtype, self.sizes = images, images.shape, images.dtype, []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        assert isinstance(index, slice) or index.dtype.kind == "i"
        rows = self.images[index]
        self.sizes.append(len(rows))
        return rows


class FullDisk(io.FileIO):
    """A file on a disk that has room for `room` bytes more."""

    room = 0

    def write(self, data):
        fits = memoryview(data).cast("B")[: self.room]
        if not len(fits):
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(fits)
        return super().write(fits)
