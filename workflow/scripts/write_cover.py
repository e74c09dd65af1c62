"""Write the picture of the report's cover, the answer in one sentence, and the table of claims."""

import base64
import html
import re
import textwrap
from pathlib import Path

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.findings import answers
from study.job import script

WIDTH = 1440  # pixels of the picture


def link(figure, inside):
    """HTML that opens a figure of the report, given by its path without suffix."""
    view = (
        f"resultPath: '{figure}.svg', content: 'img', contentPath: results['{figure}.svg'].data_uri"
    )
    # Without line breaks, which pandas would show as text.
    return f'<a href="#" onclick="app.setView({{navbarMode: \'resultinfo\', {view}}}); return false">{inside}</a>'


def picture(path):
    """A figure as HTML, reduced, in lines that docutils accepts; it opens the figure."""
    pixels = "\n".join(textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000))
    start = f'<figure class="key">\n<img alt="a shortcut in {path.stem.partition("_")[2]}" src="data:image/png;base64,'
    return link(path.with_suffix(""), f'{start}\n{pixels}">\n</figure>')


def as_html(text):
    """Text with words in bold and code, as HTML."""
    escaped = html.escape(str(text))
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escaped)
    return re.sub(r"`(.+?)`", r"<code>\1</code>", bold)


def table(claims, variants, folder):
    """The claims as HTML, each with its figure in a folder."""
    rows = answers.table(claims, variants)
    shown = rows[answers.HEADS].map(as_html)
    figures = [
        link(folder / name, name.partition("_")[0]) if name else "" for name in rows["figure"]
    ]
    return shown.assign(figure=figures).to_html(index=False, border=0, justify="left", escape=False)


@script
def main(snakemake, created_by):
    given, params = snakemake.input, snakemake.params
    drawn = Path(given.picture)
    claims, variants, by_class = map(read_table, (given.claims, given.variants, given.by_class))
    text = "\n".join(
        [
            picture(drawn),
            f"<p><b>{as_html(answers.answer(claims, params.percent))}</b></p>",
            f"<p>{as_html(answers.clearest(by_class, params.published))}</p>",
            table(claims, variants, drawn.parent),
        ]
    )
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(f".. raw:: html\n\n{textwrap.indent(text, '   ')}\n")
