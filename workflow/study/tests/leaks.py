"""The benchmark of the exchange test: does it warn of artefacts that cost, and only there, and name their causes?"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ..description import Figure, NetworkTest
from ..draws import CLEAN
from ..job import FOLDER, RUN, run_of
from ..plan import Plan
from .harm import THE_TEST, drawn_runs

KEY = ["suite", "set", "architecture", "seed"]  # of a network
OF_ARTEFACT = ["artefact", "kind", "level", "share", "others", "called", "called_variance"]
# The sets of the judge; of all others, with their suite, networks are counted.
SUITES = {"alike": "pairs", "texture": "pairs", "dealt": "photographs", "textures": "textures"}


def measure(step: Any, created_by: str) -> None:
    """The class that the network calls before and after, numbers and verdicts, and what tells the images apart."""
    from frequency_shortcuts.exchange.answers import rates, write_answers
    from frequency_shortcuts.exchange.test import TESTED, collect
    from frequency_shortcuts.images import stores
    from frequency_shortcuts.images.artefacts import Artefact
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table
    from study.measures.leaks_data import measure_data

    from ..tested_networks import read_images, read_inputs

    network, test, run = read_inputs(step, "test", TESTED)
    ranking = read_images(step.input.images, "validation", TESTED, weights=step.input.weights, workers=step.threads)
    answers = collect(network, ranking, test, seed=run["seed"], progress=True)
    with replacing_hdf5(step.output.answers) as file:
        write_answers(file, answers)
        file.attrs.update(classes=list(test.classes), created_by=created_by, **run)
    write_table(rates(answers), step.output.flips, **run)
    planted = [Artefact(**artefact) for artefact in step.params.planted]
    write_table(measure_data(stores.read(step.input.plain, "test"), planted, run["seed"]), step.output.data, **run)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """The networks with what artefacts cost them, the aims, and the sets that are counted."""
    from study.measures import leaks

    drawn = [{**dict(zip(RUN, run, strict=True)), "suite": draw.suite, "set": draw.network,
              "architecture": draw.architecture} for run, draw in plan.drawn.items()]  # fmt: skip
    flips, harm, data = (given[name].merge(pd.DataFrame(drawn), on=RUN).drop(columns=RUN[:-1])
                         for name in ("flips", "harm", "data"))  # fmt: skip
    clean = harm["set"] == CLEAN
    own = harm.drop(columns="called_with")
    own.loc[clean, OF_ARTEFACT] = None
    networks = flips.fillna({"follows": ""}).merge(own.drop_duplicates([*KEY, "class"]), on=[*KEY, "class"])
    counted = networks["suite"].isin(SUITES)
    beside, judged = networks[counted], leaks.with_harm(networks[~counted], harm[clean])
    judged = leaks.with_version_2(judged, given["version_2"] if len(given["version_2"]) else None)
    planted = data.groupby(KEY)["kind"].transform("count") > 0
    data = data[(planted | (data["set"] == CLEAN)) & (data["suite"] == leaks.CLOTHING)]
    return {
        "leaks_data": data,
        "leaks_data_aims": leaks.judge_data(data),
        "leaks": judged,
        "leaks_aims": leaks.judge(judged),
        "leaks_sets": leaks.judge_sets(beside.assign(
            suite=beside["suite"].map(SUITES), set=beside["suite"],
            kind=beside["set"].where(beside["suite"] == "dealt", "").replace(CLEAN, "none"),
        )),
    }  # fmt: skip


TEST: NetworkTest = NetworkTest(
    message="Testing the networks of the benchmark",
    runs=drawn_runs(THE_TEST),
    measure=measure,
    in_jobs_of="harm",
    outputs={
        "answers": f"tests/{FOLDER}/flips.h5",
        "flips": f"tests/{FOLDER}/flips.csv",
        "data": f"tests/{FOLDER}/data.csv",
    },
    settings=lambda plan: {
        "planted": lambda wildcards: [  # that tell the class from others
            asdict(one) for one in plan.drawn[tuple(run_of(wildcards).values())].artefacts if not one.others
        ],
    },
    tables=dict.fromkeys(("leaks", "leaks_aims", "leaks_sets", "leaks_data", "leaks_data_aims")),
    join=join,
    join_inputs=lambda plan: {
        "flips": TEST.files(plan, "flips"),
        "data": TEST.files(plan, "data"),
        "harm": plan.files(f"tests/{FOLDER}/harm.csv", TEST.runs(plan)),
        "version_2": [path for path in [plan.config["harm"]["version_2"]] if path and Path(path).exists()],
    },
    figures={"leaks": Figure(lambda plan: ["all"] if TEST.runs(plan) else [])},
    order=21,
)
