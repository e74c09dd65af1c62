"""The findings of the published study as hypotheses: statistic, effect size, interval over images and seeds, verdict.

What each finding means here stands in `FINDINGS`, and how a verdict is reached in `verdict`. Neither reads a setting,
so that both are the same at every scale.

Intervals add two uncertainties. *Images*: a share of k of n images is known as well as Jeffreys' interval says, that of
Beta(k + 1/2, n - k + 1/2); a bootstrap would have no width at a share of 0 or 1. All seeds, networks and renditions are
tested on the same images, and are taken to err together: more of them do not make the images more. *Seeds*: the mean of
several seeds of one network spreads by Student's t, which of two seeds is very wide. Of one seed the interval tells
about images alone. Classes and data sets are not drawn from anything: a verdict is about those that were tested.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from frequency_shortcuts.evaluation.verdicts import STRONG
from frequency_shortcuts.intervals import NORMAL, TAIL, jeffreys, jeffreys_quantiles, standard_error, students_t, welch
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.controls import CONTROLS
from frequency_shortcuts.spectrum.pairs import radius

HOLDS, DOES_NOT_HOLD, CANNOT_BE_TOLD = "holds", "does not hold", "cannot be told from these data"
RECOGNISED = 0.5  # TPR - FPR from which a class counts as recognised in the band-stop test
EVERYWHERE = "all"  # the data set of a row about all of them
DRAWS = 400  # of images, for the error of a rank correlation
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
_STRENGTH = (
    f"TPR from a class's map minus {STRONG}, or, where that is greater, minus the TPR at which TPR - FPR would be that "
    "of its best control; under the fill where it is least"
)
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
            statistic="TPR from the map in a rendition minus that of the best kind of control, under the fill where it "
            "is least, mean over renditions and classes with a strong shortcut",
            kind="mean",
            threshold=0.0,
            effect=_OF_MAP,
            needs="a class with a strong shortcut, and out-of-distribution images",
        ),
        Finding(
            letter="e2",
            claim="Shortcuts transfer to another network",
            statistic="TPR - FPR from another network's map minus that of the best kind of control, under the fill "
            "where it is least, mean over the classes with a strong shortcut in that other network",
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


class Share(NamedTuple):
    """A share of so many images, added (sign 1) or subtracted (-1)."""

    sign: int
    value: float
    of: int


@dataclass(frozen=True)
class Margin:
    """By how much a share of the images is above a mark that other shares make, of one network, case and seed.

    network : which networks' seeds are compared with each other
    case : what is measured of a network; a `mean` is taken of all its cases, `largest` looks at each
    share, of : a share, and how many images it was measured on
    against : the shares whose sum is the mark
    at_least : what counts instead where the mark is lower
    source : which images; errors of one source go together
    error, draws : standard error of the mark by the choice of random masks, and how many there were
    """

    dataset: str
    network: Hashable
    case: Hashable
    seed: int
    share: float
    of: int
    against: tuple[Share, ...]
    at_least: float
    source: Hashable
    error: float = 0.0
    draws: int = 1

    @property
    def mark(self) -> float:
        """What the share is compared with."""
        return sum(one.sign * one.value for one in self.against)

    @property
    def value(self) -> float:
        """The margin."""
        return self.share - max(self.at_least, self.mark)

    @property
    def shares(self) -> tuple[float, float]:
        """What Cohen's h compares."""
        return self.share, self.against[0].value

    @property
    def arms(self) -> FloatArray:
        """How far its interval by the choice of the images reaches below and above the value, [2]."""
        low, high = jeffreys(self.share, self.of)
        less, more = _arms(self.against)
        return np.hypot([self.share - low, high - self.share], [more, less])

    def by_draws(self, tail: float = TAIL) -> float:
        """Half the width of its interval by the choice of random masks, `tail` of the probability beyond each end."""
        return float(students_t(self.error, self.draws, tail))

    @property
    def reach(self) -> float:
        """The greatest margin that there can be, in amount: TPR - FPR goes from -1 to 1."""
        return 2.0 if len(self.against) > 1 else 1.0

    @property
    def images(self) -> int:
        """Of the class, behind the share."""
        return self.of


def _arms(shares: Iterable[Share], tail: float = TAIL) -> FloatArray:
    """How far the interval of a sum of shares reaches below and above it, [2], by the squares of those of each."""
    found = np.zeros(2)
    for sign, value, of in shares:
        low, high = jeffreys(value, of, tail)
        found += np.square([value - low, high - value][::sign])
    return np.sqrt(found)


@dataclass(frozen=True)
class Correlation:
    """A rank correlation over the classes of one network and seed, with its standard error by the choice of images."""

    dataset: str
    network: Hashable
    seed: int
    value: float
    error: float
    images: int
    case: Hashable = ""
    source: Hashable = ""

    @property
    def arms(self) -> FloatArray:
        """How far its interval by the choice of the images reaches below and above the value, [2]."""
        return np.full(2, NORMAL * self.error)

    @property
    def shares(self) -> tuple[float, float]:
        """It is its own effect size."""
        return self.value, np.nan

    reach = 1.0

    def by_draws(self) -> float:
        """There are no random masks."""
        return 0.0


Measured = Margin | Correlation


@dataclass(frozen=True)
class Evidence:
    """The tables of a study, as its workflow writes them; what a study does not have is None or empty.

    dynamics : RUN, iteration, view, class, recall, images, called
    adcs : int [class, H, W] and the classes' names, by data set
    cutoffs : radius between low-pass and high-pass in cycles per image, by data set
    band_stop : RUN, removed, true_class, called_class, original, filtered
    verdicts : of `rates.verdicts`, with RUN
    ood : RUN, rendition, class, fill, filter, images, tpr (mean over the draws of a control), error and draws (of a
        control: SD / sqrt(draws) of its TPR, or TPR - FPR, and their number)
    transfer : dataset, maps_of, tested_on (network/augmentation/seedN), class, fill, filter, images, negatives, tpr,
        fpr, error, draws
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


def test(evidence: Evidence, seed: int = 0) -> pd.DataFrame:
    """Every finding on each data set and on all of them (`dataset` "all"): a tidy table with the columns `COLUMNS`.

    `cases` is how many numbers the statistic was taken of, `networks` and `seeds` how many they came from (the fewest
    seeds of a network), `images` the fewest of a class behind a share. A finding without a case cannot be told.
    seed : of the images that are drawn for the errors of rank correlations
    """
    rows = []
    for letter, finding in FINDINGS.items():
        found = list(_MEASURES[letter](evidence, np.random.default_rng(seed)))
        for scope in (EVERYWHERE, *dict.fromkeys(one.dataset for one in found)):
            rows.append(_row(finding, scope, [one for one in found if scope in (EVERYWHERE, one.dataset)]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(finding: Finding, scope: str, found: list[Measured]) -> dict[str, object]:
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
    if finding.kind == "mean":
        decided = _mean(found)
    else:
        decided = _largest([one for one in found if isinstance(one, Margin)], finding.threshold)
    seeds = _by(found, lambda one: (one.dataset, one.network)).values()
    return {
        **row,
        "value": decided.value,
        "low": decided.low,
        "high": decided.high,
        "effect_size": _effect_size(*decided.shares),
        "verdict": verdict(decided.low, decided.high, finding.threshold),
        "cases": len({(one.dataset, one.network, one.case) for one in found}),
        "networks": len(seeds),
        "seeds": min(len({one.seed for one in of_network}) for of_network in seeds),
        "images": min(one.images for one in found),
        "detail": decided.detail,
    }


def _effect_size(first: float, second: float) -> float:
    """Cohen's h of two shares; a correlation is its own effect size."""
    return float(first if np.isnan(second) else 2 * np.arcsin(np.sqrt(first)) - 2 * np.arcsin(np.sqrt(second)))


class _Decided(NamedTuple):
    """A statistic with its interval, the shares behind it, and a remark."""

    value: float
    low: float
    high: float
    shares: tuple[float, float]
    detail: str


def _mean(found: list[Measured]) -> _Decided:
    """Mean over cases, then seeds, networks and data sets.

    Its interval joins those of the cases by their arms: added up where they are of the same images, or of the same
    random masks, else by squares.
    """
    datasets = _by(found, lambda one: one.dataset).values()
    value, first, second = 0.0, 0.0, 0.0
    arms: dict[Hashable, FloatArray] = {}  # of each source of images; those of different classes are independent
    draws: dict[Hashable, float] = {}  # of each run, whose classes share the random masks
    spread: list[tuple[float, int]] = []  # variance by the choice of seeds and its degrees of freedom, a network
    for of_dataset in datasets:
        networks = _by(of_dataset, lambda one: one.network).values()
        for of_network in networks:
            runs = list(_by(of_network, lambda one: one.seed).values())
            share = 1 / (len(datasets) * len(networks))
            for run in runs:
                for one in run:
                    weight = share / (len(runs) * len(run))
                    value += weight * one.value
                    first, second = first + weight * one.shares[0], second + weight * one.shares[1]
                    source = (one.dataset, one.source)
                    arms[source] = arms.get(source, np.zeros(2)) + weight * one.arms
                    run_of = (one.dataset, one.network, one.seed)
                    draws[run_of] = draws.get(run_of, 0.0) + weight * one.by_draws()
            if len(runs) > 1:
                means = [np.mean([one.value for one in run]) for run in runs]
                spread.append((float(share**2 * np.var(means, ddof=1) / len(runs)), len(runs) - 1))
    by_images = np.sqrt(np.sum(np.square(list(arms.values())), axis=0))
    by_draws = np.sqrt(np.sum(np.square(list(draws.values()))))
    below, above = np.sqrt(by_images**2 + by_draws**2 + welch(spread) ** 2)
    reach = max(one.reach for one in found)
    return _Decided(value, max(value - below, -reach), min(value + above, reach), (first, second), "")


def _largest(found: list[Margin], threshold: float) -> _Decided:
    """The largest case, each a mean over seeds, with an interval that allows for there being so many of them.

    With intervals that hold for all cases at once, the largest true value is at least the greatest lower end and at
    most the greatest upper end. Those of a case join the intervals of two shares and the spread of the seeds by the
    squares of their arms (Newcombe 1998, method 10).
    """
    cases = list(_by(found, lambda one: (one.dataset, one.network, one.case)).values())
    tail = TAIL / len(cases)
    intervals = np.array([_interval(case, tail) for case in cases])
    value, low, high = intervals.max(axis=0)
    best = cases[int(np.argmax(intervals[:, 0]))]
    above = int((intervals[:, 1] > threshold).sum())
    told = f"{above} of {len(cases)} cases above the threshold; largest: {_label(best[0])}"
    first, second = np.mean([one.shares for one in best], axis=0)
    return _Decided(float(value), float(low), float(high), (float(first), float(second)), told)


def _interval(case: Sequence[Margin], tail: float) -> tuple[float, float, float]:
    """Mean of a case over its seeds, and the ends of its interval, `tail` of the probability beyond each."""
    value, share, mark = (float(np.mean([getattr(one, name) for one in case])) for name in ("value", "share", "mark"))
    low, high = jeffreys(share, min(one.of for one in case), tail)
    terms = zip(*(one.against for one in case), strict=False)  # FPR may be missing in a seed
    against = [Share(of_seeds[0].sign, *_mean_share(of_seeds)) for of_seeds in terms]
    less, more = np.hypot(_arms(against, tail), np.mean([one.by_draws(tail) for one in case]))
    # What is below the least that counts does not matter.
    least = case[0].at_least
    ends = [max(end, least) for end in (mark - less, mark + more, mark)]
    by_seeds = 0.0
    if len(case) > 1:
        deviation = np.std([one.value for one in case], ddof=1)
        by_seeds = float(students_t(standard_error(deviation, len(case)), len(case), tail))
    below = np.sqrt((share - low) ** 2 + (ends[1] - ends[2]) ** 2 + by_seeds**2)
    above = np.sqrt((high - share) ** 2 + (ends[2] - ends[0]) ** 2 + by_seeds**2)
    reach = case[0].reach
    return value, max(value - below, -reach), min(value + above, reach if least < 0 else 1.0 - least)


def _mean_share(of_seeds: Sequence[Share]) -> tuple[float, int]:
    """The mean of a share over seeds, and the fewest images: more seeds do not make the images more."""
    return float(np.mean([one.value for one in of_seeds])), min(one.of for one in of_seeds)


def _label(one: Measured) -> str:
    parts = [one.dataset, *(one.network if isinstance(one.network, tuple) else (one.network,))]
    parts += one.case if isinstance(one.case, tuple) else (one.case,)
    return ", ".join(str(part) for part in parts if part != "none")


T = TypeVar("T", bound=Measured)


def _by(found: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups


def quoted(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Of a table of verdicts the rows that findings are about: maps that are kept, under every fill that was tested.

    Where a data set has a neutral class it is the headline alone (the fill `swap`, where it was tested), without that
    class; classes that are not recognised unfiltered, and so have no verdict, are left out.
    """
    kept = verdicts[(verdicts["part"] == "keep") & verdicts["verdict"].notna()]
    has_neutral = verdicts.groupby("dataset")["neutral"].any().reindex(kept["dataset"]).to_numpy(bool)
    return kept[(kept["headline"].to_numpy(bool) & ~kept["neutral"].to_numpy(bool)) | ~has_neutral]


def _of_tests(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (d), and what (f) and (g) select from: how far each map's TPR is above the mark of a strong shortcut."""
    rows = quoted(evidence.verdicts)
    if rows.empty:
        return
    kinds = [kind for kind in CONTROLS if f"tpr_{kind}" in rows]
    marks = pd.DataFrame({kind: _mark(rows, kind) for kind in kinds})
    # The control that is best, and the fill that is worst, on average over seeds: those of each seed would be chosen by
    # their noise.
    keys = [*NETWORK, "class", "fill"]
    means = marks.assign(tpr=rows["tpr_dfm"]).groupby([rows[key] for key in keys]).mean()
    margin = means["tpr"] - means[kinds].max(axis=1).clip(lower=STRONG)
    chosen = set(margin.groupby(keys[:-1]).idxmin())
    best = means[kinds].idxmax(axis=1)
    for row in rows.to_dict("records"):
        key = tuple(row[name] for name in keys)
        if key in chosen:
            yield _margin(row, row["class"], best[key], at_least=STRONG)


def _mark(rows: pd.DataFrame, kind: str) -> pd.Series:
    """The TPR at which a map's TPR - FPR would be that of a control."""
    return rows[f"tpr_{kind}"] - rows[f"fpr_{kind}"].fillna(0) + rows["fpr_dfm"].fillna(0)


def _margin(row: Mapping[Hashable, Any], case: Hashable, kind: str, at_least: float = -np.inf) -> Margin:
    """TPR from a map against that of a control, both less FPR where that was measured, from a row about one run."""
    of, others, network = int(row["images"]), row.get("negatives", 0), (row["network"], row["augmentation"])
    against = [Share(1, row[f"tpr_{kind}"], of)]
    if others and not pd.isna(row["fpr_dfm"]):
        against += [Share(-1, row[f"fpr_{kind}"], int(others)), Share(1, row["fpr_dfm"], int(others))]
    seed, tpr, draws = int(row["seed"]), row["tpr_dfm"], (row[f"error_{kind}"], int(row[f"draws_{kind}"]))
    return Margin(row["dataset"], network, case, seed, tpr, of, tuple(against), at_least, row["class"], *draws)


def _strong(verdicts: pd.DataFrame) -> pd.Series:
    """Whether a shortcut is strong under every fill, whatever TPR the study itself calls strong; by run and class."""
    rows = quoted(verdicts)
    strong = (rows["verdict"] != "none") & (rows["tpr_dfm"] >= STRONG)
    return strong.groupby([rows[key] for key in (*NETWORK, "seed", "class")]).all()


def _strong_runs(verdicts: pd.DataFrame) -> set[tuple[object, ...]]:
    """(dataset, network, augmentation, seed, class) with a strong shortcut."""
    strong = _strong(verdicts)
    return set(strong.index[strong])


def _mostly_strong(verdicts: pd.DataFrame) -> set[tuple[str, ...]]:
    """(dataset, network, augmentation, class) whose shortcut is strong in most seeds."""
    share = _strong(verdicts).groupby(level=[*NETWORK, "class"]).mean()
    return set(share.index[share > 0.5])


def _of_larger(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (f): classes with a strong shortcut in a smallest network of a data set, in the largest ones.

    Networks of unknown size are left out, and so are data sets whose networks are all of one size.
    """
    sizes, strong = evidence.parameters or {}, _mostly_strong(evidence.verdicts)
    ends: dict[tuple[object, ...], tuple[list[str], list[str]]] = {}
    for (dataset, augmentation), part in evidence.verdicts.groupby(["dataset", "augmentation"], sort=False):
        known = {name: sizes[dataset, name] for name in part["network"].unique() if (dataset, name) in sizes}
        if len(set(known.values())) > 1:
            smallest, largest = (
                [name for name, size in known.items() if size == end(known.values())] for end in (min, max)
            )
            ends[dataset, augmentation] = smallest, largest
    for one in _of_tests(evidence, generator):
        network, augmentation = _named(one)
        smallest, largest = ends.get((one.dataset, augmentation), ([], []))
        if network in largest and any((one.dataset, name, augmentation, one.case) in strong for name in smallest):
            yield one


def _of_augmented(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (g): classes with a strong shortcut in a network without augmentation, in the same with one."""
    strong = _mostly_strong(evidence.verdicts)
    for one in _of_tests(evidence, generator):
        network, augmentation = _named(one)
        if augmentation != "none" and (one.dataset, network, "none", one.case) in strong:
            yield one


def _named(one: Margin) -> tuple[str, str]:
    network, augmentation = one.network if isinstance(one.network, tuple) else (one.network, "none")
    return str(network), str(augmentation)


def _of_renditions(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (e1)."""
    if evidence.ood is None or evidence.ood.empty:
        return
    keys = [*NETWORK, "seed", "class"]
    strong = _strong_runs(evidence.verdicts)
    rates = _wide(evidence.ood, [*keys, "rendition"])
    rates = rates[[row in strong for row in rates[keys].itertuples(index=False, name=None)]]
    for _, part in rates.groupby("dataset", sort=False):
        fill, kind = _hardest(part)
        for row in part[part["fill"] == fill].to_dict("records"):
            yield _margin(row, (row["class"], row["rendition"]), kind)


def _wide(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """A table of tests with one row a fill and combination of the keys: `tpr_dfm`, `tpr_random`, `error_random`, ..."""
    rates = [rate for rate in ("tpr", "fpr") if rate in table]
    counts = [name for name in ("images", "negatives") if name in table]
    wide = table.pivot_table([*rates, "error", "draws"], [*keys, "fill", *counts], "filter", "mean", sort=False)
    wide.columns = [f"{rate}_{kind}" for rate, kind in wide.columns]
    return wide.reindex(columns=sorted({*wide, "fpr_dfm"})).reset_index()


def _hardest(rates: pd.DataFrame) -> tuple[str, str]:
    """The fill and the kind of control with the least mean margin: that of each case would be chosen by its noise."""
    kinds = [kind for kind in CONTROLS if f"tpr_{kind}" in rates]
    measured = "fpr_random" in rates

    def measure(kind: str) -> pd.Series:
        return rates[f"tpr_{kind}"] - (rates[f"fpr_{kind}"] if measured else 0)

    margins = pd.DataFrame({kind: measure("dfm") - measure(kind) for kind in kinds})
    means = margins.groupby(rates["fill"], sort=False).mean()
    fill = means.min(axis=1).idxmin()
    return str(fill), str(means.loc[fill].idxmin())


def _of_transfers(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (e2)."""
    if evidence.transfer is None or evidence.transfer.empty:
        return
    keys = [*NETWORK, "seed", "class"]
    strong = _strong_runs(evidence.verdicts)
    ends = ["maps_of", "tested_on"]
    rates = _wide(evidence.transfer, ["dataset", *ends, "class"])
    rates[["network", "augmentation", "seed"]] = rates["maps_of"].str.split("/", expand=True)
    rates["seed"] = rates["seed"].str.removeprefix("seed").astype(int)
    rates = rates[[row in strong for row in rates[keys].itertuples(index=False, name=None)]]
    for _, part in rates.groupby("dataset", sort=False):
        fill, kind = _hardest(part)
        for row in part[part["fill"] == fill].to_dict("records"):
            one = _margin(row, row["class"], kind)
            yield replace(one, network=tuple(row[end].rsplit("/", 1)[0] for end in ends))


def _of_bands(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (b)."""
    if evidence.band_stop is None or evidence.band_stop.empty:
        return
    for (dataset, network, augmentation), part in evidence.band_stop.groupby(NETWORK, sort=False):
        runs = {int(str(seed)): _rates_without_bands(run) for seed, run in part.groupby("seed", sort=False)}
        before = pd.concat([run["before"] for run in runs.values()]).groupby(level=[0, 1]).mean()
        for seed, run in runs.items():
            for (removed, name), row in run[before.reindex(run.index) >= RECOGNISED].iterrows():
                case, source = (name, f"without {removed}"), name
                share, others = (row["tpr"], int(row["images"])), Share(1, row["fpr"], int(row["others"]))
                yield Margin(dataset, (network, augmentation), case, seed, *share, (others,), -np.inf, source)


def survivors(band_stop: pd.DataFrame) -> tuple[int, int]:
    """Cases (a class of a network and seed, two bands removed) that were recognised before, and those that still are.

    Recognised, as in finding (b): with a TPR - FPR of at least `RECOGNISED`.
    """
    runs = [_rates_without_bands(run) for _, run in band_stop.groupby([*NETWORK, "seed"], sort=False)]
    rates = pd.concat(runs)
    before = rates["before"] >= RECOGNISED
    return int(before.sum()), int((before & (rates["tpr"] - rates["fpr"] >= RECOGNISED)).sum())


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


def _of_dynamics(
    evidence: Evidence,
    generator: np.random.Generator,
    speed: Callable[[Mapping[str, FloatArray]], FloatArray],
    distinct: Callable[[FloatArray, npt.NDArray[np.bool_]], FloatArray],
) -> Iterator[Correlation]:
    """Findings (a) and (c): over the classes of a run, the rank correlation of how it is learned and how it stands out.

    speed : mean F1 [..., class] over the first iterations, by view -> what is correlated
    distinct : |ADCS| [class, H, W] without DC (NaN there) and the low frequencies [H, W] -> what it is correlated with
    """
    if evidence.dynamics is None or evidence.adcs is None or evidence.cutoffs is None:
        return
    for (*names, seed), part in evidence.dynamics.groupby([*NETWORK, "seed"], sort=False):
        dataset, network, augmentation = map(str, names)
        if dataset not in evidence.adcs or dataset not in evidence.cutoffs:
            continue
        values, classes = evidence.adcs[dataset]
        if len(classes) < 3:
            continue
        height, width = values.shape[-2:]
        size = np.abs(values).astype(float)
        size[:, height // 2, width // 2] = np.nan
        stands_out = distinct(size, radius(height, width) < evidence.cutoffs[dataset])
        learned = {str(view): _Learned(rows, classes) for view, rows in part.groupby("view", sort=False)}
        rho = _spearman(speed({view: one.f1() for view, one in learned.items()})[None], stands_out)[0]
        if np.isnan(rho):
            continue
        drawn = _spearman(speed({view: one.drawn(generator, DRAWS) for view, one in learned.items()}), stands_out)
        images = min(one.images.min() for one in learned.values())
        yield Correlation(
            dataset, (network, augmentation), int(str(seed)), float(rho), float(np.nanstd(drawn)), int(images)
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
    table = np.stack([jeffreys_quantiles(round(k), int(n), 256) for k, n in zip(hits, images, strict=True)], axis=1)
    return np.take_along_axis(table, np.minimum((at * len(steps)).astype(int), len(steps) - 1), axis=0)


def _f1(hits: FloatArray, false: FloatArray, images: FloatArray) -> FloatArray:
    return 2 * hits / np.maximum(hits + false + images, np.finfo(float).tiny)


def _spearman(drawn: FloatArray, fixed: FloatArray) -> FloatArray:
    """Rank correlation over classes of each row [count, class] with [class]; NaN where one side has no order at all."""
    ranks, of_fixed = stats.rankdata(drawn, axis=1), stats.rankdata(fixed)
    ranks -= ranks.mean(axis=1, keepdims=True)
    of_fixed = of_fixed - of_fixed.mean()
    scale = np.sqrt((ranks**2).sum(axis=1) * (of_fixed**2).sum())
    return np.divide(ranks @ of_fixed, scale, out=np.full(len(ranks), np.nan), where=scale > 0)


def _low_before_high(evidence: Evidence, generator: np.random.Generator) -> Iterator[Correlation]:
    """Finding (a)."""

    def distinct(size: FloatArray, low: npt.NDArray[np.bool_]) -> FloatArray:
        return np.nanmean(size[:, low], axis=1) - np.nanmean(size[:, ~low], axis=1)

    return _of_dynamics(evidence, generator, lambda f1: f1["low-pass"] - f1["high-pass"], distinct)


def _early(evidence: Evidence, generator: np.random.Generator) -> Iterator[Correlation]:
    """Finding (c)."""
    return _of_dynamics(evidence, generator, lambda f1: f1["full"], lambda size, low: np.nanmean(size, axis=(1, 2)))


_MEASURES: dict[str, Callable[[Evidence, np.random.Generator], Iterable[Measured]]] = {
    "a": _low_before_high,
    "b": _of_bands,
    "c": _early,
    "d": _of_tests,
    "e1": _of_renditions,
    "e2": _of_transfers,
    "f": _of_larger,
    "g": _of_augmented,
}
