"""What an analysis does by default, what it says before and after its search, and how little large problems take."""

import dataclasses
import logging
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from drawn_tables import verdicts
from PIL import Image
from torch import nn
from waves_and_network import MEAN, SIZE, STD, WAVES, WaveNetwork, analyse, images_and_labels

import frequency_shortcuts as fs
from frequency_shortcuts.analysis import clearest, flip, page, plan, result, summary
from frequency_shortcuts.analysis.analyse import negatives_by_default
from frequency_shortcuts.analysis.counterfactuals import FlipTest
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import trials
from frequency_shortcuts.evaluation.counterfactual import Settings, collect
from frequency_shortcuts.evaluation.flip_rates import VERDICTS
from frequency_shortcuts.figures.typeset import MISSING
from frequency_shortcuts.maps.methods import mixture, registry
from frequency_shortcuts.maps.methods.method import make_settings
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

CLASSES = ("ant", "bee", "cat", "dog", "emu", "fox")
IMAGES, LABELS = images_and_labels()
SPLIT = Split(IMAGES, LABELS, tuple("abcd"), np.array(MEAN), np.array(STD))
MANY = trials.Trials(("keep", "remove"), one_sample=True)


class Counted(WaveNetwork):
    """Keeps the size of every batch, also of batches that its copies get."""

    sizes: ClassVar[list[int]] = []

    def forward(self, images):
        self.sizes.append(len(images))
        return super().forward(images)


class WithoutGradient(WaveNetwork):
    def forward(self, images):
        return super().forward(images.detach())


class Flat(WaveNetwork):
    """Rounds its images, so that all gradients are 0."""

    def forward(self, images):
        return super().forward((8 * images).round() / 8)


# The method


def test_the_default_method_finds_the_wave_of_each_class():
    made = analyse(method=None)
    assert made.about["method"] == "mixture" and made.found.settings["samples"] == plan.SAMPLES
    best = ConjugatePairs(SIZE, SIZE).frequencies[made.found.score[:3].argmax(axis=1)]
    assert [tuple(np.abs(place)) for place in best] == [tuple(np.abs(wave)) for wave in WAVES]


@pytest.mark.parametrize("name", registry.PRESETS)
def test_a_preset_is_its_method_with_its_settings(name):
    method, settings = registry.PRESETS[name]
    chosen = make_settings(registry.load(method), settings)
    assert chosen != make_settings(registry.load(method), {}) and name not in registry.METHODS
    planned = plan.plan_search(fs.Search(method=name), WaveNetwork(), SPLIT)
    assert planned.name == name and settings.items() <= planned.settings.items()


@pytest.mark.parametrize("network", [WithoutGradient, Flat])
def test_a_network_without_gradients_is_culled_and_the_analysis_says_so(network, caplog):
    network = nn.Sequential(nn.AvgPool2d(4), network())
    large = np.kron(IMAGES, np.ones((1, 1, 4, 4), np.uint8))
    made = analyse(large, LABELS, network, method=None, search_images=1, parts=())
    assert made.about["method"] == "culling" and "by cells of frequencies" in made.about["remark"]
    assert made.found.settings["patch"] == 2  # 32 cells along 64 frequencies
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [made.about["remark"]]


def test_sure_log_probabilities_have_a_gradient():
    """Their logsumexp is 0 whatever the image: only the log-odds of a class tell."""
    sure = nn.Sequential(WaveNetwork(), nn.LogSoftmax(1))
    sure[0].scale.data *= 20
    assert plan.seconds_per_pass(sure, SPLIT) is not None


def test_a_named_method_that_needs_gradients_says_so_itself():
    with pytest.raises(ValueError, match="the network gives no gradient"):
        analyse(network=WithoutGradient(), method="mixture")
    with pytest.raises(ValueError, match=r"no gradient, .*: name the method that the settings samples are of"):
        analyse(network=WithoutGradient(), method=None, settings={"samples": 9})
    assert analyse(network=WithoutGradient(), method="low_pass", parts=()).about["remark"] == ""


# The plan


def test_the_plan_is_shown_before_the_search(capsys, monkeypatch):
    monkeypatch.setattr(mixture, "scores", lambda *_: (_ for _ in ()).throw(ValueError("searched")))
    with pytest.raises(ValueError, match="searched"):
        analyse(method=None, progress=True, name="small")
    lines = [line for line in capsys.readouterr().err.splitlines() if ":" in line]
    assert lines[0] == (
        "small, 4 classes: 40 images rank frequencies, 40 test; 40 find maps, 40 test them; the network chooses among "
        "all its 4 outputs"
    )
    assert lines[1] == "accuracy without a filter: 100.0% (mean over classes; chance: 25.0%)"
    passes = plan.flip_passes(SPLIT.subset(np.arange(40)), Settings())
    assert lines[2].startswith(f"counterfactual test: about {passes:,} passes, ") and len(lines) == 5
    assert lines[3].startswith("search by mixture: about 960 passes, ")
    expected = trials.count_passes(4, 40, trials.Trials(fills=["zeros"], one_sample=True))
    assert lines[4].startswith(f"test of maps beside controls: about {expected:,.0f} passes, ")


def test_without_bars_the_plan_is_in_the_log(caplog, capsys):
    class Five(WaveNetwork):
        def forward(self, images):
            return nn.functional.pad(super().forward(images), (1, 0), value=1e3)

    with caplog.at_level(logging.INFO):
        analyse(network=Five(), outputs=[1, 2, 3, 4], classes=["a", "b", "c", "d"], parts=())
    assert "the network chooses among 4 of its 5 outputs (a 1, b 2, c 3, d 4)" in caplog.text
    assert "search by gradient: about 120 passes" in caplog.text and not capsys.readouterr().err


@pytest.mark.parametrize("options", [{}, {"maps": np.ones((4, SIZE, SIZE), bool)}])
def test_a_network_that_is_not_above_chance_is_not_searched(options, monkeypatch):
    monkeypatch.setattr("frequency_shortcuts.analysis.analyse.find", None)
    words = r"recognises 0.0% of the test images \(mean over 4 classes\), which is not above chance: check which output"
    with pytest.raises(ValueError, match=words):
        analyse(outputs=[1, 2, 3, 0], **options)


def test_chance_is_that_of_classes_of_any_size():
    """Always naming the largest class is right for 40 of 100 images, and not above chance."""

    class Constant(nn.Module):
        def forward(self, images):
            return images.mean(dim=(1, 2, 3))[:, None] * 0 + torch.eye(4)[:1]

    images, labels = images_and_labels(160)
    chosen = (labels == 0) | (np.arange(160) < 80)
    with pytest.raises(ValueError, match=r"recognises 25.0% of the test images"):
        analyse(images[chosen], labels[chosen], Constant())


# Large problems


@pytest.mark.parametrize(
    ("n", "others", "negatives", "one_sample", "false_positives"),
    [(6, 2, 12, False, True), (6, None, 5, True, True), (9, 1, None, True, False), (4, 20, 100, False, False)],
)
def test_passes_are_those_of_the_masks_and_images_of_a_test(n, others, negatives, one_sample, false_positives):
    """Exactly with one sample. Classes that draw their own share some images by chance."""
    per_class, size = 4, (12, 12)
    labels, pairs = np.repeat(np.arange(n), per_class), ConjugatePairs(*size)
    inner = (pairs.size == 2) & (pairs.radius > 3)
    score = np.where(inner, np.random.default_rng(0).random((n, len(pairs))), -1)
    masks = fs.dfm.dominant(score, pairs, 10)
    how = trials.Trials(("keep", "remove"), ["zeros"], 3, 2, others, negatives, one_sample, false_positives)
    shown, _ = trials.plan_trials(masks, how, "")
    if one_sample:
        negative = trials.sample_of_negatives(labels, n, negatives, 0)
    else:
        negative = np.stack([np.isin(np.arange(4 * n), trials.negatives_of(labels, c, negatives, 0)) for c in range(n)])
    own = labels == np.arange(n)[:, None]
    needed = (shown.is_for.astype(int) @ own + shown.for_others.astype(int) @ negative) > 0
    count = trials.count_passes(n, len(labels), how)
    if not false_positives:  # the count shows random and low-pass masks to all images in any case
        needed[shown.is_for.sum(axis=1) == n] = True
    assert count == pytest.approx(needed.sum(), rel=0.05 if one_sample else 0.35)


def test_passes_of_removal_and_classes_with_false_positives_have_a_closed_form():
    removal = trials.Trials(("remove",), ["zeros"], controls=3, negatives=12)
    assert trials.count_passes(4, 40, removal) == 4 * (10 + 12) + 3 * 40
    assert [trials.has_negatives(n, neutral) for n, neutral in ((2, None), (2, 0), (3, None))] == [False, True, True]


def test_one_sample_is_even_over_the_classes_and_leaves_out_those_of_the_class():
    labels = np.repeat(np.arange(5), [3, 1, 4, 9, 2])
    negative = trials.sample_of_negatives(labels, 5, 7, seed=1)
    sample = np.flatnonzero(negative.any(axis=0))
    assert len(sample) == 7 and np.bincount(labels[sample]).max() <= 2
    for c, of_class in enumerate(negative):
        assert np.flatnonzero(of_class).tolist() == [i for i in sample if labels[i] != c]
    assert np.array_equal(trials.sample_of_negatives(labels, 5, None, 1), labels != np.arange(5)[:, None])


def test_false_positives_of_all_classes_are_counted_on_one_sample():
    made = analyse(*images_and_labels(80), negatives=8)
    drawn = trials.negatives_of(made.test.labels, None, 8, 0)
    for c, negatives in enumerate(made.hits.negatives):
        assert np.flatnonzero(negatives).tolist() == [i for i in drawn if made.test.labels[i] != c]
    everything = analyse(*images_and_labels(80))
    assert everything.hits.negatives.sum() == 40 * 3  # fewer images than the limit


@pytest.mark.parametrize(("n_classes", "expected"), [(4, 100), (300, 300), (2000, 1000)])
def test_by_default_there_are_some_negatives_for_each_test_image_of_a_class(n_classes, expected):
    assert negatives_by_default(n_classes, 50) == expected


def test_the_passes_of_the_counterfactual_test_are_an_upper_bound():
    settings = Settings(images=6, draws=2)
    split = dataclasses.replace(SPLIT, neutral=3)
    Counted.sizes = []
    collect(Counted(), split, split, settings=settings)
    passes, checks = sum(Counted.sizes), 20
    assert passes - checks <= plan.flip_passes(split, settings) <= 1.5 * passes


# What it says of its verdicts, from made-up verdicts of every case


@pytest.fixture
def flips():
    """Of six classes, one for each verdict; the first one follows by each number."""
    values = {
        "flip": [0.99, 0.01, 0.9, 0.02, 0.19, 0.5], "sham": [0.98, 0.02, 0.03, 0.02, 0.1, 0.5],
        "part": [0.97, 0.01, 0.04, np.nan, 0.1, 0.5], "need": [0.01, 0.79, 0.8, 0.03, np.nan, 0.5],
    }  # fmt: skip
    table = pd.DataFrame({"class": CLASSES})
    for name, column in values.items():
        table[name] = column
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.08, table[name] + 0.0449
    others = {"coarse": 0.4, "recall": 0.9, "images": 200, "verdict": VERDICTS, "cause": None,
              "by": ["flip", "need", "flip", "flip", "flip", "flip"]}  # fmt: skip
    table = table.assign(**others, pairs=pd.array([3, *[pd.NA] * 5], "Int64"))
    split = Split(np.zeros((13, 1, 4, 4), np.uint8), np.arange(13) % 6, CLASSES, [0.5], [0.5])
    made = FlipTest(None, split, split, None, SimpleNamespace(about={"rms": np.arange(1, 7) / 19}), 0)
    made.__dict__["table"] = table
    return made


@pytest.fixture
def analysis(flips):
    """Of six classes: strong, strong and of low frequencies, weak, none, no verdict, too few images."""
    split, maps = flips.test, np.ones((6, 4, 4), bool)
    about = {"percent": 5.0, "network": "small", "method": "culling", "seed": 0, "outputs": 1000}
    hits = SimpleNamespace(labels=split.labels)
    made = result.Analysis(split, split, about, flips, maps, None, hits, np.ones((6, 1, 4, 4)))
    table = verdicts(CLASSES, (0,), [("small", "none")]).astype({"verdict": object, "than_lowest": object})
    kinds = {
        "verdict": ["strong", "strong", "weak", "none", None, "too few images"],
        "than_lowest": ["better", "as well", np.nan, "worse", "as well", "undecided"],
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
    table["tpr_unfiltered"], table["fpr_unfiltered"] = 0.875, 0.02
    table.loc[table["class"] == "dog", "smallest_effect"] = np.nan
    made.__dict__["table"] = table.drop(columns=["dataset", "network", "augmentation", "seed"])
    return made


NOT_FOUND = [
    "Not shown in 1 of 6 classes (dog): flip, sham and part are at most 7 %, the need is at most 8 % (largest upper "
    "ends).",
    "Cannot tell in 1 of 6 classes (emu): a number may lie on either side of its threshold, only images of one other "
    "class are called so, or too few are left for the need.",
    "Not recognised, so without a verdict, in 1 of 6 classes (fox): the recall is below 0.5.",
]
IMAGES_TESTED = "Tested: 13 images (2 to 3 of each class), with statistics of 13 images (2 to 3 of each class)."


def test_the_summary_begins_with_a_sentence_for_each_class_that_follows_or_needs(analysis):
    """The classes come by their lower end. A class that follows by several numbers gets the sentence of the first."""
    first = (
        "Give other images the fine spectrum of ant (a change of 5.3 % of the pixel range, root mean square), and 99 % "
        "[91, 100] of them are called ant."
    )
    sentences = summary.sentences_of_flips(analysis)
    assert sentences == [
        first,
        "Give other images the fine spectrum of cat (a change of 16 % of the pixel range, root mean square), and 90 % "
        "[82, 94] of them are called cat. Without its own fine spectrum, 80 % [72, 84] of cat are no longer "
        "recognised.",
        "Without its own fine spectrum, 79 % [71, 83] of bee are no longer recognised.",
        "The network relies on the fine spectrum in 3 of 6 classes, texture or artefact: the picture and your "
        "knowledge of the images tell which.",
        *NOT_FOUND,
        IMAGES_TESTED,
        "The network chose among 6 of its 1,000 outputs.",
    ]
    assert "no shortcut" not in " ".join(summary.sentences(analysis)).lower()
    lines = analysis.summary().splitlines()
    assert max(map(len, lines)) <= 100 and lines[0] == first[: len(lines[0])]
    table = analysis.flip_test.table
    table.loc[0, "cause"] = "blocks"
    assert (
        summary.sentences_of_flips(analysis)[0] == f"{first} What sets its spectrum apart is likely the blocks of JPEG."
    )
    table.loc[0, ["cause", "by"]] = None, "sham"
    assert summary.sentences_of_flips(analysis)[0] == (
        "Disturb the fine spectrum of other images in ways that are not of ant, and 98 % [90, 100] of them are called "
        "ant: the class is a sink, which takes disturbed images."
    )
    table.loc[0, "by"] = "part"
    assert summary.sentences_of_flips(analysis)[0] == (
        "Give other images the finest part of an image of ant, and 97 % [89, 100] more of them are called ant than "
        "with that of an image of their own class."
    )


def test_of_many_classes_that_follow_the_clearest_dozen_has_sentences(analysis):
    row = analysis.flip_test.table.iloc[0]
    names = [f"c{c}" for c in range(20)]
    low = np.linspace(0.3, 0.9, 20)
    many = pd.DataFrame([row] * 20).assign(**{"class": names, "flip_low": low}).reset_index(drop=True)
    analysis.flip_test.__dict__["table"] = many
    analysis.flip_test.hits.about["rms"] = np.full(20, 0.05)
    object.__setattr__(analysis.flip_test, "test", SimpleNamespace(classes=tuple(names), labels=analysis.test.labels))
    sentences = summary.sentences_of_flips(analysis)
    assert [s.split("spectrum of ")[1].split()[0] for s in sentences[:12]] == names[:7:-1]
    assert "in 20 of 20 classes (the clearest 12 are above), texture or artefact:" in sentences[12]


def test_the_first_picture_shows_the_clearest_flip_or_says_that_there_is_none(analysis):
    words = "The clearest of 6 classes: the network needs its fine spectrum, texture or artefact."
    assert flip.note(analysis.flip_test.table.iloc[1], 6) == words
    sink = analysis.flip_test.table.iloc[0].to_dict() | {"by": "sham"}
    assert flip.note(sink, 6) == "The clearest of 6 classes: a sink, which takes disturbed images."
    words = "None of 6 classes clearly follows or needs its fine spectrum. Here: the highest flip rate."
    assert flip.note(analysis.flip_test.table.iloc[3], 6) == words


def test_the_summary_says_of_maps_what_was_done_and_has_a_sentence_for_each_verdict(analysis):
    controls = "each other class's map and random masks"
    assert summary.sentences_of_maps(analysis) == [
        "Is a map enough? Maps of 6 classes: they are given, 13 images (2 to 3 of each class) test them.",
        "The test keeps the map of a class, 5 % of the frequencies; the others are zero (fill: zeros).",
        "Mean TPR (share of a class that is recognised) and FPR (share of the others that are taken for it): 0.88 and "
        "0.02 without a filter; 0.75 and 0.05 from the maps alone; 0.40 and 0.10 from as many lowest frequencies.",
        "Strong shortcut in 2 of 6 classes (ant, bee): the map alone is enough to recognise the class, and clearly "
        f"better than {controls}.",
        f"Weak shortcut in 1 of 6 classes (cat): the map alone is clearly better than {controls}, but it is not sure "
        "that the class is mostly recognised from it, and few others are taken for it.",
        f"Nothing shown in 1 of 6 classes (dog): the map alone is not clearly better than {controls}.",
        "Too few images to tell in 1 of 6 classes (fox): not even a TPR of 1 against 0 would be clearly better than "
        f"{controls}.",
        "In 1 of 1 classes (dog) with nothing shown, the closest control does so well that even a TPR of 1 from the "
        "map, at the same FPR, would not be clearly better.",
        "No verdict in 1 of 6 classes (emu): the network does not recognise the unfiltered images.",
        "In 1 of 3 shortcuts (bee), the lowest frequencies do as well.",
        "In 1 of 3 shortcuts (ant), the lowest frequencies do worse.",
        "Removal, no part of the verdict: mean TPR 0.25 without the map (before: 0.88), 0.70 without as many random "
        "frequencies. Clearly worse without the map: 3 of 4 classes (bee, cat, dog).",
    ]
    parts = [*summary.sentences_of_flips(analysis), *summary.sentences_of_maps(analysis)]
    assert summary.sentences(analysis) == [*parts, *analysis.advice]


def test_the_summary_says_nothing_of_what_was_not_tested(analysis):
    analysis.about.update(outputs=6)
    kept = analysis.table[analysis.table["part"] == "keep"].drop(columns=["tpr_low_pass", "fpr_low_pass"])
    analysis.__dict__["table"] = kept.assign(fpr_dfm=np.nan, draws_other=2)
    text = " ".join(summary.sentences(analysis))
    assert "recognised): 0.88 without a filter; 0.75 from the maps alone." in text and "and FPR (" not in text
    assert "2 other classes' maps and random" in text
    for word in ("outputs", "Removal", "lowest", "Clearly worse"):
        assert word not in text


def test_the_page_names_the_closest_control_and_shows_removal(analysis, tmp_path):
    headings, rows = page._readable(analysis.verdicts)
    columns = zip(*rows, strict=True)
    named = {f"{group}: {heading}": column for (group, heading), column in zip(headings, columns, strict=True)}
    assert named["the map alone is kept: closest control"] == (
        "the map of emu", "random masks, same radii", "random masks, uniform", "random masks, uniform",
        "the map of ant", "random masks, same radii",
    )  # fmt: skip
    words = ("better", "as well", MISSING, "worse", "as well", "undecided")
    assert named["the map alone is kept: than the lowest frequencies"] == words
    assert named["the map alone is kept: smallest clear margin"] == ("0.15",) * 3 + (MISSING,) + ("0.15",) * 2
    assert named["the map is removed: needed"] == ("no", "yes", "yes", "yes", MISSING, MISSING)
    assert named["the map is removed: TPR"] == ("0.25",) * 6 and named["test images: of the class"] == ("50",) * 6
    margin, low, high = analysis.verdicts.loc[0, ["margin", "margin_low", "margin_high"]]
    interval = named["the map alone is kept: margin over it (95 % interval)"][0].replace("\xa0", " ")
    assert interval == f"{margin:.2f} ({low:.2f} to {high:.2f})"
    for name in ("flip", *page.DRAWINGS):
        Image.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
    text = page.render(analysis, tmp_path)
    assert "<td>the map of emu</td>" in text and '<th scope="col">than the lowest frequencies</th>' in text
    assert text.count('<tr class="strong">') == 5 and "Removal asks another question" in text
    assert '<th scope="colgroup" colspan="3">the map is removed</th>' in text
    analysis.__dict__["table"] = analysis.table[analysis.table["part"] == "keep"]
    text = page.render(analysis, tmp_path)
    assert "the map is removed" not in text and "Removal" not in text


@pytest.mark.parametrize(
    ("left_out", "shown", "words"),
    [
        ([], None, "The clearest of 6 classes: strong shortcut."),
        (["strong"], "cat", "The clearest of 6 classes: weak shortcut."),
        (["strong", "weak"], None, "No map is clearly better than its controls. That of this class comes closest"),
    ],
)
def test_the_first_picture_of_maps_shows_the_clearest_class_or_says_that_none_is(analysis, left_out, shown, words):
    table = analysis.table[~analysis.table["verdict"].isin(left_out)]
    row = clearest.clearest_class(table)
    mine = table[table["headline"] & (table["verdict"] == "strong" if not left_out else True)]
    assert row["class"] == (shown or mine.loc[mine["margin"].idxmax(), "class"])
    assert clearest.note(row, 6).startswith(words)


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_is_that_of_one_network(analysis):
    (axis,) = analysis.figure().axes
    assert axis.get_title().splitlines()[-2:] == ["small", "bold: strong shortcut"]
    bold = [label.get_text() for label in axis.get_yticklabels() if label.get_fontweight() == "bold"]
    assert bold == ["ant", "bee"]
