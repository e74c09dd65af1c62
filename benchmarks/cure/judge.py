"""Which cures bring back the recall that an artefact costs, and what do they cost?

An artefact is in all images of a class. Networks are trained plainly (`none`) or with `fs.Swap` (`swap`), and those
trained plainly are fitted anew by `fs.refit` (`refit`); docs/method.md#mitigation says more. A cure *restores* a class
if its recall on clean images is at least `RESTORED` of that of the clean network of the seed, which was trained
plainly; of an artefact, if the mean over seeds is. Fixed before any result of the seeds that judge: `judge_aims` has
the goals.
"""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.draws import CLEAN
from benchmarks.leaks.judge import TAIL, Aim, share_with_ends

NONE, SWAP, REFIT = "none", "swap", "refit"
CURES = (SWAP, REFIT)
NUMBERS = ["accuracy", "recall", "called"]
RESTORED = 0.7  # at least, of the recall of clean networks
ALL = "all sets"
RIGHT = Aim("refit says restored: the recall on clean images is", "", goals={ALL: 0.9})
RIGHTLY_NOT = Aim("refit says not restored: it is not", "", goals={ALL: 0.8})
EITHER = Aim("artefacts that fs.Swap or fs.refit restores", "", goals={ALL: 10 / 12})
ALONE = {
    SWAP: Aim("artefacts that fs.Swap restores", ""),
    REFIT: Aim("artefacts that fs.refit restores", ""),
}
MOST_LOST = 0.02  # of the accuracy of a clean network, on clean images


def judge(networks: pd.DataFrame) -> pd.DataFrame:
    """One row a set, case and cure, or none: means over networks.

    networks : a row a network and artefact: `suite` of images, `seed`, `case` whose artefact is in the images that are
        trained on, or `CLEAN`; `training` (none, swap or refit); `cue`, the case whose artefact the row is about, and
        its `family`; `accuracy` on images without artefacts, `recall` of the class there; `called`, the share of other
        images that are called the class when they get the artefact; `restored`, what refit says, else missing

    Returns `suite`, `case`, `family`, `training`, `networks`; means of `recall_clean` (of clean networks, trained
    plainly), `recall`, `accuracy`, `called`; `share`, recall by recall_clean; `accuracy_loss` of clean networks by the
    same cure; `restored`.

    Raises ValueError if a network of one of the seeds is missing, or a number of one.
    """
    _check_complete(networks)
    clean = networks[networks["case"] == CLEAN]
    keys = ["suite", "case", "training"]
    planted = with_clean_recall(networks)
    found = planted.groupby(keys, sort=False)
    means = found[["recall_clean", "recall", "accuracy", "called"]].mean()
    means.insert(0, "networks", found.size())
    means.insert(0, "family", found["family"].first())
    means["share"] = means["recall"] / means["recall_clean"]
    table = means.reset_index()
    accuracy = clean.groupby(["suite", "training"])["accuracy"].mean()
    table["accuracy_loss"] = [
        accuracy[suite, NONE] - accuracy[suite, training]
        for suite, training in zip(table["suite"], table["training"], strict=True)
    ]
    table["restored"] = table["share"] >= RESTORED
    return table


def with_clean_recall(networks: pd.DataFrame) -> pd.DataFrame:
    """The networks with an artefact, with `recall_clean`, that of the clean network of the seed."""
    is_clean = networks["case"] == CLEAN
    plain = networks[is_clean & (networks["training"] == NONE)]
    recalls = plain[["suite", "seed", "cue", "recall"]]
    recalls = recalls.rename(columns={"recall": "recall_clean"})
    return networks[~is_clean].merge(recalls, on=["suite", "seed", "cue"])


def _check_complete(networks: pd.DataFrame) -> None:
    """Raise ValueError if a network of one of the seeds of its set is missing, or a number of one."""
    seeds = networks.groupby("suite")["seed"].agg(set)
    for key, found in networks.groupby(["suite", "case", "training", "cue"]):
        if missing := seeds[key[0]] - set(found.dropna(subset=NUMBERS)["seed"]):
            raise ValueError(
                f"{', '.join(key)}: no {', '.join(NUMBERS)} of the seeds {sorted(missing)}"
            )


def judge_aims(networks: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The aims of the benchmark: one row a number, with one-sided 95 % ends of shares.

    networks, table : of `judge`

    Returns the columns of `leaks.judge.judge`; ends are missing for the accuracy.
    """
    refitted = with_clean_recall(networks).query("training == @REFIT")
    is_recalled = refitted["recall"] >= RESTORED * refitted["recall_clean"]
    # Missing where the test named no class, so that there was nothing to restore.
    says = refitted["restored"].astype("boolean")
    of_cures = table[table["training"].isin(CURES)]
    restored = of_cures.pivot_table("restored", ["suite", "case"], "training", aggfunc="any")
    rows = [
        _row("says_restored", RIGHT, is_recalled[says.fillna(False)]),
        _row("says_not", RIGHTLY_NOT, ~is_recalled[~says.fillna(True)]),
        _row("either", EITHER, restored.any(axis=1)),
        *(_row(cure, ALONE[cure], restored[cure]) for cure in CURES),
    ]
    losses = of_cures.drop_duplicates(["suite", "training"])
    rows += [_row_of_accuracy(loss) for loss in losses.to_dict("records")]
    return pd.DataFrame(rows)


def _row(name: str, aim: Aim, values: pd.Series) -> dict[str, Any]:
    return aim.row(name, ALL, **share_with_ends(values.astype(bool), TAIL))


def _row_of_accuracy(loss: dict[str, Any]) -> dict[str, Any]:
    """What a cure costs clean networks of one set of images."""
    suite, cure = loss["suite"], loss["training"]
    aim = Aim("accuracy lost by clean networks", "", goals={suite: MOST_LOST}, most=True)
    lost = loss["accuracy_loss"]
    return aim.row(f"accuracy_{cure}", suite, lost, low=np.nan, high=np.nan, count=loss["networks"])
