"""What an analysis says: tables, fixed sentences, the words of pages, and names of files."""

import html
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from drawn_tables import verdicts
from fine_wave import MEAN, STD, Reader, images_and_labels
from PIL import Image
from small_stores import saved

import frequency_shortcuts as fs
from frequency_shortcuts.analysis import summary
from frequency_shortcuts.analysis.advice import (
    MATCHED,
    NOTHING,
    REFITTING,
    REMEDIES,
    SWAPPING,
    advice,
    facts_apart,
    kind_of_images,
)
from frequency_shortcuts.analysis.exchanges import clearest_first
from frequency_shortcuts.analysis.map_result import MapResult
from frequency_shortcuts.analysis.options import WITH_SWAP
from frequency_shortcuts.analysis.result import Analysis
from frequency_shortcuts.exchange.verdict import MEASURED
from frequency_shortcuts.figures.canvas import MISSING
from frequency_shortcuts.images.artefacts import CAUSES, put
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.source import Pixels
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.fills import FILLS
from study.images import grain

CLASSES = ("ant", "bee", "cat", "dog", "emu", "fox")
PARTS_FOUND = {"fine": (), "field": (), "patch": (5, 36)}


@pytest.fixture
def analysis():
    """Of six classes: strong, strong and of low frequencies, weak, none, no verdict, too few images.

    Its exchange test has each verdict; the first class follows all parts.
    """
    exchanges = pd.DataFrame(
        {
            "class": CLASSES,
            "recall": 0.42,
            "false_positives": 0.03,
            "images": 200,
            "cause": None,
            "place": None,
            "border": [0.8, 0.3, 0.01, 0.0, 0.04, 0.0],
            "fine": [0.99, 0.01, 0.9, 0.02, 0.17, 0.5],
            "field": [0.98, 0.02, 0.03, 0.02, 0.1, 0.5],
            "patch": [0.97, 0.79, 0.04, 0.01, np.nan, 0.5],
            "follows": ["border, fine, field, patch", "border, patch", "fine", "", "", ""],
            "verdict": [*["follows"] * 3, "nothing found", *["cannot tell"] * 2],
            "reason": ["recall 90 -> 10", *[f"reason {c}" for c in range(5)]],
        }
    )
    for name in MEASURED:
        exchanges[f"{name}_low"], exchanges[f"{name}_high"] = (
            exchanges[name] - 0.08,
            exchanges[name] + 0.0449,
        )
    about = {
        "percent": 5.0,
        "network": "small",
        "images": "",
        "method": "culling",
        "seed": 0,
        "outputs": 1000,
        "classes": 6,
        "images that rank frequencies": 13,
        "images that test": 13,
        "test images of the smallest class": 2,
        "trained with": "",
        "files differ": {},
    }
    table = verdicts(CLASSES, (0,), [("small", "none")]).astype(
        {"verdict": object, "than_lowest": object}
    )
    kinds = {
        "verdict": ["strong", "strong", "weak", "none", None, "too few images"],
        "than_lowest": ["better", "as well", np.nan, "worse", "as well", "undecided"],
        "best_control": ["other", "radial", "random", "random", "other", "radial"],
        "closest_class": ["emu", None, None, None, "ant", None],
        "removed": ["none", "strong", "weak", "strong", None, "too few images"],
    }
    for name, values in kinds.items():
        table[name] = table["class"].map(dict(zip(CLASSES, values, strict=True)))
    table["verdict"] = table["verdict"].where(table["part"] == "keep", table["removed"])
    table["draws_other"] = 5
    for part, kind, tpr, fpr in (("keep", "low_pass", 0.4, 0.1), ("keep", "dfm", 0.75, 0.05),
                                 ("remove", "dfm", 0.25, 0.0), ("remove", "random", 0.7, 0.0)):  # fmt: skip
        table.loc[table["part"] == part, [f"tpr_{kind}", f"fpr_{kind}"]] = tpr, fpr
    table["tpr_unfiltered"], table["fpr_unfiltered"] = 0.875, 0.02
    table.loc[table["class"] == "dog", "smallest_effect"] = np.nan
    table = table.drop(columns=["dataset", "network", "augmentation", "seed", "removed"])
    maps = MapResult(np.ones((6, 4, 4), bool), None, pd.DataFrame(), table, None)
    nothing = REMEDIES.iloc[:0]
    places = {"patch": np.array([36, 5, 0, 0, 0, 0])}
    answers = SimpleNamespace(place=places, tested=range(6))
    return Analysis(CLASSES, about, answers, exchanges, nothing, (), map_result=maps)


def test_the_parts_are_what_classes_follow_and_all_where_only_the_border_is_named(analysis):
    assert analysis.parts == PARTS_FOUND
    assert replace(analysis, exchanges=analysis.exchanges.iloc[2:3]).parts == {"fine": ()}
    assert replace(analysis, exchanges=analysis.exchanges.iloc[3:]).parts == {}
    by_border = analysis.exchanges.iloc[2:3].assign(follows="border")
    everything = {"fine": (), "field": (), "patch": ()}
    assert replace(analysis, exchanges=by_border).parts == everything


def with_maps(analysis, table):
    """The same with other verdicts of maps."""
    return replace(analysis, map_result=replace(analysis.map_result, verdicts=table))


NO = MISSING
EXCHANGES = f"""\
What each class follows: shares in %
class  verdict        follows                     reason
ant    follows        border, fine, field, patch  recall 90 -> 10
cat    follows        fine                        reason 1
bee    follows        border, patch               reason 0
fox    cannot tell    {NO}                           reason 4
emu    cannot tell    {NO}                           reason 3
dog    nothing found  {NO}                           reason 2
"""


def test_the_summary_is_a_table_and_six_sentences(analysis):
    said = summary.sentences_on_exchanges(analysis.exchanges, PARTS_FOUND, analysis.about)
    assert [sentence.split()[0] for sentence in said] == [
        "Follows:",
        "Look",
        "To",
        "Nothing",
        "Cannot",
        "Tested:",
    ]
    assert (
        said[1].startswith("Look at images of ant, bee, cat, and")
        and ": nothing that has a name. " in said[1]
    )
    assert said[3].startswith("Nothing found: no number can be above 10 %. It holds for these")
    assert said[5] == (
        "Tested: 13 images (at least 2 of each class), with parts of 13. The network chose among 6 classes; "
        "outputs: 1,000."
    )
    assert said[2].startswith(
        f"To mend the network, train it anew with fs.Swap(parts={PARTS_FOUND})."
    )
    text = analysis.summary()
    assert text.startswith(EXCHANGES) and "no shortcut" not in text.lower()
    assert (
        max(map(len, text.splitlines())) <= 110
        and text.split("\n\n")[1].split() == " ".join(said).split()
    )


def test_four_lines_say_what_came_out(analysis):
    assert repr(analysis).splitlines() == [
        "Analysis of small: 6 classes",
        "follows: ant, bee, cat",
        "nothing found: dog",
        "cannot tell: emu, fox",
    ]


def test_a_likely_cause_and_facts_of_files_are_said_in_words(analysis):
    analysis.exchanges.loc[0, "cause"] = CAUSES["wave"]
    analysis.about["files differ"]["bee"] = "file format PNG"
    cells = summary.exchange_cells(clearest_first(analysis.exchanges))
    assert cells["likely cause"].tolist() == [CAUSES["wave"], *[MISSING] * 5]
    said = summary.sentences_on_exchanges(analysis.exchanges, PARTS_FOUND, analysis.about)[1]
    assert f"ant: {CAUSES['wave']}, bee: file format PNG." in said


def test_nothing_is_to_be_done_where_nothing_was_found(analysis):
    analysis.exchanges["verdict"] = "nothing found"
    said = summary.sentences_on_exchanges(analysis.exchanges, PARTS_FOUND, analysis.about)
    assert [sentence.split()[0] for sentence in said] == ["Nothing", "Tested:"]


def test_of_many_classes_the_table_has_the_clearest_dozen(analysis):
    analysis.exchanges.loc[0, ["border_low", "field_low", "patch_low"]] = 0.0
    row = analysis.exchanges.iloc[0]
    names = [f"c{c}" for c in range(20)]
    many = pd.DataFrame([row] * 20).assign(
        **{"class": names, "fine_low": np.linspace(0.3, 0.9, 20)}, follows="fine"
    )
    analysis = replace(analysis, exchanges=many.reset_index(drop=True))
    lines = analysis.summary().split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines[2:14]] == names[:7:-1] and lines[14:] == [
        "and 8 more rows"
    ]


def test_maps_have_a_table_of_their_own(analysis):
    text = analysis.summary().split("\n\n")
    assert len(text) == 3 and text[2].startswith(
        "Maps of 5 % of the frequencies, zeros elsewhere: shares in %,"
    )
    table = summary.map_cells(analysis.verdicts).set_index("class")
    assert table["verdict"].tolist()[:3] == ["strong", "strong", "weak"]
    assert table.loc[[*CLASSES[3:]], "verdict"].tolist() == ["none", MISSING, "too few images"]
    assert table.loc[[*CLASSES], "closest control"].tolist() == [
        "the map of emu", "random masks, same radii", "random masks, uniform", "random masks, uniform",
        "the map of ant", "random masks, same radii",
    ]  # fmt: skip
    assert table.loc[[*CLASSES], "than lowest frequencies"].tolist() == [
        "better", "as well", MISSING, "worse", "as well", "undecided"
    ]  # fmt: skip
    assert table.loc[[*CLASSES], "needed"].tolist() == ["no", "yes", "yes", "yes", MISSING, MISSING]
    assert set(table["TPR"]) == {"75"} and set(table["FPR"]) == {"5"}
    margin, low, high = analysis.verdicts.loc[0, ["margin", "margin_low", "margin_high"]]
    assert table.loc["ant", "margin"] == f"{100 * margin:.0f} [{100 * low:.0f}, {100 * high:.0f}]"


def test_the_summary_says_nothing_of_what_was_not_tested(analysis):
    kept = analysis.table[analysis.table["part"] == "keep"]
    cells = summary.map_cells(with_maps(analysis, kept.assign(fpr_dfm=np.nan)).verdicts)
    assert not {"FPR", "needed"} & {*cells}
    assert len(replace(analysis, map_result=None).summary().split("\n\n")) == 2


def test_the_page_has_the_tables_and_sentences(analysis):
    remedies = advice("grain", ["fine", "patch"], of_files=True, swapped=False)
    analysis = replace(analysis, advice=remedies)
    text = analysis._page(dict.fromkeys(("exchanges", "cards", "shortcuts"), ""))
    exchanges = summary.exchange_cells(analysis.exchanges)
    for table in (
        exchanges,
        summary.map_cells(analysis.verdicts),
        summary.advice_cells(remedies),
    ):
        for name in table:
            assert f'<th scope="col">{name}</th>' in text
        assert all(f"<td>{html.escape(one)}</td>" in text for one in table.to_numpy().ravel())
    assert text.count('<tr class="strong">') == 5
    said = summary.sentences_on_exchanges(analysis.exchanges, PARTS_FOUND, analysis.about)
    assert all(f"<li>{sentence[:40]}" in text for sentence in said)


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_is_that_of_one_network(analysis):
    figure = analysis.figure()
    (axis,) = figure.axes
    assert axis.get_title() == "small" and "bold: strong shortcut" in figure.artists[0].get_text()
    bold = [
        label.get_text() for label in axis.get_yticklabels() if label.get_fontweight() == "bold"
    ]
    assert bold == ["ant", "bee"]


PHOTOGRAPH = np.random.default_rng(2).normal(size=(40, 1, 32, 32)).cumsum(axis=2).cumsum(axis=3)


@pytest.mark.parametrize(
    ("kind", "images"),
    [
        ("grain", grain.images(2, 20, 301)[0]),
        (
            "flat",
            np.where(np.abs(PHOTOGRAPH) < 40, 0, 128 + PHOTOGRAPH).clip(0, 255).astype(np.uint8),
        ),
        ("photograph", (128 + 2 * PHOTOGRAPH).clip(1, 254).astype(np.uint8)),
    ],
)
def test_three_kinds_of_images_are_told_apart_also_if_one_class_is_blurred(kind, images):
    labels = np.arange(40) % 2
    for changed in (
        images,
        np.where(labels[:, None, None, None] == 1, put("blurred", 2.0, images), images),
    ):
        split = Split(changed, labels, ("cat", "owl"), np.zeros(1), np.ones(1))
        assert kind_of_images(Pixels(split, np.zeros(1), np.ones(1), torch.device("cpu"))) == kind


def test_the_advice_is_what_restored_recall_on_the_kind_and_no_swap_for_a_swapped_network():
    of_grain = REMEDIES[(REMEDIES["images"] == "grain") & (REMEDIES["restored"] > 0)]
    fine = of_grain[of_grain["part"] == "fine"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        advice("grain", ["fine"], of_files=True, swapped=False), fine, check_dtype=False
    )
    without = advice("grain", ["fine"], of_files=False, swapped=True)["remedy"].tolist()
    assert without == [REFITTING] and {*fine["remedy"]} == {MATCHED, SWAPPING, REFITTING}
    found = advice("flat", ["fine", "patch"], of_files=False, swapped=False)
    assert found[["part", "remedy"]].to_numpy().tolist() == [
        ["fine", SWAPPING],
        ["patch", SWAPPING],
    ]
    cells = summary.advice_cells(found)
    assert cells["restored the recall"].tolist() == ["1 of 2 artefacts", "1 of 1 artefacts"]
    assert summary.advice_title(found) == "What helped on images with a flat background"
    nothing = advice("photograph", ["fine"], of_files=True, swapped=False)
    assert nothing["remedy"].tolist() == [NOTHING] and nothing["images"].tolist() == ["photograph"]
    assert [*summary.advice_cells(nothing)] == ["followed", "what helps"]


def test_that_the_swap_failed_is_said_of_a_network_that_was_trained_with_it(analysis):
    analysis.about["trained with"] = WITH_SWAP
    said = summary.sentences_on_exchanges(analysis.exchanges, PARTS_FOUND, analysis.about)
    assert "fs.Swap did not remove what is followed." in said


def test_facts_of_files_that_set_a_class_apart_are_named(tmp_path):
    kinds, pixels = (("cat", "png"), ("owl", "jpg")), Image.new("L", (8, 8))
    files = [
        saved(tmp_path / name, f"{i}.{end}", pixels, quality=75)
        for i in range(6)
        for name, end in kinds
    ]
    images = ImageFiles(files, (8, 8), 1)
    split = Split(images, np.arange(12) % 2, ("cat", "owl"), np.zeros(1), np.ones(1))
    assert facts_apart(split) == {
        "cat": "file format PNG",
        "owl": "file format JPEG and JPEG quality 75",
    }


def check_words(text):
    """Assert that a page, or a summary, reads as words: names of files and what stands in the list of facts may not."""
    body, *_ = re.sub(r"<style>.*?</style>|base64,[^\"]*", "", text, flags=re.DOTALL).partition(
        "<h2>How it was made"
    )
    words = re.sub(r"\w+\.(csv|h5|png)\b", "", html.unescape(body))
    assert "`" not in words and not re.findall(r"[a-z]_[a-z]+", words)
    assert not {*CAUSES, *FILLS, "mixture"} & set(re.split(r"<[^>]*>|\n|  +", words))
    shares = re.findall(r"(-?\d+) \[(-?\d+), (-?\d+)\]", words)
    assert all(-100 <= int(share) <= 100 for row in shares for share in row)
    return words


@pytest.mark.parametrize(("n_classes", "maps"), [(2, None), (3, fs.Search("gradient"))])
def test_pages_have_no_codes_and_no_shares_above_1(n_classes, maps, tmp_path, small_pictures):
    images, labels = (of[images_and_labels(640)[1] < n_classes] for of in images_and_labels(640))
    classes = ("ant", "bee", "cat")[:n_classes]
    source = ["north", "south"] * (len(labels) // 2)
    result = fs.analyse(
        Reader(200, n_classes),
        images,
        labels,
        mean=MEAN,
        std=STD,
        classes=classes,
        test=fs.Evaluation(maps, source=source),
        run=fs.Run(name="my network", progress=False),
    )
    page = check_words((result.save(tmp_path / "network") / "report.html").read_text())
    assert "<title>my network</title>" in page and "Recall by source" in page
    assert ("bee" if n_classes > 2 else "ant or bee") in check_words(result.summary())
    found = fs.differences(images, labels, classes=classes, source=source, progress=False)
    page = check_words((found.save(tmp_path / "data") / "data.html").read_text())
    assert "Classes and sources" in page and check_words(found.summary())
