"""One number of a simulation of the statistics."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """A row of results/bench/statistics.csv: a share of simulated studies.

    part : shares or means (intervals of them), audits, margins, verdicts, removal, robust, phases or
        findings
    what : the interval, or what a map is, or the finding
    setting : what was simulated, in words
    measure : what is counted: a coverage, or a verdict
    trials : number of simulated studies; 0 if the value is exact
    """

    part: str
    what: str
    setting: str
    measure: str
    value: float
    trials: int = 0
