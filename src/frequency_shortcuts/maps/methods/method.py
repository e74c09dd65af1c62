"""One interface for every method: a network and ranking images in, a score of every pair for every class out.

A method is a module of this folder with

- `Settings`, a frozen dataclass: what a user can choose;
- `passes(settings, size)`: how many forward passes of one image it will take, at most;
- `scores(workspace, settings)`: float64 [class, pairs], higher where a pair is more important.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from inspect import signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Protocol, get_args, get_type_hints

import numpy as np
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks.numerics import deterministic_on_cuda
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work

from .engine import Limits
from .workspace import Workspace


@dataclass(frozen=True)
class Size:
    """What the cost of a method depends on: classes, ranking images of all classes, and the conjugate pairs."""

    n_classes: int
    n_images: int
    pairs: ConjugatePairs


class Method(Protocol):
    """What a module of a method provides."""

    Settings: Callable[..., Any]

    def passes(self, settings: Any, size: Size) -> int: ...

    def scores(self, workspace: Workspace, settings: Any) -> FloatArray: ...


@dataclass(frozen=True)
class Found:
    """What a method found.

    score : float64 [class, pairs], in the order of `ConjugatePairs`, higher where a pair is more important
    passes : forward passes of one image; a backward pass counts two
    seconds : run time of this call; resumed : whether the state file of an earlier call was there at the start
    settings : of the method
    """

    score: FloatArray
    passes: int
    seconds: float
    resumed: bool
    settings: Mapping[str, Any]


def find(
    method: Method,
    network: nn.Module,
    split: Split,
    *,
    seed: int = 0,
    limits: Limits | None = None,
    work: Work | None = None,
    **settings: Any,
) -> Found:
    """Score every pair for every class with one method.

    method : a module of this folder; `registry.load` gives it by its name
    network : images [n, channels, H, W] -> logits [n, outputs]; it is used in evaluation mode and not changed
    split : the images that rank pairs, read in batches
    seed : of all random draws; limits : precision and memory; settings : those of the method's `Settings`
    work : where finished blocks are stored, and what stops the search; for the errors see `culling.cull`

    >>> found = find(registry.load("hfss"), network, split, percent=5)
    >>> dfm.dominant(found.score, ConjugatePairs(32, 32), 5).shape
    (10, 32, 32)
    """
    chosen = make_settings(method, settings)
    work, begin = work or Work(), time.perf_counter()
    resumed, identity = work.state is not None and Path(work.state).exists(), (type(chosen).__module__, chosen)
    with Workspace(network, split, seed=seed, limits=limits, identity=identity, work=work) as workspace:
        size = Size(workspace.n_classes, len(workspace), workspace.pairs)
        workspace.expect(method.passes(chosen, size), type(chosen).__module__.rpartition("methods.")[2])
        with deterministic_on_cuda(workspace.engine.source.device):
            score = method.scores(workspace, chosen)
    if score.shape != (workspace.n_classes, len(workspace.pairs)) or not np.isfinite(score).all():
        raise ValueError(f"scores of shape {score.shape}: expected finite numbers for every class and pair")
    return Found(score, workspace.passes, time.perf_counter() - begin, resumed, asdict(chosen))


def make_settings(method: Method, values: Mapping[str, Any]) -> Any:
    """The settings of a method.

    Raises ValueError for a setting that it does not have, one of another type, and one out of range.
    """
    known = list(signature(method.Settings).parameters)
    for name in values:
        if name not in known:
            raise ValueError(f"unknown setting {name!r} of the method: choose from {', '.join(known) or 'none'}")
    types = get_type_hints(method.Settings)
    for name, value in values.items():
        kinds = get_args(types[name]) if isinstance(types[name], UnionType) else (types[name],)
        if not any(_is_of(value, kind) for kind in kinds):
            raise ValueError(f"{name} {value!r}: expected {' or '.join(_WORDS.get(kind, 'a word') for kind in kinds)}")
    return method.Settings(**values)


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", NoneType: "None"}


def _is_of(value: object, kind: Any) -> bool:
    """Whether a value is of a type; of a choice of words, whether it is a word. A whole number is a number."""
    if kind not in _WORDS:
        return isinstance(value, str)
    allowed = (int, float) if kind is float else kind
    return isinstance(value, allowed) and (kind is bool or not isinstance(value, bool))
