"""What an analysis says: a table for each test, and at most six fixed sentences with slots for names and numbers."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from frequency_shortcuts.exchange import answers
from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS
from frequency_shortcuts.exchange.test import IMAGES
from frequency_shortcuts.figures.canvas import CONTROLS, control_label
from frequency_shortcuts.images.artefacts import BLOCKS, LOST
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.shortcuts.verdict import MOST_FPR, STRONG_TPR
from frequency_shortcuts.spectrum import fills

from . import wording
from .advice import advice
from .counterfactuals import clearest_first
from .options import WITH_SWAP
from .plots import IMAGES_NOTE, NOTE
from .wording import as_lines, as_table, fill, filled, percent, with_interval

if TYPE_CHECKING:
    from .result import Analysis

ADVICE, PAIR, TESTED = "advice", "pair", "tested"
SENTENCES = {  # verdict of a class, or a label -> what is said once
    FOLLOWS: "Follows: many other images are called the class once they have a part of it. "
    f"{'; '.join(f'{part}: {kind.words}' for part, kind in PARTS.items())}. Your knowledge of the images tells whether "
    "it is an artefact.",
    ADVICE: "Look at {files}, and find out how these and the other images were made. Likely, by the images alone: "
    "{causes}. {advice} Then test again.",
    PAIR: wording.PAIR,
    answers.NOTHING_FOUND: "Nothing found: no number is above {bound} % (largest upper end). "
    f"The test can miss: {answers.MISSED[0]} of {answers.MISSED[1]} harmful artefacts had this verdict.",
    answers.CANNOT_TELL: f"Cannot tell: the upper end of a part is {percent(answers.BOUND)} % or more, and its lower "
    "end below its threshold. The reason is how many images got the part, of about how many that would decide (at most "
    f"{{most}} get it), or a share between {percent(answers.BOUND)} % and the threshold, where no number decides.",
    answers.NOT_RECOGNISED: "Not recognised: the recall is below {recall} %, or less than {margin} % above FPR, "
    "the share of other images that are called the class.",
    TESTED: "Tested: {test:,} images (at least {least:,} of each class), with parts of {ranking:,}. The network "
    "chose among {n_classes:,} classes; outputs: {outputs:,}.",
}
NAMED = 3  # files of each class


def flip_table(result: "Analysis") -> pd.DataFrame:
    """The verdicts of the exchange test as cells: what is followed comes first. Two classes are one row."""
    table = clearest_first(result.flips)
    if len(result.classes) == 2:
        pair, both = table.iloc[:1].copy(), table[table["reason"].notna()]
        pair["class"] = " or ".join(result.classes)
        pair["reason"] = "; ".join(both["class"] + ": " + both["reason"]) or None
        for part in PARTS:  # of the class that follows it more, or more likely
            columns = [f"{part}{end}" for end in ("", "_low", "_high")]
            end = "_low" if (pair["verdict"] == FOLLOWS).all() else "_high"
            pair[columns] = table[columns].loc[[table[f"{part}{end}"].idxmax()]].to_numpy()
        table = pair
    numbers = {part: with_interval(table, part) for part in PARTS}
    named = {
        "follows": table["follows"].replace("", None),
        **numbers,
        "likely cause": table["cause"],
        "reason": table["reason"],
    }
    return filled(table[["class", "verdict"]].assign(**named))


def map_table(result: "Analysis") -> pd.DataFrame:
    """The verdicts of the test of maps as cells: the clearest shortcuts come first."""
    rank = result.verdicts["verdict"].map({"strong": 0, "weak": 1}).fillna(2)
    table = result.verdicts.iloc[np.lexsort([-result.verdicts["margin"], rank])]
    controls = zip(table["best_control"], table["closest_class"], strict=True)
    shown = {
        "class": table["class"],
        "verdict": table["verdict"],
        **{rate.upper(): table[f"{rate}_dfm"].map(percent) for rate in ("tpr", "fpr")},
        "closest control": [control_label(kind, other) for kind, other in controls],
        "margin": with_interval(table, "margin"),
        "than lowest frequencies": table["than_lowest"],
        "needed": table["needed"],
    }
    return filled(pd.DataFrame(shown))


def rate_table(result: "Analysis") -> str:
    """Table 1 of the paper, with the controls beside it, as plain text."""
    table = result.table_1
    cells = {"class": table["class"].tolist()}
    for name, words in {"unfiltered": "unfiltered", "dfm": "map", **CONTROLS}.items():
        rates = [
            table[f"{rate}_{name}"].map(percent)
            for rate in ("tpr", "fpr")
            if f"{rate}_{name}" in table
        ]
        if rates:
            cells[words] = [" / ".join(row) for row in zip(*rates, strict=True)]
    title = f"Table 1 of the paper: TPR / FPR in %, maps of {result.about['percent']:.3g} % of the frequencies, zeros"
    return as_table(title, pd.DataFrame(cells))


def map_title(result: "Analysis") -> str:
    """What maps were tested, in words."""
    fill = result.table.loc[result.table["headline"], "fill"].iloc[0]
    size = f"{result.about['percent']:.3g} % of the frequencies"
    return f"Maps of {size}, {fills.named(fill).words}: shares in %, 95 % intervals"


def source_table(result: "Analysis") -> pd.DataFrame:
    """The recall of classes by source as cells, the worst first."""
    table = result.recall_by_source
    return filled(
        table[["class", "source", "images"]].assign(recall=with_interval(table, "recall"))
    )


def image_table(result: "Analysis") -> pd.DataFrame:
    """The clearest of `Analysis.images` that flip, as cells: those first that lose the most."""
    table = result.images[result.images["flips"]]
    gained = table["probability_without"] - table["probability"]
    table = table.iloc[gained.argsort(kind="stable")].head(wording.MOST)
    names = {"probability_without": "without", "called_without": "then called"}
    shown = table.assign(image=table["path"].fillna(table["image"].astype(str))).rename(
        columns=names
    )
    return filled(shown[["image", "class", "part", "probability", *names.values()]])


def sentences(result: "Analysis") -> list[str]:
    """What the verdicts mean, what to do about it, and what was tested: at most six."""
    table = result.flips
    found, nothing = (
        table[table["verdict"] == FOLLOWS],
        table[table["verdict"] == answers.NOTHING_FOUND],
    )
    # 0 where there is none.
    highest = np.nan_to_num(nothing[[f"{part}_high" for part in PARTS]].max(axis=None))
    slots = _advice(result, found) if len(found) else {}
    slots |= {
        "bound": math.ceil(100 * highest - 1e-6),
        "recall": percent(answers.LEAST_RECALL),
        "margin": percent(answers.LEAST_MARGIN),
        "most": IMAGES,
        "test": len(result.test),
        "least": int(np.bincount(result.test.labels).min()),
        "ranking": len(result.ranking),
        "n_classes": len(result.classes),
        "outputs": result.about["outputs"],
    }
    said = {*table["verdict"], TESTED, *([ADVICE] if len(found) else [])}
    said |= {PAIR} if len(found) and len(result.classes) == 2 else set()
    return list(
        dict.fromkeys(words.format(**slots) for label, words in SENTENCES.items() if label in said)
    )


def _advice(result: "Analysis", found: pd.DataFrame) -> dict[str, Any]:
    """The slots of the advice on classes that follow something, the rows of a table."""
    test, pair = result.tested_flips(), len(result.classes) == 2
    named, (kind, facts) = found[found["cause"].notna()], test.about_images
    causes = [
        cause if pair else f"{name}: {cause}"
        for name, cause in zip(named["class"], named["cause"], strict=True)
    ]
    what_to_do = advice(
        kind,
        [part for part in PARTS if found["follows"].str.contains(part).any()],
        facts=[f"{name}: {facts[name]}" for name in found["class"] if name in facts],
        of_files=any(cause.name in (BLOCKS, LOST) for cause in test.causes.values()),
        swapped=result.about.get("trained with") == WITH_SWAP,
    )
    flipped = result.images[result.images["flips"] & result.images["path"].notna()].drop_duplicates(
        "image"
    )
    files = few(flipped.groupby("class", sort=False)["path"].head(NAMED).tolist(), 4 * NAMED)
    return {
        "files": files or f"images of {few(found['class'].tolist())}",
        "advice": what_to_do,
        "causes": few([*dict.fromkeys(causes)]) or "nothing that has a name",
    }


def title(result: "Analysis") -> str:
    """The name of the network, or of its class, and of the folder or file of the images."""
    return " on ".join(filter(None, (result.about["network"], result.about.get("images"))))


def text(result: "Analysis") -> str:
    """The tables and sentences, as plain text."""
    flips = flip_table(result).drop(columns="likely cause", errors="ignore")
    parts = [
        as_table("Parts of a class: shares in %, 90 % intervals", flips),
        as_lines(sentences(result)),
    ]
    if result.sources is not None:
        parts.append(
            as_table("Recall by source: shares in %, 95 % intervals", source_table(result))
        )
    if result.hits is not None:
        parts.append(as_table(map_title(result), map_table(result)))
    return "\n\n".join(parts)


def page(result: "Analysis", pictures: Mapping[str, str]) -> str:
    """The page as text; pictures : see `save_figures`."""
    maps = None if result.hits is None else {"title": map_title(result), "table": map_table(result)}
    return fill(
        "page.html.jinja",
        title=title(result),
        note=NOTE,
        images_note=IMAGES_NOTE,
        summary=sentences(result),
        flips=flip_table(result),
        found=(FOLLOWS,),
        pictures=pictures,
        image_table=image_table(result),
        sources=None if result.sources is None else source_table(result).head(20),
        maps=maps,
        strong_tpr=STRONG_TPR,
        most_fpr=MOST_FPR,
        about=result.about,
    )
