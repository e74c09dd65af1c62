"""Graded sets: is a class that stands out more learned earlier, where we made it stand out?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..description import IMAGES, Figure, NetworkTest
from ..job import FOLDER, RUN
from ..plan import Plan

SCORES = ["precision", "recall", "f1"]


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """A row a set and class, with its earliness, the mean F1 over the tests of its network; and a row a test."""
    from frequency_shortcuts.images import stores
    from frequency_shortcuts.maps import adcs
    from frequency_shortcuts.storage.hdf5 import read_hdf5

    dynamics = given["dynamics"].drop(columns=[*RUN[:-1], "view", "called"])
    classes = []
    for store, seed in zip(given["stores"], dynamics["seed"].unique(), strict=True):
        train = stores.read(store, "train")
        with read_hdf5(store) as file:
            gains, rings = file["planted"].attrs["gains"], [ring or None for ring in file["planted"].attrs["rings"]]
        spectra = adcs.class_spectra(train)
        classes.append(pd.DataFrame({
            "seed": seed,
            "class": train.classes,
            "gain": [gain if ring else None for gain, ring in zip(gains, rings, strict=True)],  # the neutral one: none
            "ring": rings,
            "distinctiveness": adcs.distinctiveness(spectra.mean_amplitude, spectra.standard_error),
        }))  # fmt: skip
    learned = dynamics[dynamics["iteration"] > 0].groupby(["seed", "class"], sort=False, as_index=False).agg(
        earliness=("f1", "mean"), recall=("recall", "last"), images=("images", "last")
    )  # fmt: skip
    return {
        "graded": pd.concat(classes).merge(learned, on=["seed", "class"]),
        "graded_dynamics": dynamics[["seed", "iteration", "class", *SCORES]],
    }


TEST: NetworkTest = NetworkTest(
    runs=lambda plan: plan.graded_runs,
    tables={"graded": None, "graded_dynamics": None},
    join=join,
    join_inputs=lambda plan: {
        "dynamics": plan.files(f"networks/{FOLDER}/dynamics.csv", TEST.runs(plan)),
        "stores": plan.files(IMAGES, TEST.runs(plan)),
    },
    figures={
        "graded": Figure(
            lambda plan: ["all"] if TEST.runs(plan) else [],
        )
    },
    order=14,
)
