"""The benchmark of cures: a row a network and artefact, the judged cures, and the aims."""

from typing import Any

import pandas as pd

from benchmarks.cure.judge import REFIT, judge, judge_aims
from benchmarks.draws import CLEAN, describe
from frequency_shortcuts.images.artefacts import KINDS, Artefact
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.job import script


@script
def main(snakemake: Any, created_by: str) -> None:
    trained = pd.concat(map(read_table, snakemake.input.harm), ignore_index=True)
    refitted = pd.concat(map(read_table, snakemake.input.refit), ignore_index=True)
    harm = pd.concat([trained, refitted.assign(training=REFIT)], ignore_index=True)
    drawn = {tuple(row[key] for key in RUN): row for row in snakemake.params.networks}
    cues = {
        (row["suite"], row["seed"], describe(Artefact(**artefact))): row["set"]
        for row in drawn.values()
        for artefact in row["artefacts"]
    }
    rows = []
    for row in harm.dropna(subset="artefact").to_dict("records"):
        network = drawn[tuple(row[key] for key in RUN)]
        cue = cues[network["suite"], network["seed"], row["artefact"]]
        rows.append(
            {
                "suite": network["suite"],
                "seed": network["seed"],
                "case": cue if network["artefacts"] else CLEAN,
                "training": REFIT if row["training"] == REFIT else row["augmentation"],
                "cue": cue,
                "family": KINDS[row["kind"]].family,
                "label": row["class"],
                "level": row["level"],
                "accuracy": row["clean_accuracy"],
                "recall": row["clean_recall"],
                "called": row["called_with"],
                "parts": row["parts"],
                "restored": row["restored"],
            }
        )
    networks = pd.DataFrame(rows)
    judged = judge(networks)
    write_table(networks, snakemake.output.cure_networks)
    write_table(judged, snakemake.output.cure)
    write_table(judge_aims(networks, judged), snakemake.output.cure_aims)
