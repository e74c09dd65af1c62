"""What was found to differ between the classes of a data set, and the same in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from frequency_shortcuts.data.artefacts import CAUSES
from frequency_shortcuts.data.folders import few
from frequency_shortcuts.evaluation.fact_scores import NOT_COMMON, TELLS
from frequency_shortcuts.evaluation.fine_differences import CARRIED
from frequency_shortcuts.spectrum.arrays import FloatArray

MOST = 6  # classes with a sentence of their own, of each kind
# Facts of files, which no class has by nature: what it is called, and what is said of images with one of its values.
FILE_FACTS = {
    "source": ("source", "come from {}"),
    "format": ("file format", "are {} files"),
    "quality": ("JPEG quality", "have the JPEG quality {}"),
    "subsampling": ("chroma subsampling", "have the chroma subsampling {}"),
    "mode": ("colour mode", "are stored in {}"),
    "size": ("size", "measure {} pixels"),
    "pixels": ("number of pixels", ""),
    "shape": ("ratio of width to height", ""),
}
CONTENT_FACTS = {  # which natural classes can differ in
    "bytes": "bytes per pixel", "brightness": "brightness", "contrast": "contrast", "saturation": "saturation",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sources:
    """What tells the sources of images, and how they go with classes.

    table : a row a source, as `Compared.table`, of those with 20 images or more; None for fewer than two of these
    cross : how many images each class has of each source: columns class, source, images
    left_out : the sources with fewer images
    """

    table: pd.DataFrame | None
    cross: pd.DataFrame
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Compared:
    """What was found to differ between the classes of a data set.

    table : a row a class: images, the area under the curve `auc` of its fine spectrum against the others with its
        95 % interval, the `null` of permuted labels, the largest difference `z`, a likely `cause` (a key of
        `artefacts.CAUSES`, or empty), and the share of `carriers` of the cause
    facts : how well each fact alone tells each class, see `fact_scores.score_facts`; classes are names here
    files : the images of classes with a likely cause: path, class, cause, score; clearest first
    sources : see `Sources`; None without sources
    spectra, differences : float64 [class, H, W], centred: root mean square amplitude, and how clearly it differs (1 by
        chance)
    unreadable : files that cannot be read; sizes : (height, width) of files -> how many have it
    about : how it was made
    """

    table: pd.DataFrame
    facts: pd.DataFrame
    files: pd.DataFrame
    sources: Sources | None
    spectra: FloatArray
    differences: FloatArray
    unreadable: tuple[str, ...]
    sizes: Mapping[tuple[int, int], int]
    about: Mapping[str, Any]


def sentences(found: Compared) -> list[str]:
    """What alone tells a class, what was left out or resized, and what fine spectra tell."""
    return [
        *_files(found),
        *_reading(found),
        *_content(found),
        *_spectra(found.table, "class", found.files),
        *_sources(found),
        "All of this could be used by a network; `fs.analyse` says whether yours does use it.",
    ]


def telling(facts: pd.DataFrame, kinds: Any) -> pd.DataFrame:
    """The rows of `Compared.facts` in which a fact of these kinds alone tells a class, class by class."""
    rows = facts[(facts["auc_low"] >= TELLS) & facts["fact"].isin(kinds)]
    order = rows["fact"].map({name: place for place, name in enumerate(kinds)})
    return rows.assign(_order=order).sort_values(["_order"], kind="stable").drop(columns="_order")


def _files(found: Compared) -> Iterator[str]:
    """A sentence for each class that a fact of its files or its source tells."""
    rows, counts = telling(found.facts, FILE_FACTS), found.table.set_index("class")["images"]
    if len(counts) == 2:  # what tells one tells the other
        rows = rows.drop_duplicates("fact")
    for name, of_class in list(rows.groupby("class", sort=False))[:MOST]:
        fact, *others = of_class.to_dict("records")
        so = ""
        if others:
            words = [f"the {FILE_FACTS[other['fact']][0]}" for other in others]
            so = f" So do{'es' if len(words) == 1 else ''} {_and(words)}."
        yield f"{_of_class(fact, str(name), int(counts[name]))}.{so}"
    if (more := rows["class"].nunique() - MOST) > 0:
        yield f"{more} more classes are told by a fact of their files alone (facts.csv)."
    if rows.empty and found.sizes:
        facts = [FILE_FACTS[name][0] for name in found.facts["fact"].unique() if name in FILE_FACTS]
        if facts in ([], ["source"]):
            yield "All files have the same format, JPEG quality, colour mode and size."
        if facts and found.facts.loc[found.facts["fact"].isin(FILE_FACTS), "auc"].max() > 0.5:
            best = found.facts[found.facts["fact"].isin(FILE_FACTS)].sort_values("auc", kind="stable").iloc[-1]
            yield (
                f"No class is told nearly always by its {_or(facts)} alone; best {best['class']} by its "
                f"{FILE_FACTS[best['fact']][0]} (area under the curve {_interval(best.to_dict())})."
            )


def _of_class(row: dict[str, Any], name: str, count: int) -> str:
    """That a fact tells a class, without a full stop."""
    fact, says = FILE_FACTS[row["fact"]]
    if not says:
        own, others = (f"{row[side]:.3g}" for side in ("own", "others"))
        return f"The {fact} alone tells {name}: it is {row['value']} (median {own} against {others})"
    who = f"All {count:,} images of {name}" if row["own"] == 1 else f"{_percent(row['own'])} of the images of {name}"
    others = "none" if row["others"] == 0 else _percent(row["others"])
    has = says.format(row["value"])
    if row["value"] in ("none", NOT_COMMON):
        has = f"have no {fact}" if row["value"] == "none" else f"are rare in their {fact}"
    return f"{who} {has}, and {others} of the others: the {fact} alone tells the class"


def _percent(share: float) -> str:
    """A share in percent that is 0 or 100 only if it is exactly so."""
    return f"{min(max(100 * share, 1), 99):.0f} %"


def _reading(found: Compared) -> Iterator[str]:
    """Mixed sizes, and files that cannot be read."""
    if len(found.sizes) > 1:
        (height, width), count = max(found.sizes.items(), key=lambda item: item[1])
        yield (
            f"The pictures have {len(found.sizes):,} sizes ({count / sum(found.sizes.values()):.0%} are {width} x "
            f"{height}): all are compared at {found.about['image size']} pixels, and resizing changes fine spectra."
        )
    if found.unreadable:
        total = found.about["images"] + len(found.unreadable)
        yield f"{len(found.unreadable)} of {total:,} pictures cannot be read and are left out: {few(found.unreadable)}."


def _content(found: Compared) -> Iterator[str]:
    """Which classes brightness and the like tell, which may be natural."""
    table, of_files = telling(found.facts, CONTENT_FACTS), telling(found.facts, FILE_FACTS)["class"]
    table = table[(table["fact"] != "bytes") | ~table["class"].isin(of_files)]  # they follow from the format
    for fact, rows in table.groupby("fact", sort=False):
        rows = rows.sort_values("auc_low", ascending=False)
        texts = [
            f"{row['class']} ({row['value']}, area under the curve {_interval(row)})"
            for row in rows.head(MOST).to_dict("records")
        ]
        more = f" and {len(rows) - MOST} more" if len(rows) > MOST else ""
        yield f"{CONTENT_FACTS[str(fact)].capitalize()} alone tells {', '.join(texts)}{more}, which may be natural."


def _spectra(table: pd.DataFrame, kind: str, files: pd.DataFrame | None = None) -> Iterator[str]:
    """What fine spectra tell of classes or sources: those with a likely cause, then the others."""
    told = table[table["auc_low"] > table["null"]].sort_values("auc_low", ascending=False, kind="stable")
    named = with_cause(told)
    others = told.drop(named.index)
    for row in named.head(MOST).to_dict("records"):
        name = row[kind]
        carried = "" if pd.isna(row["carriers"]) else f" About {100 * row['carriers']:.0f} % of its images carry it"
        if carried and files is not None:
            carried += f", most clearly {', '.join(files.loc[files['class'] == name, 'path'].head(3))}"
        yield (
            f"The fine spectrum tells the {kind} {name} from the others (area under the curve {_interval(row)}, 0.5 by "
            f"chance), likely by {CAUSES[row['cause']]}.{carried}{'.' if carried else ''}"
        )
    if len(others):
        low, high = others["auc"].min(), others["auc"].max()
        kinds = "classes" if kind == "class" else "sources"
        usual = ", as is usual of natural classes" if kind == "class" else ""
        yield (
            f"It tells {len(others)} of {len(table)} {kinds} without a likely cause (area under the curve {low:.2f} to "
            f"{high:.2f}){usual}: {few(others[kind].tolist(), 8)}."
        )
    if told.empty:
        yield f"The fine spectrum tells no {kind} from the others better than chance does."


def with_cause(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of classes or sources with a likely cause that more than a few of their images carry."""
    return table[(table["cause"] != "") & ~(table["carriers"] < CARRIED)]


def _sources(found: Compared) -> Iterator[str]:
    if found.sources is None:
        return
    if found.sources.left_out:
        yield f"Sources with fewer than 20 images are not compared: {few(found.sources.left_out)}."
    if found.sources.table is None:
        yield "There are no two sources with 20 images or more, so that sources are not compared."
    else:
        yield from _spectra(found.sources.table, "source")


def _interval(row: dict[str, Any]) -> str:
    return f"{row['auc']:.2f} [{row['auc_low']:.2f}, {row['auc_high']:.2f}]"


def _and(words: list[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _or(words: list[str]) -> str:
    return _and(words, "or")
