"""Write the picture of the report's cover and the table of claims."""

import base64
import textwrap
from pathlib import Path

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.drawings import typeset
from study.findings.claims import shown
from study.job import script

WIDTH = 1440  # pixels of the picture


def link(figure, inside):
    """HTML that opens a figure of the report, given by its path without suffix."""
    view = f"resultPath: '{figure}.svg', content: 'img', contentPath: results['{figure}.svg'].data_uri"
    # Without line breaks, which pandas would show as text.
    return f'<a href="#" onclick="app.setView({{navbarMode: \'resultinfo\', {view}}}); return false">{inside}</a>'


def table(claims, folder):
    """The claims as HTML: each opens its figure in a folder, and has its word in bold if it is decided."""
    rows = typeset.cells(claims[["claim", "of", "says"]])
    drawn = zip(claims["figure"].fillna(""), rows["says"], strict=True)
    rows["says"] = [link(folder / name, says) if name else says for name, says in drawn]
    rows["the paper's number"] = claims["published"].fillna("")
    numbers = [shown(row).rpartition(", ")[0] if row["networks"] else "" for row in claims.to_dict("records")]
    rows["here, 95 % interval"], rows["networks"] = numbers, claims["networks"]
    rows["word"] = claims["word"].where(~claims["decided"], "<b>" + claims["word"] + "</b>")
    return rows.to_html(index=False, border=0, justify="left", escape=False)


def picture(path):
    """A figure as HTML, reduced, in lines that docutils accepts; it opens the figure."""
    pixels = "\n".join(textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000))
    start = f'<figure class="key">\n<img alt="a shortcut in {path.stem.partition("_")[2]}" src="data:image/png;base64,'
    return link(path.with_suffix(""), f'{start}\n{pixels}">\n</figure>')


@script
def main(snakemake, created_by):
    drawn = Path(snakemake.input.picture)
    text = "\n".join([picture(drawn), table(read_table(snakemake.input.claims), drawn.parent)])
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(f".. raw:: html\n\n{textwrap.indent(text, '   ')}\n")
