"""What the claims of a study say, for readers: one sentence, our clearest class beside the paper's, and a table.

Texts are Markdown: `**` is around the words of claims that are decided.
"""

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd

from .claims import estimate
from .definitions import FEW_NETWORKS, FEWEST_DECIDED, LOWEST, OTHERS, PUBLISHED
from .numbers import LEVEL

HEADS = [
    "claim",
    "as published, or one number",
    "beats the lowest",
    "beats every other map",
    "networks",
]
Row = Mapping[Any, Any]


def answer(claims: pd.DataFrame, percent: float) -> str:
    """For how many classes few frequencies suffice, and beside which controls; "" if the study has no maps."""
    of_d = claims[claims["claim"] == "d"].set_index("control")
    if PUBLISHED not in of_d.index:
        return ""
    published = of_d.loc[PUBLISHED]
    borderline = [name for name in _names("", published["borderline_classes"]).split(", ") if name]
    text = (
        f"{percent:g} % of the frequencies suffice for {published['better']:.0f} of {published['classes']:.0f} "
        f"classes ({len(borderline)} are borderline), as many of the lowest for {published['lowest']:.0f}"
    )
    if published["networks"] < FEWEST_DECIDED:
        return f"{text}. {undecided(published['networks'])}."
    better = of_d["better"]
    return (
        f"{text}; for {better[LOWEST]:.0f} the own ones are better than the lowest; for {better[OTHERS]:.0f} better "
        "than those of every other class."
    )


def undecided(networks: float) -> str:
    """That so few networks decide nothing."""
    if networks == 1:
        return "One network does not decide; `make findings` does"
    return f"{networks:.0f} networks do not decide; `make findings` does"


def clearest(by_class: pd.DataFrame, published: str) -> str:
    """The rates of the paper's clearest class beside those of ours: that which beats the lowest frequencies most."""
    is_claim = (by_class["claim"] == "d") & by_class["variant"].isna()
    of_d = by_class[is_claim & (by_class["control"] == LOWEST)]
    if of_d.empty:
        return ""
    first = of_d[of_d["networks_of"] == of_d["networks_of"].iloc[0]]
    ours = first.loc[first["value"].idxmax()]
    rates = f"TPR {ours['tpr']:.2f}, FPR {ours['fpr']:.2f} ({ours['class']}, {ours['networks_of']})"
    return f"The clearest class: in the paper {published}; here {rates}."


def table(claims: pd.DataFrame, variants: pd.DataFrame) -> pd.DataFrame:
    """A row a claim, with the columns `HEADS`, its `letter` and its `figure`; (f), (g) also have one of the change."""
    rows: list[list[Any]] = []
    for letter, of_claim in claims.groupby("claim", sort=False):
        first = of_claim.iloc[0]
        says = f"({letter}) {first['says']}"
        levels = _levels(variants, str(letter))
        numbers = of_claim[of_claim["control"].isna()].to_dict("records")
        by_control = of_claim.dropna(subset="control").to_dict("records")
        found = []
        if by_control:
            found.append([says, *map(_cell, by_control), first["networks"]])
            says = f"({letter}) the change"
        if levels and not numbers:
            found.append([says, levels, "", "", first["networks"]])
        for row in numbers:
            text = "; ".join(filter(None, [_number(row), levels]))
            found.append([says, text, "", "", row["networks"]])
        figure = _names("", first["figure"])
        rows += [[*cells, letter, figure] for cells in found]
    return pd.DataFrame(rows, columns=[*HEADS, "letter", "figure"])


def _cell(row: Row) -> str:
    """What a row of a claim about some classes says."""
    if row["control"] == PUBLISHED:
        text = f"{row['better']:.0f} of {row['classes']:.0f}{_names(': ', row['better_classes'])}"
        return f"{text} (lowest: {row['lowest']:.0f}){_names('; borderline: ', row['borderline_classes'])}"
    mean = f"mean {estimate(row)}"
    if row["networks"] < FEWEST_DECIDED:
        return mean
    classes = _names(": ", row["better_classes"]) + _names("; worse: ", row["worse_classes"])
    power = f"; half of such studies show {row['detectable']:.2f}"
    over_one = " over one other map" if row["control"] == OTHERS else ""
    detectable = "" if row["better"] else f"{power}{over_one}"
    return f"{_word(row)}{classes}{detectable}; {mean}"


def _word(row: Row) -> str:
    """The word of a row, bold if it is decided."""
    return f"**{row['word']}**" if row["decided"] else str(row["word"])


def _names(before: str, classes: object) -> str:
    return f"{before}{classes}" if isinstance(classes, str) and classes else ""


def _number(row: Row) -> str:
    """The one number of a claim, with the word that it has."""
    if not row["networks"]:
        return str(row["word"])
    kinds = row["networks_of"] if " minus " in row["networks_of"] else ""
    has_word = isinstance(row["word"], str) and row["word"] != FEW_NETWORKS
    word = _word(row) if has_word else ""
    classes = _names("of ", row["better_classes"]) if row["decided"] else ""
    return " ".join(filter(None, [kinds, estimate(row), word, classes]))


def _levels(variants: pd.DataFrame, letter: str) -> str:
    """Own minus lowest of the networks of a claim, the smallest first."""
    levels = variants[(variants["claim"] == letter) & (variants["variant"] == LEVEL)]
    texts = [f"{row['networks_of']} {estimate(row)}" for row in levels[::-1].to_dict("records")]
    return f"own minus lowest: {'; '.join(texts)}" if texts else ""


def markdown(
    claims: pd.DataFrame, variants: pd.DataFrame, by_class: pd.DataFrame, percent: float
) -> str:
    """The sentence, the clearest classes and the table, for a page."""
    published = next((text for text in claims.loc[claims["claim"] == "d", "published"]), "")
    rows = table(claims, variants)[HEADS].astype({"networks": int}).to_numpy().tolist()
    lines = [HEADS, ["---", *["---:"] * (len(HEADS) - 1)], *rows]
    cells = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    text = textwrap.fill(f"{answer(claims, percent)} {clearest(by_class, published)}", 120)
    return f"{text}\n\n{cells}"
