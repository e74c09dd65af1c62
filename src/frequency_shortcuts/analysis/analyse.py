"""From a network and images to maps, tests and verdicts, in one call."""

from __future__ import annotations

import copy
import hashlib
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from frequency_shortcuts.data.folders import Resize
from frequency_shortcuts.data.splits import Split, identity
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.evaluation.trials import Part
from frequency_shortcuts.evaluation.verdicts import FEWEST_DRAWS
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import Found, find
from frequency_shortcuts.networks.adapters import Logits, logits_only
from frequency_shortcuts.networks.devices import pick_device
from frequency_shortcuts.networks.fingerprint import weights_digest
from frequency_shortcuts.networks.predictions import device_of, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import FILLS, Fill, check_fills
from frequency_shortcuts.spectrum.masks import check_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import delete_state

from .classes import Classes, choose, match
from .images import Labelled, Pictures, as_split, collect, in_two, ready
from .result import Analysis
from .torch_images import PROBES
from .transforms import Preprocessing, read_transform

log = logging.getLogger(__name__)

PER_CLASS, QUICK_PER_CLASS = (50, 50), (10, 20)  # images of each class that find the maps, and that test them
QUICK_CELLS = 16  # cells of frequencies along a side of the spectrum, of a quick analysis


def analyse(
    network: nn.Module,
    images: Any,
    labels: Any = None,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    transform: Any = None,
    size: tuple[int, int] | int | None = None,
    resize: Resize = None,
    classes: Sequence[str] | None = None,
    outputs: Sequence[int] | Mapping[str, int] | None = None,
    test_images: Any = None,
    test_labels: Any = None,
    quick: bool = False,
    maps: Any = None,
    method: str = "culling",
    settings: Mapping[str, Any] | None = None,
    percent: float = 5.0,
    images_per_class: Sequence[int] | None = None,
    parts: Sequence[Part] = ("keep", "remove"),
    fills: Sequence[Fill] = FILLS,
    controls: int = shortcuts.DRAWS,
    neutral: int | None = None,
    seed: int = 0,
    device: str | None = None,
    state: str | os.PathLike[str] | None = None,
    name: str | None = None,
    progress: bool = True,
) -> Analysis:
    """Which few frequencies does a network need to recognise each class, and is this a shortcut?

    Half of the images find a map for each class; the others test the maps beside controls of the same size.

    Parameters
    ----------
    network : returns logits [n, outputs], alone, first in a tuple, or as `.logits` of an object. It does not change
    images : an array, tensor or HDF5 dataset [n, channels, H, W] with `labels` [n], the numbers of the classes; a
        map-style torch Dataset, a DataLoader, or a `Split`; the path of a folder that holds a folder of pictures for
        each class, or of an HDF5 file. uint8 images need a mean and std; float images from 0 to 1 are normalised if
        these are given; other float images are used as they are
    mean, std : [channels], to normalise with, in units of [0, 1]
    transform : of torchvision or timm, or an image processor of Hugging Face, from which mean, std, size and
        interpolation are read; see `transforms.read_transform`
    size : (height, width) to which pictures of a folder or Dataset are resized and cropped, or one number for both
    resize : pixels of the short side before the centre is cropped, or (height, width) before that: the size itself
        squashes whole pictures. By default as the transform says; if `size` is given, the largest part of its shape is
        cropped and resized
    classes : names of the classes, or of all outputs of the network
    outputs : the output of the network for each class of the images, in their order or by name ({"fox": 277}). By
        default a class without a name is the output of its number; classes with names are found by them in `classes`,
        by WordNet ids in ImageNet, or are all outputs, in their order. If images show only some of the network's
        classes, the network chooses among these alone
    test_images, test_labels : other images to test with, in any form; then all `images` can find the maps
    quick : fewer images, and culling by cells of frequencies instead of single ones: minutes on a
        CPU
    maps : bool [class, H, W], centred, to test instead of maps that are searched for
    method, settings : of the search, by a name of `maps.methods.registry`; by default screened culling
    percent : of the frequencies in a map
    images_per_class : images of each class that find the maps, and that test them, at most; default (50, 50), or
        (10, 20) if quick
    parts, fills, controls, seed : see `shortcuts.collect`; without parts, the maps are not tested
    neutral : the number of the class without a cue of its own, as in the labels; see `shortcuts.collect`
    device : `auto`, `cpu`, `cuda`; by default, where the network is
    state : file of unfinished work, with which a later call resumes the search; deleted at the end
    name : of the network, in pictures and on the page; by default the name of its class
    progress : whether bars show what is done

    Raises ValueError, in one sentence, for images, labels, networks or settings that cannot be used.

    >>> result = analyse(network, "photographs", transform=weights.transforms(), quick=True)
    >>> result.verdicts[["class", "tpr_dfm", "margin_low", "verdict"]]
    """
    begin = time.perf_counter()
    if parts and "keep" not in parts:
        raise ValueError(f"parts {', '.join(parts)}: expected keep among them, which the verdict is about, or no parts")
    if parts:
        check_fills(fills)
        if controls < FEWEST_DRAWS:
            raise ValueError(f"controls {controls}: a verdict needs at least {FEWEST_DRAWS} random masks of each kind")
    prepared = Preprocessing() if transform is None else read_transform(transform)
    if mean is None and std is None:
        mean, std = prepared.mean, prepared.std
    channels = 3 if mean is None else len(np.atleast_1d(np.asarray(mean)))
    if resize is None and size is None:
        resize = prepared.resize
    pictures = Pictures(prepared.size if size is None else _two(size), resize, channels, prepared.interpolation)
    found = collect(images, labels, pictures, progress=progress)
    other = found.test
    if test_images is not None:
        other = collect(test_images, test_labels, pictures, progress=progress, what="test images")
        other = other.test or other  # a store has a split for it
    if mean is None and std is None:
        mean, std = found.mean, found.std
    if size is not None and found.images.shape[2:] != _two(size):
        held, wanted = (" x ".join(map(str, sides)) for sides in (found.images.shape[2:], _two(size)))
        raise ValueError(f"images are {held} and size is {wanted}: only pictures of a folder or Dataset are resized")

    if device is not None and pick_device(device) != device_of(network):
        network = copy.deepcopy(network).to(pick_device(device))
    source = source_for(network, *ready(found.take(np.arange(min(PROBES, len(found.labels)))), mean, std))
    first = source.take(np.arange(len(source)))
    n_outputs = logits_only(network, first)[1]
    matched = match(found.labels, found.classes, n_outputs, classes, outputs)
    neutral = matched.position(found.neutral if neutral is None else neutral)
    counts = _counts(images_per_class, QUICK_PER_CLASS if quick else PER_CLASS)
    ranking, test = _split(found, other, matched, counts, seed, mean, std, neutral)
    if matched.outputs is not None:
        log.info("images of %d of %d classes: the network chooses among these", len(ranking.classes), n_outputs)
    classifier, _ = logits_only(network, first, matched.outputs)
    remark = ""
    if isinstance(classifier, Logits) and classifier.probabilities:
        remark = "the network gives probabilities, as a softmax does: their logarithms are used as logits"
        log.warning("%s", remark)

    pairs, n_classes = ConjugatePairs(*ranking.images.shape[2:]), len(ranking.classes)
    statistics: dict[str, Any] = {"mean": ranking.mean, "std": ranking.std}
    searched: Found | None = None
    if maps is None:
        searched = find(
            registry.load(method), classifier, ranking.images, ranking.labels, n_classes, **statistics,
            neutral=neutral, seed=seed, state=state, progress=progress,
            **_search(method, settings, quick, percent, pairs),
        )  # fmt: skip
        masks = dfm.dominant(searched.score, pairs, percent)
    else:
        masks = _given(maps, n_classes, pairs)
    spectra = adcs.class_spectra(ranking.images, ranking.labels, n_classes, **statistics, device=device_of(network))
    hits = None
    if parts:
        hits = shortcuts.collect(
            classifier, test.images, test.labels, masks, **statistics, parts=parts, fills=fills, controls=controls,
            neutral=neutral, seed=seed, progress=progress,
        )  # fmt: skip
    if state:
        delete_state(Path(state))
    about = {
        "network": name or type(network).__name__,
        "outputs": n_outputs,
        "remark": remark,
        **_facts(network, ranking, test, searched is not None),
        "method": method if searched else "given maps",
        "settings": str(dict(searched.settings)) if searched else "",
        "percent": percent if searched else 100 * float(masks.mean()),
        "passes of the search": searched.passes if searched else 0,
        "quick": quick,
        "seed": seed,
        "seconds": round(time.perf_counter() - begin, 1),
    }
    return Analysis(searched, masks, hits, ranking, test, spectra.mean_amplitude, about)


def _search(
    method: str, settings: Mapping[str, Any] | None, quick: bool, percent: float, pairs: ConjugatePairs
) -> dict[str, Any]:
    """The settings of the search, by default those of culling: by cells if quick, else screened.

    A method that looks for maps of one size looks for those of `percent`.
    """
    aim = {"percent": percent} if "percent" in signature(registry.load(method).Settings).parameters else {}
    if method != "culling" or settings:
        return aim | dict(settings or {})
    if not quick:
        return aim | {"search": "screened"}
    # Cells so large that some 128 of them cover the half of the spectrum that real images have.
    return aim | {"search": "exact", "patch": math.ceil(max(pairs.height, pairs.width) / QUICK_CELLS)}


def _facts(network: nn.Module, ranking: Split, test: Split, searched: bool) -> dict[str, Any]:
    """What identifies the network and the images, for the page and the files."""
    _, _, height, width = ranking.images.shape
    return {
        "weights_sha256": weights_digest(network.state_dict()),
        "images_sha256": hashlib.sha256(identity(ranking.images) + identity(test.images)).hexdigest(),
        "device": str(device_of(network)),
        "classes": len(ranking.classes),
        "images that find the maps" if searched else "images of the spectra": len(ranking),
        "images that test them": len(test),
        "image size": f"{height} x {width}",
    }


def _two(size: tuple[int, int] | int) -> tuple[int, int]:
    sides = np.atleast_1d(size).tolist()
    if len(sides) > 2 or any(not isinstance(side, int) or side < 1 for side in sides):
        raise ValueError(f"size {size}: expected (height, width), or one number for both, from 1")
    return sides[0], sides[-1]


def _counts(given: Sequence[int] | None, usual: tuple[int, int]) -> tuple[int, int]:
    """Images of each class that find the maps, and that test them."""
    if given is None:
        return usual
    if len(given) != 2 or min(given) < 1:
        raise ValueError(f"images_per_class {list(given)}: expected two numbers, for the maps and for the tests")
    return given[0], given[1]


def _split(
    found: Labelled,
    other: Labelled | None,
    classes: Classes,
    counts: tuple[int, int],
    seed: int,
    mean: npt.ArrayLike | None,
    std: npt.ArrayLike | None,
    neutral: int | None,
) -> tuple[Split, Split]:
    """The images that find the maps, and those that test them."""
    halves = other is None
    labels = classes.relabel(found.labels, "images")
    ranking, test = choose(labels, classes.names, *counts, seed, halves=halves)
    if other is not None:
        if other.images.shape[1:] != found.images.shape[1:]:
            raise ValueError(
                f"test images are {list(other.images.shape[1:])}, images are {list(found.images.shape[1:])}: expected "
                "the same channels and size"
            )
        if found.classes and other.classes and found.classes != other.classes:
            raise ValueError(
                f"test images are of the classes {', '.join(other.classes[:5])}, images of "
                f"{', '.join(found.classes[:5])}: expected the same, in the same order"
            )
        test = choose(classes.relabel(other.labels, "test images"), classes.names, *counts, seed, halves=False)[1]
    if other is None:  # read at once: a DataLoader may have to be read from its beginning
        both = as_split(found, np.concatenate([ranking, test]), classes, mean, std, neutral)
        return in_two(both, len(ranking))
    return (
        as_split(found, ranking, classes, mean, std, neutral),
        as_split(other, test, classes, mean, std, neutral, "test images"),
    )


def _given(maps: Any, n_classes: int, pairs: ConjugatePairs) -> BoolArray:
    """Maps of the user as bool [class, H, W]."""
    masks = np.asarray(maps.detach().cpu() if isinstance(maps, torch.Tensor) else maps)
    if masks.shape != (n_classes, pairs.height, pairs.width):
        raise ValueError(
            f"maps are {list(masks.shape)}: expected [{n_classes}, {pairs.height}, {pairs.width}], one for each class"
        )
    if masks.dtype != bool:
        if not np.isin(masks, (0, 1)).all():
            raise ValueError("maps hold other values than 0 and 1: expected bool [class, H, W]")
        masks = masks.astype(bool)
    return check_mask(masks, "maps")
