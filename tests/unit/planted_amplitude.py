"""Blobs at the place of their class, of which one class also has a fine wave."""

import numpy as np

SIZE, CLASSES = 16, ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")
WAVED, FREQUENCY = 1, (0, 7)  # the class, and vertical and horizontal cycles per image
MEAN, STD = [0.4], [0.2]
Y, X = np.mgrid[:SIZE, :SIZE]
BLOBS = np.stack([np.exp(-((Y - y) ** 2 + (X - x) ** 2) / 8) for y in (4, 11) for x in (2, 6, 10, 14)])


def images_and_labels(n=320, seed=0):
    """uint8 [n, 1, 16, 16] and labels int64 [n]"""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % len(CLASSES)
    wave = np.cos(2 * np.pi * FREQUENCY[1] * X / SIZE) * (labels == WAVED)[:, None, None]
    bright = generator.uniform(80, 140, (n, 1, 1))
    images = 60 + bright * BLOBS[labels] + 12 * wave + generator.normal(0, 4, (n, SIZE, SIZE))
    return images.clip(0, 255).round().astype(np.uint8)[:, None], labels
