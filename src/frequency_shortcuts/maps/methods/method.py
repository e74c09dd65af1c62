"""One interface for every method: a network and ranking images in, a score of every pair for every class out.

A method is a module of this folder with

- `Settings`, a frozen dataclass: what a user can choose;
- `passes(settings, n_images, pairs)`: how many forward passes of one image it will take, at most, for so many ranking
  images of all classes;
- `scores(workspace, settings)`: float64 [class, pairs], higher where a pair is more important.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType, NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from torch import nn

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.numerics import deterministic_on_cuda
from frequency_shortcuts.networks.predictions import Classifier, Precision
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.storage.journal import Work

from .workspace import Workspace


@dataclass(frozen=True)
class Found:
    """What a search found.

    score : float64 [class, pairs], in the order of `ConjugatePairs`, higher where a pair is more important; of a
        culling the loss increments
    passes : forward passes of one image; a backward pass counts two
    seconds : run time of this call; resumed : whether the state file of an earlier call was there at the start
    settings : of the method
    about : `images_per_class` int64 [class], `precision`, and what a method says beside its scores (`culling.scores`)
    evaluated : of a culling bool [class, pairs], true where the increment was evaluated exactly, not predicted
    """

    score: FloatArray
    passes: int
    seconds: float
    resumed: bool
    settings: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)
    evaluated: BoolArray | None = None


def find(
    method: ModuleType,
    network: nn.Module | Classifier,
    split: Split,
    *,
    classes: Sequence[int] | None = None,
    seed: int = 0,
    precision: Precision = "float32",
    compiled: bool = False,
    batch: int | None = None,
    work: Work | None = None,
    **settings: Any,
) -> Found:
    """Score every pair for every class with one method.

    Parameters
    ----------
    method : a module of this folder; `registry.load` gives it by its name
    network : images [n, channels, H, W] -> logits [n, classes]; it is used in evaluation mode and not changed
    split : the images, read in batches. All donors with the fill `swap` are of its neutral class, if it has one; else
        of any class but the image's own
    classes : of a culling, whose classes do not depend on each other: score only these. `dfm.join` joins the files
    seed : of all random draws
    precision, compiled : of the passes, see `predictions.Classifier`
    batch : filtered images in one forward pass; by default `Classifier.batch_sizes`
    work : where finished blocks are stored, of 8192 filtered images or gradients each, and what stops the search before
        a forward pass. A state belongs to this search if settings, images, weights and buffers are the same and the
        network gives the stored logits up to rounding
    settings : those of the method's `Settings`

    Raises ValueError for settings that the method does not have, and for scores that are not finite; RuntimeError if
    another process uses the state; `journal.Stopped` if it is stopped.

    >>> found = find(registry.load("hfss"), network, split, percent=5)
    >>> dfm.dominant(found.score, ConjugatePairs(32, 32), 5).shape
    (10, 32, 32)
    """
    begin = time.perf_counter()
    chosen = make_settings(method, settings)
    work = work or Work()
    resumed = work.state is not None and Path(work.state).exists()
    identity = method.__name__, chosen
    with Workspace(
        network,
        split,
        classes=classes,
        seed=seed,
        precision=precision,
        compiled=compiled,
        batch=batch,
        identity=identity,
        work=work,
    ) as workspace:
        frozen = workspace.frozen
        count = workspace.count[workspace.classes]
        passes = method.passes(chosen, int(count.sum()), workspace.pairs)
        workspace.expect(passes, method.__name__.rpartition("methods.")[2])
        is_settled = getattr(chosen, "needs_deterministic", True)
        with deterministic_on_cuda(frozen.device) if is_settled else nullcontext():
            score = method.scores(workspace, chosen)
    if not np.isfinite(score).all():
        raise ValueError("the method gives scores that are not finite numbers")
    about = {"images_per_class": count, "precision": frozen.precision, **workspace.about}
    return Found(
        score=score,
        passes=workspace.passes,
        seconds=time.perf_counter() - begin,
        resumed=resumed,
        settings=asdict(chosen),
        about=about,
        evaluated=workspace.evaluated,
    )


def make_settings(method: ModuleType, values: Mapping[str, Any]) -> Any:
    """The settings of a method.

    Raises ValueError for a setting that it does not have, one of another type, and one out of range.
    """
    types = get_type_hints(method.Settings)
    for name, value in values.items():
        if name not in types:
            choices = ", ".join(types) or "none"
            raise ValueError(f"unknown setting {name!r} of the method: choose from {choices}")
        _check_setting(name, value, types[name])
    return method.Settings(**values)


def _check_setting(name: str, value: Any, annotation: Any) -> None:
    """Raises ValueError for a value that is not as annotated: one of some words, or of a type."""
    kinds = get_args(annotation) or (annotation,)
    if get_origin(annotation) is Literal:
        if value not in kinds:
            raise ValueError(f"unknown {name} {value!r}: choose from {', '.join(kinds)}")
        return
    allowed = int | float if annotation is float else annotation
    # Python counts true and false among integers.
    is_confused = isinstance(value, bool) and annotation is not bool
    if is_confused or not isinstance(value, allowed):
        expected = " or ".join(_WORDS[kind] for kind in kinds)
        raise ValueError(f"{name} {value!r}: expected {expected}")


_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "a word",
    bool: "true or false",
    NoneType: "None",
}
