"""Which trainings bring back the recall that an artefact costs, and what do they cost?

Networks are trained in several ways, with it in all images of a class; docs/method.md#mitigation has the definitions.
The intervals are Student's over networks, one a seed; that of the share that is back is Fieller's.
"""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.draws import CLEAN
from frequency_shortcuts.intervals import over_networks, ratio

NONE, MATCHED = "none", "matched"
NUMBERS = ["accuracy", "recall", "called"]
RESTORED = 0.7  # at least, of the recall that the artefact costs


def judge(networks: pd.DataFrame) -> pd.DataFrame:
    """One row a set, case and training: what is back, and what it costs.

    networks : a row a network and artefact: `suite` of images, `seed`, `case` whose artefact is in the images that are
        trained on, in all of its class, or `CLEAN`; `training`; `cue`, the case whose artefact the row is about, its
        `family`, and whether settings were chosen on it, `tuned`; `accuracy` on images without artefacts, `recall` of
        the class there; `called`, the share of other images that are called the class when they get the artefact

    Returns `suite`, `case`, `family`, `tuned`, `training`, `networks`; means of `recall_clean` (trained plainly on
    clean data), `recall_none` (trained plainly on the artefact), `recall` and `accuracy`; `back`, the share of the cost
    that is back, `called` and `accuracy_loss`, each with `_low` and `_high`, which are missing below five networks, or
    where the cost may be 0.

    Raises ValueError if a network of one of the seeds is missing, or a number of one.
    """
    rows, seeds = [], networks.groupby("suite")["seed"].agg(set)
    for (suite, case, training, cue), found in networks.groupby(
        ["suite", "case", "training", "cue"]
    ):
        if missing := seeds[suite] - set(found.dropna(subset=NUMBERS)["seed"]):
            raise ValueError(
                f"{suite}, {case}, {training}, {cue}: no {', '.join(NUMBERS)} of the seeds {sorted(missing)}"
            )
    for suite, of_suite in networks.groupby("suite", sort=False):
        clean, planted = of_suite[of_suite["case"] == CLEAN], of_suite[of_suite["case"] != CLEAN]
        by_cue = clean[clean["training"] == NONE].set_index(["cue", "seed"])
        accuracy = clean.drop_duplicates(["training", "seed"]).set_index(["training", "seed"])[
            "accuracy"
        ]
        plain = planted[planted["training"] == NONE].set_index(["case", "seed"])
        for (case, training), found in planted.groupby(["case", "training"], sort=False):
            places = [(case, seed) for seed in found["seed"]]
            row = {
                "suite": suite,
                "case": case,
                **found[["family", "tuned"]].iloc[0],
                "training": training,
            }
            own = (
                found
                if training == MATCHED
                else accuracy.loc[training].loc[found["seed"]].to_frame()
            )
            lost = accuracy.loc[NONE].loc[found["seed"]].to_numpy() - own["accuracy"].to_numpy()
            rows.append(row | _judged(found, by_cue.loc[places], plain.loc[places], lost))
    return pd.DataFrame(rows)


def _judged(
    found: pd.DataFrame, clean: pd.DataFrame, plain: pd.DataFrame, lost: np.ndarray[Any, Any]
) -> dict[str, Any]:
    """The numbers of one training and artefact; rows of the same seeds, and the accuracy that each lost."""
    least, most = plain["recall"].to_numpy(), clean["recall"].to_numpy()
    numbers = {
        "back": ratio(found["recall"].to_numpy() - least, most - least),
        "called": over_networks(found["called"].to_numpy() - clean["called"].to_numpy()),
        "accuracy_loss": over_networks(lost),
    }
    row: dict[str, Any] = {
        "networks": len(found),
        "recall_clean": most.mean(),
        "recall_none": least.mean(),
        "recall": found["recall"].mean(),
        "accuracy": found["accuracy"].mean(),
    }
    for name, (value, low, high, _) in numbers.items():
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return row
