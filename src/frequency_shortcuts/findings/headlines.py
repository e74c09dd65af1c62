"""The main results, as the numbers and the RST of the report's cover."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from frequency_shortcuts.storage.tables import NETWORK, RUN

from .sentences import TOPICS, plain

Rows = list[dict[str, Any]]
VERDICTS = ("strong", "weak", "none")
FOUND = {"follows": "followed", "needs": "needed"}  # in the verdicts of the counterfactual test
UNSEEN = "not shown"
OURS = 3  # topics of `sentences.TOPICS` that the paper does not have


def count_verdicts(headline: pd.DataFrame) -> dict[str, int]:
    """Number of tests with each verdict (`n_strong`, ...), that are undecided (`n_without`), `n_lowest` and `n_open`.

    Undecided are those without a verdict, and those with too few images. The last two are the number of strong
    shortcuts of which as many of the lowest frequencies do as well or better, and of which this is undecided.
    """
    count = headline["verdict"].value_counts()
    words = headline.loc[headline["verdict"] == "strong", "than_lowest"]
    return {
        **{f"n_{verdict}": int(count.get(verdict, 0)) for verdict in VERDICTS},
        "n_without": int((~headline["verdict"].isin(VERDICTS)).sum()),
        "n_lowest": int(words.isin(["as well", "worse"]).sum()),
        "n_open": int((words == "undecided").sum()),
    }


def network_rows(networks: pd.DataFrame, headline: pd.DataFrame, most: int) -> Rows:
    """One row per network: mean test accuracy, fill, verdicts, and the classes whose shortcut is strong in most seeds.

    headline : the verdicts to quote; runs that have none, whose maps were not found, are left out
    most : greatest number of strong classes to name, those with the greatest margin over their closest control; the
        others are counted
    """
    rows: Rows = []
    networks = networks.merge(headline[RUN].drop_duplicates(), on=RUN)
    for key, part in networks.groupby(NETWORK, sort=False):
        of_kind = headline[(headline[NETWORK] == list(key)).all(axis=1)]
        classes = of_kind.assign(strong=of_kind["verdict"] == "strong").groupby("class", sort=False)
        means = classes[["strong", "tpr_dfm", "fpr_dfm", "margin"]].mean()
        strong = means[means["strong"] > 0.5]
        named = strong if len(strong) <= most else strong.nlargest(most, "margin")
        rows.append(
            {
                **count_verdicts(of_kind),
                **dict(zip(NETWORK, key, strict=True)),
                "fill": of_kind["fill"].iloc[0],
                "seeds": len(part),
                "test_accuracy": part["test_accuracy"].mean(),
                "strong": named.reset_index().to_dict("records"),
                "more": len(strong) - len(named),
            }
        )
    return rows


def answers(table: pd.DataFrame) -> list[str]:
    """What came out of the findings that have data, in plain sentences: one for each of `sentences.TOPICS`."""
    rows = table.to_dict("records")
    return [sentence for topic in TOPICS if (sentence := plain(rows, topic))]


def published_answers(findings: pd.DataFrame, need: str) -> list[str]:
    """What the published studies found: what is ours first, with the sentence about the need, then the paper's."""
    found = answers(findings)
    return [*found[:OURS], need, *found[OURS:]]


def flip_answer(table: pd.DataFrame, most: int) -> str:
    """In how many networks a class is followed or needed, and which, in plain sentences, from `tables/flips.csv`.

    most : greatest number of classes to name, those of networks of one kind once; the others are counted
    """
    found, unseen = table[table["verdict"].str.contains("|".join(FOUND))], table[table["verdict"] == UNSEEN]
    runs, with_one = (len(rows[RUN].drop_duplicates()) for rows in (table, found))
    named = []
    for (*network, name), rows in found.groupby([*NETWORK, "class"], sort=False):
        how = " and ".join(word for verdict, word in FOUND.items() if rows["verdict"].str.contains(verdict).any())
        seeds = table.loc[(table[NETWORK] == network).all(axis=1), "seed"].nunique()
        of = f" in {len(rows)} of {seeds} networks" if seeds > 1 else ""
        named.append(f"{name} ({', '.join(part for part in network if part != 'none')}: {how}{of})")
    shown = [*named[:most], *([f"{len(named) - most} more"] if len(named) > most else [])]
    cue = "the fine spectrum of a class, a texture or artefact"
    follow = "follow or need" if with_one > 1 else "follows or needs"
    text = f"{with_one} of {runs} networks {follow} {cue}: {'; '.join(shown)}."
    if not with_one:
        text = f"Of {runs} networks, none was seen to follow or need {cue}."
    if len(unseen):
        ends = unseen.filter(like="_high").mul(100)
        called, lost = ends.drop(columns="need_high").max(axis=None), ends["need_high"].max()
        text += f" In {len(unseen)} of {len(table)} tests of a class this is not shown: by the upper ends of all "
        text += f"intervals, at most {called:.0f} % of other images are called the class"
        text += "." if math.isnan(lost) else f", and {lost:.0f} % of its own are lost."
    if others := len(table) - len(found) - len(unseen):
        text += f" In {others} the images do not decide, or the class is not recognised."
    return text


def literal(name: str) -> str:
    """A name as RST that shows it unchanged, on one line."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(name.split()))


def fill_template(template: str, **values: Any) -> str:
    """The RST of a template, in which the filter `rst` is `literal`."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True)
    environment.filters["rst"] = literal
    return environment.from_string(template).render(values)
