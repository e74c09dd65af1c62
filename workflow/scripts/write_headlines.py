"""Write the main results as RST for the cover of the report; every number is read from a table or a store."""

import base64
import textwrap
from pathlib import Path

from frequency_shortcuts.evaluation.verdicts import MOST_FPR, RECOGNISED_TPR
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.findings import headlines
from frequency_shortcuts.storage.files import replacing
from study.job import job
from study.plan import Plan
from study.tables import read_joined

WIDTH = 1100  # pixels of a figure on the cover


def pictures(paths):
    """The key figures, reduced and split into lines that docutils accepts, each with its kind and data set."""
    shown = []
    for path in map(Path, paths):
        kind, _, dataset = path.stem.partition("_")
        lines = textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000)
        shown.append({"kind": kind, "dataset": dataset, "result": str(path.with_suffix(".svg")), "lines": lines})
    return shown


def with_first(table, datasets):
    """The rows of a table, those of these data sets first."""
    return table.iloc[(~table["dataset"].isin(datasets)).argsort(kind="stable")]


def main(snakemake):
    """Fill the template."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        plan = Plan(snakemake.config)
        verdicts = read_joined(given.shortcuts, plan)
        headline = verdicts[verdicts["headline"]]
        text = headlines.fill_template(
            Path(given.template).read_text(),
            percent=params.percent,
            strong=params.strong,
            findings=headlines.finding_rows(read_joined(given.findings, plan)) if given.findings else [],
            pictures=pictures(given.pictures),
            networks=headlines.network_rows(
                with_first(read_joined(given.networks, plan), params.photographs), headline, params.most
            ),
            n_tested=len(headline),
            **headlines.count_verdicts(headline),
            judged_from=RECOGNISED_TPR,
            most_fpr=MOST_FPR,
            steps=headlines.step_rows(read_joined(given.runtimes, plan)),
        )
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
