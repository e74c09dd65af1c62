"""The one number of each network that a claim is about, from one table of a study: a function for each table.

Each yields rows with the columns `COLUMNS`. Rows with the same claim, `variant`, data set, `networks_of` and class are
of networks of one kind. The number of the claim itself has no `variant`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import spearman
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.fills import SWAP, ZEROS
from frequency_shortcuts.storage.tables import CULLING, NETWORK, RUN

from .definitions import FEWEST_CLASSES, PERMUTATIONS, SURVIVES_FROM

KIND = ["claim", "variant", "dataset", "networks_of"]
OF_NETWORKS = [*KIND, "network", "augmentation"]
COLUMNS = [*KIND, "seed", "class", "value", "counted", "p_of_classes"]
# Meant to avoid shortcuts: no augmentations of the paper, and no ordinary networks.
CURES = ("swap",)
LEVEL = "level"  # of the networks of (f)
MEAN_OF_PAIRS, EVERY_PAIR = "mean over the pairs", "every pair"  # of bands
ADCS, DISTINCTIVENESS = "mean_adcs", "distinctiveness"  # of a class, in its spectrum
FOLLOWS, UNJUDGED = "follows", "cannot tell"  # verdicts of `exchanges`
ONE_PART = ("texture", "shape")  # verdicts of `phase`: one of the two parts suffices alone
ALL_IMAGES = "(all)"  # a class of `reliance`
END = "(?P<network>[^/]*)/(?P<augmentation>[^/]*)/seed(?P<seed>.*)"  # of a pair: a network without its data set
ROUNDING = 1e-9  # 0.7 - 0.2 is less than 0.5
Row = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """What the configuration of a study says of its data sets and networks.

    photographs : the data sets that claims about photographs are judged on, none whose cue was made
    first : network and augmentation of the first kind of each data set: what is planned first, without augmentation
    forms : architecture and width of each network that is trained
    control_bands : 1 to 4, of each synthetic set
    """

    photographs: Sequence[str] = ()
    first: Mapping[str, Sequence[str]] = field(default_factory=dict)
    forms: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    control_bands: Mapping[str, int] = field(default_factory=dict)

    @property
    def widths(self) -> list[str]:
        """The networks of the first architecture that has several widths, the widest first; none without one."""
        for architecture, _ in self.forms.values():
            of_form = {
                name: width for name, (form, width) in self.forms.items() if form == architecture
            }
            if len(of_form) > 1:
                return sorted(of_form, key=lambda name: -of_form[name])
        return []

    def of_photographs(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table of photographs, set by set."""
        chosen = table[table["dataset"].isin(self.photographs)]
        place = {name: place for place, name in enumerate(self.photographs)}
        return chosen.sort_values("dataset", key=lambda names: names.map(place), kind="stable")

    def is_first(self, run: Row) -> bool:
        """Whether a network is of the first kind of its data set, which claims are about."""
        return [run["network"], run["augmentation"]] == list(self.first[run["dataset"]])

    def first_runs(self, table: pd.DataFrame) -> Iterator[tuple[Row, pd.DataFrame]]:
        """Each network of the first kind on photographs, with its rows of a table."""
        for run, of_run in groups(self.of_photographs(table), *RUN):
            if self.is_first(run):
                yield run, of_run


def row(claim: str, run: Row, value: float, variant: str = "", **others: Any) -> Row:
    """A row of the numbers; `run` has the data set, the seed, and the network or `networks_of`.

    value : a number, or yes or no, which is counted
    """
    return {
        "claim": claim,
        "variant": variant,
        "dataset": run["dataset"],
        "seed": run["seed"],
        "networks_of": run.get("networks_of") or kind_of(run),
        "value": float(value),
        "counted": isinstance(value, bool | np.bool_),
        **others,
    }


def kind_of(run: Row) -> str:
    """The kind of a network in words."""
    names = [run["network"], run["augmentation"]]
    return ", ".join(name for name in names if name != "none")


def groups(table: pd.DataFrame, *keys: str) -> Iterator[tuple[Row, pd.DataFrame]]:
    """The values of these columns and the rows that have them, in order."""
    for values, part in table.groupby(list(keys), sort=False):
        yield dict(zip(keys, values, strict=True)), part


def maps_and_fill(run: Row) -> str:
    """What is unlike the published test, as a variant: the method that finds the maps, and the fill."""
    method = run["method"] if run["method"] != CULLING else ""
    fill = run["fill"] if run["fill"] != ZEROS.name else ""
    return ", ".join(filter(None, [method, fill]))


def graded(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claims (a), (a2): rank correlation over the classes of a set of gain, and of a low ring, with earliness."""
    for seed, of_set in table[table["gain"].notna()].groupby("seed", sort=False):
        run = {"dataset": "graded", "networks_of": "one network a set", "seed": seed}
        yield row("a", run, spearman(of_set["gain"], of_set["earliness"]))
        yield row("a2", run, spearman(of_set["ring"] == "low", of_set["earliness"]))


def bandstop(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (b): whether C1 and C2 are recognised without two bands, of the pairs that leave the control band.

    The best pair is chosen on one half of the images and judged on the other.
    """
    for run, of_run in groups(table[table["dataset"].isin(study.control_bands)], *RUN, "fill"):
        band = f"B{study.control_bands[run['dataset']]}"
        left = of_run[[band not in removed.split("+") for removed in of_run["removed"]]]
        if not study.is_first(run):
            continue
        chooses, judges = (_measure(left[left["half"] == half]) for half in range(2))
        if pd.concat([chooses, judges]).isna().any(axis=None):
            continue  # a class has one image
        of_all = _measure(left)
        fill = run["fill"] if run["fill"] != SWAP.name else ""
        for name in ("C1", "C2"):
            numbers = {
                "": judges[name][chooses[name].idxmax()] >= SURVIVES_FROM - ROUNDING,
                MEAN_OF_PAIRS: of_all[name].mean(),
                EVERY_PAIR: of_all[name].min() >= SURVIVES_FROM - ROUNDING,
            }
            for variant, value in numbers.items():
                named = ", ".join(filter(None, [variant, fill]))
                yield row("b", run, value, named, **{"class": name})


def _measure(run: pd.DataFrame) -> pd.DataFrame:
    """TPR - FPR of each class (a column) without each pair of bands (a row), of one run."""
    shown = run.groupby(["removed", "true_class"])["filtered"].sum()
    is_hit = run["true_class"] == run["called_class"]
    hits = run[is_hit].groupby(["removed", "true_class"])["filtered"].sum()
    called = (
        run.groupby(["removed", "called_class"])["filtered"].sum().rename_axis(shown.index.names)
    )
    others = shown.groupby("removed").transform("sum") - shown
    return (hits / shown - (called - hits) / others).unstack("true_class")  # noqa: PD010 (of one column)


def dynamics(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (c): rank correlation over the classes of the mean of |ADCS|, and of distinctiveness, with earliness.

    table : also has the measures of each class in its spectrum: `ADCS`, `DISTINCTIVENESS`

    Earliness is the mean F1 over the tests after the first iteration, on unfiltered images.
    """
    tested = study.of_photographs(table[(table["view"] == "full") & (table["iteration"] > 0)])
    for kind, of_kind in groups(tested, *NETWORK):
        earliness = of_kind.pivot_table("f1", "class", "seed", sort=False)
        if len(earliness) < FEWEST_CLASSES or not study.is_first(kind):
            continue
        of_classes = of_kind.groupby("class", sort=False)[[ADCS, DISTINCTIVENESS]].first()
        for measure, variant in ((ADCS, ""), (DISTINCTIVENESS, "distinctiveness")):
            scores = of_classes.loc[earliness.index, measure].to_numpy(float)
            p = p_of_classes(scores, earliness.to_numpy(float))
            for seed, of_network in earliness.items():
                run = {**kind, "seed": seed}
                yield row("c", run, spearman(scores, of_network), variant, p_of_classes=p)


def p_of_classes(scores: FloatArray, earliness: FloatArray) -> float:
    """Two-sided p of the mean rank correlation, over networks, of scores [class] with earliness [class, network].

    It is the share of `PERMUTATIONS` of the classes, with the one that is there, whose mean is as far from 0.
    """
    ranks = pd.DataFrame(earliness).rank()
    standardised = ((ranks - ranks.mean()) / ranks.std(ddof=0)).mean(axis=1).to_numpy()
    own = pd.Series(scores).rank().to_numpy()
    if np.ptp(own) == 0:
        return float("nan")
    own = (own - own.mean()) / own.std()
    permuted = np.random.default_rng(0).permuted(np.tile(own, (PERMUTATIONS, 1)), axis=1)
    means = abs(permuted @ standardised)
    as_far = (means >= abs(own @ standardised) - ROUNDING).sum()
    return float((as_far + 1) / (PERMUTATIONS + 1))


def own_map_advantage(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claims (f), (g): the mean over the classes of TPR - FPR from the own map minus that from the lowest frequencies.

    (f) is that of the widest networks minus that of the narrowest, (g) that with an augmentation minus that without,
    seed by seed. The variant `LEVEL` of (f) has the number of each network.
    """
    table = study.of_photographs(table[table["classes"] >= FEWEST_CLASSES])
    as_published = (table["method"] == CULLING) & (table["fill"] == ZEROS.name)
    table = table[as_published & table["low_pass_margin"].notna()]
    for dataset, of_set in table.groupby("dataset", sort=False):
        network, without = study.first[str(dataset)]
        of_kinds = dict(iter(of_set.groupby(["network", "augmentation"], sort=False)))
        sizes = {
            name: of_kinds[name, without] for name in study.forms if (name, without) in of_kinds
        }
        for of_kind in sizes.values() if len(sizes) > 1 else ():
            for run in of_kind.to_dict("records"):
                yield row("f", run, run["low_pass_margin"], LEVEL)
        widths = [sizes[name] for name in study.widths if name in sizes]
        if len(widths) > 1:
            yield from _differences("f", widths[0], widths[-1])
        for (name, augmentation), with_it in of_kinds.items():
            is_another = augmentation not in (without, "none", *CURES)
            if name == network and is_another and (network, "none") in of_kinds:
                yield from _differences("g", with_it, of_kinds[network, "none"])


def _differences(claim: str, table: pd.DataFrame, other: pd.DataFrame) -> Iterator[Row]:
    """The margins of the networks of one kind minus those of another kind, seed by seed."""
    for run in table.merge(other, on="seed", suffixes=("", "_other")).to_dict("records"):
        of_other = {key: run[f"{key}_other"] for key in NETWORK}
        both = {**run, "networks_of": f"{kind_of(run)} minus {kind_of(of_other)}"}
        yield row(claim, both, run["low_pass_margin"] - run["low_pass_margin_other"])


def phase(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (t): whether a network has a class that is texture or shape; no row if the map of none suffices."""
    for run, of_run in study.first_runs(table):
        judged = of_run["verdict"].dropna()
        if len(judged):
            yield row("t", run, judged.isin(ONE_PART).any())


def exchanges(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (h): whether a network follows some class by any part; no row if none is judged."""
    for run, of_run in study.first_runs(table):
        judged = of_run.loc[of_run["verdict"] != UNJUDGED, "verdict"]
        if len(of_run) >= FEWEST_CLASSES and len(judged):
            yield row("h", run, (judged == FOLLOWS).any())


def reliance(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (n): recall lost at test time minus that lost after training anew, mean over the classes."""
    for run, of_run in study.first_runs(table[table["removed"] == "maps"]):
        of_classes = of_run[of_run["class"] != ALL_IMAGES]
        yield row("n", run, (of_classes["lost_at_test"] - of_classes["lost_after"]).mean())


_MEASURES = graded, bandstop, dynamics, own_map_advantage, phase, exchanges, reliance
NUMBERS = {measure.__name__: measure for measure in _MEASURES}


def numbers(name: str, table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The numbers of the claims that a table gives: one row a claim, variant and network, with `COLUMNS`.

    name : of the table, of `NUMBERS`; of `dynamics` it also has measures of the spectrum of each class, and that of
        `reliance` is of single networks
    """
    return pd.DataFrame(NUMBERS[name](table, study), columns=COLUMNS)
