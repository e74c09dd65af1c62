"""What an analysis does by default, what it says before and after its search, and how little large problems take."""

import logging

import numpy as np
import pytest
import torch
from torch import nn
from waves_and_network import MEAN, SIZE, STD, WAVES, WaveNetwork, analyse, images_and_labels

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.map_plan import (
    SAMPLES,
    has_gradient,
    negatives_by_default,
    plan_search,
)
from frequency_shortcuts.exchange.test import count_passes
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import mixture, registry
from frequency_shortcuts.maps.methods.method import make_settings
from frequency_shortcuts.networks.predictions import Classifier
from frequency_shortcuts.shortcuts import trials
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

IMAGES, LABELS = images_and_labels()
SPLIT = Split(IMAGES, LABELS, tuple("abcd"), np.array(MEAN), np.array(STD))


class WithoutGradient(WaveNetwork):
    def forward(self, images):
        return super().forward(images.detach())


class Flat(WaveNetwork):
    """Rounds its images, so that all gradients are 0."""

    def forward(self, images):
        return super().forward((8 * images).round() / 8)


def test_the_default_method_finds_the_wave_of_each_class():
    made = analyse(method=None)
    assert made.about["method"] == "mixture" and made.found.settings["samples"] == SAMPLES
    best = ConjugatePairs(SIZE, SIZE).frequencies[made.found.score[:3].argmax(axis=1)]
    assert [tuple(np.abs(place)) for place in best] == [tuple(np.abs(wave)) for wave in WAVES]


@pytest.mark.parametrize("name", registry.PRESETS)
def test_a_preset_is_its_method_with_its_settings(name):
    method, settings = registry.PRESETS[name]
    chosen = make_settings(registry.load(method), settings)
    assert chosen != make_settings(registry.load(method), {}) and name not in registry.METHODS
    planned = plan_search(fs.Search(method=name), Classifier.frozen(WaveNetwork()), SPLIT)
    assert planned.name == name and settings.items() <= planned.settings.items()


@pytest.mark.parametrize("network", [WithoutGradient, Flat])
def test_a_network_without_gradients_is_culled_and_the_analysis_says_so(network, caplog):
    network = nn.Sequential(nn.AvgPool2d(4), network())
    large = np.kron(IMAGES, np.ones((1, 1, 4, 4), np.uint8))
    made = analyse(large, LABELS, network, method=None, search_images=1)
    assert made.about["method"] == "culling" and "by cells of frequencies" in made.about["remark"]
    assert made.found.settings["patch"] == 2  # 32 cells along 64 frequencies
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [made.about["remark"]]


def test_sure_log_probabilities_have_a_gradient():
    """Their logsumexp is 0 whatever the image: only the log-odds of a class tell."""
    sure = nn.Sequential(WaveNetwork(), nn.LogSoftmax(1))
    sure[0].scale.data *= 20
    assert has_gradient(Classifier.frozen(sure), SPLIT)


def test_a_named_method_that_needs_gradients_says_so_itself():
    with pytest.raises(ValueError, match="the network gives no gradient"):
        analyse(network=WithoutGradient(), method="mixture")
    with pytest.raises(
        ValueError, match=r"no gradient, .*: name the method that the settings samples are of"
    ):
        analyse(network=WithoutGradient(), method=None, settings={"samples": 9})
    assert analyse(network=WithoutGradient(), method="adcs").about["remark"] == ""


def test_the_plan_is_shown_before_the_search(capsys, monkeypatch):
    monkeypatch.setattr(mixture, "scores", lambda *_: (_ for _ in ()).throw(ValueError("searched")))
    with pytest.raises(ValueError, match="searched"):
        analyse(method=None, progress=True, name="small")
    lines = [line for line in capsys.readouterr().err.splitlines() if ":" in line]
    assert lines[0] == (
        "small, 4 classes: 40 images give parts, 40 test; 40 find maps, 40 test them; the network chooses among "
        "all its 4 outputs"
    )
    assert lines[1] == "accuracy without a filter: 100.0% (mean over classes; chance: 25.0%)"
    passes = count_passes(SPLIT.labels[:40], len(SPLIT.classes))
    assert lines[2].startswith(f"exchange test: about {passes:,} passes, ") and len(lines) == 5
    assert lines[3].startswith("search by mixture: about 960 passes, ")
    expected = trials.count_map_passes(4, 40, trials.Trials(fills=["zeros"], one_sample=True))
    assert lines[4].startswith(f"test of maps beside controls: about {expected:,.0f} passes, ")


def test_without_bars_the_plan_is_in_the_log(caplog, capsys):
    five = nn.Sequential(WaveNetwork(), nn.ConstantPad1d((1, 0), 1e3))
    with caplog.at_level(logging.INFO):
        analyse(network=five, outputs=[1, 2, 3, 4], classes=["a", "b", "c", "d"])
    assert "the network chooses among 4 of its 5 outputs (a 1, b 2, c 3, d 4)" in caplog.text
    assert "search by gradient: about 120 passes" in caplog.text and not capsys.readouterr().err


@pytest.mark.parametrize("options", [{}, {"maps": np.ones((4, SIZE, SIZE), bool)}])
def test_a_network_that_is_not_above_chance_is_not_searched(options, monkeypatch):
    monkeypatch.setattr("frequency_shortcuts.analysis.map_plan.find", None)
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


@pytest.mark.parametrize(
    ("n", "others", "negatives", "one_sample"),
    [(6, 2, 12, False), (6, None, 5, True), (9, 1, None, True), (4, 20, 100, False)],
)
def test_passes_are_those_of_the_masks_and_images_of_a_test(n, others, negatives, one_sample):
    """Exactly with one sample. Classes that draw their own share some images by chance."""
    per_class, size = 4, (12, 12)
    labels, pairs = np.repeat(np.arange(n), per_class), ConjugatePairs(*size)
    inner = (pairs.size == 2) & (pairs.radius > 3)
    score = np.where(inner, np.random.default_rng(0).random((n, len(pairs))), -1)
    masks = fs.dfm.dominant(score, pairs, 10)
    how = trials.Trials(("keep", "remove"), ["zeros"], 3, 2, others, negatives, one_sample)
    _, (to_own, to_judged), _ = trials.plan_trials(masks, how, "")
    own = labels == np.arange(n)[:, None]
    needed = to_own @ own | to_judged @ trials.negatives_by_class(labels, n, None, how)
    count = trials.count_map_passes(n, len(labels), how)
    assert count == pytest.approx(needed.sum(), rel=0.05 if one_sample else 0.35)


def test_passes_of_removal_and_classes_with_false_positives_have_a_closed_form():
    removal = trials.Trials(("remove",), ["zeros"], controls=3, negatives=12)
    assert trials.count_map_passes(4, 40, removal) == 4 * (10 + 12) + 3 * 40
    assert [trials.has_negatives(n, neutral) for n, neutral in ((2, None), (2, 0), (3, None))] == [
        False,
        True,
        True,
    ]


def test_one_sample_is_even_over_the_classes_and_leaves_out_those_of_the_class():
    labels = np.repeat(np.arange(5), [3, 1, 4, 9, 2])
    negative = trials.negatives_by_class(
        labels, 5, None, trials.Trials(negatives=7, one_sample=True, seed=1)
    )
    sample = np.flatnonzero(negative.any(axis=0))
    assert len(sample) == 7 and np.bincount(labels[sample]).max() <= 2
    for c, of_class in enumerate(negative):
        assert np.flatnonzero(of_class).tolist() == [i for i in sample if labels[i] != c]
    everything = trials.negatives_by_class(labels, 5, None, trials.Trials(one_sample=True))
    assert np.array_equal(everything, labels != np.arange(5)[:, None])


@pytest.mark.parametrize(("n_classes", "expected"), [(4, 100), (300, 300), (2000, 1000)])
def test_by_default_there_are_some_negatives_for_each_test_image_of_a_class(n_classes, expected):
    assert negatives_by_default(n_classes, 50) == expected
