"""The findings of the published study as hypotheses: statistic, effect size, interval over images and seeds, verdict.

What each finding means here stands in `FINDINGS`, and how a verdict is reached in `verdict`. Neither reads a setting,
so that both are the same at every scale.

Intervals come from draws: every share of k of n images is drawn from Beta(k + 1/2, n - k + 1/2), whose quantiles are
the Jeffreys interval (a bootstrap has no width at a share of 0 or 1), and the seeds of a network are drawn with
replacement. Only the shares that finding (e) takes means of are drawn by the bootstrap: that Beta's mean is a little
nearer to one half than the share, which would add up over many. Of one seed the interval tells about images alone.
Classes and data sets are not drawn: a verdict is about those that were tested.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from .shortcuts import CONTROLS, STRONG
from .spectrum import FloatArray, radius

HOLDS, DOES_NOT_HOLD, CANNOT_BE_TOLD = "holds", "does not hold", "cannot be told from these data"
CONFIDENCE = 0.95
RECOGNISED = 0.5  # TPR - FPR from which a class counts as recognised in the band-stop test
EVERYWHERE = "all"  # the data set of a row about all of them
DRAWS = 4000
NETWORK = ["dataset", "network", "augmentation"]
COLUMNS = [
    "finding", "claim", "dataset", "statistic", "value", "low", "high", "threshold", "effect", "effect_size", "verdict",
    "cases", "networks", "seeds", "images", "detail",
]  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A finding as it is tested: it holds where the statistic is above the threshold.

    kind : `mean`, over the networks of a data set and then over data sets, or `largest`, over all cases: a finding that
        says of some classes that they do. The interval of the largest is simultaneous: with 95 % confidence no case is
        outside its own, so that looking at many cases does not make one of them stand out.
    needs : what a study must hold for it, said where it does not
    """

    letter: str
    claim: str
    statistic: str
    kind: Literal["mean", "largest"]
    threshold: float
    effect: str
    needs: str


_OF_MAP = "Cohen's h of the map's TPR and the best control's"
_STRENGTH = f"TPR from a class's map minus {STRONG}, or minus its best control where that is greater"
FINDINGS = {
    finding.letter: finding
    for finding in (
        Finding(
            letter="a",
            claim="What is learned first is what is most distinctive, low or high",
            statistic="rank correlation over classes (Spearman), mean over networks, of two differences of low and "
            "high frequencies: F1 during the first iterations on low-passed minus high-passed images; mean |ADCS| "
            "below minus above the cutoff",
            kind="mean",
            threshold=0.0,
            effect="Spearman's rho",
            needs="learning dynamics of at least three classes",
        ),
        Finding(
            letter="b",
            claim="Classes survive the removal of bands",
            statistic="largest TPR - FPR of a class with two bands removed, of those with at least "
            f"{RECOGNISED} before",
            kind="largest",
            threshold=RECOGNISED,
            effect="Cohen's h of TPR and FPR",
            needs="a class that is recognised in a band-stop test",
        ),
        Finding(
            letter="c",
            claim="Classes that are learned early stand out in ADCS",
            statistic="rank correlation over classes (Spearman), mean over networks, of F1 during the first iterations "
            "with mean |ADCS|",
            kind="mean",
            threshold=0.0,
            effect="Spearman's rho",
            needs="learning dynamics of at least three classes",
        ),
        Finding(
            letter="d",
            claim="Some classes are recognised from a few percent of the frequencies",
            statistic=f"largest {_STRENGTH}",
            kind="largest",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a shortcut test",
        ),
        Finding(
            letter="e1",
            claim="Shortcuts transfer to images of another distribution",
            statistic="TPR from the map in a rendition minus that of the best kind of control, mean over renditions "
            "and classes with a strong shortcut",
            kind="mean",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a class with a strong shortcut, and out-of-distribution images",
        ),
        Finding(
            letter="e2",
            claim="Shortcuts transfer to another network",
            statistic="TPR from another network's map minus that of the best kind of control, mean over the classes "
            "with a strong shortcut in that other network",
            kind="mean",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a class with a strong shortcut, and a planned transfer",
        ),
        Finding(
            letter="f",
            claim="Capacity does not necessarily remove shortcuts",
            statistic=f"in the network with most parameters, of classes with a strong shortcut in that with fewest: "
            f"largest {_STRENGTH}",
            kind="largest",
            threshold=0.0,
            effect=_OF_MAP,
            needs="two networks of different size on one data set, and a class with a strong shortcut in the smallest",
        ),
        Finding(
            letter="g",
            claim="Augmentation does not necessarily remove shortcuts",
            statistic=f"with an augmentation, of classes with a strong shortcut without any: largest {_STRENGTH}",
            kind="largest",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a network trained with and without an augmentation, and a class with a strong shortcut without",
        ),
    )
}


def verdict(low: float, high: float, threshold: float) -> str:
    """`holds` where the whole interval is above the threshold, `does not hold` where none of it is; else neither.

    An interval that is missing (NaN), for want of a case, tells nothing.
    """
    if low > threshold:
        return HOLDS
    return DOES_NOT_HOLD if high <= threshold else CANNOT_BE_TOLD


@dataclass(frozen=True)
class Measured:
    """A number of one network and seed, and how to draw it again from other images.

    network : which networks its seeds are drawn among
    case : what is measured of them; a `mean` is taken of all cases of a network, `largest` looks at each
    draw : (generator, count) -> float64 [count]
    shares : two shares that Cohen's h compares, or a correlation and NaN
    images : of a class, behind each share
    """

    dataset: str
    network: Hashable
    case: Hashable
    seed: int
    value: float
    draw: Callable[[np.random.Generator, int], FloatArray]
    shares: tuple[float, float]
    images: int


@dataclass(frozen=True)
class Evidence:
    """The tables of a study, as its workflow writes them; what a study does not have is None or empty.

    dynamics : RUN, iteration, view, class, recall, images, called
    adcs : int [class, H, W] and the classes' names, by data set
    cutoffs : radius between low-pass and high-pass in cycles per image, by data set
    band_stop : RUN, removed, true_class, called_class, original, filtered
    verdicts : of `shortcuts.verdicts`, with RUN
    ood : RUN, rendition, class, filter, images, tpr (mean over the draws of a control)
    transfer : dataset, maps_of, tested_on (network/augmentation/seedN), class, filter, images, tpr
    parameters : how many a network has, by (dataset, network)

    RUN stands for the columns dataset, network, augmentation, seed.
    """

    verdicts: pd.DataFrame
    dynamics: pd.DataFrame | None = None
    adcs: Mapping[str, tuple[npt.NDArray[np.int16], Sequence[str]]] | None = None
    cutoffs: Mapping[str, float] | None = None
    band_stop: pd.DataFrame | None = None
    ood: pd.DataFrame | None = None
    transfer: pd.DataFrame | None = None
    parameters: Mapping[tuple[str, str], int] | None = None


def test(evidence: Evidence, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Every finding on each data set and on all of them (`dataset` "all"): a tidy table with the columns `COLUMNS`.

    `cases` is how many numbers the statistic was taken of, `networks` and `seeds` how many they came from (the fewest
    seeds of a network), `images` the fewest of a class behind a share. A finding without a case cannot be told.
    """
    rows = []
    for letter, finding in FINDINGS.items():
        found = list(_MEASURES[letter](evidence))
        names = list(dict.fromkeys(one.dataset for one in found))
        for scope in (EVERYWHERE, *names):
            mine = [one for one in found if scope in (EVERYWHERE, one.dataset)]
            rows.append(_row(finding, scope, mine, draws, seed))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(finding: Finding, scope: str, found: list[Measured], draws: int, seed: int) -> dict[str, object]:
    row: dict[str, object] = {
        "finding": finding.letter,
        "claim": finding.claim,
        "dataset": scope,
        "statistic": finding.statistic,
        "threshold": finding.threshold,
        "effect": finding.effect,
    }
    if not found:
        missing = dict.fromkeys(("value", "low", "high", "effect_size", "images"), np.nan)
        counts = dict.fromkeys(("cases", "networks", "seeds"), 0)
        return {**row, **missing, **counts, "verdict": CANNOT_BE_TOLD, "detail": f"needs {finding.needs}"}
    decide = _mean if finding.kind == "mean" else _largest
    value, low, high, behind, detail = decide(found, draws, seed, finding.threshold)
    seeds = pd.DataFrame([(one.dataset, one.network, one.seed) for one in found]).groupby([0, 1])[2].nunique()
    return {
        **row,
        "value": value,
        "low": low,
        "high": high,
        "effect_size": _effect_size(behind),
        "verdict": verdict(low, high, finding.threshold),
        "cases": len({(one.dataset, one.network, one.case) for one in found}),
        "networks": len(seeds),
        "seeds": int(seeds.min()),
        "images": min(one.images for one in found),
        "detail": detail,
    }


def _effect_size(behind: Sequence[Measured]) -> float:
    """Cohen's h of the mean shares; a correlation is its own effect size."""
    first, second = np.mean([one.shares for one in behind], axis=0)
    return float(first if np.isnan(second) else 2 * np.arcsin(np.sqrt(first)) - 2 * np.arcsin(np.sqrt(second)))


Decided = tuple[float, float, float, list[Measured], str]  # value, interval, what is behind the value, a remark


def _mean(found: list[Measured], draws: int, seed: int, threshold: float) -> Decided:
    """Mean over cases, then seeds, networks and data sets."""
    generator = np.random.default_rng(seed)
    values, samples = [], []
    for of_dataset in _by(found, lambda one: one.dataset).values():
        means = []
        for of_network in _by(of_dataset, lambda one: one.network).values():
            runs = list(_by(of_network, lambda one: one.seed).values())
            drawn = np.stack([np.mean([one.draw(generator, draws) for one in run], axis=0) for run in runs])
            means.append((np.mean([np.mean([one.value for one in run]) for run in runs]), _of_seeds(drawn, generator)))
        values.append(np.mean([value for value, _ in means]))
        samples.append(np.mean([sample for _, sample in means], axis=0))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.mean(samples, axis=0), [tail, 1 - tail])
    return float(np.mean(values)), float(low), float(high), found, ""


def _largest(found: list[Measured], draws: int, seed: int, threshold: float) -> Decided:
    """The largest case, each a mean over seeds, with a simultaneous interval.

    The pointwise intervals of all cases are widened together until 95 % of the draws lie within them in every case at
    once; the largest true value is then at least the greatest lower end and at most the greatest upper end.
    """
    cases = list(_by(found, lambda one: (one.dataset, one.network, one.case)).values())

    def sample(number: int) -> FloatArray:
        # Drawn twice instead of kept: a thousand classes of fifty networks would be gigabytes.
        generator = np.random.default_rng([seed, number])
        drawn = np.stack([one.draw(generator, draws) for one in cases[number]])
        of_network = _number(cases[number][0].dataset, cases[number][0].network)
        return _of_seeds(drawn, np.random.default_rng([seed, of_network, 1]))

    furthest = np.zeros(draws, int)
    for number in range(len(cases)):
        rank = stats.rankdata(sample(number), method="ordinal").astype(int) - 1
        np.maximum(furthest, np.maximum(rank, draws - 1 - rank), out=furthest)
    within = int(np.quantile(furthest, CONFIDENCE, method="higher"))
    ends = [np.sort(sample(number))[[draws - 1 - within, within]] for number in range(len(cases))]
    low, high = np.max(ends, axis=0)
    values = [np.mean([one.value for one in case]) for case in cases]
    best = cases[int(np.argmax(values))]
    above = sum(end[0] > threshold for end in ends)
    told = f"{above} of {len(cases)} cases above the threshold; largest: {_label(best[0])}"
    return float(np.max(values)), float(low), float(high), best, told


def _number(*names: Hashable) -> int:
    """A number for a seed that a name always has."""
    return int.from_bytes(repr(names).encode(), "little") % 2**61


def _label(one: Measured) -> str:
    parts = [one.dataset, *(one.network if isinstance(one.network, tuple) else (one.network,))]
    parts += one.case if isinstance(one.case, tuple) else (one.case,)
    return ", ".join(str(part) for part in parts if part != "none")


def _of_seeds(drawn: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Means over seeds that are drawn with replacement: [seeds, draws] -> [draws]."""
    seeds, draws = drawn.shape
    picked = generator.integers(seeds, size=(seeds, draws))
    return np.take_along_axis(drawn, picked, axis=0).mean(axis=0)


def _by(found: Iterable[Measured], key: Callable[[Measured], Hashable]) -> dict[Hashable, list[Measured]]:
    groups: dict[Hashable, list[Measured]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups


def _share(generator: np.random.Generator, share: float, images: float, count: int) -> FloatArray:
    """Draws of a share that was measured on so many images, as of Jeffreys' interval."""
    hits = share * images
    return generator.beta(hits + 0.5, images - hits + 0.5, count)


def _resampled(generator: np.random.Generator, share: float, images: float, count: int) -> FloatArray:
    """Draws of such a share by the bootstrap, centred on it."""
    return generator.binomial(int(images), share, count) / images


def _of_tests(evidence: Evidence) -> Iterator[Measured]:
    """Finding (d), and what (f) and (g) select from: how far each map's TPR is above the mark of a strong shortcut."""
    kinds = [kind for kind in CONTROLS if f"tpr_{kind}" in evidence.verdicts]
    # The control that is best on average over seeds: that of each seed would be chosen by its noise.
    keys = [*NETWORK, "class"]
    means = evidence.verdicts.groupby(keys)[[f"tpr_{kind}" for kind in kinds]].mean()
    best = means.idxmax(axis=1)
    for row in evidence.verdicts.to_dict("records"):
        control = row[best[tuple(row[key] for key in keys)]]
        yield _margin(row, row["class"], row["tpr_dfm"], control, row["images"], at_least=STRONG)


def _margin(
    run: Mapping[Hashable, object],
    case: Hashable,
    tpr: float,
    control: float,
    images: int,
    at_least: float = 0.0,
    drawn: Callable[[np.random.Generator, float, float, int], FloatArray] = _share,
) -> Measured:
    """TPR from a map minus that of its best control, or `at_least` where the control's is lower."""

    def draw(generator: np.random.Generator, count: int) -> FloatArray:
        against = np.maximum(at_least, drawn(generator, control, images, count))
        return drawn(generator, tpr, images, count) - against

    return Measured(
        str(run["dataset"]),
        (run["network"], run["augmentation"]),
        case,
        int(str(run["seed"])),
        tpr - max(at_least, control),
        draw,
        (tpr, control),
        int(images),
    )


def _strong(verdicts: pd.DataFrame) -> pd.Series:
    """Whether each row has a strong shortcut, whatever TPR the study itself calls strong."""
    return (verdicts["verdict"] != "none") & (verdicts["tpr_dfm"] >= STRONG)


def _strong_runs(verdicts: pd.DataFrame) -> set[tuple[object, ...]]:
    """(dataset, network, augmentation, seed, class) with a strong shortcut."""
    return set(verdicts.loc[_strong(verdicts), [*NETWORK, "seed", "class"]].itertuples(index=False, name=None))


def _mostly_strong(verdicts: pd.DataFrame) -> set[tuple[str, ...]]:
    """(dataset, network, augmentation, class) whose shortcut is strong in most seeds."""
    keys = [*NETWORK, "class"]
    share = verdicts.assign(strong=_strong(verdicts)).groupby(keys)["strong"].mean()
    return set(share.index[share > 0.5])


def _of_larger(evidence: Evidence) -> Iterator[Measured]:
    """Finding (f): classes with a strong shortcut in the smallest network of a data set, in its largest."""
    parameters, strong = evidence.parameters or {}, _mostly_strong(evidence.verdicts)
    ends: dict[tuple[str, str], tuple[str, str]] = {}
    for (dataset, augmentation), part in evidence.verdicts.groupby(["dataset", "augmentation"], sort=False):
        ordered = sorted(part["network"].unique(), key=lambda name: parameters.get((dataset, name), 0))
        sizes = [parameters.get((dataset, ordered[end]), 0) for end in (0, -1)]
        if sizes[0] < sizes[1]:
            ends[dataset, augmentation] = ordered[0], ordered[-1]
    for one in _of_tests(evidence):
        network, augmentation = _named(one)
        smallest, largest = ends.get((one.dataset, augmentation), ("", ""))
        if network == largest and (one.dataset, smallest, augmentation, one.case) in strong:
            yield one


def _of_augmented(evidence: Evidence) -> Iterator[Measured]:
    """Finding (g): classes with a strong shortcut in a network without augmentation, in the same with one."""
    strong = _mostly_strong(evidence.verdicts)
    for one in _of_tests(evidence):
        network, augmentation = _named(one)
        if augmentation != "none" and (one.dataset, network, "none", one.case) in strong:
            yield one


def _named(one: Measured) -> tuple[str, str]:
    network, augmentation = one.network if isinstance(one.network, tuple) else (one.network, "none")
    return str(network), str(augmentation)


def _of_renditions(evidence: Evidence) -> Iterator[Measured]:
    """Finding (e1)."""
    if evidence.ood is None:
        return
    keys = [*NETWORK, "seed", "class"]
    strong = _strong_runs(evidence.verdicts)
    rates = evidence.ood.pivot_table("tpr", [*keys, "rendition", "images"], "filter", "mean", sort=False).reset_index()
    rates = rates[[row in strong for row in rates[keys].itertuples(index=False, name=None)]]
    for _, part in rates.groupby("dataset", sort=False):
        kind = _best_kind(part)
        for row in part.to_dict("records"):
            case = row["class"], row["rendition"]
            yield _margin(row, case, row["dfm"], row[kind], row["images"], drawn=_resampled)


def _best_kind(rates: pd.DataFrame) -> str:
    """The kind of control with the highest mean: the highest of each case would be chosen by its noise."""
    return str(rates[[kind for kind in CONTROLS if kind in rates]].mean().idxmax())


def _of_transfers(evidence: Evidence) -> Iterator[Measured]:
    """Finding (e2)."""
    if evidence.transfer is None:
        return
    keys = [*NETWORK, "seed", "class"]
    strong = _strong_runs(evidence.verdicts)
    ends = ["maps_of", "tested_on"]
    rates = evidence.transfer.pivot_table("tpr", ["dataset", *ends, "class", "images"], "filter", "mean", sort=False)
    rates = rates.reset_index()
    rates[["network", "augmentation", "seed"]] = rates["maps_of"].str.split("/", expand=True)
    rates["seed"] = rates["seed"].str.removeprefix("seed").astype(int)
    rates = rates[[row in strong for row in rates[keys].itertuples(index=False, name=None)]]
    for _, part in rates.groupby("dataset", sort=False):
        kind = _best_kind(part)
        for row in part.to_dict("records"):
            one = _margin(row, row["class"], row["dfm"], row[kind], row["images"], drawn=_resampled)
            yield replace(one, network=tuple(row[end].rsplit("/", 1)[0] for end in ends))


def _of_bands(evidence: Evidence) -> Iterator[Measured]:
    """Finding (b)."""
    if evidence.band_stop is None:
        return
    for _, part in evidence.band_stop.groupby(NETWORK, sort=False):
        runs = {seed: _rates_without_bands(run) for seed, run in part.groupby("seed", sort=False)}
        before = np.mean([run["before"] for run in runs.values()], axis=0)
        for seed, run in runs.items():
            for (number, row), known in zip(run.iterrows(), before, strict=True):
                if known >= RECOGNISED:
                    yield _survival(part.iloc[0], number, int(str(seed)), row)


def _rates_without_bands(run: pd.DataFrame) -> pd.DataFrame:
    """A row for every class and removed bands of one run: TPR and FPR without them, `before` TPR - FPR, and counts."""
    keys = ["removed", "true_class"]
    own = run[run["true_class"] == run["called_class"]].set_index(keys)
    called = run.rename(columns={"called_class": "of"}).groupby(["removed", "of"])[["original", "filtered"]].sum()
    called = called.rename_axis(index=keys).reindex(own.index)
    images = run.groupby(keys)["original"].sum().reindex(own.index)
    others = images.groupby("removed").transform("sum") - images
    return pd.DataFrame(
        {
            "tpr": own["filtered"] / images,
            "fpr": (called["filtered"] - own["filtered"]) / others,
            "before": own["original"] / images - (called["original"] - own["original"]) / others,
            "images": images,
            "others": others,
        }
    )


def _survival(run: pd.Series, case: Hashable, seed: int, row: pd.Series) -> Measured:
    def draw(generator: np.random.Generator, count: int) -> FloatArray:
        right = _share(generator, row["tpr"], row["images"], count)
        return right - _share(generator, row["fpr"], row["others"], count)

    network, value = (run["network"], run["augmentation"]), row["tpr"] - row["fpr"]
    removed, name = case if isinstance(case, tuple) else ("", case)
    return Measured(
        run["dataset"],
        network,
        (name, f"without {removed}"),
        seed,
        float(value),
        draw,
        (float(row["tpr"]), float(row["fpr"])),
        int(row["images"]),
    )


def _of_dynamics(
    evidence: Evidence,
    speed: Callable[[Mapping[str, FloatArray]], FloatArray],
    distinct: Callable[[FloatArray, npt.NDArray[np.bool_]], FloatArray],
) -> Iterator[Measured]:
    """Findings (a) and (c): over the classes of a run, the rank correlation of how it is learned and how it stands out.

    speed : mean F1 [..., class] over the first iterations, by view -> what is correlated
    distinct : |ADCS| [class, H, W] without DC (NaN there) and the low frequencies [H, W] -> what it is correlated with
    """
    if evidence.dynamics is None or evidence.adcs is None or evidence.cutoffs is None:
        return
    for (*names, seed), part in evidence.dynamics.groupby([*NETWORK, "seed"], sort=False):
        dataset, network, augmentation = map(str, names)
        values, classes = evidence.adcs[dataset]
        if len(classes) < 3:
            continue
        height, width = values.shape[-2:]
        size = np.abs(values).astype(float)
        size[:, height // 2, width // 2] = np.nan
        stands_out = distinct(size, radius(height, width) < evidence.cutoffs[dataset])
        learned = {str(view): _Learned(rows, classes) for view, rows in part.groupby("view", sort=False)}
        value = _spearman(speed({view: one.f1() for view, one in learned.items()})[None], stands_out)[0]

        def draw(
            generator: np.random.Generator,
            count: int,
            learned: dict[str, _Learned] = learned,
            stands_out: FloatArray = stands_out,
        ) -> FloatArray:
            drawn = {view: one.drawn(generator, count) for view, one in learned.items()}
            return _spearman(speed(drawn), stands_out)

        images = min(one.images.min() for one in learned.values())
        yield Measured(
            dataset,
            (network, augmentation),
            "",
            int(str(seed)),
            float(value),
            draw,
            (float(value), np.nan),
            int(images),
        )


class _Learned:
    """The tests of one run and view during the first iterations; arrays [iteration, class]."""

    def __init__(self, rows: pd.DataFrame, classes: Sequence[str]) -> None:
        def plane(column: str) -> FloatArray:
            wide = rows.pivot_table(column, "iteration", "class", "first", sort=False)
            return wide.reindex(columns=list(classes)).to_numpy(float)

        self.images, called = plane("images"), plane("called")
        self._hits = plane("recall") * self.images
        self._false = called - self._hits
        self._others = self.images.sum(axis=1, keepdims=True) - self.images

    def f1(self) -> FloatArray:
        """F1 of each class, mean over the iterations."""
        return _f1(self._hits, self._false, self.images).mean(axis=0)

    def drawn(self, generator: np.random.Generator, count: int) -> FloatArray:
        """The same from images drawn anew, [count, class]. All tests of a run are on the same images, so that one
        quantile a class goes for all iterations: they err together."""
        tests, classes = self.images.shape
        total = np.zeros((count, classes))
        right, wrong = generator.random((2, count, classes))
        for hits, false, images, others in zip(self._hits, self._false, self.images, self._others, strict=True):
            some = _quantiles(right, hits, images) * images
            total += _f1(some, _quantiles(wrong, false, others) * others, images)
        return total / tests


def _quantiles(at: FloatArray, hits: FloatArray, images: FloatArray) -> FloatArray:
    """The shares whose Jeffreys distribution has these quantiles, [count, class]; to within a 256th of probability."""
    steps = (np.arange(256) + 0.5) / 256
    table = np.stack([_jeffreys(round(k), int(n), 256) for k, n in zip(hits, images, strict=True)], axis=1)
    return np.take_along_axis(table, np.minimum((at * len(steps)).astype(int), len(steps) - 1), axis=0)


@functools.lru_cache(maxsize=4096)
def _jeffreys(hits: int, images: int, count: int) -> FloatArray:
    """Quantiles of Beta(hits + 1/2, images - hits + 1/2) at the middles of `count` equal steps."""
    return special.betaincinv(hits + 0.5, images - hits + 0.5, (np.arange(count) + 0.5) / count)


def _f1(hits: FloatArray, false: FloatArray, images: FloatArray) -> FloatArray:
    return 2 * hits / np.maximum(hits + false + images, np.finfo(float).tiny)


def _spearman(drawn: FloatArray, fixed: FloatArray) -> FloatArray:
    """Rank correlation over classes of each row [count, class] with [class]; 0 where one side has no order at all."""
    ranks, of_fixed = stats.rankdata(drawn, axis=1), stats.rankdata(fixed)
    ranks -= ranks.mean(axis=1, keepdims=True)
    of_fixed = of_fixed - of_fixed.mean()
    scale = np.sqrt((ranks**2).sum(axis=1) * (of_fixed**2).sum())
    return np.divide(ranks @ of_fixed, scale, out=np.zeros(len(ranks)), where=scale > 0)


def _low_before_high(evidence: Evidence) -> Iterator[Measured]:
    """Finding (a)."""

    def distinct(size: FloatArray, low: npt.NDArray[np.bool_]) -> FloatArray:
        return np.nanmean(size[:, low], axis=1) - np.nanmean(size[:, ~low], axis=1)

    return _of_dynamics(evidence, lambda f1: f1["low-pass"] - f1["high-pass"], distinct)


def _early(evidence: Evidence) -> Iterator[Measured]:
    """Finding (c)."""
    return _of_dynamics(evidence, lambda f1: f1["full"], lambda size, low: np.nanmean(size, axis=(1, 2)))


_MEASURES: dict[str, Callable[[Evidence], Iterable[Measured]]] = {
    "a": _low_before_high,
    "b": _of_bands,
    "c": _early,
    "d": _of_tests,
    "e1": _of_renditions,
    "e2": _of_transfers,
    "f": _of_larger,
    "g": _of_augmented,
}
