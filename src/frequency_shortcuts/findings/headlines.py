"""The main results, as the numbers and the RST of the report's cover."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from frequency_shortcuts.storage.tables import NETWORK, RUN

from .sentences import sentence

Rows = list[dict[str, Any]]
VERDICTS = ("strong", "weak", "none")


def count_verdicts(headline: pd.DataFrame) -> dict[str, int]:
    """Number of tests with each verdict (`n_strong`, ...), that are undecided (`n_without`), and `n_low_frequency`.

    Undecided are those without a verdict, and those with too few images. The last is the number of strong shortcuts of
    which the lowest frequencies of the same number do as well.
    """
    count = headline["verdict"].value_counts()
    low = (headline["verdict"] == "strong") & (headline["low_frequency"] == True)  # noqa: E712 (it may be missing)
    return {
        **{f"n_{verdict}": int(count.get(verdict, 0)) for verdict in VERDICTS},
        "n_without": int((~headline["verdict"].isin(VERDICTS)).sum()),
        "n_low_frequency": int(low.sum()),
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


def finding_rows(table: pd.DataFrame) -> Rows:
    """The rows of the findings that decide, each with its sentence."""
    rows: Rows = table.to_dict("records")
    return [{**row, "sentence": sentence(row, rows)} for row in rows if row["role"] == "decides"]


def literal(name: str) -> str:
    """A name as RST that shows it unchanged, on one line."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(name.split()))


def fill_template(template: str, **values: Any) -> str:
    """The RST of a template, in which the filter `rst` is `literal`."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True)
    environment.filters["rst"] = literal
    return environment.from_string(template).render(values)


def step_rows(runtimes: pd.DataFrame) -> Rows:
    """Minutes of all jobs of each step, and of all steps; of `resumed` jobs, a number, only the last attempt counts."""
    jobs = runtimes.assign(minutes=runtimes["wall_s"] / 60, resumed=runtimes["resumed"].eq(True).astype(int))
    steps = jobs.groupby("step", sort=False)[["minutes", "resumed"]].sum()
    every = {"step": "all", **steps.sum()}
    return [{**row, "resumed": int(row["resumed"])} for row in (*steps.reset_index().to_dict("records"), every)]
