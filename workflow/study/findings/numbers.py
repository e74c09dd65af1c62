"""The number of each network that a claim is about, from one table of a study: one function for each table.

Each yields rows with the columns `COLUMNS`. Rows with the same claim, `variant`, data set and `networks_of` are of
networks of one kind. The number of the claim itself has no `variant`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import spearman
from frequency_shortcuts.spectrum.fills import SWAP, ZEROS
from frequency_shortcuts.storage.tables import CULLING, NETWORK, RUN

from .definitions import FEWEST_CLASSES, SURVIVES_FROM

COLUMNS = ["claim", "variant", "dataset", "networks_of", "seed", "value", "half_width"]
CURES = ("swap", "processed")  # meant to avoid shortcuts: no augmentations of the paper, and no ordinary networks
OTHERS, ONE_DIRECTION = "other networks", "one direction"
DIFFERENCES = NARROWEST, WITHOUT = "minus the narrowest", "minus without augmentation"  # seed by seed
FOLLOWS, UNJUDGED = "follows", ("cannot tell", "not recognised")  # verdicts of `flips`
ALL_IMAGES = "(all)"  # a class of `reliance`
END = "(?P<network>[^/]*)/(?P<augmentation>[^/]*)/seed(?P<seed>.*)"  # of a pair: a network without its data set
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

    def of_photographs(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table of photographs, set by set, and if the table counts them, of enough classes."""
        enough = table["classes"] >= FEWEST_CLASSES if "classes" in table else True
        chosen, places = table[table["dataset"].isin(self.photographs) & enough], list(self.photographs)
        return chosen.sort_values("dataset", key=lambda names: names.map(places.index), kind="stable")

    def variant(self, run: Row, *parts: str) -> str | None:
        """The variant of a number with these parts; that of other networks has no parts, or none is given (None)."""
        if (run["network"], run["augmentation"]) == tuple(self.first[run["dataset"]]):
            return ", ".join(filter(None, parts))
        return None if any(parts) else OTHERS


def _row(claim: str, run: Row, value: float, variant: str = "", half: float = np.nan) -> Row:
    """A row of the numbers; `run` has the data set, the seed, and the network or `networks_of`."""
    about = {"claim": claim, "variant": variant, "dataset": run["dataset"], "seed": run["seed"]}
    return {**about, "networks_of": run.get("networks_of") or _kind(run), "value": float(value), "half_width": half}


def _kind(run: Row) -> str:
    """The kind of a network in words."""
    return str(run["network"]) + (f", {run['augmentation']}" if run["augmentation"] != "none" else "")


def _groups(table: pd.DataFrame, *keys: str) -> Iterator[tuple[Row, pd.DataFrame]]:
    """The values of these columns and the rows that have them, in order."""
    for values, part in table.groupby(list(keys), sort=False):
        yield dict(zip(keys, values, strict=True)), part


def _halves(table: pd.DataFrame, column: str = "advantage") -> pd.Series:
    return (table[f"{column}_high"] - table[f"{column}_low"]) / 2


def _maps(run: Row) -> tuple[str, str]:
    """What is unlike the published test: the method that finds the maps, and the fill."""
    return run["method"] if run["method"] != CULLING else "", run["fill"] if run["fill"] != ZEROS.name else ""


def graded(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (a): rank correlation over the classes of each graded set of gain, and of a low ring, with earliness."""
    for seed, of_set in table[table["gain"].notna()].groupby("seed", sort=False):
        run = {"dataset": "graded", "networks_of": "one network a set", "seed": seed}
        for variant, side in ("", of_set["gain"]), ("low ring", of_set["ring"] == "low"):
            yield _row("a", run, spearman(side, of_set["earliness"]), variant)


def bandstop(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (b): whether C2, C1 and C3 are recognised without the worst of the pairs that leave the control band."""
    for run, of_run in _groups(table[table["dataset"].isin(study.control_bands)], *RUN, "fill"):
        band = f"B{study.control_bands[run['dataset']]}"
        left = of_run[[band not in removed.split("+") for removed in of_run["removed"]]]
        worst = _rates(left).groupby("true_class")["measure"].min()
        for name in ("C2", "C1", "C3") if len(left) else ():
            parts = name if name != "C2" else "", run["fill"] if run["fill"] != SWAP.name else ""
            if (variant := study.variant(run, *parts)) is not None:
                yield _row("b", run, worst[name] >= SURVIVES_FROM - 1e-9, variant)  # 0.7 - 0.2 is less than 0.5


def _rates(run: pd.DataFrame) -> pd.DataFrame:
    """removed, true_class and measure, TPR - FPR of the class without these bands, of one run."""
    shown = run.groupby(["removed", "true_class"])["filtered"].sum()
    hits = run[run["true_class"] == run["called_class"]].set_index(["removed", "true_class"])["filtered"]
    called = run.groupby(["removed", "called_class"])["filtered"].sum().rename_axis(shown.index.names)
    others = shown.groupby("removed").transform("sum") - shown
    return (hits / shown - (called - hits) / others).rename("measure").reset_index()


def dynamics(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (c): rank correlation over classes of distinctiveness, a column of the table, with earliness.

    Earliness is the mean F1 over the tests after the first iteration, on unfiltered images.
    """
    tested = study.of_photographs(table[(table["view"] == "full") & (table["iteration"] > 0)])
    for run, of_run in _groups(tested, *RUN):
        of_classes = of_run.groupby("class")[["distinctiveness", "f1"]].mean()
        if len(of_classes) >= FEWEST_CLASSES:
            correlation = spearman(of_classes["distinctiveness"], of_classes["f1"])
            yield _row("c", run, correlation, study.variant(run) or "")


def own_map_advantage(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claims (d), (d2) and (d3), then (f) and (g), from own-map advantages and margins."""
    table = study.of_photographs(table)
    for claim, column in {"d": "advantage", "d2": "low_pass_margin", "d3": "best_other_margin"}.items():
        for run, half in zip(table.to_dict("records"), _halves(table, column), strict=True):
            if (variant := study.variant(run, *_maps(run))) is not None:
                yield _row(claim, run, run[column], variant, half)
    zeros = table[(table["method"] == CULLING) & (table["fill"] == ZEROS.name)]
    # The widest networks of each architecture of several widths, and these minus the narrowest.
    forms = pd.DataFrame([(name, *form) for name, form in study.forms.items()], columns=["network", "form", "width"])
    for about, part in _groups(zeros.merge(forms, on="network"), "dataset", "augmentation", "form"):
        widths = sorted(part["width"].unique())
        if len(widths) > 1 and about["augmentation"] == study.first[about["dataset"]][1]:
            widest, narrowest = (part[part["width"] == width] for width in (widths[-1], widths[0]))
            yield from _compared("f", widest, narrowest, NARROWEST)
    # The first network of the plan with each augmentation, and these minus those without.
    for about, part in _groups(zeros, *NETWORK):
        network, without = study.first[about["dataset"]]
        if about["network"] == network and about["augmentation"] not in ("none", *CURES) and without == "none":
            others = zeros[(zeros[NETWORK] == [about["dataset"], network, without]).all(axis=1)]
            yield from _compared("g", part, others, WITHOUT)


def _compared(claim: str, table: pd.DataFrame, other: pd.DataFrame, variant: str) -> Iterator[Row]:
    """The own-map advantages of a table, and the same minus those of another one, seed by seed."""
    table, other = (part.assign(half=_halves(part)) for part in (table, other))
    for row in table.to_dict("records"):
        yield _row(claim, row, row["advantage"], half=row["half"])
    for row in table.merge(other, on="seed", suffixes=("", "_other")).to_dict("records"):
        both = f"{_kind(row)} minus {_kind({key: row[f'{key}_other'] for key in NETWORK})}"
        # Both networks are tested on the same images, so the half widths are not independent: their sum is the most.
        half, difference = row["half"] + row["half_other"], row["advantage"] - row["advantage_other"]
        yield _row(claim, {**row, "networks_of": both}, difference, variant, half)


def ood_advantage(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (e1): own-map advantage, mean over the renditions, and in each."""
    for run, part in _groups(study.of_photographs(table), *RUN, "method", "fill"):
        if (variant := study.variant(run, *_maps(run))) is None:
            continue
        part = part.assign(half=_halves(part))
        # Renditions are of the same images, so the half widths are not independent.
        yield _row("e1", run, part["advantage"].mean(skipna=False), variant, part["half"].mean(skipna=False))
        for row in part.to_dict("records") if not variant else ():
            yield _row("e1", run, row["advantage"], row["rendition"], row["half"])


def transfer_advantage(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (e2): own-map advantage with the maps of another architecture, mean of the directions within a seed.

    Networks of one architecture, which differ in width or augmentation, are others. Without one of the directions there
    is no number.
    """
    table = study.of_photographs(table)
    ends = [table[end].str.extract(END) for end in ("maps_of", "tested_on")]
    names = list(zip(*(map(_kind, end.to_dict("records")) for end in ends), strict=True))
    forms = [[study.forms.get(network, [network])[0] for network in end["network"]] for end in ends]
    table = table.assign(
        half=_halves(table),
        seed=ends[0]["seed"].astype(int),
        direction=[" on ".join(pair) for pair in names],
        networks_of=[" and ".join(sorted(pair)) for pair in names],
        same=[one == other for one, other in zip(*forms, strict=True)],
    )
    table["directions"] = table.groupby(["dataset", "networks_of"])["direction"].transform("nunique")
    for run, part in _groups(table, "dataset", "networks_of", "seed", "method", "fill", "same"):
        variant = ", ".join(filter(None, _maps(run)))
        if (run["same"] and variant) or len(part) < part["directions"].iloc[0]:
            continue
        value, half = (part[key].mean(skipna=False) for key in ("advantage", "half"))
        yield _row("e2", run, value, OTHERS if run["same"] else variant, half)
        for row in part.to_dict("records") if len(part) > 1 and not variant and not run["same"] else ():
            yield _row("e2", {**row, "networks_of": row["direction"]}, row["advantage"], ONE_DIRECTION, row["half"])


def flips(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (h): whether a network follows some class by any part; missing if none is judged."""
    for run, of_run in _groups(study.of_photographs(table[~table["augmentation"].isin(CURES)]), *RUN):
        if len(of_run) >= FEWEST_CLASSES:
            judged = of_run.loc[~of_run["verdict"].isin(UNJUDGED), "verdict"]
            follows = (judged == FOLLOWS).any() if len(judged) else np.nan
            yield _row("h", run, follows, study.variant(run) or "")


def reliance(table: pd.DataFrame, study: Study) -> Iterator[Row]:
    """Claim (n): recall lost at test time minus that lost after training anew, mean over the classes."""
    for run, of_run in _groups(study.of_photographs(table[table["removed"] == "maps"]), *RUN):
        of_classes = of_run[of_run["class"] != ALL_IMAGES]
        halves = _halves(of_classes, "lost_at_test") + _halves(of_classes, "lost_after")
        half = float(np.sqrt((halves**2).sum())) / len(of_classes)
        difference = (of_classes["lost_at_test"] - of_classes["lost_after"]).mean()
        yield _row("n", run, difference, study.variant(run) or "", half)


_MEASURES = graded, bandstop, dynamics, own_map_advantage, ood_advantage, transfer_advantage, flips, reliance
NUMBERS: dict[str, Callable[[pd.DataFrame, Study], Iterator[Row]]] = {each.__name__: each for each in _MEASURES}


def numbers(name: str, table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The numbers of the claims that a table gives: one row a claim, variant and network, with `COLUMNS`.

    name : of the table, of `NUMBERS`; of `dynamics` it also has the `distinctiveness` of each class, and that of
        `reliance` is of single networks
    half_width is that of the network's own 95 % interval over images, where there is one.
    """
    return pd.DataFrame(NUMBERS[name](table, study), columns=COLUMNS)
