"""What an analysis says of its verdicts, in its summary, its table and its page: every case, from made-up verdicts."""

import numpy as np
import pytest
from drawn_tables import verdicts
from PIL import Image

from frequency_shortcuts.analysis import clearest, page, result
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.figures.typeset import MISSING

CLASSES = ("ant", "bee", "cat", "dog", "emu", "fox")


@pytest.fixture
def analysis():
    """Of six classes: strong, strong and of low frequencies, weak, none, no verdict, too few images."""
    split = Split(np.zeros((13, 1, 4, 4), np.uint8), np.arange(13) % 6, CLASSES, [0.5], [0.5])
    about = {"percent": 5.0, "network": "small", "method": "culling", "seed": 0, "outputs": 1000, "quick": True}
    made = result.Analysis(None, np.ones((6, 4, 4), bool), None, split, split, np.ones((6, 1, 4, 4)), about)
    table = verdicts(CLASSES, (0,), [("small", "none")]).astype({"verdict": object, "low_frequency": object})
    kinds = {
        "verdict": ["strong", "strong", "weak", "none", None, "too few images"],
        "low_frequency": [False, True, np.nan, True, True, True],
        "best_control": ["other", "radial", "random", "random", "other", "radial"],
        "closest_class": ["emu", None, None, None, "ant", None],
    }
    for name, values in kinds.items():
        table[name] = table["class"].map(dict(zip(CLASSES, values, strict=True)))
    removed = ["none", "strong", "weak", "strong", None, "too few images"]
    table["verdict"] = table["verdict"].where(
        table["part"] == "keep", table["class"].map(dict(zip(CLASSES, removed, strict=True)))
    )
    table["draws_other"] = 5
    for part, kind, tpr, fpr in (("keep", "low_pass", 0.4, 0.1), ("keep", "dfm", 0.75, 0.05),
                                 ("remove", "dfm", 0.25, 0.0), ("remove", "random", 0.7, 0.0)):  # fmt: skip
        table.loc[table["part"] == part, [f"tpr_{kind}", f"fpr_{kind}"]] = tpr, fpr
    table["tpr_unfiltered"] = 0.875
    table.loc[table["class"] == "dog", "smallest_effect"] = np.nan
    made.__dict__["table"] = table.drop(columns=["dataset", "network", "augmentation", "seed"])
    return made


def test_the_summary_says_what_was_done_and_has_a_sentence_for_each_verdict(analysis):
    controls = "each other class's map and random masks of the same size"
    assert analysis.summary().splitlines() == [
        "6 classes: the maps are given, 13 images (2 to 3 of each class) test them.",
        "The network chose among 6 of its 1,000 outputs.",
        "The test keeps the map of a class, 5 % of the frequencies; the others are zero (fill: zeros).",
        "Strong shortcut: the map alone is enough to recognise the class, and clearly better than "
        f"{controls}: 2 of 6 classes (ant, bee).",
        f"Weak shortcut: the map alone is clearly better than {controls}, but the class is rarely recognised from it, "
        "or others are taken for it: 1 of 6 classes (cat).",
        f"No shortcut: the map alone is not clearly better than {controls}: 1 of 6 classes (dog).",
        f"Too few images to tell: not even a TPR of 1 against 0 would be clearly better than {controls}: 1 of 6 "
        "classes (fox).",
        "The closest control does so well that even a TPR of 1 from the map, at the same FPR, would not be clearly "
        "better: 1 of 1 classes (dog) without a shortcut.",
        "No verdict, since the network does not recognise the unfiltered images: 1 of 6 classes (emu).",
        "The lowest frequencies alone, as many as in the map, give on average TPR 0.40, FPR 0.10; the maps TPR 0.75, "
        "FPR 0.05.",
        "They do as well as the map: 1 of 3 shortcuts (bee).",
        "Removal, which is no part of the verdict: without its map, the mean TPR of a class goes from 0.88 to 0.25; "
        "without as many random frequencies, to 0.70.",
        "The network needs its map, since TPR - FPR falls clearly more than without random frequencies: 3 of 4 classes "
        "(bee, cat, dog).",
        "This was a quick analysis: it leaves out images, so that its maps are less exact and its intervals wider, "
        "and the other fill.",
    ]


def test_the_summary_says_nothing_of_what_was_not_tested(analysis):
    analysis.about.update(quick=False, outputs=6)
    kept = analysis.table[analysis.table["part"] == "keep"].drop(columns=["tpr_low_pass", "fpr_low_pass"])
    analysis.__dict__["table"] = kept.assign(fpr_dfm=np.nan, draws_other=2)
    text = analysis.summary()
    assert "The network chose among all of its 6 outputs." in text and "2 other classes' maps and random" in text
    assert "Removal" not in text and "quick" not in text and "lowest" not in text and "needs" not in text


def test_the_page_names_the_closest_control_and_shows_removal(analysis, tmp_path):
    headings, rows = page._readable(analysis.verdicts)
    columns = zip(*rows, strict=True)
    named = {f"{group}: {heading}": column for (group, heading), column in zip(headings, columns, strict=True)}
    assert named["the map alone is kept: closest control"] == (
        "the map of emu", "random masks, same radii", "random masks, uniform", "random masks, uniform",
        "the map of ant", "random masks, same radii",
    )  # fmt: skip
    assert named["the map alone is kept: lowest frequencies do as well"] == ("no", "yes", MISSING, "yes", "yes", "yes")
    assert named["the map alone is kept: smallest clear margin"] == ("0.15",) * 3 + (MISSING,) + ("0.15",) * 2
    assert named["the map is removed: needed"] == ("no", "yes", "yes", "yes", MISSING, MISSING)
    assert named["the map is removed: TPR"] == ("0.25",) * 6 and named["test images: of the class"] == ("50",) * 6
    margin, low, high = analysis.verdicts.loc[0, ["margin", "margin_low", "margin_high"]]
    interval = named["the map alone is kept: margin over it (95 % interval)"][0].replace("\xa0", " ")
    assert interval == f"{margin:.2f} ({low:.2f} to {high:.2f})"
    for name in page.DRAWINGS:
        Image.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
    text = page.render(analysis, tmp_path)
    assert "<td>the map of emu</td>" in text and '<th scope="col">lowest frequencies do as well</th>' in text
    assert text.count('<tr class="strong">') == 2 and "Removal asks another question" in text
    assert '<th scope="colgroup" colspan="3">the map is removed</th>' in text
    analysis.__dict__["table"] = analysis.table[analysis.table["part"] == "keep"]
    text = page.render(analysis, tmp_path)
    assert "the map is removed" not in text and "Removal" not in text


@pytest.mark.parametrize(
    ("left_out", "shown", "words"),
    [
        ([], None, "The clearest of 6 classes: strong shortcut."),
        (["strong"], "cat", "The clearest of 6 classes: weak shortcut."),
        (["strong", "weak"], None, "No class is clear. This one has the largest margin over its closest control"),
    ],
)
def test_the_first_picture_shows_the_clearest_class_or_says_that_none_is(analysis, left_out, shown, words):
    table = analysis.table[~analysis.table["verdict"].isin(left_out)]
    row = clearest.clearest_class(table)
    mine = table[table["headline"] & (table["verdict"] == "strong" if not left_out else True)]
    assert row["class"] == (shown or mine.loc[mine["margin"].idxmax(), "class"])
    assert clearest.note(row, 6).startswith(words)
