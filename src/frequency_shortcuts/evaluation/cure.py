"""Which trainings cure what an artefact costs: judged on networks that were trained with it in all images of a class.

Fixed before any result of the seeds that judge. A training *cures* an artefact if, on average over its networks, one a
seed,

- of the recall of the class on images without the artefact, at least 0.7 of what the artefact cost is back. The cost
  is the recall of the network that was trained plainly on clean data, minus that of the one trained plainly on the
  artefact. The share that is back decides by its value; its interval beside it is Fieller's, with Student's t over the
  networks;
- other images are no longer called the class when they get the artefact: `called`, minus that of the network trained
  plainly on clean data with the same seed, has an upper end below 0.1;
- on clean data, the training lowers the accuracy by at most 0.02: the same number for all artefacts.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from frequency_shortcuts.intervals import over_networks, ratio

from .cure_networks import CLEAN, NONE

LIMITS = {"back": 0.7, "called": 0.1, "accuracy_loss": 0.02}


def judge(networks: pd.DataFrame) -> pd.DataFrame:
    """One row a case and training: what is back, and whether the training cures.

    networks : of `cure_networks.measure`, of all seeds: `seed`, `case` of the training images, `training`, `cue` (the
        case whose artefact and class the row is about), `accuracy`, `recall`, `called`

    Returns `case`, `training`, `networks`; means of `recall_clean` (trained plainly on clean data), `recall_none`
    (trained plainly on the artefact), `recall` and `accuracy` (on test images without artefacts); `back`, the share of
    the cost that is back, `called` and `accuracy_loss`, each with `_low` and `_high`; `cured`. Below five networks, or
    where the cost may be 0, an interval has no ends (NaN): no training cures then.

    Raises KeyError if a network on clean data of one of the seeds is missing.
    """
    clean = networks[networks["case"] == CLEAN]
    plain = clean[clean["training"] == NONE].set_index(["cue", "seed"])
    accuracy = clean.drop_duplicates(["training", "seed"]).set_index(["training", "seed"])["accuracy"]
    planted, rows = networks[networks["case"] != CLEAN], []
    without = planted[planted["training"] == NONE].set_index(["case", "seed"])["recall"]
    for (case, training), found in planted.groupby(["case", "training"], sort=False):
        seeds = found["seed"].tolist()
        of_clean, recall_none = plain.loc[[(case, seed) for seed in seeds]], without.loc[[(case, s) for s in seeds]]
        gained = found["recall"].to_numpy() - recall_none.to_numpy()
        cost = of_clean["recall"].to_numpy() - recall_none.to_numpy()
        lost = [accuracy.loc[(NONE, seed)] - accuracy.loc[(str(training), seed)] for seed in seeds]
        numbers = {
            "back": ratio(gained, cost),
            "called": over_networks(found["called"].to_numpy() - of_clean["called"].to_numpy()),
            "accuracy_loss": over_networks(lost),
        }
        row: dict[str, Any] = {
            "case": case, "training": training, "networks": len(found),
            "recall_clean": of_clean["recall"].mean(), "recall_none": recall_none.mean(),
            "recall": found["recall"].mean(), "accuracy": found["accuracy"].mean(),
        }  # fmt: skip
        for name, (value, low, high, _) in numbers.items():
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        costs = cost.mean() > 0 and pd.notna(row["back_low"])
        is_back, called = gained.mean() >= LIMITS["back"] * cost.mean(), row["called_high"] < LIMITS["called"]
        cheap = round(row["accuracy_loss"], 6) <= LIMITS["accuracy_loss"]
        rows.append(row | {"cured": bool(costs and is_back and called and cheap)})
    return pd.DataFrame(rows)
