"""The benchmark of trainings: a row a network and artefact, and the judged trainings."""

import pandas as pd

from frequency_shortcuts.images.artefacts import KINDS
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.draws import CLEAN, describe
from study.job import script
from study.measures.cure import MATCHED, judge
from study.plan import Plan


@script
def main(snakemake, created_by):
    plan = Plan(snakemake.config)
    harm = pd.concat(map(read_table, snakemake.input), ignore_index=True)
    cues = {(draw.suite, draw.seed, describe(artefact)): draw
            for draw in plan.draws if not draw.matched for artefact in draw.artefacts}  # fmt: skip
    rows = []
    for row in harm.dropna(subset="artefact").to_dict("records"):
        draw = plan.drawn[tuple(row[key] for key in RUN)]
        cue = cues[draw.suite, draw.seed, row["artefact"]]
        rows.append({
            "suite": draw.suite, "seed": draw.seed, "case": cue.network if draw.artefacts else CLEAN,
            "training": MATCHED if draw.matched else row["augmentation"], "cue": cue.network, "tuned": cue.tuned,
            "family": KINDS[row["kind"]].family, "label": row["class"], "level": row["level"],
            "accuracy": row["clean_accuracy"], "recall": row["clean_recall"], "called": row["called_with"],
        })  # fmt: skip
    networks = pd.DataFrame(rows)
    write_table(networks, snakemake.output.cure_networks)
    write_table(judge(networks), snakemake.output.cure)
