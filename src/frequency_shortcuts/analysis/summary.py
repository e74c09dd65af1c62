"""What an analysis did and what came out, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from frequency_shortcuts.evaluation.verdicts import LOWEST, TOO_FEW
from frequency_shortcuts.spectrum import fills

from . import flip_summary
from .outcome import Outcome
from .sources import worst_source
from .wording import count_images, list_classes


def sentences(result: Outcome) -> list[str]:
    """The outcome of the counterfactual test, that of the test of maps, and what to do about it."""
    of_maps = [] if result.hits is None else sentences_of_maps(result)
    return [*sentences_of_flips(result), *of_maps, *result.advice]


def sentences_of_flips(result: Outcome) -> list[str]:
    """What the counterfactual test found, and the outputs if the network has more."""
    n_classes, n_outputs = len(result.classes), result.about["outputs"]
    sentences = flip_summary.sentences(result.tested_flips())
    if result.sources is not None:
        sentences.append(worst_source(result.recall_by_source))
    if n_outputs != n_classes:
        sentences.append(f"The network chose among {n_classes:,} of its {n_outputs:,} outputs.")
    return sentences


def sentences_of_maps(result: Outcome) -> list[str]:
    """What maps were tested, the rates, the verdicts, and what removal does."""
    rows, table = result.verdicts, result.table
    headline = table[table["headline"]]
    return [
        *_made(result, headline),
        *_rates(headline),
        *_verdicts(rows, _controls(result, headline)),
        *_low_frequencies(headline),
        *_removal(rows),
    ]


def _made(result: Outcome, headline: pd.DataFrame) -> Iterator[str]:
    """The images, and the test."""
    assert result.maps is not None  # they were tested
    maps = "they are given"
    if result.found is not None:
        maps = f"{count_images(result.ranking.labels[: result.about['images that find the maps']])} find them"
    tested = count_images(result.tested().labels)
    yield f"Is a map enough? Maps of {len(result.classes)} classes: {maps}, {tested} test them."
    sizes, fill = result.maps.sum(axis=(1, 2)), headline["fill"].iloc[0]
    average = " on average" if result.found is None and len(set(sizes.tolist())) > 1 else ""
    neutral = result.test.neutral
    donor = "another image" if neutral is None else f"an image of {result.classes[neutral]}"
    others = f"are those of {donor}" if fills.named(fill).needs_donors else "are zero"
    yield (
        f"The test keeps the map of a class, {result.about['percent']:.3g} % of the frequencies{average}; the others "
        f"{others} (fill: {fill})."
    )


def _controls(result: Outcome, headline: pd.DataFrame) -> str:
    """What a map must be above, in words."""
    maps, most = int(headline["draws_other"].max()) if "draws_other" in headline else 0, len(result.classes) - 1
    other = (
        "each other class's map" if maps >= most - (result.test.neutral is not None) else f"{maps} other classes' maps"
    )
    return f"{other} and random masks" if maps else "random masks"


def _rates(headline: pd.DataFrame) -> Iterator[str]:
    """The mean TPR and FPR over the classes: unfiltered, from the maps, and from as many of the lowest frequencies."""
    kinds = {"unfiltered": "without a filter", "dfm": "from the maps alone"}
    if "tpr_low_pass" in headline:
        kinds["low_pass"] = "from as many lowest frequencies"
    means = {kind: [float(headline[f"{rate}_{kind}"].mean()) for rate in ("tpr", "fpr")] for kind in kinds}
    has_fpr = not np.isnan(means["dfm"][1])
    of_others = " and FPR (share of the others that are taken for it)" if has_fpr else ""
    texts = (f"{tpr:.2f}{f' and {fpr:.2f}' if has_fpr else ''} {kinds[kind]}" for kind, (tpr, fpr) in means.items())
    yield f"Mean TPR (share of a class that is recognised){of_others}: {'; '.join(texts)}."


def _verdicts(rows: pd.DataFrame, controls: str) -> Iterator[str]:
    """A sentence for each verdict that a class has."""
    meaning = {
        "strong": f"the map alone is enough to recognise the class, and clearly better than {controls}",
        "weak": f"the map alone is clearly better than {controls}, but it is not sure that the class is mostly "
        "recognised from it, and few others are taken for it",
        "none": f"the map alone is not clearly better than {controls}",
        TOO_FEW: f"not even a TPR of 1 against 0 would be clearly better than {controls}",
    }
    names = {"strong": "Strong shortcut", "weak": "Weak shortcut", "none": "Nothing shown"}
    for kind, words in meaning.items():
        if (chosen := rows["verdict"] == kind).any():
            yield f"{names.get(kind, 'Too few images to tell')} in {list_classes(chosen, rows)}: {words}."
    without = rows[rows["verdict"] == "none"]
    if (no_room := without["smallest_effect"].isna()).any():
        yield (
            f"In {list_classes(no_room, without)} with nothing shown, the closest control does so well that even a "
            "TPR of 1 from the map, at the same FPR, would not be clearly better."
        )
    if (unknown := rows["verdict"].isna()).any():
        yield f"No verdict in {list_classes(unknown, rows)}: the network does not recognise the unfiltered images."


def _low_frequencies(headline: pd.DataFrame) -> Iterator[str]:
    """Which shortcuts are of low frequencies, as far as the images tell."""
    if "tpr_low_pass" not in headline:
        return
    shortcuts = headline[headline["verdict"].isin(["strong", "weak"])]
    for word, says in LOWEST.items():
        if (chosen := shortcuts["than_lowest"] == word).any():
            yield f"In {list_classes(chosen, shortcuts, 'shortcuts')}, {says}."


def _removal(rows: pd.DataFrame) -> Iterator[str]:
    """How the TPR falls without the map. This may be clear where the map alone is not, and the other way round."""
    if rows["tpr_removed"].isna().all():
        return
    before, without, random = (rows[f"tpr_{name}"].mean() for name in ("unfiltered", "removed", "random_removed"))
    judged = rows[rows["needed"].notna()]
    needed = list_classes(judged["needed"] == True, judged)  # noqa: E712 (an object column)
    clear = "" if judged.empty else f" Clearly worse without the map: {needed}."
    yield (
        f"Removal, no part of the verdict: mean TPR {without:.2f} without the map (before: {before:.2f}), {random:.2f} "
        f"without as many random frequencies.{clear}"
    )
