"""From a network and images to maps, tests and verdicts, in one call."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from frequency_shortcuts.data.splits import Split, images_digest
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.evaluation.trials import count_passes
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.maps.methods.method import Found, find
from frequency_shortcuts.networks.devices import keep_freed_memory
from frequency_shortcuts.networks.fingerprint import weights_digest
from frequency_shortcuts.networks.predictions import device_of
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, as_array
from frequency_shortcuts.spectrum.fills import FILLS
from frequency_shortcuts.spectrum.masks import check_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .options import Run, Search, Test
from .plan import AnalysisPlan, PlannedSearch, measure_unfiltered, plan_search
from .result import Analysis
from .subject import Subject, match_network, read_images

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
    classes: Sequence[str] | None = None,
    outputs: Sequence[int] | Mapping[str, int] | None = None,
    quick: bool = False,
    search: Search | None = None,
    test: Test | None = None,
    run: Run | None = None,
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
        interpolation are read; or a `Preprocessing` with these. See `transforms.read_transform`
    classes : names of the classes, or of all outputs of the network
    outputs : the output of the network for each class of the images, in their order or by name ({"fox": 277}). By
        default a class without a name is the output of its number; classes with names are found by them in `classes`,
        by WordNet ids in ImageNet, or are all outputs, in their order. If images show only some of the network's
        classes, the network chooses among these alone
    quick : fewer images, and one fill: minutes on a CPU
    search : method and size of the maps, see `Search`
    test : maps and images of your own to test, and controls, see `Test`
    run : seed, device, memory, name of the network, progress, see `Run`

    A network that is not better than chance without a filter is not searched. On a CPU with glibc, the process keeps
    the memory of its batches from this call on; see `keep_freed_memory`.

    Raises ValueError, in one sentence, for images, labels, networks or settings that cannot be used.

    >>> result = analyse(network, "photographs", transform=weights.transforms(), quick=True)
    >>> result.verdicts[["class", "tpr_dfm", "margin_low", "verdict"]]
    """
    begin = time.perf_counter()
    keep_freed_memory()
    search, test, run = search or Search(), test or Test(), run or Run()
    labelled, other, preprocessing = read_images(images, labels, test, transform, mean, std, run.progress)
    usual = QUICK_PER_CLASS if quick else PER_CLASS
    counts = search.images_per_class or usual[0], test.images_per_class or usual[1]
    subject = match_network(
        network, labelled, other, preprocessing, classes=classes, outputs=outputs, neutral=test.neutral, counts=counts,
        seed=run.seed, device=run.device,
    )  # fmt: skip
    masks = None if test.maps is None else _as_masks(test.maps, subject.test)
    plan = _plan(subject, search, test, run, counts[1], quick)
    plan.announce(subject, run)
    scores = None
    if plan.search:
        scores = _scores(subject, plan.search, search, run)
        masks = dfm.dominant(scores.score, ConjugatePairs(*subject.ranking.images.shape[2:]), search.percent)
    assert masks is not None  # they were given, or searched for
    amplitude, hits = _mean_amplitude(subject), _hits(subject, masks, plan, run) if test.parts else None
    about = {
        **_facts(subject, plan, run),
        "method": plan.search.name if plan.search else "given maps",
        "settings": str(dict(scores.settings)) if scores else "",
        "percent": search.percent if scores else 100 * float(masks.mean()),
        "passes of the search": scores.passes if scores else 0,
        "quick": quick,
        "seed": run.seed,
        "seconds": round(time.perf_counter() - begin, 1),
    }
    return Analysis(scores, masks, hits, subject.ranking, subject.test, amplitude, about)


def negatives_by_default(n_classes: int, test_images: int, quick: bool) -> int:
    """Images on which FPR is measured, for so many test images of each class.

    TPR is measured on the test images of one class, so that more than a few times as many hardly make a margin clearer.
    """
    return min(max(FEWEST_NEGATIVES, 2 * test_images, n_classes), QUICK_NEGATIVES if quick else NEGATIVES)


def _plan(subject: Subject, search: Search, test: Test, run: Run, test_images: int, quick: bool) -> AnalysisPlan:
    """The work of the search and of the test, for so many test images of each class."""
    n_classes, neutral = len(subject.test.classes), subject.test.neutral
    unfiltered = measure_unfiltered(subject.classifier, subject.test, run.memory_mib, run.progress)
    planned: PlannedSearch | None = None
    if test.maps is None:
        limits = run.limits(search.precision)
        planned = plan_search(search, subject.classifier, subject.ranking, limits, quick=quick)
    fills = test.fills
    if fills is None:
        fills = FILLS if not quick else ("zeros" if neutral is None else "swap",)
    tests: dict[str, Any] = {
        "parts": test.parts, "fills": fills, "controls": test.controls, "others": test.others, "one_sample": True,
        "negatives": test.negatives or negatives_by_default(n_classes, test_images, quick),
    }  # fmt: skip
    # With two classes and no neutral one, there are no false positives: see `shortcuts.collect`.
    counted = tests | ({"negatives": 0} if n_classes == 2 and neutral is None else {})
    return AnalysisPlan(unfiltered, planned, tests, count_passes(n_classes, len(subject.test), **counted))


def _scores(subject: Subject, planned: PlannedSearch, search: Search, run: Run) -> Found:
    """What the search finds."""
    ranking: Any = subject.ranking  # `find` takes a Split as well
    return find(
        planned.method, subject.classifier, ranking, seed=run.seed, limits=run.limits(search.precision),
        state=run.state, progress=run.progress, **planned.settings,
    )  # fmt: skip


def _mean_amplitude(subject: Subject) -> FloatArray:
    """The mean amplitude spectrum of each class, of the images that find the maps."""
    ranking = subject.ranking
    return adcs.class_spectra(
        ranking.images, ranking.labels, len(ranking.classes), mean=ranking.mean, std=ranking.std,
        device=device_of(subject.network),
    ).mean_amplitude  # fmt: skip


def _hits(subject: Subject, masks: BoolArray, plan: AnalysisPlan, run: Run) -> shortcuts.Hits:
    """The class that the network names for each test image under each mask."""
    images: Any = subject.test  # `collect` takes a Split as well
    return shortcuts.collect(
        subject.classifier, images, masks, **plan.tests, seed=run.seed, progress=run.progress,
        batch_size=plan.unfiltered.batch,
    )  # fmt: skip


def _facts(subject: Subject, plan: AnalysisPlan, run: Run) -> dict[str, Any]:
    """What identifies the network and the images, and what was planned, for the page and the files."""
    ranking, test = subject.ranking, subject.test
    _, _, height, width = ranking.images.shape
    return {
        "network": run.name or type(subject.network).__name__,
        "outputs": subject.n_outputs,
        "remark": "; ".join(filter(None, (subject.remark, plan.search.remark if plan.search else ""))),
        "weights_sha256": weights_digest(subject.network.state_dict()),
        "images_sha256": hashlib.sha256(images_digest(ranking.images) + images_digest(test.images)).hexdigest(),
        "device": str(device_of(subject.network)),
        "classes": len(ranking.classes),
        "images that find the maps" if plan.search else "images of the spectra": len(ranking),
        "images that test them": len(test),
        "accuracy without a filter": f"{plan.unfiltered.accuracy:.1%}",
        "image size": f"{height} x {width}",
    }


def _as_masks(maps: Any, split: Split) -> BoolArray:
    """Maps of the user as bool [class, H, W]."""
    masks = as_array(maps)
    expected = (len(split.classes), *split.images.shape[2:])
    if masks.shape != expected:
        raise ValueError(f"maps are {list(masks.shape)}: expected {list(expected)}, one for each class")
    if masks.dtype != bool:
        if not np.isin(masks, (0, 1)).all():
            raise ValueError("maps hold other values than 0 and 1: expected bool [class, H, W]")
        masks = masks.astype(bool)
    return check_mask(masks, "maps")
