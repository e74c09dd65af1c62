"""The last linear layer of a network, fitted anew on images whose parts are exchanged, and whether it helped."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.source import Pixels, fitting_batch, in_pixels, index_batches
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.external import PLACES_OF_LOGITS, Logits
from frequency_shortcuts.networks.numerics import tf32
from frequency_shortcuts.networks.predictions import Classifier, device_of, evaluating, source_for
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .answers import rates
from .logistic import fit_logistic
from .swap import Swap, exchanged
from .test import collect
from .verdict import FOLLOWS

FITTED_DRAWS = 5  # of donors, for each image that fits
JUDGED_DRAWS = 2  # the same, for each image that judges
LEAST_SHARE = 0.7  # of the recall of other classes, that a restored class has

Parts = Mapping[str, Sequence[int]]  # names with places, see `Swap`


@dataclass(frozen=True, eq=False)
class Refitted:
    """What `refit` says of the network that it returns, on images that it was not fitted to.

    table : a row a class that was tested: class; named_before and named, whether it follows a part, in the network that
        was given and in this one; recall_before and recall, of images as they are; recall_exchanged, of this network,
        of images with the named parts of other classes; restored, empty for a class that is not named at all
    restored : whether all classes that were named are restored, and no other one is named now; None if none was
    words : the same in a sentence
    """

    table: pd.DataFrame
    restored: bool | None
    words: str


class RefittedModule(nn.Module):
    """The type of what `refit` returns: a copy of a network, of its own class, with one more attribute."""

    refitted: Refitted


def fit_last_layer(
    classifier: Logits, images: Split, parts: Parts, *, seed: int = 0, progress: bool = False
) -> Logits:
    """A copy of a network whose last linear layer is fitted to images with and without the parts of others.

    Its features stay as they are, and so do the outputs that are of no class. Each image is seen as it is, and
    `FITTED_DRAWS` times with parts of donors: for each part another image, each class with the same probability.

    Raises ValueError for a network whose logits are not the output of an `nn.Linear`.
    """
    fitted = copy.deepcopy(classifier)
    layer = last_linear(fitted, source_for(fitted, images).take(np.arange(1)))
    features = _inputs_of_layer(fitted, layer, images, parts, seed, progress)
    n_rows = 1 if classifier.single else len(images.classes)
    slopes, intercepts = fit_logistic(
        features,
        images.labels,
        n_rows,
        classifier.as_logits if classifier.single else nn.Identity(),
        intercept=layer.bias is not None,
        seed=seed,
    )
    of_all = classifier.single or classifier.outputs is None
    rows = torch.arange(n_rows) if of_all else classifier.outputs
    with torch.no_grad():
        for values, new in ((layer.weight, slopes), (layer.bias, intercepts)):
            if values is not None:
                values[rows] = _as_high_as(values[rows], new.to(values), classifier.single)
    return fitted


def _as_high_as(old: Tensor, new: Tensor, single: bool) -> Tensor:
    """New rows with the mean of the old ones: of one logit as they are, of several as high beside other outputs."""
    return new if single else new + old.mean(dim=0) - new.mean(dim=0)


def last_linear(classifier: Logits, images: Tensor) -> nn.Linear:
    """The layer whose output is what a network returns for images. Raises ValueError if there is none."""
    network = classifier.network
    last: list[tuple[nn.Linear, Tensor]] = []
    # Not subclasses with a forward pass of their own, nor weights that each pass computes.
    layers = [layer for layer in network.modules() if type(layer) is nn.Linear]
    layers = [layer for layer in layers if isinstance(layer.weight, nn.Parameter)]

    def note(layer: nn.Linear, _: object, output: Tensor) -> None:
        # A copy: what comes next may work in place.
        last[:] = [(layer, output.clone())]

    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        with evaluating(network), torch.no_grad():
            returned = PLACES_OF_LOGITS[classifier.where](network(images))
    finally:
        for hook in hooks:
            hook.remove()
    for layer, output in last:
        same_size = output.ndim == 2 and output.numel() == returned.numel()
        is_logits = same_size and not classifier.probabilities
        if is_logits and torch.equal(output.reshape(returned.shape), returned):
            return layer
    raise ValueError(
        f"the logits of {type(network).__name__} are not the output of one last nn.Linear, which is what is fitted "
        "anew: train it with fs.Swap instead"
    )


def _inputs_of_layer(
    classifier: Logits, layer: nn.Linear, images: Split, parts: Parts, seed: int, progress: bool
) -> Tensor:
    """What a layer gets of images as they are and with the parts of donors: float64 [1 + draws, n, features]."""
    draw = np.random.default_rng([seed, 0])
    donors = [
        {part: _draw_donors(images.labels, draw, own_class=True) for part in parts}
        for _ in range(FITTED_DRAWS)
    ]
    pixels = in_pixels(images, images, device_of(classifier))[0]
    found: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found.append(inputs[0].double())

    hook = layer.register_forward_pre_hook(note)
    dtype = source_for(classifier, images).dtype
    try:
        with evaluating(classifier), torch.no_grad(), tf32(False, pixels.device):
            for seen in _versions(pixels, [{}, *donors], parts, progress):
                classifier(seen.to(dtype))
    finally:
        hook.remove()
    return torch.cat(found).unflatten(0, (1 + FITTED_DRAWS, len(pixels)))


def _versions(
    pixels: Pixels, donors: Sequence[Mapping[str, IntArray]], parts: Parts, progress: bool
) -> Iterator[Tensor]:
    """All images with the parts of donors, as a network sees them, in batches; then with those of the next donors.

    donors : part -> the position of the donor of each image, int [n]
    """
    batches = list(
        index_batches(np.arange(len(pixels)), fitting_batch(pixels.shape[1:], pixels.device))
    )
    with tqdm(
        total=len(donors) * len(pixels),
        desc="images with exchanged parts",
        leave=False,
        disable=None if progress else True,
    ) as bar:
        for of_parts in donors:
            for batch in batches:
                chosen = {part: positions[batch] for part, positions in of_parts.items()}
                yield pixels.seen(_with_parts_of(pixels, batch, chosen, parts.get("patch", ())))
                bar.update(len(batch))


def _with_parts_of(
    pixels: Pixels, chosen: IntArray, donors: Mapping[str, IntArray], places: Sequence[int]
) -> Tensor:
    """Some images [k] with the parts of as many donors for each part: float32 [k, channels, H, W], in pixels."""
    k = len(chosen)
    images = torch.cat([pixels.take(positions) for positions in (chosen, *donors.values())])
    partners = {}
    for number, part in enumerate(donors, start=1):
        partner = torch.arange(len(images), device=images.device)
        partner[:k] += number * k
        partners[part] = partner
    return exchanged(images, partners, places)[:k]


def _draw_donors(labels: IntArray, draw: np.random.Generator, *, own_class: bool) -> IntArray:
    """For each image a random one of a random class, or of a random other class: positions [n]."""
    counts = np.bincount(labels)
    steps = draw.integers(0 if own_class else 1, len(counts), len(labels))
    classes = (labels + steps) % len(counts)
    first = np.cumsum(counts) - counts
    in_order = np.argsort(labels, kind="stable")
    return in_order[first[classes] + draw.integers(counts[classes])]


def judge(
    given: Logits,
    fitted: Logits,
    ranking: Split,
    test: Split,
    parts: Parts,
    *,
    seed: int = 0,
    progress: bool = False,
) -> Refitted:
    """What the exchange test says of a network before and after the fit, and whether its classes are restored.

    A class is restored if the test no longer names it, and if its recall with parts of other classes is at least
    `LEAST_SHARE` of the median of the classes that were not named, or of as large a share of what that was before;
    where all were named, of the recall before.

    ranking : the images that fitted; test : others
    """
    before = rates(collect(given, ranking, test, seed=seed, progress=progress))
    # Not with parts of the images that it was fitted to.
    after = rates(collect(fitted, test, test, seed=seed, progress=progress))
    recalls = _recall_exchanged(fitted, ranking, test, parts, seed, progress)
    numbers = before["class"].to_numpy()
    table = pd.DataFrame(
        {
            "class": np.array(test.classes)[numbers],
            "named_before": before["verdict"] == FOLLOWS,
            "recall_before": before["recall"],
            "recall": after["recall"],
            "recall_exchanged": recalls[numbers],
            "named": after["verdict"] == FOLLOWS,
        }
    )
    others = table[~table["named_before"]]
    reference = table["recall_before"].median()
    if len(others):
        # The others must not have lost their recall, either.
        least = LEAST_SHARE * others["recall_before"].median()
        reference = max(least, others["recall_exchanged"].median())
    is_recalled = table["recall_exchanged"] >= LEAST_SHARE * reference
    restored = (is_recalled & ~table["named"]).astype("boolean")
    table["restored"] = restored.where(table["named_before"] | table["named"])
    return _in_words(table, parts)


def _recall_exchanged(
    classifier: Logits, ranking: Split, test: Split, parts: Parts, seed: int, progress: bool
) -> FloatArray:
    """The recall of each class with the parts of images of other classes: [class]."""
    draw = np.random.default_rng([seed, 1])
    donors = [
        {part: _draw_donors(test.labels, draw, own_class=False) for part in parts}
        for _ in range(JUDGED_DRAWS)
    ]
    pixels = in_pixels(ranking, test, device_of(classifier))[1]
    dtype = source_for(classifier, test).dtype
    with Classifier(classifier).naming(len(test.classes)) as name:
        versions = _versions(pixels, donors, parts, progress)
        called = torch.cat([name(seen.to(dtype)) for seen in versions]).cpu().numpy()
    right = called.reshape(JUDGED_DRAWS, -1) == test.labels
    return np.array([right[:, test.labels == c].mean() for c in range(len(test.classes))])


def _in_words(table: pd.DataFrame, parts: Parts) -> Refitted:
    """The table with what follows from it."""
    named = table[table["restored"].notna()]
    if named.empty:
        return Refitted(table, None, "The test names no class: there is nothing to restore.")
    failed = named.loc[~named["restored"].astype(bool), "class"]
    if failed.empty:
        words = f"Restored: the test no longer names {few([*named['class']])}."
        return Refitted(table, True, words)
    words = f"Not restored: {few([*failed])}. Train anew with {Swap(parts)}."
    return Refitted(table, False, words)
