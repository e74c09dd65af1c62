"""One interface for every method: a network and ranking images in, a score of every pair for every class out.

A method is a module of this folder, or a class in one, with

- `Settings`, a frozen dataclass: what a user can choose;
- `passes(settings, n_images, pairs)`: how many forward passes of one image it will take, at most, for so many ranking
  images of all classes;
- `scores(workspace, settings)`: float64 [class, pairs], higher where a pair is more important.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Protocol, get_args, get_type_hints

import numpy as np
from torch import nn

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.numerics import deterministic_on_cuda
from frequency_shortcuts.networks.predictions import Classifier
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work

from .workspace import Limits, Workspace


class Method(Protocol):
    """What a module or class of a method provides."""

    __name__: str
    Settings: Callable[..., Any]

    def passes(self, settings: Any, n_images: int, pairs: ConjugatePairs) -> int: ...

    def scores(self, workspace: Workspace, settings: Any) -> FloatArray: ...


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
    method: Method,
    network: nn.Module | Classifier,
    split: Split,
    *,
    classes: Sequence[int] | None = None,
    seed: int = 0,
    limits: Limits | None = None,
    work: Work | None = None,
    **settings: Any,
) -> Found:
    """Score every pair for every class with one method.

    Parameters
    ----------
    method : a module of this folder, or a class in one; `registry.load` gives it by its name
    network : images [n, channels, H, W] -> logits [n, classes]; it is used in evaluation mode and not changed
    split : the images, read in batches. All donors with the fill `swap` are of its neutral class, if it has one; else
        of any class but the image's own
    classes : of a culling, whose classes do not depend on each other: score only these. `dfm.join` joins the files
    seed : of all random draws
    limits : precision and memory
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
    chosen = make_settings(method, settings)
    work, begin = work or Work(), time.perf_counter()
    resumed, identity = (
        work.state is not None and Path(work.state).exists(),
        (method.__name__, chosen),
    )
    with Workspace(
        network, split, classes=classes, seed=seed, limits=limits, identity=identity, work=work
    ) as workspace:
        count, frozen = workspace.count[workspace.classes], workspace.frozen
        workspace.expect(
            method.passes(chosen, int(count.sum()), workspace.pairs),
            method.__name__.rpartition("methods.")[2],
        )
        settled = getattr(chosen, "needs_deterministic", True)
        with deterministic_on_cuda(frozen.device) if settled else nullcontext():
            score = method.scores(workspace, chosen)
    if score.shape != (len(count), len(workspace.pairs)) or not np.isfinite(score).all():
        raise ValueError(
            f"scores of shape {score.shape}: expected finite numbers for each of {len(count)} classes"
        )
    about = {"images_per_class": count, "precision": frozen.precision, **workspace.about}
    seconds = time.perf_counter() - begin
    return Found(
        score, workspace.passes, seconds, resumed, asdict(chosen), about, workspace.evaluated
    )


def make_settings(method: Method, values: Mapping[str, Any]) -> Any:
    """The settings of a method.

    Raises ValueError for a setting that it does not have, one of another type, and one out of range.
    """
    types = get_type_hints(method.Settings)
    for name, value in values.items():
        if name not in types:
            raise ValueError(
                f"unknown setting {name!r} of the method: choose from {', '.join(types) or 'none'}"
            )
        kinds = get_args(types[name]) if isinstance(types[name], UnionType) else (types[name],)
        expected = [_EXPECTED.get(kind, ("a word", str)) for kind in kinds]
        # Of Python, which counts it among integers.
        number = isinstance(value, bool) and bool not in kinds
        if number or not any(isinstance(value, allowed) for _, allowed in expected):
            raise ValueError(
                f"{name} {value!r}: expected {' or '.join(word for word, _ in expected)}"
            )
    return method.Settings(**values)


# Of other types of a setting, which are words and choices of words, a word is expected.
_EXPECTED: dict[Any, tuple[str, Any]] = {
    int: ("a whole number", int),
    float: ("a number", (int, float)),
    NoneType: ("None", NoneType),
    bool: ("true or false", bool),
}
