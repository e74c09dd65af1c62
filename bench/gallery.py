"""`make gallery` renews what README and docs take from results: files, digests, pictures, and tables between markers.

The files of the studies that have run go to docs/data. The tables of tables.yaml are written from there, so that a
clone can check their numbers. What the docs hold of the other studies stays as it is.
"""

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table
from study.findings import answers

from . import DATA, DOCS, PAGES, ROOT, same

STUDIES, _TABLES = yaml.safe_load_all((ROOT / "bench" / "tables.yaml").read_text())
# Files in docs/data that a study does not make.
KEPT = (same.SEEDS, "candidates.csv", "matched.csv")
WORDS = {"True": "yes", "False": "no"}
CLAIMS = "findings_claims"  # the place of the claims of the findings
PERCENT = 5  # of the frequencies, in the maps of these studies


class Table(NamedTuple):
    """A table of a page.

    file : in docs/data, without suffix
    columns : {name: "heading|format"}; a name like "value [low, high]" puts three columns into one
    rows : a query of pandas; by default all rows
    by : columns of which each group of rows becomes one, the mean
    across : of these, the column whose values become columns; the mean of `name` at `value` is called `name value`
    """

    file: str
    columns: dict[str, str]
    rows: str = ""
    by: Sequence[str] = ()
    across: str = ""

    def text(self, folder: Path = DATA) -> str:
        """In Markdown. Raises FileNotFoundError without the file."""
        found = read_table(folder / f"{self.file}.csv")
        found = found.query(self.rows, engine="python") if self.rows else found
        if self.by:
            found = found.groupby(list(self.by), sort=False).mean(numeric_only=True)
            if self.across:
                index = [name for name in self.by if name != self.across]
                found = found.pivot_table(index=index, columns=self.across, sort=False)
                found.columns = [f"{name} {value}" for name, value in found.columns]
            found = found.reset_index()
        headings, forms = zip(
            *(text.partition("|")[::2] for text in self.columns.values()), strict=True
        )
        cells = list(zip(self.columns, forms, strict=True))
        rows = [[shown(row, *cell) for cell in cells] for row in found.to_dict("records")]
        # All but the first are aligned to the right.
        lines = [
            headings,
            ["---", *["---:"] * (len(cells) - 1)],
            *rows,
        ]
        return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


TABLES = {name: Table(**about) for name, about in _TABLES.items()}


def shown(row: Mapping[Any, Any], name: str, form: str) -> str:
    """A cell of a table; empty where it is missing."""
    if name not in row:
        return re.sub(r"\w+", lambda word: shown(row, word[0], form), name).replace(" [, ]", "")
    return "" if pd.isna(row[name]) else WORDS.get(str(row[name])) or format(row[name], form)


def renewed(text: str, folder: Path = DATA) -> str:
    """The text of a page with the tables whose files are in a folder, between <!-- name --> and <!-- /name -->."""
    for name, table in TABLES.items():
        if f"<!-- {name} -->" in text and (folder / f"{table.file}.csv").exists():
            text = _between(name, table.text(folder), text)
    tables = [
        folder / "findings" / "tables" / f"{table}.csv"
        for table in ("claims", "claim_variants", "claims_by_class")
    ]
    if f"<!-- {CLAIMS} -->" in text and all(path.exists() for path in tables):
        text = _between(CLAIMS, answers.markdown(*map(read_table, tables), PERCENT), text)
    return text


def _between(name: str, new: str, text: str) -> str:
    """The text with something new between the marks of a name."""
    around = re.split(rf"(?s)(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text)
    return f"{new}\n".join(around)


def main(*names: str) -> None:
    """Files and pictures of these studies, by default of all, then tables; files of other scripts stay."""
    for name in names or STUDIES:
        study, target, patterns = ROOT / "results" / name, DATA / name, STUDIES[name]["files"]
        if not any(study.glob(patterns[-1])):
            print(f"results/{name} is not here: what the docs say of it stays as it is.")
            continue
        for old in [
            path for path in target.glob("**/*") if path.is_file() and path.name not in KEPT
        ]:
            old.unlink()
        for file in (file for pattern in patterns for file in study.glob(pattern)):
            place = target / file.relative_to(study)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        same.write(study, target)
        for picture in (study / f"{path}.png" for path in STUDIES[name]["pictures"]):
            if picture.exists():  # a part of the measurements draws none
                (DOCS / picture.name).write_bytes(canvas.reduced(picture))
    for page in PAGES:
        page.write_text(renewed(page.read_text()))


if __name__ == "__main__":
    main(*sys.argv[1:])
