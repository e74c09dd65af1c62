"""What the check of a data set says: a table of what sets classes apart, and fixed sentences with slots."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from frequency_shortcuts.images.artefacts import BLOCKS, CAUSES, LOST
from frequency_shortcuts.images.folders import few

from . import wording
from .wording import as_lines, as_table, fill, filled, percent

if TYPE_CHECKING:
    from .differences import Differences

FILE_FACTS = {  # which no class has by nature, in words
    "source": "source",
    "format": "file format",
    "quality": "JPEG quality",
    "subsampling": "chroma subsampling",
    "mode": "colour mode",
    "size": "size",
    "pixels": "number of pixels",
    "shape": "ratio of width to height",
}
CONTENT_FACTS = {  # in which natural classes can differ, too
    "bytes": "bytes per pixel",
    "brightness": "brightness",
    "contrast": "contrast",
    "saturation": "saturation",
}
SETS_APART = 0.7  # share of the images of a class that have a value, minus that of the others
NOTHING, PAIR, SIZES, DEEP, LEFT_OUT, USE, MATCH = (
    "nothing",
    "pair",
    "sizes",
    "deep",
    "left out",
    "use",
    "match",
)
SENTENCES = {
    NOTHING: "{nothing} of {classes} classes have neither a fact that sets them apart nor a likely cause.",
    PAIR: wording.PAIR,
    SIZES: "The pictures have {sizes} sizes. All are compared at {size} pixels; resizing changes fine spectra.",
    DEEP: "{deep}.",
    LEFT_OUT: "Left out of {left_out}.",
    USE: "A network could use all of this; fs.analyse says whether yours does.",
    MATCH: "frequency-shortcuts data FOLDER --match OUT writes copies in which all have what JPEG or resizing left in "
    "one class; --class and --scale say what files do not.",
}
EXAMPLES = "Left, the images of the class that carry its likely cause most clearly; right, images of other classes."
NAMED = 3  # files of a class
ROWS, COLUMNS = 100, 12  # of the table of classes and sources on the page


def difference_table(found: "Differences") -> pd.DataFrame:
    """What sets classes and sources apart, as cells: facts of files first, then likely causes, then other facts."""
    facts = found.facts[
        (found.facts["own"] - found.facts["others"] >= SETS_APART)
        & (found.facts["value"] != "none")
    ]
    of_files = facts[facts["fact"].isin(FILE_FACTS)]
    others = facts[facts["fact"].isin(CONTENT_FACTS)]
    # They follow from these.
    others = others[(others["fact"] != "bytes") | ~others["class"].isin(of_files["class"])]
    parts = [_facts(of_files, FILE_FACTS, ""), _causes(found.table, "class", found.files)]
    if found.sources is not None and found.sources.table is not None:
        parts.append(_causes(found.sources.table, "source"))
    return filled(
        pd.concat([*parts, _facts(others, CONTENT_FACTS, " (may be natural)")], ignore_index=True)
    )


def _facts(facts: pd.DataFrame, names: dict[str, str], remark: str) -> pd.DataFrame:
    order = (
        facts["fact"].map({name: place for place, name in enumerate(names)}).argsort(kind="stable")
    )
    rows = facts.iloc[order]
    return pd.DataFrame(
        {
            "class": rows["class"],
            "what sets it apart": rows["fact"].map(names) + " " + rows["value"] + remark,
            "images": rows["own"].map(percent),
            "others": rows["others"].map(percent),
        }
    )


def _causes(table: pd.DataFrame, kind: str, files: pd.DataFrame | None = None) -> pd.DataFrame:
    """A row a class or source with a likely cause, that most of its images carry first."""
    rows = table[table["cause"] != ""].sort_values("carriers", ascending=False, kind="stable")
    words = rows["cause"].map(CAUSES)
    pair = len(table) == 2 and rows["cause"].isin(wording.MIRRORED).any()
    clearest = [
        None
        if files is None
        else few(files.loc[files["class"] == name, "path"].head(NAMED).tolist())
        for name in rows[kind]
    ]
    if pair:  # either may be the one that was processed
        names = table[kind].tolist()
        words[:], rows = (
            wording.of_pair(rows["cause"].to_dict(), names),
            rows.assign(**{kind: " or ".join(names)}),
        )
    made = pd.DataFrame(
        {
            "class": rows[kind] if kind == "class" else "source " + rows[kind],
            "what sets it apart": "likely " + words,
            "images": rows["carriers"].map(percent),
            "clearest in": pd.Series(clearest, rows.index, object),
        }
    )
    return made.head(1) if pair else made


def sentences(found: "Differences") -> list[str]:
    """What was left out or resized, and what a network could do with it."""
    apart, total = difference_table(found).get("class", []), len(found.table)
    pair = total == 2 and len(apart) > 0  # what sets one of two apart sets both
    slots = {
        "nothing": 0 if pair else total - found.table["class"].isin(apart).sum(),
        "classes": total,
        "sizes": len(found.sizes),
        "size": found.about["image size"],
        "deep": found.about.get("16 bits"),
        "left_out": found.left_out,
    }
    facts = found.facts["fact"][found.facts["own"] - found.facts["others"] >= SETS_APART]
    matched = (
        facts.isin(["quality", "size"]).any() or found.table["cause"].isin([BLOCKS, LOST]).any()
    )
    said = {
        NOTHING: slots["nothing"],
        PAIR: pair,
        SIZES: len(found.sizes) > 1,
        DEEP: slots["deep"],
        LEFT_OUT: found.left_out,
        MATCH: found.sizes and matched,
    }
    return [words.format(**slots) for label, words in SENTENCES.items() if said.get(label, True)]


def text(found: "Differences") -> str:
    """The table, if it has rows, and the sentences, as plain text."""
    table = difference_table(found)
    title = "Share of the images of a class, and of the others, in %"
    return "\n\n".join(
        [*([as_table(title, table)] if len(table) else []), as_lines(sentences(found))]
    )


def page(found: "Differences", pictures: Mapping[str, str]) -> str:
    """The page as text; pictures : see `save_figures`."""
    cross = None
    if found.sources is not None:
        cross = found.sources.cross.pivot_table(
            "images", "class", "source", aggfunc="sum", fill_value=0
        )
        largest = cross.columns[cross.sum().to_numpy().argsort(kind="stable")[::-1][:COLUMNS]]
        cross = cross[largest].head(ROWS).reset_index()
    return fill(
        "data_page.html.jinja",
        title=f"Classes of {found.about['name'] or 'the images'}",
        summary=sentences(found),
        differences=difference_table(found),
        pictures=pictures,
        examples=EXAMPLES,
        cross=cross,
        about=found.about,
    )
