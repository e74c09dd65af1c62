"""Write the tables and the figure of the report's cover."""

import base64
import textwrap
from pathlib import Path

import pandas as pd

from frequency_shortcuts.figures import canvas, typeset
from frequency_shortcuts.findings.definitions import NO_DATA
from frequency_shortcuts.findings.evidence import DECIDES
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.job import script

WIDTH = 1100  # pixels of the figure
FIGURE = """<figure class="key">
<a href="#" onclick="app.setView({{navbarMode: 'resultinfo', resultPath: '{path}', content: 'img', contentPath:
results['{path}'].data_uri}}); return false"><img alt="shortcuts of {dataset}" src="data:image/png;base64,
{picture}"></a>
<figcaption>How well the network tells each class of {dataset} from the others, given only {percent} % of the
frequencies: those of its own map, or as many others. Click for the figure and how it was made.</figcaption>
</figure>"""


def counts(flips, shortcuts):
    """How many classes of all networks have each verdict of the counterfactual test, and of the test of maps."""
    tests = {
        "fine spectrum": flips["verdict"],
        "map": shortcuts.loc[shortcuts["headline"], "verdict"].fillna("not recognised"),
    }
    parts = [verdicts.value_counts().rename_axis("verdict").reset_index(name="classes") for verdicts in tests.values()]
    return pd.concat(parts, keys=tests, names=["test", None]).reset_index("test")


def deciding(findings):
    """The rows that decide the findings which have data, with their intervals."""
    rows = findings[(findings["role"] == DECIDES) & (findings["verdict"] != NO_DATA)]
    finding = "(" + rows["finding"] + ") " + rows["claim"]
    return rows.assign(finding=finding)[
        ["finding", "quantity", "method", "networks_of", "networks", "value", "low", "high", "verdict"]
    ]


def figure(path, percent):
    """A figure as HTML, reduced, in lines that docutils accepts."""
    path = Path(path)
    picture = "\n".join(textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000))
    dataset = path.stem.partition("_")[2]
    return FIGURE.format(path=path.with_suffix(".svg"), dataset=dataset, picture=picture, percent=percent)


@script
def main(snakemake, created_by):
    """Both tables and the figure, as one block of HTML in RST."""
    given = snakemake.input
    tables = counts(read_table(given.flips), read_table(given.shortcuts)), deciding(read_table(given.findings))
    shown = [typeset.cells(table).to_html(index=False, border=0, justify="left") for table in tables]
    text = "\n".join([*shown, figure(given.picture, snakemake.params.percent)])
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(f".. raw:: html\n\n{textwrap.indent(text, '   ')}\n")
