"""Write the picture of the report's cover, the answer in one sentence, and the table of claims."""

import base64
import html
import textwrap
from pathlib import Path

import pandas as pd

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.findings.claims import estimate
from study.findings.definitions import CONTROLS, FEWEST_DECIDED, LOWEST, OTHERS, PUBLISHED
from study.findings.numbers import LEVEL
from study.job import script

WIDTH = 1440  # pixels of the picture
HEADS = ["claim", "as published", "beats the lowest", "beats every other map", "networks", "figure"]


def link(figure, inside):
    """HTML that opens a figure of the report, given by its path without suffix."""
    view = f"resultPath: '{figure}.svg', content: 'img', contentPath: results['{figure}.svg'].data_uri"
    # Without line breaks, which pandas would show as text.
    return f'<a href="#" onclick="app.setView({{navbarMode: \'resultinfo\', {view}}}); return false">{inside}</a>'


def picture(path):
    """A figure as HTML, reduced, in lines that docutils accepts; it opens the figure."""
    pixels = "\n".join(textwrap.wrap(base64.b64encode(canvas.reduced(path, WIDTH)).decode(), 4000))
    start = f'<figure class="key">\n<img alt="a shortcut in {path.stem.partition("_")[2]}" src="data:image/png;base64,'
    return link(path.with_suffix(""), f'{start}\n{pixels}">\n</figure>')


def answer(claims, percent):
    """The sentence above the table: for how many classes few frequencies suffice, and beside which controls."""
    of_d = claims[claims["claim"] == "d"].set_index("control")
    if PUBLISHED not in of_d.index:
        return ""
    published = of_d.loc[PUBLISHED]
    text = (
        f"{percent:g} % of the frequencies suffice for {published['better']:.0f} of {published['classes']:.0f} "
        f"classes, as many of the lowest for {published['lowest']:.0f}"
    )
    if published["networks"] < FEWEST_DECIDED:
        return f"{text}. {published['networks']:.0f} networks do not decide; <code>make findings</code> does."
    better = {control: of_d["better"].get(control, 0) for control in (LOWEST, OTHERS)}
    return (
        f"{text}; for {better[LOWEST]:.0f} the own ones are better than the lowest; for {better[OTHERS]:.0f} better "
        "than those of every other class."
    )


def clearest(by_class, published):
    """The rates of the paper's clearest class beside those of ours: that which beats the lowest frequencies most."""
    of_d = by_class[(by_class["claim"] == "d") & by_class["variant"].isna() & (by_class["control"] == LOWEST)]
    if of_d.empty:
        return ""
    ours = of_d.loc[of_d["value"].idxmax()]
    rates = f"TPR {ours['tpr']:.2f}, FPR {ours['fpr']:.2f} ({ours['class']}, {ours['networks_of']})"
    return f"The clearest class: in the paper {published}; here {html.escape(rates)}."


def cell(row):
    """What a row of a claim about some classes says."""
    few = row["networks"] < FEWEST_DECIDED
    if row["control"] == PUBLISHED:
        text = f"{row['better']:.0f} of {row['classes']:.0f}{names(': ', row['better_classes'])}"
        return f"{text} (lowest: {row['lowest']:.0f}){names('; borderline: ', row['borderline_classes'])}"
    mean = f"mean {estimate(row)}"
    if few:
        return mean
    found = f"<b>{row['word']}</b>{names(': ', row['better_classes'])}{names('; worse: ', row['worse_classes'])}"
    detectable = "" if row["better"] else f"; so many networks show {row['detectable']:.2f}"
    return f"{found}{detectable} ({mean})"


def names(before, classes):
    return f"{before}{html.escape(classes)}" if isinstance(classes, str) and classes else ""


def number(row, levels):
    """The one number of a claim, with its word, and levels of networks if there are some."""
    word = f" <b>{row['word']}</b>" if row["decided"] else f" {row['word']}" if isinstance(row["word"], str) else ""
    if not row["networks"]:
        return word.strip()
    of_two = names(": ", row["better_classes"])
    kinds = names(" ", row["networks_of"]) if " minus " in row["networks_of"] else ""
    return f"{estimate(row)}{kinds}{word}{of_two}{levels}"


def levels_of(variants, letter):
    """The levels of the networks of a claim, the smallest first, as text."""
    levels = variants[(variants["claim"] == letter) & (variants["variant"] == LEVEL)]
    texts = [f"{html.escape(row['networks_of'])} {estimate(row)}" for row in levels[::-1].to_dict("records")]
    return f"; own minus lowest: {'; '.join(texts)}" if texts else ""


def table(claims, variants, folder):
    """The claims as HTML: each opens its figure in a folder."""
    rows = []
    for letter, of_claim in claims.groupby("claim", sort=False):
        first = of_claim.iloc[0]
        says = f"({letter}) {html.escape(first['says'])}"
        name = first["figure"] if isinstance(first["figure"], str) else ""
        figure = link(folder / name, name.partition("_")[0]) if name else ""
        by_control = {row["control"]: row for row in of_claim.to_dict("records") if row["control"] in CONTROLS}
        numbers = of_claim[of_claim["control"].isna()].to_dict("records")
        levels = levels_of(variants, letter)
        if by_control:
            cells = [cell(by_control[control]) if control in by_control else "" for control in CONTROLS]
            rows.append([says, *cells, first["networks"], figure])
            says = f"({letter}) the change"
        for row in numbers:
            rows.append([says, number(row, levels), "", "", row["networks"], figure])
        if by_control and levels and not numbers:
            rows.append([says, levels.removeprefix("; "), "", "", first["networks"], figure])
    return pd.DataFrame(rows, columns=HEADS).to_html(index=False, border=0, justify="left", escape=False)


@script
def main(snakemake, created_by):
    given, params = snakemake.input, snakemake.params
    drawn = Path(given.picture)
    claims, variants, by_class = map(read_table, (given.claims, given.variants, given.by_class))
    lines = [picture(drawn), f"<p><b>{answer(claims, params.percent)}</b></p>"]
    lines += [f"<p>{clearest(by_class, params.published)}</p>", table(claims, variants, drawn.parent)]
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(f".. raw:: html\n\n{textwrap.indent(chr(10).join(lines), '   ')}\n")
