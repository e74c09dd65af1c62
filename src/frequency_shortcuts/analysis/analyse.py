"""What a network follows, and which few frequencies are enough for it, in one call."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from torch import nn
from tqdm import tqdm

from frequency_shortcuts.exchange.test import collect, count_passes
from frequency_shortcuts.exchange.verdict import FOLLOWS, PARTS
from frequency_shortcuts.images.artefacts import BLOCKS, LOST
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.given import GivenImages, GivenLabels, GivenTransform
from frequency_shortcuts.images.labelled import prepared_by
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.splits import images_digest
from frequency_shortcuts.networks.external import check_network
from frequency_shortcuts.networks.numerics import keep_freed_memory
from frequency_shortcuts.networks.predictions import device_of
from frequency_shortcuts.networks.weights import weights_digest
from frequency_shortcuts.storage.journal import check_state

from .advice import REMEDIES, advice, facts_apart, kind_of_images
from .chosen_images import Counts, choose_images, read_images
from .classes import GivenClasses, Outputs
from .exchanges import ExchangeTest
from .map_plan import MapPlan, passes_of_maps, plan_maps, run_maps
from .older import Test
from .options import WITH_SWAP, Evaluation, Run
from .result import Analysis
from .sources import recall_by_source
from .subject import AnalysedNetwork, match_network

log = logging.getLogger(__name__)

STOPPED = "stopped before maps were tested: the result has none"
PER_CLASS = Counts(ranking=200, test=200, search=50, tested=50)


def analyse(  # noqa: PLR0913  # quick goes with the next version
    network: nn.Module,
    images: GivenImages,
    labels: GivenLabels | None = None,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    transform: GivenTransform | None = None,
    classes: Sequence[str] | None = None,
    outputs: Outputs | None = None,
    swapped: bool = False,
    maps: bool = False,
    test: Evaluation | None = None,
    run: Run | None = None,
    quick: bool | None = None,
) -> Analysis:
    """Does a network follow something that is not the object?

    Images of other classes get parts of each class that are not the object: what is fine, the illumination, and a
    patch. What does the network call them? With `maps`, a map of few frequencies is then found for each class, and
    tested beside controls of its size: is it enough? At least half of the images give parts and rank frequencies, 10 of
    each class or more; the others test.

    Parameters
    ----------
    network : returns logits [n, outputs], alone, first in a tuple, or as `.logits` of an object; of two classes also
        one logit or probability, [n, 1] or [n], of the second class or of that which `outputs` names. It does not
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
    classes : names of the network's outputs, in their order; or, of images whose classes have numbers alone, of these
    outputs : the output of the network for each class of the images, in their order or by name ({"fox": 277}), where
        `classes` do not say it. By default a class without a name is the output of its number; classes with names are
        found by WordNet ids in ImageNet, or are all outputs, in their order. If images show only some of the network's
        classes, the network chooses among these alone. A single output is a logit or probability of the second of two
        classes, or of the class that is named alone: {"pneumonia": 0}
    swapped : whether the network was trained with `fs.Swap`: then this is not advised again
    maps : whether maps are found and tested, too, which takes most of the time; also if `Evaluation.maps` says how
    test : other images to test with, how maps are found or maps of your own, and controls, see `Evaluation`
    run : seed, device, state, name of the network, progress, see `Run`
    quick : of older versions: `quick=False` is `maps=True`

    A network that is not better than chance without a filter is not tested. On a CPU with glibc, the process keeps
    the memory of its batches from this call on; see `keep_freed_memory`.

    Raises ValueError, in one sentence, for images, labels, networks or settings that cannot be used. Ctrl-C in the
    search or test of maps returns the result without maps.

    >>> result = fs.analyse(network, "photographs", transform=weights.transforms())
    >>> result.exchanges[["class", "fine", "field", "patch", "verdict", "follows", "cause"]]
    """
    begin = time.perf_counter()
    name_of_images = _name_of(images)
    network = check_network(network)
    test = given_options("test", test, Evaluation)
    run = given_options("run", run, Run)
    given = given_classes(classes, outputs, test)
    if run.state is not None:
        check_state(run.state)
    keep_freed_memory()
    counts = counts_of(test)
    labelled = read_images(images, labels, prepared_by(transform, mean, std), test, run, counts)
    chosen = choose_images(labelled, test, counts, run.seed, given.names)
    subject = match_network(network, chosen, given, run)
    remarks = subject.remarks()
    for remark in remarks:
        log.warning("%s", remark)
    plan = None
    if _of_older_version(quick) or maps or test.maps is not None:
        plan = plan_maps(subject, test, counts, run.seed)
    accuracy, seconds, batch = subject.measure(run.progress)
    _announce(subject, accuracy, seconds, plan, run.progress)
    answers = collect(
        subject.frozen, subject.ranking, subject.test, seed=run.seed, progress=run.progress
    )
    exchange = ExchangeTest(
        subject.frozen.original, subject.ranking, subject.test, answers, run.seed
    )
    swapped |= run.swapped  # as in version 2
    files_differ, remedies = _advise(exchange, swapped)
    about = _about_subject(subject, remarks, accuracy, run) | {
        "trained with": WITH_SWAP if swapped else "",
        "images": name_of_images,
        "files differ": files_differ,
        "options_sha256": _digest_of_options(subject),
    }
    map_result = None
    if plan is not None:
        more = plan.search.remark if plan.search is not None else ""
        try:
            map_result, about_maps = run_maps(plan, subject, run, batch)
            about |= about_maps
        except KeyboardInterrupt:  # the exchange test is done, and is a result
            log.warning(STOPPED)
            more = STOPPED
        about["remark"] = "; ".join(filter(None, (about["remark"], more)))
    about["seconds"] = round(time.perf_counter() - begin, 1)
    return Analysis(
        exchange.classes,
        about,
        answers,
        exchange.table,
        remedies,
        exchange.typical_pictures(),
        _recall_by_source(exchange, subject),
        map_result,
    )


analyze = analyse  # the American spelling


def given_options(name: str, given: Any, kind: type) -> Any:
    """The options, or the default ones."""
    if not isinstance(given, kind | None):
        raise ValueError(f"{name} is a {type(given).__name__}: expected fs.{kind.__name__}(...)")
    return kind() if given is None else given


def given_classes(
    classes: Sequence[str] | None, outputs: Outputs | None, test: Evaluation
) -> GivenClasses:
    """What is given of the classes, also where `fs.Evaluation` of version 2 holds it."""
    if isinstance(test, Test):
        classes = test.classes if classes is None else classes
        outputs = test.outputs if outputs is None else outputs
    return GivenClasses(classes, outputs)


def _of_older_version(quick: bool | None) -> bool:
    """Whether `quick`, the argument of older versions, requests maps; it gets a warning."""
    if quick is None:
        return False
    words = "quick is no longer needed: maps are found with maps=True alone"
    warnings.warn(words, DeprecationWarning, stacklevel=3)
    return not quick


def counts_of(test: Evaluation) -> Counts:
    """How many images of each class do what."""
    counts = PER_CLASS
    if test.search and test.search.images_per_class:
        counts = counts._replace(search=test.search.images_per_class)
    if test.images_per_class is not None:
        counts = counts._replace(test=test.images_per_class, tested=test.images_per_class)
    return counts


def _announce(
    subject: AnalysedNetwork, accuracy: float, seconds: float, plan: MapPlan | None, progress: bool
) -> None:
    """Show what an analysis will do on standard error, beside the progress bars, or in the log if there are none.

    seconds : of a pass
    """
    n_classes = len(subject.test.classes)
    tested = f"{len(subject.ranking):,} images give parts, {len(subject.test):,} test"
    passes = count_passes(subject.test.labels, n_classes, subject.test.neutral)
    steps: dict[str, float] = {"exchange test": passes}
    if plan is not None:
        tested += f"; {subject.images.search:,} find maps, {subject.images.tested:,} test them"
        steps |= passes_of_maps(plan, subject)
    chance = f"mean over classes; chance: {1 / n_classes:.1%}"
    lines = [
        f"{subject.name}, {n_classes:,} classes: {tested}; the network chooses among "
        f"{_outputs_in_words(subject)}",
        f"accuracy without a filter: {accuracy:.1%} ({chance})",
    ]
    for name, count in steps.items():
        lines.append(f"{name}: about {count:,.0f} passes, {_time_in_words(count * seconds)}")
    for line in lines:
        if progress:
            tqdm.write(line, file=sys.stderr)
        else:
            log.info("%s", line)


def _outputs_in_words(subject: AnalysedNetwork) -> str:
    if subject.n_outputs == 1:
        return "two classes by its one output"
    if subject.outputs is None:
        return f"all its {subject.n_outputs:,} outputs"
    pairs = zip(subject.test.classes, subject.outputs, strict=True)
    names = [f"{name} {output}" for name, output in pairs]
    return f"{len(names):,} of its {subject.n_outputs:,} outputs ({few(names)})"


def _time_in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:,.1f} h"


def _advise(exchange: ExchangeTest, swapped: bool) -> tuple[dict[str, str], Any]:
    """What sets the files of classes that follow apart, and the table of remedies."""
    table = exchange.table
    found = table[table["verdict"] == FOLLOWS]
    if found.empty:
        return {}, REMEDIES.iloc[:0]
    facts = facts_apart(exchange.ranking)
    differ = {name: facts[name] for name in found["class"] if name in facts}
    traces = {BLOCKS, LOST} & {*exchange.causes.values()}
    parts = [part for part in PARTS if found["follows"].str.contains(part).any()]
    kind = kind_of_images(exchange.pixels)
    of_files = bool(differ or traces)
    return differ, advice(kind, parts, of_files=of_files, swapped=swapped)


def _about_subject(
    subject: AnalysedNetwork, remarks: Sequence[str], accuracy: float, run: Run
) -> dict[str, Any]:
    """What identifies the network and the images, for the page and the files."""
    ranking, test = subject.ranking, subject.test
    _, _, height, width = ranking.images.shape
    remarks = list(remarks)
    for images in (ranking.images, test.images):
        if isinstance(images, ImageFiles) and images.tones.text not in ("", *remarks):
            remarks.append(images.tones.text)
    digests = images_digest(ranking.images) + images_digest(test.images)
    return {
        "network": subject.name,
        "outputs": subject.n_outputs,
        "remark": "; ".join(remarks),
        "weights_sha256": weights_digest(subject.network.state_dict()),
        "images_sha256": hashlib.sha256(digests).hexdigest(),
        "device": str(device_of(subject.network)),
        "classes": len(ranking.classes),
        "images that rank frequencies": len(ranking),
        "images that test": len(test),
        "test images of the smallest class": int(np.bincount(test.labels).min()),
        "accuracy without a filter": f"{accuracy:.1%}",
        "image size": f"{height} x {width}",
        "seed": run.seed,
    }


def _name_of(images: Any) -> str:
    """The name of the folder or file of the images, if they are in one."""
    place = getattr(images, "path", images)  # of `Files`
    return Path(place).resolve().name if isinstance(place, str | os.PathLike) else ""


def _recall_by_source(exchange: ExchangeTest, subject: AnalysedNetwork) -> pd.DataFrame | None:
    sources = subject.images.sources
    if sources is None:
        return None
    answers = exchange.answers
    return recall_by_source(answers.labels, answers.before, sources, exchange.classes)


def _digest_of_options(subject: AnalysedNetwork) -> str:
    """Of labels, neutral class, outputs and sources: what else makes two results two."""
    options: Mapping[str, Any] = {
        "ranking": subject.ranking.labels,
        "test": subject.test.labels,
        "neutral": subject.test.neutral,
        "outputs": subject.outputs,
        "sources": subject.images.sources,
    }
    words = json.dumps(options, default=np.ndarray.tolist)
    return hashlib.sha256(words.encode()).hexdigest()
