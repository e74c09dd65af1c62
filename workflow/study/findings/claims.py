"""The word on every claim, from the numbers and the matrices of each network.

Claims about some classes have a row a control (`controls`). Others have one number a network: a mean over networks of
one kind has the interval of `intervals.over_networks`; a number that is yes or no is counted, and has Clopper and
Pearson's. docs/method.md#claims has the words.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import clopper_pearson

from . import controls, definitions
from .definitions import (
    CLAIMS,
    FEW_NETWORKS,
    NO_WORD,
    NOT_MEASURED,
    NOT_SEEN,
    NOT_SHOWN,
    PUBLISHED,
    SEEN,
    UNCLEAR,
    Claim,
)
from .numbers import KIND, LEVEL, MEAN_OF_PAIRS, OF_NETWORKS, Row
from .statistics import holm, mean_over_networks, p_of_count, p_of_equivalence, p_of_mean

ABOUT = ["claim", "of", "says", "published", "control"]
NUMBER = ["value", "low", "high", "p", "networks"]
COMPARED = ["better", "better_classes", "worse", "worse_classes", "borderline_classes"]
OF_CLASSES = ["classes", *COMPARED, "lowest", "detectable"]
COLUMNS = [*ABOUT, "networks_of", *NUMBER, *OF_CLASSES, "word", "decided", "figure"]
VARIANTS = ["claim", "variant", "control", "dataset", "networks_of", *NUMBER, *OF_CLASSES, "word"]
CLASSES = [*OF_NETWORKS, "networks", *controls.OF_CLASS]


def judge(
    numbers: pd.DataFrame,
    matrices: pd.DataFrame,
    parameters: Mapping[str, float],
    figures: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The claims, their variants, and claims by class: three tables, of `COLUMNS`, `VARIANTS` and `CLASSES`.

    numbers : rows of `numbers.numbers` of all tables; matrices : of `matrices.matrices`
    parameters : of each network, in whose order levels and widths stand
    figures : the figure of each claim

    What has no variant, of the first data set and kind of networks, is a row of a claim; all others are variants, which
    are in no correction. `value` is the mean over `networks` or the share of them, `low` and `high` its 95 % interval.
    """
    of_numbers, classes_of_numbers = _judge_numbers(_prepared(numbers, parameters))
    of_matrices, classes_of_matrices = _judge_matrices(_prepared(matrices, parameters))
    rows = of_numbers + of_matrices
    for letter in CLAIMS.keys() - {row["claim"] for row in rows}:
        rows.append({"claim": letter, "variant": "", "networks": 0, "word": NOT_MEASURED})
    table = pd.DataFrame(rows, columns=VARIANTS).sort_values(
        "claim", key=lambda letters: letters.map(list(CLAIMS).index), kind="stable"
    )
    is_claim = (table["variant"] == "") & ~table.duplicated(["claim", "variant", "control"])
    of_classes = pd.concat([classes_of_numbers, *classes_of_matrices], ignore_index=True)
    enough = of_classes["networks"] >= definitions.FEWEST_DECIDED
    of_classes["word"] = of_classes["word"].where(enough, NO_WORD)
    return _claims(table[is_claim], figures or {}), table[~is_claim], of_classes


def _prepared(table: pd.DataFrame, parameters: Mapping[str, float]) -> pd.DataFrame:
    """The rows with an empty text for no variant, those of (f) first and in the order of parameters, largest first."""
    table = table.assign(variant=table["variant"].astype(object).fillna(""))
    network = table["networks_of"].astype(str).str.extract("^(.+?)(?:,| minus |$)", expand=False)
    size = network.map(parameters).where(table["claim"] == "f")
    return table.iloc[np.argsort(-size.to_numpy(float), kind="stable")]


def _claims(rows: pd.DataFrame, figures: Mapping[str, str]) -> pd.DataFrame:
    """Rows of claims with what is known of them, and whether they are decided."""
    about = pd.DataFrame(map(vars, CLAIMS.values()), index=list(CLAIMS))
    rows = rows.join(about[["of", "says", "published"]], on="claim").reset_index(drop=True)
    rows["figure"] = [figures.get(letter, "") for letter in rows["claim"]]
    rows["decided"] = rows["word"].isin([SEEN, NOT_SEEN])
    family = [
        letter
        for letter, claim in CLAIMS.items()
        if claim.of == definitions.PAPER and claim.measure and claim.word is None
    ]
    in_family = rows["control"].isna() & rows["claim"].isin(family)
    adjusted = holm(rows.loc[in_family, "p"].fillna(1.0))
    rows.loc[in_family, "decided"] &= adjusted < definitions.LEVEL
    return rows[COLUMNS]


def _judge_matrices(matrices: pd.DataFrame) -> tuple[list[Row], list[pd.DataFrame]]:
    """A row for each claim about some classes, kind of networks and control; and their claims by class."""
    rows: list[Row] = []
    by_class = []
    for key, cells in matrices.groupby(KIND, sort=False):
        about = dict(zip(KIND, key, strict=True))
        of_classes = controls.classes(cells)
        for row in controls.summary(cells, of_classes):
            word = _word_of_classes(row)
            if word == FEW_NETWORKS and row["control"] != PUBLISHED:
                row |= dict.fromkeys(COMPARED)  # which would be words on classes
            rows.append({**about, **row, "word": word})
        network = cells[["network", "augmentation"]].iloc[0].to_dict()
        of_classes = of_classes.assign(**about, **network, networks=cells["seed"].nunique())
        by_class.append(of_classes[CLASSES])
    return rows, by_class


def _word_of_classes(row: Row) -> str:
    if row["networks"] < definitions.FEWEST_DECIDED:
        return FEW_NETWORKS
    if row["control"] == PUBLISHED:
        return NO_WORD  # it has counts
    return SEEN if row["better"] else NOT_SHOWN


def _judge_numbers(numbers: pd.DataFrame) -> tuple[list[Row], pd.DataFrame]:
    """A row for each claim with one number a network and kind of networks; and the classes of (b)."""
    rows: list[Row] = []
    by_class: list[Row] = []
    measured = numbers[numbers["value"].notna()].reset_index(drop=True)
    for key, part in measured.assign(dataset=_datasets(measured)).groupby(KIND, sort=False):
        about = dict(zip(KIND, key, strict=True))
        claim = CLAIMS[about["claim"]]
        of_classes = {name: _measured(claim, own) for name, own in part.groupby("class")}
        found = _of_all(of_classes) if of_classes else _measured(claim, part)
        rows.append({**about, **found, "word": _word(claim, about["variant"], found)})
        about["network"], _, augmentation = about["networks_of"].partition(", ")
        about["augmentation"] = augmentation or "none"
        for name, row in of_classes.items():
            word = _word(claim, about["variant"], row)
            by_class.append({**about, "class": name, **row, "word": word})
    table = pd.DataFrame(by_class, columns=CLASSES)
    return rows, table.sort_values(["claim", "variant", "networks_of", "class"])


def _datasets(numbers: pd.DataFrame) -> pd.Series:
    """The data set of each row; of claims that count all sets together, the names of all with the same variant."""
    pooled = numbers["claim"].isin([letter for letter, claim in CLAIMS.items() if claim.pooled])
    together = numbers[pooled].groupby(["claim", "variant", "networks_of"])["dataset"]
    names = together.transform(lambda of_kind: ", ".join(of_kind.unique()))
    return numbers["dataset"].mask(pooled, names)


def _word(claim: Claim, variant: str, measured: Row) -> str:
    if claim.word is not None:
        return claim.word
    if variant.startswith((LEVEL, MEAN_OF_PAIRS)):
        return NO_WORD
    enough = measured["networks"] >= definitions.FEWEST_DECIDED
    return str(measured["word"]) if enough else FEW_NETWORKS


def _measured(claim: Claim, part: pd.DataFrame) -> Row:
    """Value, interval and word of some networks, and the p of the word."""
    values = part["value"].to_numpy(float)
    n = len(values)
    if part["counted"].all():
        hits = int(values.sum())
        value = float(values.mean())
        low, high = clopper_pearson(hits, n)
        p = p_of_count(hits, n, claim.threshold)
    else:
        value, low, high, _ = mean_over_networks(values)
        p = p_of_mean(values, claim.threshold)
    word = NOT_SEEN if high < claim.threshold else SEEN if low > claim.threshold else UNCLEAR
    if claim.bound is not None and -claim.bound <= low and high <= claim.bound:
        word = NOT_SEEN
        p = p_of_equivalence(values, claim.bound)
    p_of_classes = part["p_of_classes"].iloc[0]
    if word == SEEN and np.isfinite(p_of_classes):
        word = SEEN if p_of_classes < definitions.LEVEL else definitions.IN_THESE_CLASSES
        p = max(p, p_of_classes)
    return {"value": value, "low": low, "high": high, "p": p, "networks": n, "word": word}


def _of_all(rows: Mapping[Any, Row]) -> Row:
    """The class with the lower end, of a claim about each of some classes; seen, or not seen, only of all of them."""
    least = min(rows.values(), key=lambda row: row["low"])
    seen = [name for name, row in rows.items() if row["word"] == SEEN]
    words = {row["word"] for row in rows.values()}
    return {
        **least,
        "p": max(row["p"] for row in rows.values()),
        "word": words.pop() if len(words) == 1 else UNCLEAR,
        "classes": len(rows),
        "better": len(seen),
        "better_classes": ", ".join(seen),
    }


def shown(row: Mapping[Any, Any]) -> str:
    """Value, interval and number of networks of a row in words."""
    return f"{estimate(row)}, {row['networks']:.0f} network{'s' if row['networks'] > 1 else ''}"


def estimate(row: Mapping[Any, Any]) -> str:
    """Value and interval of a row in words."""
    value, low, high = (f"{row[key]:z.2f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]" if np.isfinite(row["low"]) else value
