"""Write the picture of the report's cover, the answer in one sentence, and the table of claims."""

import base64
import html
import re
import textwrap
from pathlib import Path

import jinja2

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.files import write_text
from frequency_shortcuts.storage.tables import read_table
from study.findings import answers
from study.job import script

WIDTH = 1440  # pixels of the picture


def as_html(text):
    """Text with words in bold and code, as HTML."""
    escaped = html.escape(str(text))
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escaped)
    return re.sub(r"`(.+?)`", r"<code>\1</code>", bold)


@script
def main(snakemake, created_by):
    given, params = snakemake.input, snakemake.params
    drawn = Path(given.picture)
    pixels = base64.b64encode(canvas.reduced(drawn, WIDTH)).decode()
    claims, variants, by_class = map(read_table, (given.claims, given.variants, given.by_class))
    template = jinja2.Template(Path(given.template).read_text(), trim_blocks=True)
    text = template.render(
        drawn=drawn.with_suffix(""),
        pixels=textwrap.wrap(pixels, 4000),  # in lines that docutils accepts
        answer=answers.answer(claims, params.percent),
        clearest=answers.clearest(by_class, params.published),
        heads=answers.HEADS,
        rows=answers.table(claims, variants).to_dict("records"),
        as_html=as_html,
    )
    write_text(snakemake.output[0], text)
