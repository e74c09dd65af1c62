"""What the check of a data set says: a table of what sets classes apart, and fixed sentences with slots."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from frequency_shortcuts.data_check.comparison import SETS_APART
from frequency_shortcuts.data_check.file_facts import CONTENT_FACTS, FILE_FACTS
from frequency_shortcuts.images.artefacts import BLOCKS, CAUSES, LOST
from frequency_shortcuts.images.folders import few

from .cells import NAMED_FILES, filled, percent
from .reasons import EITHER_OF_TWO, MIRRORED, cause_of_pair

USE = "A network could use all of this; fs.analyse says whether yours does."
MATCH = (
    "frequency-shortcuts data FOLDER --match OUT writes copies in which all have what JPEG or resizing left in one "
    "class; --class and --scale say what files do not."
)
MARK = "a mark at a fixed place"
OF_MARKS = (
    "A mark, such as a tag, a logo or a frame, is at the same place in most images of its class. "
    "Columns and rows count from 0."
)
EXAMPLES = "Left, the images of the class that carry its likely cause most clearly; right, images of other classes."
TITLE_OF_DATA = "Share of the images of a class, and of the others, in %"
ROWS, COLUMNS = 100, 12  # of the table of classes and sources on the page


def difference_cells(
    facts: pd.DataFrame,
    table: pd.DataFrame,
    files: pd.DataFrame,
    of_sources: pd.DataFrame | None,
) -> pd.DataFrame:
    """What sets classes and sources apart, as cells: facts of files, marks, likely causes, then other facts.

    facts, table, files : of `Differences`; of_sources : the same as table for sources, or None
    """
    apart = facts[_sets_apart(facts) & (facts["value"] != "none")]
    of_files = apart[apart["fact"].isin(FILE_FACTS)]
    of_content = apart[apart["fact"].isin(CONTENT_FACTS)]
    # Bytes per pixel follow from format and quality.
    follows = (of_content["fact"] == "bytes") & of_content["class"].isin(of_files["class"])
    parts = [
        _facts(of_files, FILE_FACTS, ""),
        _marks(table, "class"),
        _likely_causes(table, "class", files),
    ]
    if of_sources is not None:
        parts.append(_marks(of_sources, "source"))
        parts.append(_likely_causes(of_sources, "source"))
    parts.append(_facts(of_content[~follows], CONTENT_FACTS, " (may be natural)"))
    return filled(pd.concat(parts, ignore_index=True))


def _sets_apart(facts: pd.DataFrame) -> pd.Series:
    return facts["own"] - facts["others"] >= SETS_APART


def _facts(facts: pd.DataFrame, names: Mapping[str, str], remark: str) -> pd.DataFrame:
    """A row a fact, in the order of the names."""
    order = {name: place for place, name in enumerate(names)}
    rows = facts.iloc[facts["fact"].map(order).argsort(kind="stable")]
    return pd.DataFrame(
        {
            "class": rows["class"],
            "what sets it apart": rows["fact"].map(names) + " " + rows["value"] + remark,
            "images": rows["own"].map(percent),
            "others": rows["others"].map(percent),
        }
    )


def _marks(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """A row a class or source whose images have a mark."""
    rows = table[table["place"] != ""]
    return pd.DataFrame(
        {
            "class": _row_names(rows, kind),
            "what sets it apart": f"{MARK}: " + rows["place"],
        }
    )


def _row_names(rows: pd.DataFrame, kind: str) -> pd.Series:
    """The names of classes, or of sources as such."""
    return rows[kind] if kind == "class" else "source " + rows[kind]


def _likely_causes(
    table: pd.DataFrame, kind: str, files: pd.DataFrame | None = None
) -> pd.DataFrame:
    """A row a class or source with a likely cause, that most of its images carry first."""
    rows = table[table["cause"] != ""].sort_values("carriers", ascending=False, kind="stable")
    cells = pd.DataFrame(
        {
            "class": _row_names(rows, kind),
            "what sets it apart": "likely " + rows["cause"].map(CAUSES),
            "images": rows["carriers"].map(percent),
            "clearest in": [_clearest_files(files, name) for name in rows[kind]],
        }
    )
    if len(table) == 2 and rows["cause"].isin(MIRRORED).any():
        # Either of two may be the one that was processed.
        names = table[kind].tolist()
        both = " or ".join(names)
        cells = cells.head(1)
        cells["class"] = both if kind == "class" else f"source {both}"
        cells["what sets it apart"] = f"likely {cause_of_pair(rows['cause'].to_dict(), names)}"
    return cells


def _clearest_files(files: pd.DataFrame | None, name: str) -> str | None:
    """The files of a class that carry its likely cause most clearly."""
    if files is None:
        return None
    return few(files.loc[files["class"] == name, "path"].head(NAMED_FILES).tolist())


def sentences_on_data(
    cells: pd.DataFrame,
    facts: pd.DataFrame,
    table: pd.DataFrame,
    about: Mapping[str, Any],
    n_sizes: int,
    left_out: str,
) -> list[str]:
    """What was left out or resized, and what a network could do with it.

    cells : see `difference_cells`; n_sizes : how many sizes files have, 0 without files
    """
    apart = cells.get("class", [])
    nothing = len(table) - int(table["class"].isin(apart).sum())
    traces = facts["fact"][_sets_apart(facts)].isin(["quality", "size"])
    of_files = traces.any() or table["cause"].isin([BLOCKS, LOST]).any()
    is_mark = cells.get("what sets it apart", pd.Series(dtype=str)).str.startswith(MARK)
    said = []
    if len(table) == 2 and not is_mark.all():  # what sets one of two apart sets both, but for marks
        said.append(EITHER_OF_TWO)
    elif nothing:
        said.append(
            f"{nothing} of {len(table)} classes have neither a fact that sets them apart nor a likely cause."
        )
    if is_mark.any():
        said.append(OF_MARKS)
    if n_sizes > 1:
        said.append(
            f"The pictures have {n_sizes} sizes. All are compared at {about['image size']} pixels; resizing changes "
            "fine spectra."
        )
    if "16 bits" in about:
        said.append(f"{about['16 bits']}.")
    if left_out:
        said.append(f"Left out of {left_out}.")
    said.append(USE)
    if n_sizes and of_files:
        said.append(MATCH)
    return said


def cross_cells(cross: pd.DataFrame) -> pd.DataFrame:
    """How many images each class has of each source: of many, the twelve largest."""
    counts = cross.pivot_table("images", "class", "source", aggfunc="sum", fill_value=0)
    largest = counts.sum().sort_values(ascending=False, kind="stable").index[:COLUMNS]
    return counts[largest].head(ROWS).reset_index()


def reason_to_fail(limit: float, facts: pd.DataFrame, tables: Sequence[pd.DataFrame]) -> str | None:
    """Which class or source has the largest share of images, in words, if this is above a limit.

    That carry its likely cause; or that have a value of a fact of files, minus that of the others.
    tables : of classes, and of sources if there are some
    """
    shares: list[tuple[str, float]] = []
    for row in facts[facts["fact"].isin(FILE_FACTS)].to_dict("records"):
        words = f"{row['class']}, {FILE_FACTS[row['fact']]} {row['value']}"
        shares.append((words, row["own"] - row["others"]))
    for table in tables:
        for _, row in table[table["cause"] != ""].iterrows():
            shares.append((f"{row.iloc[0]}, {CAUSES[row['cause']]}", row["carriers"]))
    words, share = max(shares, key=lambda pair: pair[1], default=("", 0.0))
    if share <= limit:
        return None
    return f"{words}: a share of {share:.2f} of its images, above {limit:g}"
