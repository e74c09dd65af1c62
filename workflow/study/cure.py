"""The benchmark of cures: three sets of the benchmark of the exchange test, and how their networks are trained."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from study.measures import cure

from .leaks import artefacts, read_deal, read_set
from .trainings.training import protocol_of


def measure(part: str, case: str, given: Any, settings: Mapping[str, Any], *, seed: int, **how: Any) -> pd.DataFrame:
    """Train and test the networks of one set, case and seed: what `cure.measure` returns, with `suite` and `tuned`.

    given : the store or folder of the images; settings : of `Plan.cure_settings`
    """
    deal = read_deal(settings["deal"]).query("set == @part and seed == @seed")
    (network,) = set(deal["architecture"])
    trainings = {
        name: protocol_of(
            settings["networks"][network], settings["recipes"][part],
            settings["geometry"] | {"name": cure.NONE if name == cure.MATCHED else name},
        )
        for name in cure.TRAININGS
    }  # fmt: skip
    of_case = dict(zip(deal["case"], artefacts(deal), strict=True))
    table = cure.measure(read_set(part, given, settings, seed), case, of_case, trainings, seed=seed, **how)
    return table.assign(suite=part, tuned=table["cue"].map(deal.set_index("case")["tuned"]))
