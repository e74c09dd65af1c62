"""Marks: what all images of a class have at a fixed place in the border, such as a tag, a logo or a frame.

A mark is found by its edges, steps between neighbouring pixels, that are the same in all images of the class. Edges of
objects lie elsewhere in each image, and brightness has none.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import binary_dilation, find_objects, label

from frequency_shortcuts.exchange.patch import exchanged_pixels, rectangle_in_words
from frequency_shortcuts.images.source import Pixels
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray

FAINT_STEP = 0.03  # a standard deviation of steps that always counts, pixels from 0 to 1
CLEAR_STEP = 1.75  # standard deviations, above those of each other class
FEWEST_EDGES = 3  # pixels of the border, beside clear steps and each other
TOUCHING = np.ones((3, 3), bool)


class Steps(NamedTuple):
    """The steps of each class from a pixel to the next one, below it or to its right.

    ends : the positions of both pixels of a step, int [2, steps]
    mean, variance : float32 [class, channels, steps], of pixels from 0 to 1
    pixel : the mean image of each class, float32 [class, channels, H * W]
    """

    ends: IntArray
    mean: FloatArray
    variance: FloatArray
    pixel: FloatArray


def find_marks(pixels: Pixels, n_classes: int, progress: bool = False) -> dict[int, str]:
    """The classes whose images have a mark: class -> where it is, in words."""
    size = torch.Size(pixels.shape[2:])
    border = exchanged_pixels(size).numpy()
    steps = measure_steps(pixels, n_classes, progress)
    marks = {}
    for k in range(n_classes):
        edges = _edge_pixels(steps, k).reshape(size)
        found = _rectangle(edges, border)
        if found is not None:
            marks[k] = rectangle_in_words(*found, size)
    return marks


@torch.inference_mode()
def measure_steps(pixels: Pixels, n_classes: int, progress: bool = False) -> Steps:
    """The steps of each class, in one pass over images that are read in batches."""
    channels, height, width = pixels.shape[1:]
    ends = _neighbours(height, width)
    first, second = torch.from_numpy(ends)
    pixel = torch.zeros(n_classes, channels, height * width)
    power = torch.zeros(n_classes, channels, len(first))
    for batch, values in pixels.batches("marks", progress):
        labels = torch.from_numpy(pixels.labels[batch])
        flat = values.cpu().flatten(2)
        step = flat[..., second] - flat[..., first]
        pixel.index_add_(0, labels, flat)
        power.index_add_(0, labels, step.square())
    count = torch.from_numpy(pixels.labels).bincount(minlength=n_classes)[:, None, None]
    pixel /= count
    mean = pixel[..., second] - pixel[..., first]
    variance = (power / count - mean.square()).clamp_(min=0)
    return Steps(ends, mean.numpy(), variance.numpy(), pixel.numpy())


def _neighbours(height: int, width: int) -> IntArray:
    """The positions of all pixels that lie below or beside each other, int [2, pairs]."""
    position = np.arange(height * width).reshape(height, width)
    below = position[:-1].ravel(), position[1:].ravel()
    beside = position[:, :-1].ravel(), position[:, 1:].ravel()
    return np.concatenate([below, beside], axis=1)


def _edge_pixels(steps: Steps, k: int) -> BoolArray:
    """The pixels at clear steps of class k, on the side that differs more from other classes: bool [H * W]."""
    channel, step = _clear_steps(steps, k)
    ends = steps.ends[:, step]
    brightness = steps.pixel[:, channel, ends]
    of_others = np.median(np.delete(brightness, k, axis=0), axis=0)
    side = np.abs(brightness[k] - of_others).argmax(axis=0)
    edges = np.zeros(steps.pixel.shape[-1], bool)
    edges[np.where(side, ends[1], ends[0])] = True
    return edges


def _clear_steps(steps: Steps, k: int) -> tuple[IntArray, IntArray]:
    """The steps that images of class k have and those of no other class: their channels [m] and numbers [m]."""
    own = np.abs(steps.mean[k])
    clear = own >= CLEAR_STEP * np.sqrt(steps.variance[k] + FAINT_STEP**2)
    channel, step = np.nonzero(clear)
    mean = steps.mean[:, channel, step]
    variance = steps.variance[:, channel, step]
    above = np.sign(mean[k]) * (mean[k] - mean)
    spread = np.sqrt((variance + variance[k]) / 2 + FAINT_STEP**2)
    others = np.delete(above / spread, k, axis=0)
    only_here = (others >= CLEAR_STEP).all(axis=0)
    return channel[only_here], step[only_here]


def _rectangle(edges: BoolArray, border: BoolArray) -> tuple[range, range] | None:
    """The rows and columns of edges [H, W], at most two pixels apart, of which most are in the border [H, W]."""
    number, _ = label(binary_dilation(edges, TOUCHING), TOUCHING)
    number[~edges] = 0
    count = np.bincount(number[border & edges])
    if count.max(initial=0) < FEWEST_EDGES:
        return None
    rows, columns = find_objects(number)[count.argmax() - 1]
    return range(rows.start, rows.stop), range(columns.start, columns.stop)
