"""The benchmark of trainings: which of them cures what an artefact in the images of one class costs?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..description import Figure, NetworkTest
from ..draws import CLEAN, describe
from ..job import FOLDER, RUN
from ..plan import Plan
from .harm import TRAININGS, drawn_runs


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """A row a network and artefact, and the judged trainings."""
    from frequency_shortcuts.images.artefacts import KINDS
    from study.measures.cure import MATCHED, judge

    cues = {(draw.suite, draw.seed, describe(artefact)): draw
            for draw in plan.draws if not draw.matched for artefact in draw.artefacts}  # fmt: skip
    rows = []
    for row in given["harm"].dropna(subset="artefact").to_dict("records"):
        draw = plan.drawn[tuple(row[key] for key in RUN)]
        cue = cues[draw.suite, draw.seed, row["artefact"]]
        rows.append({
            "suite": draw.suite, "seed": draw.seed, "case": cue.network if draw.artefacts else CLEAN,
            "training": MATCHED if draw.matched else row["augmentation"], "cue": cue.network, "tuned": cue.tuned,
            "family": KINDS[row["kind"]].family, "label": row["class"], "level": row["level"],
            "accuracy": row["clean_accuracy"], "recall": row["clean_recall"], "called": row["called_with"],
        })  # fmt: skip
    networks = pd.DataFrame(rows)
    return {"cure_networks": networks, "cure": judge(networks)}


TEST: NetworkTest = NetworkTest(
    runs=drawn_runs(TRAININGS),
    tables={"cure": None, "cure_networks": None},
    join=join,
    join_inputs=lambda plan: {"harm": plan.files(f"tests/{FOLDER}/harm.csv", TEST.runs(plan))},
    figures={"cure": Figure(lambda plan: ["all"] if TEST.runs(plan) else [])},
    order=22,
)
