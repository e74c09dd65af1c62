"""Scores of maps against the planted truth of a synthetic set, compared with controls.

A map is a ranking of the conjugate pairs, cut at some size; the truth is a set of pairs. Both count positions of the
spectrum, so that a pair of two positions weighs twice as much as a frequency that is its own partner. ADCS has many
ties, which are ranked in random order: precision and recall are expectations over this order, and the average precision
has one step per group of ties.

A truth is *found* if the average precision of the ranking is at least `FOUND`. A ranking is *above chance* if it is
above the upper end of the 95 % interval of random rankings (`INTERVAL`), of maps by value and by size (docs/method.md).
A map of a class that the network recognises by other frequencies is right without the planted ones:
`planted_use` tests the planted mask first.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.masks import strata
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import RUN

# For sets in which each class has two cues.
HALVES, BETTER_HALF = (
    ("half_0", "half_1"),
    "better_half",
)
SCORES = ("precision", "recall", "average_precision")
FOUND = 0.95  # least average precision of a ranking that found a truth
# Quantiles of random rankings; above the upper one, a ranking is above chance.
INTERVAL = (
    0.025,
    0.975,
)


def planted(store: str | os.PathLike[str]) -> dict[str, BoolArray]:
    """The planted masks of a synthetic or planted set, each bool [class, H, W], centred, from its store.

    `own` : the truth of the class itself. A class with nothing planted has no truth, and no scores
    `any` : the union over all classes, the same for every class
    `half_0`, `half_1` : for the mechanism `redundant`, the two sets of `own`, each of which is enough

    Raises ValueError for a store without a truth.
    """
    with read_hdf5(store) as file:
        if "planted/truth" not in file:
            raise ValueError(
                f"{store} holds no planted masks: only synthetic and planted sets have a known truth"
            )
        own, halves = (
            file["planted/truth"][:],
            file["planted/halves"][:] if "planted/halves" in file else [],
        )
    masks = {"own": own, "any": np.broadcast_to(own.any(axis=0), own.shape)}
    return masks | dict(zip(HALVES, halves, strict=False))


def only_where_used(table: pd.DataFrame, use: pd.DataFrame) -> pd.DataFrame:
    """A table of scores of runs with the column `uses`, and without scores where the network does not use its mask.

    use : of `planted_use.csv`, which lacks classes that have no planted mask; they have no scores
    """
    keys = [*RUN, "class"]
    table = table.merge(use[[*keys, "uses"]], on=keys, how="left", validate="many_to_one")
    scores = [name for name in table if name.startswith(SCORES)]
    return table.assign(**{name: table[name].where(table["uses"].eq(True)) for name in scores})


@dataclass(frozen=True)
class Curve:
    """`filled` positions up to the end of each group of ties of a ranking, and `hits` of the truth among them.

    Both are int64 [steps + 1] and start with 0.
    """

    filled: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]

    def at(self, positions: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Precision and recall of the first `positions` [k] positions, expected over the order of the ties.

        They are missing (NaN) if the truth is empty.
        """
        positions = np.asarray(positions, float)
        hits = np.interp(
            positions, self.filled, self.hits if self.hits[-1] else np.full(len(self.hits), np.nan)
        )
        return hits / positions, hits / max(self.hits[-1], 1)

    def average_precision(self) -> float:
        """As scikit-learn's, with the positions of a pair as its weight; NaN without a truth."""
        if not self.hits[-1]:
            return float("nan")
        return float(np.sum(np.diff(self.hits) * (self.hits[1:] / self.filled[1:])) / self.hits[-1])


def curve(scores: npt.ArrayLike, truth: npt.ArrayLike, weight: npt.ArrayLike) -> Curve:
    """The curve of a ranking: scores [pairs], the highest first; truth bool [pairs]; weight int [pairs], positions."""
    scores, truth, weight = np.asarray(scores), np.asarray(truth, bool), np.asarray(weight)
    order = np.argsort(scores, kind="stable")[::-1]
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    filled, hits = (np.cumsum(values[order])[ends] for values in (weight, weight * truth))
    return Curve(np.append(0, filled), np.append(0, hits))


def shuffled(
    scores: npt.NDArray[Any],
    pairs: ConjugatePairs,
    kind: Literal["random", "radial"],
    draws: int,
    generator: np.random.Generator,
) -> npt.NDArray[Any]:
    """Random rankings: scores [pairs] in shuffled order, [draws, pairs].

    `random` shuffles over all pairs, `radial` within each ring of one cycle per image. Pairs of two positions and those
    of one position are shuffled separately. Cut at the size of a map, such a ranking gives the same kind of mask as
    `masks.control_mask` for that map.
    """
    stratum = strata(pairs, kind)
    sorted_by_stratum = np.argsort(stratum, kind="stable")
    # By stratum, at random within it.
    dealt = np.argsort(stratum + generator.random((draws, len(pairs))), axis=-1)
    out = np.empty((draws, len(pairs)), scores.dtype)
    np.put_along_axis(out, dealt, np.broadcast_to(scores[sorted_by_stratum], out.shape), axis=-1)
    return out


def score(
    rank: npt.NDArray[np.integer],
    adcs: npt.NDArray[np.integer],
    masks: Mapping[float, BoolArray],
    truths: Mapping[str, BoolArray],
    *,
    increments: npt.NDArray[np.floating],
    significant: npt.NDArray[np.integer],
    draws: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """Precision, recall and average precision of the maps of one network, of ADCS and of controls.

    rank, adcs : int [class, H, W]; rank 0 is the most important
    masks : percent -> bool [class, H, W], the maps of this rank; other rankings are cut to the same sizes
    truths : name -> bool [class, H, W], see `planted`
    increments : [class, H, W], the ranked loss increments, for the ranking by their absolute value
    significant : int [class, H, W], ADCS of the significant differences only (`adcs.accumulate_significant`)
    draws : of each random kind; class c draws with [seed, c]

    Returns a tidy table, one row per class, truth, ranking and size; results/README.md says what the columns are, at
    `truth.csv`. Where `cut` is `truth`, `percent` is the share of the truth of the class in the spectrum. ADCS also
    ranks by its absolute value, since a class can stand out by a lack of energy. Scores against an empty truth are
    missing.

    Of the truth `better_half`, each ranking and each random draw has the scores of the half with the higher average
    precision: the controls show the better of two halves by chance. `prevalence` is the mean of both halves, and the
    size of the truth is that of the larger half.
    """
    pairs = ConjugatePairs(*rank.shape[-2:])
    signed = pairs.gather(adcs).astype(np.int64)
    scores: dict[str, npt.NDArray[Any]] = {
        "dfm": -pairs.gather(rank).astype(np.int64),
        "adcs": np.abs(signed),
        "adcs_high": signed,
        "adcs_low": -signed,
        "dfm_size": np.abs(pairs.gather(increments)),
        "adcs_significant": np.abs(pairs.gather(significant).astype(np.int64)),
    }
    inside = {name: pairs.gather(truth) for name, truth in truths.items()}
    rows = []
    for c in range(len(rank)):
        rankings = dict(_rankings(scores, pairs, c, draws, np.random.default_rng([seed, c])))
        for name, names in alternatives(inside).items():
            planted = [inside[part][c] for part in names]
            # The sizes of the maps and, if the class has truths, of the largest
            cuts = [("percent", percent, int(mask[c].sum())) for percent, mask in masks.items()]
            if size := max(int(part @ pairs.size) for part in planted):
                cuts.append(("truth", 100 * size / pairs.size.sum(), size))
            cut, percents, positions = zip(*cuts, strict=True)
            prevalence = np.mean([part @ pairs.size for part in planted]) / pairs.size.sum()
            sizes = {
                "percent": percents,
                "cut": cut,
                "positions": positions,
                "prevalence": prevalence,
            }
            for ranking, values in rankings.items():
                curves = [best_curve(ranked, planted, pairs.size) for ranked in values]
                average = [np.full(len(cuts), found.average_precision()) for found in curves]
                of_draws = np.array(
                    [[*found.at(positions), ap] for found, ap in zip(curves, average, strict=True)]
                )
                spread = ranking.startswith(("random", "radial"))
                ends = (
                    np.quantile(of_draws, INTERVAL, axis=0)
                    if spread
                    else np.full((2, *of_draws.shape[1:]), np.nan)
                )
                columns = {
                    f"{name}{end}": values
                    for name, *found in zip(SCORES, of_draws.mean(axis=0), *ends, strict=True)
                    for end, values in zip(("", "_low", "_high"), found, strict=True)
                }
                rows.append(
                    pd.DataFrame(
                        {"class": c, "truth": name, "ranking": ranking, **sizes, **columns}
                    )
                )
    return pd.concat(rows, ignore_index=True)


def score_methods(
    scores: Mapping[str, FloatArray],
    truths: Mapping[str, BoolArray],
    *,
    draws: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """Average precision of every method against every truth of a set, with that of random rankings.

    scores : method -> float [class, H, W], higher where a frequency is more important, centred
    truths : name -> bool [class, H, W]; see `planted`
    draws, seed : of the random rankings, the same for all methods

    Returns one row per class, truth and method, see `methods.csv` in results/README.md; none of classes without one.
    """
    pairs = ConjugatePairs(*next(iter(scores.values())).shape[-2:])
    ranked = {name: pairs.gather(values) for name, values in scores.items()}
    inside = {name: pairs.gather(values) for name, values in truths.items()}
    rows = []
    for (name, names), c in product(
        alternatives(inside).items(), range(len(next(iter(inside.values()))))
    ):
        planted = [inside[part][c] for part in names]
        if not any(mask.any() for mask in planted):
            continue
        rankings = shuffled(
            np.arange(len(pairs)), pairs, "random", draws, np.random.default_rng([seed, c])
        )
        chance = np.array(
            [best_curve(values, planted, pairs.size).average_precision() for values in rankings]
        )
        for method, values in ranked.items():
            curves = [
                best_curve(ranked_by, planted, pairs.size)
                for ranked_by in (values[c], np.abs(values[c]))
            ]
            precisions = [found.average_precision() for found in curves]
            rows.append(
                (c, name, method, *precisions, chance.mean(), *np.quantile(chance, INTERVAL))
            )
    columns = ["average_precision", "average_precision_size", "random", "random_low", "random_high"]
    return pd.DataFrame(rows, columns=["class", "truth", "method", *columns])


def alternatives(truths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Name of a score -> its truths; each ranking is scored against the one with the highest average precision."""
    names: dict[str, tuple[str, ...]] = {name: (name,) for name in truths}
    return names | ({BETTER_HALF: HALVES} if set(HALVES) <= set(names) else {})


def best_curve(
    scores: npt.NDArray[Any], planted: Sequence[BoolArray], weight: npt.NDArray[Any]
) -> Curve:
    """The curve against that truth, of several, with the highest average precision; the first of equal ones."""
    curves = [curve(scores, one, weight) for one in planted]
    return max(curves, key=lambda found: np.nan_to_num(found.average_precision(), nan=-1))


def _rankings(
    scores: Mapping[str, npt.NDArray[Any]],
    pairs: ConjugatePairs,
    c: int,
    draws: int,
    generator: np.random.Generator,
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Every ranking of class c with its scores, [rankings of this kind, pairs]."""
    for name, values in scores.items():
        yield name, values[c : c + 1]
    yield "random", shuffled(scores["dfm"][c], pairs, "random", draws, generator)
    for name, values in scores.items():
        suffix = "" if name == "dfm" else f"_{name}"
        yield f"radial{suffix}", shuffled(values[c], pairs, "radial", draws, generator)
        yield f"other{suffix}", np.delete(values, c, axis=0)
