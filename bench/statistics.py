"""`python -m bench.statistics` simulates how often intervals and verdicts are right, and renews docs/statistics.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from frequency_shortcuts.storage.tables import read_table, write_table

from . import simulate_audits, simulate_findings, simulate_intervals, simulate_verdicts
from .markdown import DOCS, renew, table
from .outcomes import Outcome
from .simulate_verdicts import STRONG, WEAK

SEED = 0
FILE = Path("results") / "bench" / "statistics.csv"
SIMULATIONS: Sequence[Callable[[np.random.Generator], Iterator[Outcome]]] = (
    simulate_intervals.outcomes,
    simulate_audits.outcomes,
    simulate_verdicts.outcomes,
    simulate_findings.outcomes,
)
PAGE = DOCS / "statistics.md"


def percent(share: float) -> str:
    """97.3 for 0.973; nothing for what is missing."""
    return "" if pd.isna(share) else f"{100 * share:.1f}"


def _pivot(rows: pd.DataFrame, header: Sequence[str], measures: Sequence[str] | None = None) -> str:
    """A table: a row for each `what` and `setting`, a column for each measure."""
    wide = rows.pivot_table("value", ["what", "setting"], "measure", sort=False, dropna=False)
    wide = wide.loc[list(dict.fromkeys(zip(rows["what"], rows["setting"], strict=True)))]
    wide = wide[list(measures or dict.fromkeys(rows["measure"]))]
    cells = ([*key, *map(percent, row)] for key, row in zip(wide.index, wide.to_numpy(), strict=True))
    return table([*header, *wide.columns], cells)


def _part(outcomes: pd.DataFrame, name: str) -> pd.DataFrame:
    return outcomes[outcomes["part"] == name]


def shares(outcomes: pd.DataFrame) -> str:
    """Coverage of the intervals of a share."""
    rows = _part(outcomes, "shares").assign(measure=lambda rows: rows["measure"].str.replace(", share", ":"))
    return _pivot(rows, ["interval", "size"])


def means(outcomes: pd.DataFrame) -> str:
    """Coverage of the intervals of a mean."""
    return _pivot(_part(outcomes, "means").assign(measure="coverage"), ["interval", "setting"])


def margins(outcomes: pd.DataFrame) -> str:
    """Coverage of the margins of verdicts."""
    return _pivot(_part(outcomes, "margins"), ["control", "setting"])


def audits(outcomes: pd.DataFrame) -> str:
    """Coverage of the recall that audits state."""
    rows = _part(outcomes, "audits")
    several = rows["measure"].replace("several", "mean of searches with several audits")
    whole = rows["what"].str.startswith("all classes")
    rows = rows.assign(
        what=np.where(whole, "all classes", "one class"), measure=rows["what"].str.split(", ").str[-1] + ": " + several
    )
    return _pivot(rows, ["recall of", "search"])


def without_effect(outcomes: pd.DataFrame) -> str:
    """Error rates of verdicts on maps that are one more control."""
    rows = _part(outcomes, "verdicts")
    return _pivot(_with_either(rows[rows["what"] != "effect"]), ["the map is", "setting"])


def with_effect(outcomes: pd.DataFrame) -> str:
    """Power of verdicts."""
    rows = _part(outcomes, "verdicts")
    return _pivot(_with_either(rows[rows["what"] == "effect"]), ["the map has an", "setting"])


def _with_either(rows: pd.DataFrame) -> pd.DataFrame:
    either = rows.groupby(["what", "setting"], sort=False, as_index=False)["value"].sum()
    return pd.concat([rows, either.assign(measure=f"{STRONG} or {WEAK}")])


def removal(outcomes: pd.DataFrame) -> str:
    """Verdicts on maps that are removed."""
    return _pivot(_with_either(_part(outcomes, "removal")), ["removing the map is", "setting"])


def robust(outcomes: pd.DataFrame) -> str:
    """Verdicts over all fills."""
    return _pivot(_part(outcomes, "robust"), ["the map is", "setting"])


def phases(outcomes: pd.DataFrame) -> str:
    """Verdicts on amplitudes and phases."""
    rows = _part(outcomes, "phases")
    return _pivot(rows[rows["what"] == "verdict"], ["", "setting"])


def phase_margins(outcomes: pd.DataFrame) -> str:
    """The range of the coverage of their margins."""
    rows = _part(outcomes, "phases")
    value = rows[rows["measure"] == "coverage"]["value"]
    return f"Over these settings, their margins hold the true value in {_range(value)} % of the tests."


def findings(outcomes: pd.DataFrame) -> str:
    """Verdicts on findings."""
    return _pivot(_part(outcomes, "findings"), ["finding", "setting"])


def summary(outcomes: pd.DataFrame) -> str:
    """The range of the error rates without an effect, by what the map is."""
    removed = _part(outcomes, "removal")
    removed = removed[removed["what"] != "effect"]
    removed = removed.assign(what="removing the map is " + removed["what"])
    rows = _with_either(pd.concat([_part(outcomes, "verdicts"), removed]))
    rows = rows[(rows["measure"] == f"{STRONG} or {WEAK}") & (rows["what"] != "effect")]
    cells = []
    for what, part in rows.groupby("what", sort=False):
        above = part[part["value"] > 0.05]["setting"]
        cells.append([what, _range(part["value"]), f"{len(above)} of {len(part)}"])
    return table(["the map is", "strong or weak, %", "settings above 5 %"], cells)


def _range(values: pd.Series) -> str:
    return f"{percent(values.min())} to {percent(values.max())}"


PAGES: dict[Path, Sequence[Callable[[pd.DataFrame], str]]] = {
    PAGE: (
        summary,
        shares,
        means,
        margins,
        audits,
        without_effect,
        with_effect,
        removal,
        robust,
        phases,
        phase_margins,
        findings,
    )
}


def simulate() -> pd.DataFrame:
    """All outcomes; each simulation draws its own random numbers."""
    bar = tqdm(SIMULATIONS, desc="statistics", unit="part", disable=None)
    return pd.DataFrame(
        [row for k, outcomes in enumerate(bar) for row in outcomes(np.random.default_rng((SEED, k)))],
        columns=Outcome._fields,
    )


def renew_page(outcomes: pd.DataFrame) -> None:
    """Write all parts of the page."""
    text = PAGE.read_text()
    for part in PAGES[PAGE]:
        text = renew(text, part.__name__, part(outcomes))
    PAGE.write_text(text)


def main() -> None:
    """Simulate, write the table, renew the page."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    write_table(simulate(), FILE)
    renew_page(read_table(FILE))


if __name__ == "__main__":
    main()
