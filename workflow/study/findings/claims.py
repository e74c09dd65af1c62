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
from .definitions import CLAIMS, NO_WORD, NOT_MEASURED, NOT_SEEN, NOT_SHOWN, SEEN, UNCLEAR, Claim
from .numbers import LEVEL, MEAN_OF_PAIRS, OF_NETWORKS, Row
from .statistics import holm, mean_over_networks, p_of_count, p_of_equivalence, p_of_mean

ABOUT = ["claim", "of", "says", "published", "control"]
NUMBER = ["value", "low", "high", "p", "networks"]
COMPARED = ["better", "better_classes", "worse", "worse_classes", "borderline_classes"]
OF_CLASSES = ["classes", *COMPARED, "lowest", "detectable"]
COLUMNS = [*ABOUT, "networks_of", *NUMBER, *OF_CLASSES, "word", "decided", "figure"]
VARIANTS = ["claim", "variant", "control", "dataset", "networks_of", *NUMBER, *OF_CLASSES, "word"]
OF_PERMUTATIONS = "permutations of the classes"
KIND = ["variant", "dataset", "networks_of"]  # in which networks of one kind are alike
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
    numbers, matrices = (
        _by_size(_with_variants(table), parameters) for table in (numbers, matrices)
    )
    by_class = _by_class(matrices)
    rows: list[Row] = []
    for letter, claim in CLAIMS.items():
        found = _of_numbers(letter, claim, numbers)
        found += _of_matrices(letter, by_class[by_class["claim"] == letter], matrices)
        rows += found or [{"claim": letter, "variant": "", "networks": 0, "word": NOT_MEASURED}]
    table = pd.DataFrame(rows, columns=VARIANTS)
    is_claim = _is_first(table)
    of_classes = pd.concat([_classes_of_numbers(numbers), by_class], ignore_index=True)
    enough = of_classes["networks"] >= definitions.FEWEST_DECIDED
    of_classes["word"] = of_classes["word"].where(enough, NO_WORD)
    return _claims(table[is_claim], figures or {}), table[~is_claim], of_classes


def _with_variants(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an empty text where it has no variant, which a file cannot tell from a missing one."""
    return table.assign(variant=table["variant"].astype(object).fillna(""))


def _by_size(table: pd.DataFrame, parameters: Mapping[str, float]) -> pd.DataFrame:
    """The rows of (f) in the order of parameters, the largest network first; all others as they are."""
    network = table["networks_of"].str.split(",").str[0].str.split(" minus ").str[0]
    size = network.map(parameters).fillna(0)
    order = (-size).where(table["claim"] == "f", 0)
    return table.iloc[np.argsort(order, kind="stable")]


def _is_first(table: pd.DataFrame) -> pd.Series:
    """Whether a row is of the claim itself: the first one of each claim and control without a variant."""
    plain = table["variant"] == ""
    again = table[plain].duplicated(["claim", "control"])
    return plain & ~again.reindex(table.index, fill_value=False)


def _claims(rows: pd.DataFrame, figures: Mapping[str, str]) -> pd.DataFrame:
    """Rows of claims with what is known of them, and whether they are decided."""
    rows = rows.reset_index(drop=True)
    for name in ("of", "says", "published"):
        rows[name] = rows["claim"].map(
            {letter: getattr(claim, name) for letter, claim in CLAIMS.items()}
        )
    rows["figure"] = [figures.get(letter, "") for letter in rows["claim"]]
    rows["decided"] = rows["word"].isin([SEEN, NOT_SEEN])
    has_p = rows["claim"].map(
        {letter: bool(claim.measure and claim.word is None) for letter, claim in CLAIMS.items()}
    )
    in_family = rows["control"].isna() & has_p & (rows["of"] == definitions.PAPER)
    adjusted = holm(rows.loc[in_family, "p"].fillna(1.0))
    rows.loc[in_family, "decided"] &= adjusted < definitions.LEVEL
    return rows[COLUMNS]


def _by_class(matrices: pd.DataFrame) -> pd.DataFrame:
    """Claims by class, of networks of each kind."""
    tables = []
    for _, cells in matrices.groupby(["claim", *KIND], sort=False):
        about = cells[["claim", *KIND, "network", "augmentation"]].iloc[0].to_dict()
        tables.append(controls.classes(cells).assign(**about, networks=cells["seed"].nunique()))
    return (
        pd.concat(tables, ignore_index=True)[CLASSES] if tables else pd.DataFrame(columns=CLASSES)
    )


def _of_matrices(letter: str, by_class: pd.DataFrame, matrices: pd.DataFrame) -> list[Row]:
    """A row for each kind of networks and control of a claim about some classes."""
    rows = []
    for key, of_classes in by_class.groupby(KIND, sort=False):
        about = dict(zip(KIND, key, strict=True))
        cells = matrices[(matrices["claim"] == letter) & (matrices[KIND] == list(key)).all(axis=1)]
        for row in controls.summary(cells, of_classes):
            found = {"claim": letter, **about, **row, "word": _word_of_classes(row)}
            if (
                found["word"] == definitions.FEW_NETWORKS
                and row["control"] != definitions.PUBLISHED
            ):
                found |= dict.fromkeys(COMPARED)  # which would be words on classes
            rows.append(found)
    return rows


def _word_of_classes(row: Row) -> str:
    if row["networks"] < definitions.FEWEST_DECIDED:
        return definitions.FEW_NETWORKS
    if row["control"] == definitions.PUBLISHED:
        return NO_WORD  # it has counts
    return SEEN if row["better"] else NOT_SHOWN


def _of_numbers(letter: str, claim: Claim, numbers: pd.DataFrame) -> list[Row]:
    """A row for each variant, data set and kind of networks of a claim with one number a network."""
    own = numbers[(numbers["claim"] == letter) & numbers["value"].notna()]
    keys = ["variant", "networks_of", *([] if claim.pooled else ["dataset"])]
    rows = []
    for (variant, *_), part in own.groupby(keys, sort=False):
        about = {"claim": letter, "variant": variant, "networks_of": part["networks_of"].iloc[0]}
        about["dataset"] = ", ".join(dict.fromkeys(part["dataset"]))
        measured = (
            _of_two_classes(claim, part) if part["class"].notna().all() else _measured(claim, part)
        )
        rows.append({**about, **measured, "word": _word(claim, str(variant), measured)})
        p = part["p_of_classes"].iloc[0]
        if not variant and np.isfinite(p):
            of_classes = {
                "variant": OF_PERMUTATIONS,
                "low": np.nan,
                "high": np.nan,
                "p": p,
                "word": NO_WORD,
            }
            rows.append({**rows[-1], **of_classes})
    return rows


def _word(claim: Claim, variant: str, measured: Row) -> str:
    if claim.word is not None:
        return claim.word
    if variant.startswith((LEVEL, MEAN_OF_PAIRS)):
        return NO_WORD
    return (
        str(measured["word"])
        if measured["networks"] >= definitions.FEWEST_DECIDED
        else definitions.FEW_NETWORKS
    )


def _measured(claim: Claim, part: pd.DataFrame) -> Row:
    """Value, interval and word of some networks, and the p of the word."""
    values = part["value"].to_numpy(float)
    bound = np.nan if claim.bound is None else claim.bound
    if part["counted"].all():
        low, high = clopper_pearson(int(values.sum()), len(values))
        value, p = float(values.mean()), p_of_count(int(values.sum()), len(values), claim.threshold)
    else:
        value, low, high, _ = mean_over_networks(values)
        p = p_of_mean(values, claim.threshold)
    word = NOT_SEEN if high < claim.threshold else SEEN if low > claim.threshold else UNCLEAR
    if -bound <= low and high <= bound:
        word, p = NOT_SEEN, p_of_equivalence(values, bound)
    p_of_classes = part["p_of_classes"].iloc[0]
    if word == SEEN and np.isfinite(p_of_classes):
        word = SEEN if p_of_classes < definitions.LEVEL else definitions.IN_THESE_CLASSES
        p = max(p, p_of_classes)
    return {"value": value, "low": low, "high": high, "p": p, "networks": len(values), "word": word}


def _of_two_classes(claim: Claim, part: pd.DataFrame) -> Row:
    """The class with the lower end, of a claim about each of some classes; seen, or not seen, only of all of them."""
    rows = {str(name): _measured(claim, of_class) for name, of_class in part.groupby("class")}
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


def _classes_of_numbers(numbers: pd.DataFrame) -> pd.DataFrame:
    """The classes of claims about each of some classes, in the columns `CLASSES`."""
    rows = []
    of_classes = numbers[numbers["class"].notna() & numbers["value"].notna()]
    for (letter, variant, kind, name), part in of_classes.groupby(
        ["claim", "variant", "networks_of", "class"]
    ):
        about = {"claim": letter, "variant": variant, "networks_of": kind, "class": name}
        about["dataset"] = ", ".join(dict.fromkeys(part["dataset"]))
        about["network"], _, augmentation = str(kind).partition(", ")
        claim = CLAIMS[str(letter)]
        measured = _measured(claim, part)
        measured["word"] = _word(claim, str(variant), measured)
        rows.append({**about, "augmentation": augmentation or "none", **measured})
    return pd.DataFrame(rows, columns=CLASSES)


def shown(row: Mapping[Any, Any]) -> str:
    """Value, interval and number of networks of a row in words."""
    return f"{estimate(row)}, {row['networks']:.0f} network{'s' if row['networks'] > 1 else ''}"


def estimate(row: Mapping[Any, Any]) -> str:
    """Value and interval of a row in words."""
    value, low, high = (f"{row[key]:z.2f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]" if np.isfinite(row["low"]) else value
