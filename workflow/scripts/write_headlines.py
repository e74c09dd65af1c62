"""Write the main results as RST for the cover of the report; every number is read from a table or a store."""

import base64
import textwrap
from pathlib import Path

from frequency_shortcuts.evaluation.reliance import in_words
from frequency_shortcuts.evaluation.verdicts import MOST_FPR
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.findings import headlines
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.job import job

WIDTH = 1100  # pixels of a figure on the cover


def picture(path):
    """A figure of the cover, reduced and split into lines that docutils accepts, with its data set."""
    path = Path(path)
    lines = textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000)
    return {"dataset": path.stem.partition("_")[2], "result": str(path.with_suffix(".svg")), "lines": lines}


def with_photographs_first(table, datasets):
    """The rows of a table, those of these data sets first."""
    return table.iloc[(~table["dataset"].isin(datasets)).argsort(kind="stable")]


def main(snakemake):
    """Fill the template."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        verdicts = read_table(given.shortcuts)
        headline = verdicts[verdicts["headline"]]
        of_photographs = headline[headline["dataset"].isin(params.photographs)]
        shown = of_photographs if len(of_photographs) else headline
        networks = with_photographs_first(read_table(given.networks), params.photographs)
        published = [read_table(path) for path in given.published]  # findings, and what is needed
        text = headlines.fill_template(
            Path(given.template).read_text(),
            percent=params.percent,
            strong=params.strong,
            most_fpr=MOST_FPR,
            flips=headlines.flip_answer(read_table(given.flips), params.most),
            answers=headlines.answers(read_table(given.findings)) if given.findings else [],
            judged=headlines.published_answers(published[0], in_words(published[1])) if published else [],
            most_networks=int(published[0]["networks"].max()) if published else 0,
            picture=picture(given.picture),
            networks=headlines.network_rows(networks, headline, params.most),
            on_photographs=len(of_photographs) > 0,
            n_tested=len(shown),
            **headlines.count_verdicts(shown),
        )
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
