"""From a network and images to maps, tests and verdicts, in one call."""

from __future__ import annotations

import copy
import hashlib
import logging
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from frequency_shortcuts.data.folders import Resize
from frequency_shortcuts.data.splits import Split, identity
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.evaluation.cost import count_passes
from frequency_shortcuts.evaluation.trials import Part, check_limits
from frequency_shortcuts.evaluation.verdicts import FEWEST_DRAWS
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.method import Found, find
from frequency_shortcuts.networks.adapters import Logits, logits_only
from frequency_shortcuts.networks.devices import pick_device
from frequency_shortcuts.networks.fingerprint import weights_digest
from frequency_shortcuts.networks.inference import Precision
from frequency_shortcuts.networks.memory import keep_freed_memory
from frequency_shortcuts.networks.predictions import device_of, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import FILLS, Fill, check_fills
from frequency_shortcuts.spectrum.masks import check_mask, positions
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .classes import Classes, choose, match
from .images import Labelled, Pictures, as_split, collect, in_two, ready
from .plan import Plan, announce, look
from .result import Analysis
from .search import check_method, plan_search
from .torch_images import PROBES
from .transforms import Preprocessing, read_transform

log = logging.getLogger(__name__)

PER_CLASS, QUICK_PER_CLASS = (50, 50), (10, 20)  # images of each class that find the maps, and that test them
NEGATIVES, QUICK_NEGATIVES = 1000, 500  # the most images on which FPR is measured
FEWEST_NEGATIVES = 50


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
    method: str | None = None,
    settings: Mapping[str, Any] | None = None,
    percent: float = 5.0,
    images_per_class: Sequence[int] | None = None,
    parts: Sequence[Part] = ("keep", "remove"),
    fills: Sequence[Fill] | None = None,
    controls: int = shortcuts.DRAWS,
    others: int = shortcuts.OTHERS,
    negatives: int | None = None,
    neutral: int | None = None,
    seed: int = 0,
    device: str | None = None,
    memory_mib: float | None = None,
    precision: Precision = "float32",
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
    quick : fewer images, and one fill: minutes on a CPU
    maps : bool [class, H, W], centred, to test instead of maps that are searched for
    method, settings : of the search, by a name of `maps.methods.registry`, and what differs from the settings of this
        name. By default `mixture`, or `culling` for a network without gradients. Without settings, `culling` is
        screened, and by cells of frequencies if quick
    percent : of the frequencies in a map
    images_per_class : images of each class that find the maps, and that test them, at most; default (50, 50), or
        (10, 20) if quick
    parts, fills, controls, seed : see `shortcuts.collect`; without parts, the maps are not tested. All fills, or the
        one to quote if quick
    others : the most maps of other classes that are tried on each class
    negatives : the most images on which FPR is measured, one sample for all classes, each without its own; default
        two for each test image of a class, at least 50 and one for each class, and at most 1,000, or 500 if quick
    neutral : the number of the class without a cue of its own, as in the labels; see `shortcuts.collect`
    device : `auto`, `cpu`, `cuda`; by default, where the network is
    memory_mib, precision : limits of the search; see `culling.cull`. Batches of the test keep to the memory as well
    state : file of unfinished work, with which a later call resumes the search. Delete it once the result is saved
    name : of the network, in pictures and on the page; by default the name of its class
    progress : whether the plan and bars are shown, on standard error: passes and time of search and test, the outputs
        of the network, and its accuracy without a filter

    A network that is not better than chance without a filter is not searched. On a CPU with glibc, the process keeps
    the memory of its batches from this call on; see `keep_freed_memory`.

    Raises ValueError, in one sentence, for images, labels, networks or settings that cannot be used.

    >>> result = analyse(network, "photographs", transform=weights.transforms(), quick=True)
    >>> result.verdicts[["class", "tpr_dfm", "margin_low", "verdict"]]
    """
    begin = time.perf_counter()
    keep_freed_memory()
    _check(parts, fills, controls)
    positions(1, 1, percent)  # raises ValueError for a size that no map can have
    check_limits(others=others, negatives=negatives)
    if maps is None:
        check_method(method, settings)
    found, other, mean, std = _read(
        images, labels, test_images, test_labels, transform=transform, mean=mean, std=std, size=size, resize=resize,
        progress=progress,
    )  # fmt: skip
    if device is not None and pick_device(device) != device_of(network):
        network = copy.deepcopy(network).to(pick_device(device))
    probes = np.arange(min(PROBES, len(found.labels)))
    first = source_for(network, *ready(found.take(probes), mean, std)).take(probes)
    n_outputs = logits_only(network, first)[1]
    matched = match(found.labels, found.classes, n_outputs, classes, outputs)
    neutral = matched.position(found.neutral if neutral is None else neutral)
    counts = _counts(images_per_class, QUICK_PER_CLASS if quick else PER_CLASS)
    ranking, test = _split(found, other, matched, counts, seed, mean, std, neutral)
    classifier, _ = logits_only(network, first, matched.outputs)
    remark = _remark(classifier)

    pairs, n_classes, title = ConjugatePairs(*ranking.images.shape[2:]), len(ranking.classes), type(network).__name__
    maps = None if maps is None else _given(maps, n_classes, pairs)
    unfiltered = look(classifier, test, memory_mib, progress)
    if fills is None:
        fills = FILLS if not quick else ("zeros" if neutral is None else "swap",)
    limits, search = Limits(precision, memory_mib=memory_mib), None
    if maps is None:
        search = plan_search(method, settings, classifier, ranking, limits, quick=quick, percent=percent)
    tests: dict[str, Any] = {
        "parts": parts, "fills": fills, "controls": controls, "others": others, "one_sample": True,
        "negatives": negatives or negatives_by_default(n_classes, counts[1], quick),
    }  # fmt: skip
    # With two classes and no neutral one, there are no false positives: see `shortcuts.collect`.
    counted = tests | ({"negatives": 0} if n_classes == 2 and neutral is None else {})
    plan = Plan(unfiltered, search, count_passes(n_classes, len(test), **counted))
    sizes = len(ranking), len(test)
    announce(plan.lines(name or title, sizes, ranking.classes, matched.outputs, n_outputs), progress)

    common: dict[str, Any] = {"mean": ranking.mean, "std": ranking.std}
    drawn: dict[str, Any] = {**common, "neutral": neutral, "seed": seed, "progress": progress}
    searched: Found | None = None
    if search:
        searched = find(
            search.method, classifier, ranking.images, ranking.labels, n_classes, **drawn, limits=limits, state=state,
            **search.settings,
        )  # fmt: skip
    masks: BoolArray = maps if searched is None else dfm.dominant(searched.score, pairs, percent)
    spectra = adcs.class_spectra(ranking.images, ranking.labels, n_classes, **common, device=device_of(network))
    hits = None
    if parts:
        hits = shortcuts.collect(
            classifier, test.images, test.labels, masks, **drawn, **tests, batch_size=unfiltered.batch
        )
    about = {
        "network": name or title,
        "outputs": n_outputs,
        "remark": "; ".join(filter(None, (remark, search.remark if search else ""))),
        **_facts(network, ranking, test, plan),
        "method": search.name if search else "given maps",
        "settings": str(dict(searched.settings)) if searched else "",
        "percent": percent if searched else 100 * float(masks.mean()),
        "passes of the search": searched.passes if searched else 0,
        "quick": quick,
        "seed": seed,
        "seconds": round(time.perf_counter() - begin, 1),
    }
    return Analysis(searched, masks, hits, ranking, test, spectra.mean_amplitude, about)


def negatives_by_default(n_classes: int, test_images: int, quick: bool) -> int:
    """Images on which FPR is measured, for so many test images of each class.

    TPR is measured on the test images of one class, so that more than a few times as many hardly make a margin clearer.
    """
    return min(max(FEWEST_NEGATIVES, 2 * test_images, n_classes), QUICK_NEGATIVES if quick else NEGATIVES)


def _check(parts: Sequence[Part], fills: Sequence[Fill] | None, controls: int) -> None:
    """Raise ValueError for tests without a verdict."""
    if parts and "keep" not in parts:
        raise ValueError(f"parts {', '.join(parts)}: expected keep among them, which the verdict is about, or no parts")
    if parts:
        check_fills(FILLS if fills is None else fills)
        if controls < FEWEST_DRAWS:
            raise ValueError(f"controls {controls}: a verdict needs at least {FEWEST_DRAWS} random masks of each kind")


def _remark(classifier: nn.Module) -> str:
    """What to say of a network that gives probabilities; else an empty text."""
    if not (isinstance(classifier, Logits) and classifier.probabilities):
        return ""
    remark = "the network gives probabilities, as a softmax does: their logarithms are used as logits"
    log.warning("%s", remark)
    return remark


def _read(
    images: Any,
    labels: Any,
    test_images: Any,
    test_labels: Any,
    *,
    transform: Any,
    mean: npt.ArrayLike | None,
    std: npt.ArrayLike | None,
    size: tuple[int, int] | int | None,
    resize: Resize,
    progress: bool,
) -> tuple[Labelled, Labelled | None, npt.ArrayLike | None, npt.ArrayLike | None]:
    """The images, other images to test with if there are some, and the mean and std that belong to both."""
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
    return found, other, mean, std


def _facts(network: nn.Module, ranking: Split, test: Split, plan: Plan) -> dict[str, Any]:
    """What identifies the network and the images, and what was planned, for the page and the files."""
    _, _, height, width = ranking.images.shape
    return {
        "weights_sha256": weights_digest(network.state_dict()),
        "images_sha256": hashlib.sha256(identity(ranking.images) + identity(test.images)).hexdigest(),
        "device": str(device_of(network)),
        "classes": len(ranking.classes),
        "images that find the maps" if plan.search else "images of the spectra": len(ranking),
        "images that test them": len(test),
        "accuracy without a filter": f"{plan.unfiltered.accuracy:.1%}",
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
