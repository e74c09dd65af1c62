"""The evidence for each finding in the tables of a study: margins between shares of images, per network, case, seed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.evaluation.verdicts import STRONG
from frequency_shortcuts.intervals import TAIL
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.controls import CONTROLS
from frequency_shortcuts.storage.tables import NETWORK

from .definitions import RECOGNISED
from .spread import jeffreys, students_t


@dataclass(frozen=True)
class Evidence:
    """The tables of a study, as its workflow writes them; missing tables are None or empty.

    dynamics : RUN, iteration, view, class, recall, images, called
    adcs : int [class, H, W] and the classes' names, by data set
    cutoffs : radius between low-pass and high-pass in cycles per image, by data set
    band_stop : RUN, removed, true_class, called_class, original, filtered
    verdicts : of `verdicts.verdicts`, with RUN
    ood : RUN, rendition, class, fill, filter, images, tpr (mean over the draws of a control), error and draws (of a
        control: SD / sqrt(draws) of its TPR, or TPR - FPR, and their number)
    transfer : dataset, maps_of, tested_on (network/augmentation/seedN), class, fill, filter, images, negatives, tpr,
        fpr, error, draws
    parameters : number of parameters of a network, by (dataset, network)

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


class Share(NamedTuple):
    """A share of `n_images` images, added (sign 1) or subtracted (-1)."""

    sign: int
    value: float
    n_images: int


@dataclass(frozen=True)
class Margin:
    """A share of images minus a mark, which is a sum of other shares, of one network, case and seed.

    network : the network whose seeds are compared with each other
    case : the measured quantity; `mean` averages all cases of a network, `largest` uses each case
    share, n_images : a share, and the number of images of the class on which it was measured
    mark_shares : the shares whose sum is the mark
    floor : the least value of the mark
    source : the set of images; errors on the same images count as equal
    error, draws : standard error of the mark over the random masks, and the number of masks
    """

    dataset: str
    network: Hashable
    case: Hashable
    seed: int
    share: float
    n_images: int
    mark_shares: tuple[Share, ...]
    floor: float
    source: Hashable
    error: float = 0.0
    draws: int = 1

    @property
    def mark(self) -> float:
        """The value with which the share is compared."""
        return sum(one.sign * one.value for one in self.mark_shares)

    @property
    def value(self) -> float:
        """The margin."""
        return self.share - max(self.floor, self.mark)

    @property
    def shares(self) -> tuple[float, float]:
        """The two shares of Cohen's h."""
        return self.share, self.mark_shares[0].value

    @property
    def half_widths(self) -> FloatArray:
        """Distances from the value to the lower and the upper end of its interval over images, [2]."""
        low, high = jeffreys(self.share, self.n_images)
        less, more = half_widths(self.mark_shares)
        return np.hypot([self.share - low, high - self.share], [more, less])

    def half_width_by_draws(self, tail: float = TAIL) -> float:
        """Half the width of the interval over random masks, with `tail` of the probability beyond each end."""
        return float(students_t(self.error, self.draws, tail))

    @property
    def greatest(self) -> float:
        """The greatest possible absolute value of the margin: TPR - FPR ranges from -1 to 1."""
        return 2.0 if len(self.mark_shares) > 1 else 1.0


def half_widths(shares: Iterable[Share], tail: float = TAIL) -> FloatArray:
    """Distances from a sum of shares to the ends of its interval, [2]: the root of the sum of squares."""
    found = np.zeros(2)
    for sign, value, n_images in shares:
        low, high = jeffreys(value, n_images, tail)
        found += np.square([value - low, high - value][::sign])
    return np.sqrt(found)


def tested_maps(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of verdicts for the findings: maps that are kept, under every tested fill.

    For a data set with a neutral class these are only the headline rows (the fill `swap`, if it was tested), without
    that class. Classes that are not recognised unfiltered have no verdict and are left out.
    """
    kept = verdicts[(verdicts["part"] == "keep") & verdicts["verdict"].notna()]
    has_neutral = verdicts.groupby("dataset")["neutral"].any().reindex(kept["dataset"]).to_numpy(bool)
    return kept[(kept["headline"].to_numpy(bool) & ~kept["neutral"].to_numpy(bool)) | ~has_neutral]


def margins_d(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (d), also the basis of (f) and (g): TPR of each map minus the mark of a strong shortcut."""
    rows = tested_maps(evidence.verdicts)
    if rows.empty:
        return
    kinds = [kind for kind in CONTROLS if f"tpr_{kind}" in rows]
    marks = pd.DataFrame({kind: _mark(rows, kind) for kind in kinds})
    # The best control and the worst fill are chosen by their means over seeds: in a single seed, noise would decide.
    keys = [*NETWORK, "class", "fill"]
    means = marks.assign(tpr=rows["tpr_dfm"]).groupby([rows[key] for key in keys]).mean()
    margin = means["tpr"] - means[kinds].max(axis=1).clip(lower=STRONG)
    chosen = set(margin.groupby(keys[:-1]).idxmin())
    best = means[kinds].idxmax(axis=1)
    for row in rows.to_dict("records"):
        key = tuple(row[name] for name in keys)
        if key in chosen:
            yield _margin(row, row["class"], best[key], floor=STRONG)


def _mark(rows: pd.DataFrame, kind: str) -> pd.Series:
    """The TPR at which TPR - FPR of a map would equal that of a control."""
    return rows[f"tpr_{kind}"] - rows[f"fpr_{kind}"].fillna(0) + rows["fpr_dfm"].fillna(0)


def _margin(row: Mapping[Hashable, Any], case: Hashable, kind: str, floor: float = -np.inf) -> Margin:
    """TPR from a map minus that of a control (TPR - FPR of both if FPR was measured), from a row about one run."""
    n_images, negatives = int(row["images"]), row.get("negatives", 0)
    mark = [Share(1, row[f"tpr_{kind}"], n_images)]
    if negatives and not pd.isna(row["fpr_dfm"]):
        mark += [Share(-1, row[f"fpr_{kind}"], int(negatives)), Share(1, row["fpr_dfm"], int(negatives))]
    return Margin(
        dataset=row["dataset"],
        network=(row["network"], row["augmentation"]),
        case=case,
        seed=int(row["seed"]),
        share=row["tpr_dfm"],
        n_images=n_images,
        mark_shares=tuple(mark),
        floor=floor,
        source=row["class"],
        error=row[f"error_{kind}"],
        draws=int(row[f"draws_{kind}"]),
    )


def _strong(verdicts: pd.DataFrame) -> pd.Series:
    """Whether a shortcut is strong under every fill, by run and class; independent of the setting `strong`."""
    rows = tested_maps(verdicts)
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


def margins_f(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (f): margins in the largest networks of a data set, for classes with a strong shortcut in a smallest one.

    Networks of unknown size, and data sets whose networks all have the same size, are left out.
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
    for one in margins_d(evidence, generator):
        network, augmentation = _named(one)
        smallest, largest = ends.get((one.dataset, augmentation), ([], []))
        if network in largest and any((one.dataset, name, augmentation, one.case) in strong for name in smallest):
            yield one


def margins_g(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (g): margins with an augmentation, for classes with a strong shortcut in the same network without."""
    strong = _mostly_strong(evidence.verdicts)
    for one in margins_d(evidence, generator):
        network, augmentation = _named(one)
        if augmentation != "none" and (one.dataset, network, "none", one.case) in strong:
            yield one


def _named(one: Margin) -> tuple[str, str]:
    network, augmentation = one.network if isinstance(one.network, tuple) else (one.network, "none")
    return str(network), str(augmentation)


def margins_e1(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (e1): TPR from the map minus that of a control, in renditions, for classes with a strong shortcut."""
    if evidence.ood is None or evidence.ood.empty:
        return
    keys = [*NETWORK, "seed", "class"]
    strong = _strong_runs(evidence.verdicts)
    rates = _by_case(evidence.ood, [*keys, "rendition"])
    rates = rates[[row in strong for row in rates[keys].itertuples(index=False, name=None)]]
    for _, part in rates.groupby("dataset", sort=False):
        fill, kind = _least_margin(part)
        for row in part[part["fill"] == fill].to_dict("records"):
            yield _margin(row, (row["class"], row["rendition"]), kind)


def _by_case(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """A table of tests with one row per fill and combination of keys: `tpr_dfm`, `tpr_random`, `error_random`, ..."""
    rates = [rate for rate in ("tpr", "fpr") if rate in table]
    counts = [name for name in ("images", "negatives") if name in table]
    wide = table.pivot_table([*rates, "error", "draws"], [*keys, "fill", *counts], "filter", "mean", sort=False)
    wide.columns = [f"{rate}_{kind}" for rate, kind in wide.columns]
    return wide.reindex(columns=sorted({*wide, "fpr_dfm"})).reset_index()


def _least_margin(rates: pd.DataFrame) -> tuple[str, str]:
    """The fill and the kind of control with the least mean margin; in each case alone, noise would decide."""
    kinds = [kind for kind in CONTROLS if f"tpr_{kind}" in rates]
    measured = any(f"fpr_{kind}" in rates for kind in kinds)

    def measure(kind: str) -> pd.Series:
        return rates[f"tpr_{kind}"] - (rates[f"fpr_{kind}"] if measured else 0)

    margins = pd.DataFrame({kind: measure("dfm") - measure(kind) for kind in kinds})
    means = margins.groupby(rates["fill"], sort=False).mean()
    fill = means.min(axis=1).idxmin()
    return str(fill), str(means.loc[fill].idxmin())


def margins_e2(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (e2): TPR - FPR from the map of another network minus that of a control."""
    if evidence.transfer is None or evidence.transfer.empty:
        return
    keys = [*NETWORK, "seed", "class"]
    strong = _strong_runs(evidence.verdicts)
    ends = ["maps_of", "tested_on"]
    rates = _by_case(evidence.transfer, ["dataset", *ends, "class"])
    rates[["network", "augmentation", "seed"]] = rates["maps_of"].str.split("/", expand=True)
    rates["seed"] = rates["seed"].str.removeprefix("seed").astype(int)
    rates = rates[[row in strong for row in rates[keys].itertuples(index=False, name=None)]]
    for _, part in rates.groupby("dataset", sort=False):
        fill, kind = _least_margin(part)
        for row in part[part["fill"] == fill].to_dict("records"):
            one = _margin(row, row["class"], kind)
            yield replace(one, network=tuple(row[end].rsplit("/", 1)[0] for end in ends))


def margins_b(evidence: Evidence, generator: np.random.Generator) -> Iterator[Margin]:
    """Finding (b): TPR - FPR of a class with two bands removed, if it was recognised on unfiltered images."""
    if evidence.band_stop is None or evidence.band_stop.empty:
        return
    for (dataset, network, augmentation), part in evidence.band_stop.groupby(NETWORK, sort=False):
        runs = {int(str(seed)): _rates_without_bands(run) for seed, run in part.groupby("seed", sort=False)}
        before = pd.concat([run["before"] for run in runs.values()]).groupby(level=[0, 1]).mean()
        for seed, run in runs.items():
            for (removed, name), row in run[before.reindex(run.index) >= RECOGNISED].iterrows():
                yield Margin(
                    dataset=dataset,
                    network=(network, augmentation),
                    case=(name, f"without {removed}"),
                    seed=seed,
                    share=row["tpr"],
                    n_images=int(row["images"]),
                    mark_shares=(Share(1, row["fpr"], int(row["others"])),),
                    floor=-np.inf,
                    source=name,
                )


def survivors(band_stop: pd.DataFrame) -> tuple[int, int]:
    """Number of cases (class, network, seed, two bands) that are recognised, and that are recognised without the bands.

    Recognised, as in finding (b): with a TPR - FPR of at least `RECOGNISED`.
    """
    runs = [_rates_without_bands(run) for _, run in band_stop.groupby([*NETWORK, "seed"], sort=False)]
    rates = pd.concat(runs)
    before = rates["before"] >= RECOGNISED
    return int(before.sum()), int((before & (rates["tpr"] - rates["fpr"] >= RECOGNISED)).sum())


def _rates_without_bands(run: pd.DataFrame) -> pd.DataFrame:
    """A row per class and removed bands of one run: TPR and FPR without them, `before` (TPR - FPR), and counts."""
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
