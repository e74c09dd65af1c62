"""Image files that tests write."""

import numpy as np
from PIL import Image


def saved(folder, name, picture, **options):
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / name, **options)
    return folder / name


def photographs(folder, n, seed=0, suffix="png"):
    """n files of noise, of different shapes."""
    folder.mkdir()
    generator = np.random.default_rng(seed)
    files = [folder / f"{i:04d}.{suffix}" for i in range(n)]
    for i, file in enumerate(files):
        Image.fromarray(generator.integers(0, 256, (7 + i % 3, 8, 3), np.uint8)).save(file)
    return files
