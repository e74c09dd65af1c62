"""Write the claims and the figure of the report's cover."""

import base64
import textwrap
from pathlib import Path

from frequency_shortcuts.figures import canvas, typeset
from frequency_shortcuts.findings.claims import shown
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


def table(claims):
    """The claims as HTML: what each says, the paper's number, ours, and the word, bold if it is decided."""
    rows = typeset.cells(claims[["claim", "of", "says", "published"]])
    rows["here"] = [shown(row) if row["networks"] else "" for row in claims.to_dict("records")]
    rows["word"] = claims["word"].where(~claims["decided"], "<b>" + claims["word"] + "</b>")
    return rows.to_html(index=False, border=0, justify="left", escape=False)


def figure(path, percent):
    """A figure as HTML, reduced, in lines that docutils accepts."""
    path = Path(path)
    picture = "\n".join(textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000))
    dataset = path.stem.partition("_")[2]
    return FIGURE.format(path=path.with_suffix(".svg"), dataset=dataset, picture=picture, percent=percent)


@script
def main(snakemake, created_by):
    """The table and the figure, as one block of HTML in RST."""
    given = snakemake.input
    text = "\n".join([table(read_table(given.claims)), figure(given.picture, snakemake.params.percent)])
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(f".. raw:: html\n\n{textwrap.indent(text, '   ')}\n")
