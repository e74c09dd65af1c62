"""The number of each network that a finding is about, from the tables of a study: one function for each finding.

Each returns a table with the columns `COLUMNS`. Rows with the same `quantity`, `data` and `networks_of` are of networks
of one kind. A row *decides* if it is what the finding compares with its threshold; the others stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.storage.tables import CULLING, NETWORK, RUN

from .definitions import ADVANTAGE, FEWEST_CLASSES, SURVIVES_FROM

COLUMNS = [
    "finding", "quantity", "method", "role", "kind", "data", "networks_of", "dataset", "network", "augmentation",
    "seed", "value", "half_width",
]  # fmt: skip
DECIDES, BESIDE = "decides", "beside"
PHOTOGRAPHS, SYNTHETIC, PLANTED, GRADED = "photographs", "synthetic", "planted", "graded"
CURES = ("dfmx", "dfmx_random", "dfmx_low_pass", "afa", "swap_fine")  # meant to avoid shortcuts, and controls
EARLINESS = "rank correlation of {} with earliness"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Tables:
    """The tables of a study, as its workflow writes them, and what its configuration says of its sets.

    kinds : photographs, synthetic or planted, by data set, in the order of the plan
    classes : dataset, class, neutral, distinctiveness, significant (mean of |ADCS| of significant differences)
    networks : RUN, architecture, width
    advantages : own-map advantage: RUN, method, fill, headline, advantage, advantage_low, advantage_high
    ood, transfer : the same with `rendition`, and with dataset, maps_of, tested_on in place of RUN
    verdicts : of `verdicts.verdicts`, with RUN
    dynamics : RUN, iteration, view, class, f1
    band_stop : RUN, removed, true_class, called_class, original, filtered
    control_bands : 1 to 4, by data set
    graded : seed, class, gain (NaN for the plain class), ring (low, high), distinctiveness, earliness

    RUN stands for the columns dataset, network, augmentation, seed. A table that a study lacks is empty.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    classes: pd.DataFrame = field(default_factory=pd.DataFrame)
    networks: pd.DataFrame = field(default_factory=pd.DataFrame)
    advantages: pd.DataFrame = field(default_factory=pd.DataFrame)
    ood: pd.DataFrame = field(default_factory=pd.DataFrame)
    transfer: pd.DataFrame = field(default_factory=pd.DataFrame)
    verdicts: pd.DataFrame = field(default_factory=pd.DataFrame)
    dynamics: pd.DataFrame = field(default_factory=pd.DataFrame)
    band_stop: pd.DataFrame = field(default_factory=pd.DataFrame)
    control_bands: Mapping[str, int] = field(default_factory=dict)
    graded: pd.DataFrame = field(default_factory=pd.DataFrame)

    def of_method(self, method: str) -> Tables:
        """The same with the own-map advantages of the maps of one method alone."""
        tables = {name: getattr(self, name) for name in ("advantages", "ood", "transfer")}
        return replace(self, **{name: t[t["method"] == method] for name, t in tables.items() if len(t)})

    def baseline(self, dataset: str, tested: pd.DataFrame) -> tuple[str, str]:
        """Network and augmentation that decide on a data set: the first network of the plan that was tested.

        It is without augmentation if that was tested. tested : a table of a test, with RUN
        """
        kinds = tested.loc[tested["dataset"] == dataset, NETWORK].drop_duplicates()
        planned = self.networks[NETWORK].drop_duplicates().merge(kinds, on=NETWORK)
        first = planned[planned["network"] == planned["network"].iloc[0]]
        names = first["augmentation"].unique()
        return str(first["network"].iloc[0]), "none" if "none" in names else str(names[0])

    def neutral(self, dataset: str) -> set[str]:
        """The classes of a data set that have no cue of their own."""
        rows = self.classes[(self.classes["dataset"] == dataset) & self.classes["neutral"].astype(bool)]
        return set(rows["class"])

    def judged(self, *kinds: str) -> list[str]:
        """The data sets of these kinds, without those of two classes and no neutral one: TPR - FPR says too little."""
        counts = self.classes.groupby("dataset").size() if len(self.classes) else {}
        return [
            name
            for name, kind in self.kinds.items()
            if kind in kinds and (counts[name] >= FEWEST_CLASSES or self.neutral(name))
        ]


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """The rank correlation of two sequences; NaN if one side has no order."""
    ranks = [pd.Series(np.asarray(values, float)).rank().to_numpy() for values in (x, y)]
    if len(ranks[0]) < 2 or any(np.ptp(one) == 0 for one in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def graded_sets(tables: Tables) -> Rows:
    """Finding (a): rank correlation over the classes of each graded set of gain, and of the ring, with earliness."""
    rows: Rows = []
    for seed, table in tables.graded.groupby("seed", sort=False) if len(tables.graded) else ():
        table = table[table["gain"].notna()]
        sides = {EARLINESS.format("gain"): table["gain"], EARLINESS.format("a high ring"): table["ring"] == "high"}
        for i, (quantity, side) in enumerate(sides.items()):
            rows.append(
                _row(
                    DECIDES if i == 0 else BESIDE, quantity, GRADED, seed=seed, value=spearman(side, table["earliness"])
                )
            )
    return rows


def bands(tables: Tables) -> Rows:
    """Finding (b): whether C2 is recognised in the worst of the pairs of bands that leave the control band; C1, C3."""
    rows: Rows = []
    table = tables.band_stop
    table = table[table["dataset"].isin(tables.control_bands)] if len(table) else table
    for run, of_run in table.groupby(RUN, sort=False) if len(table) else ():
        about = dict(zip(RUN, run, strict=True))
        dataset = str(about["dataset"])
        left = [
            name for name in of_run["removed"].unique() if f"B{tables.control_bands[dataset]}" not in name.split("+")
        ]
        is_baseline = tables.baseline(dataset, table) == (about["network"], about["augmentation"])
        worst = _rates(of_run[of_run["removed"].isin(left)]).groupby("true_class")["measure"].min()
        for name in ("C2", "C1", "C3") if left else ():
            role = DECIDES if name == "C2" and is_baseline else BESIDE
            value = float(worst[name] >= SURVIVES_FROM - 1e-9)  # 0.7 - 0.2 is less than 0.5
            rows.append(_row(role, f"{name} survives", SYNTHETIC, value=value, **about))
    return rows


def _rates(run: pd.DataFrame) -> pd.DataFrame:
    """removed, true_class and measure, TPR - FPR of the class without these bands, of one run."""
    shown = run.groupby(["removed", "true_class"])["filtered"].sum()
    hits = run[run["true_class"] == run["called_class"]].set_index(["removed", "true_class"])["filtered"]
    called = run.rename(columns={"called_class": "true_class", "true_class": "of"})
    called = called.groupby(["removed", "true_class"])["filtered"].sum()
    others = shown.groupby("removed").transform("sum") - shown
    return (hits / shown - (called - hits) / others).rename("measure").reset_index()


def learned_early(tables: Tables) -> Rows:
    """Finding (c): rank correlation over classes of distinctiveness, and of significant ADCS, with earliness."""
    rows: Rows = []
    for seed, table in tables.graded.groupby("seed", sort=False) if len(tables.graded) else ():
        table = table[table["gain"].notna()]
        value = spearman(table["distinctiveness"], table["earliness"])
        rows.append(_row(BESIDE, EARLINESS.format("distinctiveness"), GRADED, seed=seed, value=value))
    table = tables.dynamics
    for run, early in _earliness(table) if len(table) else ():
        about = dict(zip(RUN, run, strict=True))
        dataset = str(about["dataset"])
        seen = tables.classes[tables.classes["dataset"] == dataset].set_index("class")
        known = seen.index[seen["distinctiveness"].notna()]  # it is missing of a class of one image
        names = [name for name in early.index if name in known and name not in tables.neutral(dataset)]
        if len(names) < FEWEST_CLASSES:
            continue
        is_baseline = tables.baseline(dataset, table) == (about["network"], about["augmentation"])
        kind = tables.kinds[dataset]
        role = DECIDES if is_baseline and kind == PHOTOGRAPHS else BESIDE
        value = spearman(seen["distinctiveness"].loc[names], early.loc[names])
        rows.append(_row(role, EARLINESS.format("distinctiveness"), kind, value=value, **about))
        if role == DECIDES:
            value = spearman(seen["significant"].loc[names], early.loc[names])
            rows.append(_row(BESIDE, EARLINESS.format("significant ADCS"), kind, value=value, **about))
    return rows


def _earliness(dynamics: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], pd.Series]]:
    """Of each run, the mean F1 of every class over the tests after the first iteration, on unfiltered images."""
    tested = dynamics[(dynamics["view"] == "full") & (dynamics["iteration"] > 0)]
    for run, table in tested.groupby(RUN, sort=False):
        yield run, table.groupby("class", sort=False)["f1"].mean()


def own_maps(tables: Tables) -> Rows:
    """Finding (d): own-map advantage; with swap, and the map minus the lowest frequencies, beside it."""
    rows = list(_advantages(tables, tables.advantages))
    kept = tables.verdicts
    kept = kept[(kept["part"] == "keep") & (kept["fill"] == ZEROS.name)] if len(kept) else kept
    for dataset in tables.judged(PHOTOGRAPHS) if len(kept) else ():
        network, augmentation = tables.baseline(dataset, tables.advantages)
        of_baseline = (kept["network"] == network) & (kept["augmentation"] == augmentation)
        for run, table in kept[of_baseline & (kept["dataset"] == dataset)].groupby(RUN, sort=False):
            about, value = dict(zip(RUN, run, strict=True)), table["low_pass_margin"].mean()
            rows.append(_row(BESIDE, "own map minus lowest frequencies, zeros", PHOTOGRAPHS, value=value, **about))
    return rows


def renditions(tables: Tables) -> Rows:
    """Finding (e1): own-map advantage on renditions, their mean and each alone."""
    table = tables.ood
    if table.empty:
        return []
    # The renditions show the same images, so their errors count as equal.
    half = table.assign(half=(table["advantage_high"] - table["advantage_low"]) / 2)
    means = half.groupby([*RUN, "fill"], sort=False)[["advantage", "half"]].mean().reset_index()
    means["advantage_low"], means["advantage_high"] = (
        means["advantage"] - means["half"],
        means["advantage"] + means["half"],
    )
    rows = list(_advantages(tables, means.assign(headline=means["fill"] == ZEROS.name), "mean over renditions"))
    for rendition, of_one in table[table["fill"] == ZEROS.name].groupby("rendition", sort=False):
        of_baseline = [row for row in _advantages(tables, of_one, str(rendition)) if row["role"] == DECIDES]
        rows += [{**row, "role": BESIDE} for row in of_baseline]
    return rows


def _advantages(tables: Tables, table: pd.DataFrame, label: str = "") -> Iterator[dict[str, Any]]:
    """Rows of own-map advantages; those of the baseline on photographs with zeros decide.

    Of other networks on photographs only zeros are given, and on other sets only the fill to quote.
    """
    judged = tables.judged(PHOTOGRAPHS, SYNTHETIC, PLANTED)
    for row in table[table["dataset"].isin(judged)].to_dict("records") if len(table) else ():
        kind, about = tables.kinds[row["dataset"]], {key: row[key] for key in RUN}
        is_baseline = tables.baseline(row["dataset"], table) == (row["network"], row["augmentation"])
        quoted = (is_baseline or row["fill"] == ZEROS.name) if kind == PHOTOGRAPHS else row["headline"]
        if not quoted:
            continue
        decides = kind == PHOTOGRAPHS and row["fill"] == ZEROS.name and is_baseline
        quantity = ", ".join(filter(None, (ADVANTAGE, label, row["fill"])))
        yield _row(DECIDES if decides else BESIDE, quantity, kind, value=row["advantage"], half=_half(row), **about)


def _half(row: Mapping[Any, Any]) -> float:
    return float(row["advantage_high"] - row["advantage_low"]) / 2


def other_networks(tables: Tables) -> Rows:
    """Finding (e2): own-map advantage with the maps of another architecture, mean of the directions between them.

    Networks of one architecture, which differ in width or augmentation, stand beside.
    """
    table = tables.transfer
    table = table[table["dataset"].isin(tables.judged(PHOTOGRAPHS))] if len(table) else table
    if table.empty:
        return []
    ends = {end: table[end].str.rsplit("/seed", n=1, expand=True) for end in ("maps_of", "tested_on")}
    table = table.assign(
        seed=ends["maps_of"][1].astype(int),
        half=(table["advantage_high"] - table["advantage_low"]) / 2,
        direction=ends["maps_of"][0] + " on " + ends["tested_on"][0],
        pair=[" and ".join(sorted(pair)) for pair in zip(ends["maps_of"][0], ends["tested_on"][0], strict=True)],
    )
    rows: Rows = []
    known = {_key(row): row["architecture"] for row in tables.networks.to_dict("records")}
    for (dataset, pair, fill, seed), part in table.groupby(["dataset", "pair", "fill", "seed"], sort=False):
        about = {"dataset": dataset, "seed": seed}
        architectures = {known.get(f"{dataset}/{end}", end) for end in pair.split(" and ")}
        role = DECIDES if fill == ZEROS.name and len(architectures) > 1 else BESIDE
        value, half = part["advantage"].mean(), part["half"].mean()  # the directions show the same images
        rows.append(_row(role, f"{ADVANTAGE}, {fill}", PHOTOGRAPHS, _words(pair), value=value, half=half, **about))
        for one in part.to_dict("records") if fill == ZEROS.name and len(part) > 1 else ():
            of, quantity = _words(one["direction"]), f"{ADVANTAGE}, one direction, zeros"
            rows.append(_row(BESIDE, quantity, PHOTOGRAPHS, of, value=one["advantage"], half=one["half"], **about))
    return rows


def _key(run: Mapping[Any, Any]) -> str:
    return "/".join(str(run[name]) for name in NETWORK)


def _words(networks: str) -> str:
    return networks.replace("/none", "").replace("/", ", ")


def capacity(tables: Tables) -> Rows:
    """Finding (f): own-map advantage of the widest networks of an architecture; its difference to the narrowest."""
    rows: Rows = []
    if "width" not in tables.networks or tables.advantages.empty:
        return rows
    zeros = _zeros(tables).merge(tables.networks[[*RUN, "architecture", "width"]], on=RUN)
    for (dataset, augmentation, _), part in zeros.groupby(["dataset", "augmentation", "architecture"], sort=False):
        widths = sorted(part["width"].unique())
        if len(widths) < 2 or augmentation != tables.baseline(str(dataset), zeros)[1]:
            continue
        widest, narrowest = (part[part["width"] == width] for width in (widths[-1], widths[0]))
        rows += _compared(widest, narrowest, "the widest", "widest minus narrowest")
    return rows


def augmentations(tables: Tables) -> Rows:
    """Finding (g): own-map advantage of networks with an augmentation, of the seeds that were trained without as well.

    Trainings that are meant to avoid shortcuts, and their controls, are no augmentations of the paper.
    """
    rows: Rows = []
    if tables.advantages.empty:
        return rows
    zeros = _zeros(tables)
    for (dataset, network), part in zeros.groupby(["dataset", "network"], sort=False):
        without = part[part["augmentation"] == "none"]
        if without.empty or tables.baseline(str(dataset), zeros) != (network, "none"):
            continue
        for augmentation, of_one in part.groupby("augmentation", sort=False):
            of_one = of_one[of_one["seed"].isin(without["seed"])]
            if augmentation not in ("none", *CURES):
                rows += _compared(of_one, without, f"with {augmentation}", f"with {augmentation} minus without")
    return rows


def _zeros(tables: Tables) -> pd.DataFrame:
    """Own-map advantages on photographs with zeros."""
    table = tables.advantages
    return table[table["dataset"].isin(tables.judged(PHOTOGRAPHS)) & (table["fill"] == ZEROS.name)]


def _compared(table: pd.DataFrame, other: pd.DataFrame, label: str, difference: str) -> Rows:
    """The own-map advantages of networks, which decide, and their differences to those of other networks, by seed."""
    rows = [
        _row(
            DECIDES, f"{ADVANTAGE} of {label}, zeros" if label.startswith("the") else f"{ADVANTAGE} {label}, zeros",
            PHOTOGRAPHS, value=row["advantage"], half=_half(row), **{key: row[key] for key in RUN},
        )
        for row in table.to_dict("records")
    ]  # fmt: skip
    pairs = table.merge(other, on="seed", suffixes=("", "_other"))
    for row in pairs.to_dict("records"):
        # Both networks are tested on the same images, so the half widths are not independent: their sum is the most.
        half = _half(row) + (row["advantage_high_other"] - row["advantage_low_other"]) / 2
        of = f"{_of(row)} and {_of({key: row[f'{key}_other'] for key in NETWORK})}"
        value, about = row["advantage"] - row["advantage_other"], {key: row[key] for key in RUN}
        rows.append(_row(BESIDE, f"difference, {difference}, zeros", PHOTOGRAPHS, of, value=value, half=half, **about))
    return rows


def _of(run: Mapping[str, Any]) -> str:
    """The kind of a network in words."""
    return str(run["network"]) + (f", {run['augmentation']}" if run["augmentation"] != "none" else "")


def _row(
    role: str, quantity: str, kind: str, networks_of: str = "", *, value: float, half: float = np.nan, **run: Any
) -> dict[str, Any]:
    """A row of the table; `networks_of` is by default the network of the run."""
    of = networks_of or (_of(run) if "network" in run else "one network a set")
    # Syn_1 to Syn_4, and the graded sets, are one experiment each.
    data = kind if kind in (SYNTHETIC, GRADED) else run["dataset"]
    empty = dict.fromkeys(COLUMNS, "")
    about = {"quantity": quantity, "role": role, "kind": kind, "data": data, "networks_of": of}
    return {**empty, **run, **about, "value": value, "half_width": half}


NUMBERS: dict[str, Callable[[Tables], Rows]] = {
    "a": graded_sets,
    "b": bands,
    "c": learned_early,
    "d": own_maps,
    "e1": renditions,
    "e2": other_networks,
    "f": capacity,
    "g": augmentations,
}


# The findings whose number is an own-map advantage, so that other methods than culling give it as well.
OF_MAPS = ("d", "e1", "e2", "f", "g")


def numbers(tables: Tables) -> pd.DataFrame:
    """The numbers of all findings: one row a finding, quantity and network, with the columns `COLUMNS`.

    What would decide with the maps of another method than culling stands beside what decides, with the name of the
    method in the column `method`, which is else empty.

    `half_width` is that of the network's own 95 % interval over images, where there is one.

    >>> numbers(Tables(graded=table)).query("role == 'decides'")
    """
    own, methods = tables.of_method(CULLING), tables.advantages["method"].unique() if len(tables.advantages) else ()
    rows = [{**row, "finding": letter} for letter, of_tables in NUMBERS.items() for row in of_tables(own)]
    rows += [
        {**row, "finding": letter, "role": BESIDE, "method": method}
        for method in methods
        for letter in (OF_MAPS if method != CULLING else ())
        for row in NUMBERS[letter](tables.of_method(method))
        if row["role"] == DECIDES
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
