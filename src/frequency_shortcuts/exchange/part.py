"""What a part of images is: something that is not the object, and that one image can give to another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.images.source import Pixels
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray


class Subject(NamedTuple):
    """What a part is made from: ranking images, and the network that is tested.

    name : images [n, channels, H, W] in pixels, which it may overwrite -> the class of each, int64 [n]
    comparable : bool [class c, class], whose images count for c: those of classes that are hardly confused with it
    generator : of random choices, on the CPU
    """

    ranking: Pixels
    name: Callable[[Tensor], IntArray]
    comparable: BoolArray
    generator: torch.Generator

    @property
    def n_classes(self) -> int:
        return len(self.comparable)

    def donors(self, classes: IntArray) -> Tensor:
        """A random ranking image of each of some classes [n]: float32 [n, channels, H, W], in pixels."""
        chosen = np.empty(len(classes), np.int64)
        for c in np.unique(classes):
            candidates = np.flatnonzero(self.ranking.labels == c)
            wanted = np.flatnonzero(classes == c)
            drawn = torch.randint(len(candidates), (len(wanted),), generator=self.generator)
            chosen[wanted] = candidates[drawn.numpy()]
        return self.ranking.take(chosen)


def not_compared(features: Tensor) -> list[list[int]]:
    """For each class, those that it is not compared with: itself, and the one that is farthest from it.

    What that one has may be of its own: without an artefact it would look like the others. Of two classes, each is
    compared with the other.

    features : float [class, n], by whose Euclidean distance a class is far
    """
    if len(features) == 2:
        return [[0], [1]]
    farthest = torch.cdist(features, features).argmax(dim=1).tolist()
    return [[c, far] for c, far in enumerate(farthest)]


class Part(ABC):
    """A part of images. Images are float32 [n, channels, H, W] in pixels from 0 to 1; what is given may leave them.

    place : of each class, int [class], where a part has one. If it is given, the network need not name images
    passes : of the search for it, for each class, at most
    """

    passes = 0

    def __init__(self, subject: Subject, place: IntArray | None = None) -> None:
        self.subject = subject
        self.size = torch.Size(subject.ranking.shape[2:])
        self.place = np.zeros(subject.n_classes, np.int64) if place is None else place

    @abstractmethod
    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        """Images [n, ...] with the part of `classes` [n], as it is given for class c, where a part depends on it.

        The test of class c gives images of other classes the part of c; the control gives them that of their own class.
        """
