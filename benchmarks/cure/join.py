"""The benchmark of trainings: a row a network and artefact, and the judged trainings."""

from typing import Any

import pandas as pd

from benchmarks.cure.judge import MATCHED, judge
from benchmarks.draws import CLEAN, describe
from frequency_shortcuts.images.artefacts import KINDS, Artefact
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.job import script


@script
def main(snakemake: Any, created_by: str) -> None:
    harm = pd.concat(map(read_table, snakemake.input), ignore_index=True)
    drawn = {tuple(row[key] for key in RUN): row for row in snakemake.params.networks}
    cues = {
        (row["suite"], row["seed"], describe(Artefact(**artefact))): row
        for row in drawn.values()
        if not row["matched"]
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
                "case": cue["set"] if network["artefacts"] else CLEAN,
                "training": MATCHED if network["matched"] else row["augmentation"],
                "cue": cue["set"],
                "tuned": cue["tuned"],
                "family": KINDS[row["kind"]].family,
                "label": row["class"],
                "level": row["level"],
                "accuracy": row["clean_accuracy"],
                "recall": row["clean_recall"],
                "called": row["called_with"],
            }
        )
    networks = pd.DataFrame(rows)
    write_table(networks, snakemake.output.cure_networks)
    write_table(judge(networks), snakemake.output.cure)
