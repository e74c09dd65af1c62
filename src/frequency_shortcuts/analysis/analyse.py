"""From a network and images to flips, maps, tests and verdicts, in one call."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import sys
import time
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from tqdm import tqdm

from frequency_shortcuts.exchange.class_statistics import FEWEST
from frequency_shortcuts.exchange.test import collect, count_passes
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.preprocessing import PROBES
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split, images_digest
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import Method, find, make_settings
from frequency_shortcuts.maps.methods.mixture import log_odds
from frequency_shortcuts.maps.methods.workspace import Limits
from frequency_shortcuts.networks.external import check_network
from frequency_shortcuts.networks.numerics import keep_freed_memory
from frequency_shortcuts.networks.predictions import Classifier, device_of
from frequency_shortcuts.networks.weights import weights_digest
from frequency_shortcuts.shortcuts import trials as test_of_maps
from frequency_shortcuts.shortcuts.test import collect as collect_hits
from frequency_shortcuts.spectrum.arrays import BoolArray, as_array
from frequency_shortcuts.spectrum.masks import check_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work, check_state

from .classes import Counts
from .counterfactuals import FlipTest
from .images import LabelledImages, prepared_by, read_images
from .options import DEFAULT, WITH_SWAP, Run, Search, Test
from .result import Analysis
from .sources import read_sources
from .subject import Subject, match_network

log = logging.getLogger(__name__)

PER_CLASS = Counts(ranking=200, test=200, search=50, tested=50)
# The most images on which FPR is measured, and the fewest by default.
NEGATIVES, FEWEST_NEGATIVES = (
    1000,
    50,
)
SAMPLES = 8  # of each image, of a search by the default method: analyse takes more images than a comparison does
CELLS = 32  # of frequencies along a side of the spectrum, where culling removes cells
NO_GRADIENT = "the network gives no gradient, which the default method needs"


def analyse(
    network: nn.Module,
    images: Any,
    labels: Any = None,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    transform: Any = None,
    quick: bool = False,
    test: Test | None = None,
    run: Run | None = None,
) -> Analysis:
    """Does a network follow something that is not the object, and which few frequencies are enough?

    First, images of other classes get parts of each class that are not the object: what is fine, the illumination, and
    a patch. What does the network call them? Then a map of few frequencies is found for each class, and tested beside
    controls of its size. At least half of the images give parts and rank frequencies, 10 of each class or more; the
    others test.

    Parameters
    ----------
    network : returns logits [n, outputs], alone, first in a tuple, or as `.logits` of an object; of two classes also
        one logit or probability, [n, 1] or [n], of the second class or of that which `Test.outputs` names. It does not
        change; of a compiled network, its own module is used
    images : an array, tensor or HDF5 dataset [n, channels, H, W] with `labels` [n], the numbers of the classes; a
        map-style torch Dataset, a DataLoader, or a `Split`; the path of a folder that holds a folder of pictures, at
        any depth, for each class, of a CSV or of an HDF5 file; a list of paths with `labels`; or a `Files`, which says
        more of these. uint8 images need a mean and std; float images from 0 to 1 are normalised if these are given;
        other float images are used as they are
    mean, std : [channels], or one number, to normalise with, in units of [0, 1]
    transform : makes an image of a picture, such as what `weights.transforms()` of torchvision returns, a Compose or an
        image processor of Hugging Face, which is called on each picture when it is needed; or a `Preprocessing`. Of
        arrays and tensors only the mean and std are used with which it ends
    quick : the fewest passes: no maps are found and tested, which takes most of the time
    test : classes and outputs, how maps are found or maps of your own, images to test, and controls, see `Test`
    run : seed, device, state, name of the network, progress, see `Run`

    A network that is not better than chance without a filter is not tested. On a CPU with glibc, the process keeps
    the memory of its batches from this call on; see `keep_freed_memory`.

    Raises ValueError, in one sentence, for images, labels, networks or settings that cannot be used.

    >>> result = analyse(network, "photographs", transform=weights.transforms(), quick=True)
    >>> result.flips[["class", "fine", "field", "patch", "verdict", "follows", "cause"]]
    """
    begin = time.perf_counter()
    network = check_network(network)
    for name, value, kind in (("test", test, Test), ("run", run, Run)):
        if not isinstance(value, kind | None):
            raise ValueError(
                f"{name} is a {type(value).__name__}: expected fs.{kind.__name__}(...)"
            )
    test, run = test or Test(), run or Run()
    if quick and test.maps is not None:
        raise ValueError("quick=True neither finds nor tests maps: leave out Test(maps=...)")
    if run.state is not None:
        check_state(run.state)
    keep_freed_memory()
    flips = quick or bool(test.parts)  # without parts, maps are made and nothing is tested
    counts, fewest = PER_CLASS, FEWEST if flips else 1
    if test.search and test.search.images_per_class:
        counts = counts._replace(search=test.search.images_per_class)
    if (most := test.images_per_class) is not None:
        counts = counts._replace(test=most, tested=most)
    labelled = read_images(
        images, labels, prepared_by(transform, mean, std), test, run, counts, fewest
    )
    tested, what = (labelled, "images") if labelled.test is None else (labelled.test, "test images")
    listed = (
        None
        if test.source is None
        else read_sources(test.source, len(tested.labels), tested.listing, what)
    )
    masks = None if test.search else _as_masks(test.maps, labelled)
    subject = match_network(network, labelled, test, run, counts, fewest)
    accuracy, seconds, batch = subject.measure(run.progress)
    search = trials = None
    steps: dict[str, float] = {}
    if flips:
        steps["exchange test"] = count_passes(
            subject.test.labels, len(subject.test.classes), subject.test.neutral
        )
    if test.search and not quick:
        search = plan_search(
            test.search, subject.search_classifier(test.search.precision), subject.map_ranking
        )
        steps[f"search by {search.name}"] = search.passes
    if test.parts and not quick:
        negatives = test.negatives or negatives_by_default(len(subject.test.classes), counts.tested)
        trials = test_of_maps.Trials(
            test.parts,
            test.fills,
            test.controls,
            others=test.others,
            negatives=negatives,
            one_sample=True,
            seed=run.seed,
        )
        steps["test of maps beside controls"] = test_of_maps.count_passes(
            len(subject.test.classes), subject.chosen.tested, trials, subject.test.neutral
        )
    announce(subject, accuracy, steps, seconds, run.progress)
    flip_test = None
    if flips:
        answers = collect(
            subject.frozen, subject.ranking, subject.test, seed=run.seed, progress=run.progress
        )
        flip_test = FlipTest(
            subject.frozen.original, subject.ranking, subject.test, answers, run.seed
        )
    made, about = ({}, {}) if quick else _maps(subject, masks, search, trials, test, batch, run)
    about = (
        _facts(subject, accuracy, search, run)
        | about
        | {"seed": run.seed, "trained with": WITH_SWAP * run.swapped}
    )
    place = getattr(images, "path", images)  # of `Files`
    about["images"] = Path(place).resolve().name if isinstance(place, str | os.PathLike) else ""
    about["seconds"] = round(time.perf_counter() - begin, 1)
    sources = None if listed is None else listed[subject.chosen.test]
    options = (
        subject.ranking.labels,
        subject.test.labels,
        subject.test.neutral,
        subject.outputs,
        sources,
    )
    about["options_sha256"] = hashlib.sha256(
        json.dumps(options, default=np.ndarray.tolist).encode()
    ).hexdigest()
    return Analysis(subject.ranking, subject.test, about, flip_test, sources=sources, **made)


analyze = analyse  # the American spelling


def negatives_by_default(n_classes: int, test_images: int) -> int:
    """Images on which FPR is measured, for so many test images of each class.

    TPR is measured on the test images of one class, so that more than a few times as many hardly make a margin clearer.
    """
    return min(max(FEWEST_NEGATIVES, 2 * test_images, n_classes), NEGATIVES)


class PlannedSearch(NamedTuple):
    """The search of an analysis.

    name : of the method, see `registry`; method, settings : what it stands for
    passes : at most; a backward pass counts two
    remark : why the method is not the default one, or empty
    """

    name: str
    method: Method
    settings: dict[str, Any]
    passes: int
    remark: str


def plan_search(search: Search, network: Classifier, images: Split) -> PlannedSearch:
    """A search by its method, or by the default one, and what it takes.

    Without a gradient the default is culling by cells, and a warning says so. Raises ValueError for settings without
    the method that they are of, if the network gives no gradient.
    """
    pairs, remark = ConjugatePairs(*images.images.shape[2:]), ""
    if search.method is None and not has_gradient(network, images):
        if search.settings:
            raise ValueError(
                f"{NO_GRADIENT}: name the method that the settings {', '.join(search.settings)} are of"
            )
        remark = f"{NO_GRADIENT}: culling by cells of frequencies finds the maps"
        log.warning("%s", remark)
    name = search.method or ("culling" if remark else DEFAULT)
    method, settings = registry.resolve(name)
    module = registry.load(method)
    if "percent" in signature(module.Settings).parameters:
        settings["percent"] = search.percent
    if name == "culling" and not search.settings:
        cell = math.ceil(max(pairs.height, pairs.width) / CELLS)
        settings |= {"search": "exact", "patch": cell} if remark else {"search": "screened"}
    if name == DEFAULT:
        settings["samples"] = SAMPLES
    settings |= search.settings
    passes = module.passes(make_settings(module, settings), len(images), pairs)
    return PlannedSearch(name, module, settings, passes, remark)


def has_gradient(network: Classifier, images: Split) -> bool:
    """Whether the log-odds of the called classes depend on the first images by a gradient that PyTorch computes."""
    source = Source(images, device=network.device, dtype=network.dtype)
    network.check(source.take(np.arange(1)))
    seen = source.take(np.arange(min(PROBES, len(images)))).requires_grad_()
    try:
        logits = network.logits(seen.clone())
        (gradient,) = torch.autograd.grad(
            log_odds(logits, logits.detach().argmax(dim=1)).sum(), seen
        )
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # no gradient, or a layer of the user without a backward pass
        log.info("no gradient: %s", error)
        return False
    return bool(gradient.any())


def announce(
    subject: Subject, accuracy: float, steps: Mapping[str, float], seconds: float, progress: bool
) -> None:
    """Show what an analysis will do on standard error, beside the progress bars, or in the log if there are none.

    steps : name of a step -> its passes, at most; seconds : of a pass
    """
    n_classes = len(subject.test.classes)
    images = []
    if "exchange test" in steps:
        images.append(f"{len(subject.ranking):,} images give parts, {len(subject.test):,} test")
    if any(name.startswith("search") for name in steps):
        images.append(f"{subject.chosen.search:,} find maps, {subject.chosen.tested:,} test them")
    chosen = (
        "two classes by its one output"
        if subject.n_outputs == 1
        else f"all its {subject.n_outputs:,} outputs"
    )
    if subject.outputs is not None and subject.n_outputs > 1:
        names = [
            f"{name} {output}"
            for name, output in zip(subject.test.classes, subject.outputs, strict=True)
        ]
        chosen = f"{len(names):,} of its {subject.n_outputs:,} outputs ({few(names)})"
    images.append(f"the network chooses among {chosen}")
    lines = [
        f"{subject.name}, {n_classes:,} classes: {'; '.join(images)}",
        f"accuracy without a filter: {accuracy:.1%} (mean over classes; chance: {1 / n_classes:.1%})",
    ]
    for name, passes in steps.items():
        needed = passes * seconds
        longer = f"{needed / 60:.0f} min" if needed < 5400 else f"{needed / 3600:,.1f} h"
        words = f"{max(1, round(needed))} s" if needed < 90 else longer
        lines.append(f"{name}: about {passes:,.0f} passes, {words}")
    for line in lines:
        if progress:
            tqdm.write(line, file=sys.stderr)
        else:
            log.info("%s", line)


def _maps(
    subject: Subject,
    masks: BoolArray | None,
    planned: PlannedSearch | None,
    trials: test_of_maps.Trials | None,
    test: Test,
    batch: int,
    run: Run,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Maps that are given or searched for, with scores and hits, by the names of `Analysis`, and how they were made."""
    scores, images, search = None, subject.map_ranking, test.search
    if planned and search:
        scores = find(
            planned.method,
            subject.search_classifier(search.precision),
            images,
            seed=run.seed,
            limits=Limits(search.precision),
            work=Work(run.state, progress=run.progress),
            **planned.settings,
        )
        masks = dfm.dominant(scores.score, ConjugatePairs(*images.images.shape[2:]), search.percent)
    assert masks is not None  # they were given, or searched for
    hits = None
    if trials:
        hits = collect_hits(
            subject.classifier,
            subject.map_test,
            masks,
            trials,
            batch_size=batch,
            progress=run.progress,
        )
    amplitude = adcs.class_spectra(images, device=device_of(subject.network)).mean_amplitude
    about = {
        "images that find the maps" if planned else "images of the spectra": subject.chosen.search,
        "images that test them": subject.chosen.tested,
        "method": planned.name if planned else "given maps",
        "settings": str(dict(scores.settings))
        if scores
        else f"sha256 {hashlib.sha256(masks.tobytes()).hexdigest()}",
        "settings of the test": str(vars(trials)) if trials else "",
        "percent": search.percent if search else 100 * float(masks.mean()),
        "passes of the search": scores.passes if scores else 0,
    }
    return {"maps": masks, "found": scores, "hits": hits, "amplitude": amplitude}, about


def _facts(
    subject: Subject, accuracy: float, search: PlannedSearch | None, run: Run
) -> dict[str, Any]:
    """What identifies the network and the images, and what was planned, for the page and the files."""
    ranking, test = subject.ranking, subject.test
    _, _, height, width = ranking.images.shape
    remarks = dict.fromkeys(
        one.images.tones.text for one in (ranking, test) if isinstance(one.images, ImageFiles)
    )
    return {
        "network": subject.name,
        "outputs": subject.n_outputs,
        "remark": "; ".join(
            filter(None, (subject.remark, search.remark if search else "", *remarks))
        ),
        "weights_sha256": weights_digest(subject.network.state_dict()),
        "images_sha256": hashlib.sha256(
            images_digest(ranking.images) + images_digest(test.images)
        ).hexdigest(),
        "device": str(device_of(subject.network)),
        "classes": len(ranking.classes),
        "images that rank frequencies": len(ranking),
        "images that test": len(test),
        "accuracy without a filter": f"{accuracy:.1%}",
        "image size": f"{height} x {width}",
    }


def _as_masks(maps: Any, images: LabelledImages) -> BoolArray:
    """Maps of the user as bool [class, H, W], one for each class of the images."""
    names = images.classes or [*map(str, np.unique(images.labels).tolist())]
    if isinstance(maps, Mapping):
        if missing := [name for name in names if name not in maps]:
            raise ValueError(f"maps have no {few(missing)}: they are of {few([*maps])}")
        maps = np.array([as_array(maps[name]) for name in names])
    masks, expected = as_array(maps), (len(names), *images.images.shape[2:])
    if masks.shape != expected:
        raise ValueError(
            f"maps are {list(masks.shape)}: expected {list(expected)}, one for each class"
        )
    if not np.isin(masks, (0, 1)).all():
        raise ValueError("maps hold other values than 0 and 1: expected bool [class, H, W]")
    return check_mask(masks.astype(bool), "maps")
