"""What an analysis says of its verdicts, in its summary, its table and its page: every case, from made-up verdicts."""

import numpy as np
import pytest
from drawn_tables import over_seeds, verdicts
from PIL import Image

from frequency_shortcuts.analysis import page, result
from frequency_shortcuts.data.splits import Split

CLASSES = ("ant", "bee", "cat", "dog", "emu")


@pytest.fixture
def analysis():
    """An analysis of five classes: strong, strong and of low frequencies, weak, none, and no verdict."""
    split = Split(np.zeros((5, 1, 4, 4), np.uint8), np.arange(5), CLASSES, [0.5], [0.5])
    about = {"percent": 5.0, "network": "small", "method": "culling", "seed": 0, "images that test them": 5}
    made = result.Analysis(None, np.ones((5, 4, 4), bool), None, split, split, np.ones((5, 1, 4, 4)), about)
    table = verdicts(CLASSES, (0,), [("small", "none")]).astype({"verdict": object, "low_frequency": object})
    kinds = {
        "verdict": ["strong", "strong", "weak", "none", None],
        "low_frequency": [False, True, np.nan, True, True],
        "best_control": ["other", "radial", "random", "random", "other"],
        "closest_class": ["emu", None, None, None, "ant"],
    }
    for name, values in kinds.items():
        table[name] = table["class"].map(dict(zip(CLASSES, values, strict=True)))
    made.__dict__["table"] = table.drop(columns=["dataset", "network", "augmentation", "seed"])
    return made


def test_the_summary_has_a_sentence_for_each_verdict_and_one_for_low_frequencies(analysis):
    assert analysis.summary().splitlines() == [
        "Strong shortcut: 5 % of the frequencies are enough to recognise the class, and clearly more so than "
        "each other class's map and random masks of the same size (fill: zeros): 2 of 5 classes (ant, bee).",
        "Weak shortcut: clearly above each other class's map and random masks of the same size, but the class is "
        "rarely recognised from its map, or others are taken for it: 1 of 5 classes (cat).",
        "No shortcut: not clearly above each other class's map and random masks of the same size: 1 of 5 classes "
        "(dog).",
        "The lowest frequencies of the same number do as well as the map: 1 of these 3 shortcuts (bee).",
        "No verdict, since the network does not recognise the unfiltered images: 1 of 5 (emu).",
    ]
    analysis.table["low_frequency"] = False
    assert "lowest" not in analysis.summary()


def test_the_page_names_the_closest_control_and_says_whether_low_frequencies_do_as_well(analysis, tmp_path):
    rows = page._readable(analysis.verdicts)
    assert rows["closest control"].tolist() == [
        "the map of emu", "random masks, same radii", "random masks, uniform", "random masks, uniform",
        "the map of ant",
    ]  # fmt: skip
    low = rows["lowest frequencies do as well"]
    assert low.where(low.notna(), "").tolist() == ["no", "yes", "", "yes", "yes"]
    assert "closest_class" not in rows and "robust" not in rows
    for name in page.DRAWINGS:
        Image.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
    text = page.render(analysis, tmp_path)
    assert "<td>the map of emu</td>" in text and '<th scope="col">lowest frequencies do as well</th>' in text
    assert text.count('<tr class="strong">') == 2 and "robust" not in text and "noise" not in text


@pytest.mark.slow
@pytest.mark.usefixtures("closed_figures")
def test_the_figure_is_that_of_one_network(analysis, monkeypatch):
    monkeypatch.setattr(result, "over_seeds", over_seeds)
    (axis,) = analysis.figure().axes
    assert axis.get_title().splitlines() == ["small", "bold: strong shortcut"]
    bold = [label.get_text() for label in axis.get_yticklabels() if label.get_fontweight() == "bold"]
    assert bold == ["ant", "bee"]
