"""The rows of `tables/findings.csv` in plain words: the same for the report's cover, the README and the docs.

A row has the columns that `results/README.md` lists for this table. The words follow from its verdict, so that they
read well whichever way a finding comes out; a row that is described has its numbers, and says of which networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from .definitions import (
    AS_WELL,
    BETTER,
    DESCRIBED,
    DOES_NOT_HOLD,
    FINDINGS,
    HOLDS,
    LARGEST,
    NO_DATA,
    OPEN,
    UNDECIDED,
    WORSE,
)
from .evidence import DECIDES
from .numbers import FLIP, NEED, RING

Row = Mapping[str, Any]
# The findings of each sentence on the cover and in the README: what is ours first, then what the paper claims.
TOPICS = (("h",), ("d2",), ("d3",), ("d",), ("e1", "e2"), ("f", "g"), ("a", "c"), ("b",))


class _Comparison(NamedTuple):
    """A sentence about a difference: `how` is `more`, `less` or `as much`, and `than` is the word that follows."""

    sentence: str
    more: str = "better"
    less: str = "worse"
    as_much: str = "as well"


_COMPARED = {
    "d": _Comparison(
        "a class of photographs is recognised {how} from its own map {than} from the average map of another class"
    ),
    "d2": _Comparison(
        "a class of photographs is recognised {how} from its own map, the few percent of the frequencies that should "
        "do for it, {than} from as many of the lowest frequencies"
    ),
    "d3": _Comparison(
        "a class of photographs is recognised {how} from its own map {than} from the map of another class "
        "that does best on other images"
    ),
    "e1": _Comparison(
        "in images in other styles, a class is recognised {how} from its own map {than} from the average map of another"
    ),
    "e2": _Comparison(
        "with the maps of another network, a class is recognised {how} from its own map {than} from the average map of "
        "another"
    ),
    "f": _Comparison(
        "the advantage of the own map is {how} in the widest networks {than} in the narrowest",
        "larger", "smaller", "as large",
    ),
    "g": _Comparison(
        "the advantage of the own map is {how} in networks trained with augmentation {than} in those without",
        "larger", "smaller", "as large",
    ),
}  # fmt: skip
_FINE = {
    FLIP: ("follow", "of other images that get the fine spectrum of a class, {} more are called this class"),
    NEED: ("need", "of the images of a class that lose its fine spectrum, {} fewer are recognised"),
}
_ENDS = ("value", "high")


def labels(rows: Sequence[Row]) -> list[str]:
    """What tells each of several rows of a finding from the others: maps, fill, rendition, measure, networks.

    >>> labels(rows_of_d)
    ['culling, zeros', 'culling, swap', 'mixture, zeros', 'mixture, swap']
    """
    what = [[_text(row["method"]), *_text(row["quantity"]).split(", ")] for row in rows]
    found = _apart(what)
    if len(set(found)) < len(rows):
        found = _apart(
            [[*of, *map(_text, (row["networks_of"], row["data"]))] for of, row in zip(what, rows, strict=True)]
        )
    return found


def _apart(tokens: Sequence[Sequence[str]]) -> list[str]:
    """The tokens of each row that not all rows share."""
    shared = set.intersection(*map(set, tokens))
    return [", ".join(token for token in dict.fromkeys(of_row) if token and token not in shared) for of_row in tokens]


def plain(rows: Iterable[Row], letters: Sequence[str]) -> str:
    """What came out of some findings, for a reader who knows none of our words: a sentence; empty without data.

    Of (h), what is followed and what is needed have sentences of their own.

    rows : of the whole table

    >>> plain(rows, ["f", "g"])
    'The advantage of the own map is as large in ... as in ... (difference ...); it is not decided whether ...'
    """
    rows, clauses = list(rows), []
    for letter in letters:
        own = [row for row in rows if row["finding"] == letter]
        deciding = [row for row in own if row["role"] == DECIDES and row["verdict"] != NO_DATA]
        groups: dict[tuple[str, ...], list[tuple[Row, str]]] = {}
        for row, label in zip(deciding, labels(deciding) if deciding else [], strict=True):
            groups.setdefault(_shared(row), []).append((row, label))
        by_verdict = sorted(groups.items(), key=_in_order)
        for i, ((verdict, data, *_), group) in enumerate(by_verdict):
            of_group, names = [row for row, _ in group], [label for _, label in group if label]
            alone = sum(key[1] == data for key in groups) == 1  # of its data set: their name will do
            which = "" if len(groups) == 1 else data if alone else "; ".join(names)
            is_short = i > 0 and letter in _COMPARED and verdict != DESCRIBED  # the first has the whole claim
            clauses.append(_rest(of_group, which) if is_short else _clause(of_group, own, which))
        clauses += _lowest(rows) if letter == "d" and deciding else []
    sentences = clauses if "h" in letters else ["; ".join(clauses)] if clauses else []
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in sentences)


def _in_order(group: tuple[tuple[str, ...], Sequence[tuple[Row, str]]]) -> tuple[bool, bool]:
    """Flips before needs, and of each what is decided first."""
    (verdict, *_), ((row, _), *_) = group
    return row["quantity"] == NEED, verdict in (OPEN, UNDECIDED)


def _shared(row: Row) -> tuple[str, ...]:
    """Rows of one finding share a clause if this is the same: verdict and data, and what a clause has one of."""
    if row["finding"] in _COMPARED:
        return row["verdict"], row["data"]
    return row["verdict"], row["data"], row["quantity" if FINDINGS[row["finding"]].test == LARGEST else "networks_of"]


def _clause(rows: Sequence[Row], own: Sequence[Row], which: str) -> str:
    """What some rows of a finding with one verdict say. own : all rows of it; which : what tells these from others"""
    letter = rows[0]["finding"]
    if letter in _COMPARED:
        return _compared(rows, which)
    if letter == "h":
        return _fine(rows, own)
    text = {"a": _stronger, "b": _bands, "c": _standing_out}[letter](rows[0], own)
    return f"{text} ({which})" if which else text


def _compared(rows: Sequence[Row], which: str) -> str:
    words, verdict = _COMPARED[rows[0]["finding"]], rows[0]["verdict"]
    values = sorted(round(100 * row["value"]) for row in rows)
    ends, of = _ends(rows, 100), f"{which}: " if which else ""
    numbers = f"({of}a difference of {_span(values)}{ends}{_none_up_to(rows)})"
    if verdict == AS_WELL:
        return f"{words.sentence.format(how=words.as_much, than='as')} {numbers}"
    if verdict == UNDECIDED and values[-1] < 0 and (high := max(row["high"] for row in rows)) < rows[0]["bound"]:
        how = f"at most {_points(round(100 * high))} {words.more}" if high > 0 else f"no {words.more}"
        text = words.sentence.format(how=how, than="than")
        return f"{text}; whether it is {words.less} is not decided {numbers}"
    if verdict in (OPEN, UNDECIDED):
        text = words.sentence.format(how=f"{words.more} or {words.less}", than="than")
        return f"it is not decided whether {text} {numbers}"
    least, most = values[0], values[-1]
    if least < 0 < most:
        how = f"between {_points(-least)} {words.less} and {_points(most)} {words.more}"
    else:
        how = f"{_span(sorted(map(abs, values)))} {words.less if least < 0 else words.more}"
    bracket = (of + ends.removeprefix(", ")).removesuffix(": ")
    return f"{_of_these(rows)}{words.sentence.format(how=how, than='than')}{f' ({bracket})' if bracket else ''}"


def _rest(rows: Sequence[Row], which: str) -> str:
    """The verdict of more rows of a finding, whose claim a clause before it has."""
    words = _COMPARED[rows[0]["finding"]]
    word = {
        BETTER: words.more, HOLDS: words.more, WORSE: words.less, DOES_NOT_HOLD: words.less, AS_WELL: words.as_much,
    }.get(rows[0]["verdict"], "not decided")  # fmt: skip
    values = sorted(round(100 * row["value"]) for row in rows)
    return f"{word} with {which} (a difference of {_span(values)}{_ends(rows, 100)}{_none_up_to(rows)})"


def _none_up_to(rows: Sequence[Row]) -> str:
    """Beside a difference that is not shown to be more than none: up to where it counts as none, after a semicolon."""
    bound = rows[0]["bound"]
    is_needed = rows[0]["verdict"] in (AS_WELL, UNDECIDED) and not pd.isna(bound)
    return f"; up to {100 * bound:.0f} counts as none" if is_needed else ""


def _lowest(rows: Sequence[Row]) -> list[str]:
    """What (d2) found, beside (d): whether the lowest frequencies do as well, or better."""
    verdicts = {row["verdict"] for row in rows if row["finding"] == "d2" and row["role"] == DECIDES}
    better = [row["value"] > 0 for row in rows if row["finding"] == "d" and row["role"] == DECIDES]
    if not verdicts or not verdicts <= {AS_WELL, WORSE} or not all(better):
        return []
    how = " or ".join(word for verdict, word in ((AS_WELL, "as well"), (WORSE, "better")) if verdict in verdicts)
    return [f"but as many of the lowest frequencies do {how}"]


def _fine(rows: Sequence[Row], own: Sequence[Row]) -> str:
    """Finding (h), of the networks of several kinds, which are named if not all have this verdict."""
    largest, upper = (100 * pd.Series([row[key] for row in rows], dtype=float).max(skipna=False) for key in _ENDS)
    verb, measured = _FINE[rows[0]["quantity"]]
    if pd.isna(largest):
        return f"whether networks on ordinary photographs {verb} the fine spectrum of a class was not measured"
    are_all = sum(row["quantity"] == rows[0]["quantity"] for row in own) == len(rows)
    several = len({row["data"] for row in own}) > 1
    named = "; ".join(str(row["networks_of"]) + (f", {row['data']}" if several else "") for row in rows)
    of = f"{len(rows)} kinds" if len(rows) > 1 else "one kind"
    kinds = "networks" if are_all and len(rows) == 1 else f"networks of {of}{'' if are_all else f' ({named})'}"
    above = "; ".join(_text(row["detail"]) for row in rows)
    most = "up to" if rows[0]["verdict"] == DOES_NOT_HOLD else "at most"
    size, ends = (
        f"{most} {_points(max(0, round(largest)))}",
        "" if pd.isna(upper) else f"; the intervals end at {upper:.0f}, the limit is {100 * rows[0]['threshold']:.0f}",
    )
    if rows[0]["verdict"] == OPEN and any(
        row["quantity"] == rows[0]["quantity"] and row["verdict"] in (HOLDS, DOES_NOT_HOLD) for row in own
    ):
        return f"this is not decided for {named} ({size}{ends})"
    start = {
        HOLDS: f"{kinds} on ordinary photographs {verb} the fine spectrum of no class: ",
        DOES_NOT_HOLD: f"{kinds} on ordinary photographs {verb} the fine spectrum of a class ({above}): ",
        OPEN: f"it is not decided whether {kinds} on ordinary photographs {verb} the fine spectrum of a class: ",
    }.get(rows[0]["verdict"], _of_these(rows))
    return f"{start}{measured.format(size)} (mean over networks of a kind{ends})"


def _stronger(row: Row, own: Sequence[Row]) -> str:
    ring = [other for other in own if other["quantity"] == RING]
    beside = f"; if it lies in a high ring, the rank correlation is {_correlation(ring[0])}" if ring else ""
    if row["verdict"] == OPEN:
        text = "it is not decided whether classes of images that we made are learned earlier"
    else:
        when = "earlier" if row["value"] > 0 else "later"
        text = f"{_of_these([row], 'sets')}classes of images that we made are learned {when}"
    return f"{text} if what sets them apart is stronger (rank correlation {_correlation(row)}{beside})"


def _bands(row: Row, _: Sequence[Row]) -> str:
    hits = f"{row['hits']:.0f} of {row['networks']:.0f} networks"
    end = {
        HOLDS: ", as reported", DOES_NOT_HOLD: ", unlike in the paper", OPEN: ", which leaves open whether most do",
    }.get(row["verdict"], "")  # fmt: skip
    name = _text(row["quantity"]).partition(" ")[0]
    start = "without two of four bands of frequencies, in the worst of three pairs, "
    return f"{start}{hits} still recognise the class {name} of images that we made{end}"


def _standing_out(row: Row, _: Sequence[Row]) -> str:
    number = f"{row['value']:.2f}, p = {row['p']:.2g} by permutation of the {_text(row['detail'])}"
    when = "earlier" if row["value"] > 0 else "later"
    if row["verdict"] == DESCRIBED:
        of_these = f"of these {_text(row['detail'])} of photographs, how early they are learned and how much their"
        return f"{of_these} frequencies differ from the others have a rank correlation of {number}"
    start = "it is not decided whether " if row["verdict"] == OPEN else ""
    when = "earlier or later" if row["verdict"] == OPEN else when
    text = f"{start}classes of photographs are learned {when} if their frequencies differ more from the others"
    return f"{text} (rank correlation {number})"


def _correlation(row: Row) -> str:
    return f"{row['value']:.2f}{_ends([row])}"


def _ends(rows: Sequence[Row], times: int = 1) -> str:
    """The 95 % intervals of some rows, after a comma; empty without ends."""
    low, high = (pd.Series([row[key] for row in rows], dtype=float) for key in ("low", "high"))
    if low.isna().any():
        return ""
    first, last = (_end(times * end, 0 if times > 1 else 2) for end in (low.min(), high.max()))
    return f", 95 % interval{'s within' if len(rows) > 1 else ''} {first} to {last}"


def _end(value: float, digits: int) -> str:
    """The end of an interval; with one more digit where it would be 0, so that its sign is seen."""
    text = f"{value:.{digits}f}"
    return text if float(text) else f"{round(value, digits + 1) + 0.0:.{digits + 1}f}"  # no -0


def _span(values: Sequence[int]) -> str:
    """Some percentage points, in order, in words."""
    return _points(values[0]) if values[0] == values[-1] else f"{values[0]} to {values[-1]} percentage points"


def _points(value: int) -> str:
    return f"{value} percentage point{'' if abs(value) == 1 else 's'}"


def _of_these(rows: Sequence[Row], unit: str = "networks") -> str:
    """Of described rows, which networks they are of."""
    if rows[0]["verdict"] != DESCRIBED:
        return ""
    count = max(int(row["networks"]) for row in rows)
    of = " of a kind" if len({row["networks_of"] for row in rows}) > 1 else ""
    return f"in this {unit[:-1]}, " if count == 1 else f"in these {count} {unit}{of}, "


def _text(value: object) -> str:
    """A text of a table; one that is missing is empty."""
    return value if isinstance(value, str) else ""
