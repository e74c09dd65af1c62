"""The counterfactual test of a network whose answers are known, against closed forms and a slow reference."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from spectral_classes import AMPLITUDE, BRIGHT, DARK, SIZE, WAVED, WaveReader, noise, split, waved
from torch import nn

from frequency_shortcuts.evaluation import counterfactual, flip_rates
from frequency_shortcuts.evaluation.counterfactual import Settings, collect, hardly_confused, read_flips, write_flips
from frequency_shortcuts.evaluation.hits import NOT_SHOWN
from frequency_shortcuts.networks.predictions import Classifier
from frequency_shortcuts.spectrum.pairs import frequencies

SETTINGS = Settings(fine=0.2, finest=0.2, longest=np.inf, draws=3, images=60)
THRESHOLDS = flip_rates.Thresholds(0.2, 0.2, 0.2, 0.2)


def collected(network=None, ranking=None, test=None, **options):
    options = {"settings": SETTINGS} | options
    return collect(network or WaveReader(), ranking or split(*waved(40, 0)), test or split(*waved(30, 1)), **options)


def rates(flips):
    return flip_rates.rates(flips, THRESHOLDS).set_index("class")


@pytest.fixture(scope="module")
def flips():
    return collected()


def same_flips(one, other):
    for name in ("labels", "unfiltered", "columns", "own", "comparable"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("called", "own_called"):
        left, right = getattr(one, name), getattr(other, name)
        assert set(left) == set(right)
        for kind in left:
            np.testing.assert_array_equal(left[kind], right[kind], err_msg=kind)
    np.testing.assert_allclose(one.differences, other.differences, rtol=1e-2, atol=1e-2)
    return True


# Known answers


def test_a_network_that_reads_a_wave_follows_and_needs_it(flips):
    table = rates(flips)
    assert flips.about["radius_fine"] == 0  # all but brightness
    waved_class, plain = table.loc[WAVED], table.loc[[DARK, BRIGHT]]
    assert waved_class["verdict"] == "follows and needs"
    assert waved_class[["flip", "part", "need", "recall"]].min() > 0.98
    assert table[["sham", "coarse"]].loc[WAVED].abs().max() < 0.05 and (plain[["sham", "need"]] == 0).all(axis=None)
    # Images that lose the wave are called by their brightness, which is about that of no class: half of a half.
    assert plain[["flip", "part"]].max(axis=None) < 0.35
    assert plain["coarse"].tolist() == pytest.approx([0.5, 0.5], abs=0.05)  # the other half keeps the wave
    assert flips.about["rms"][WAVED] == pytest.approx(AMPLITUDE / 2**0.5, rel=0.05)
    cross = flip_rates.cross_flips(flips).set_index(["class", "spectrum_of"])["flip"]
    assert cross[WAVED].round(1).tolist() == [0, 1, 0] and cross[DARK, WAVED] == cross[BRIGHT, WAVED] == 0


def test_a_network_that_calls_everything_by_one_class_does_not_follow():
    class Constant(nn.Module):
        def forward(self, images):
            return torch.tensor([[1.0, 0, 0]]).expand(len(images), 3)

    found = collected(Constant())
    assert found.comparable.tolist() == [[False, True, True], [False, False, True], [False, True, False]]
    table = rates(found)
    assert table["verdict"].tolist() == ["not recognised"] * 3
    assert (table[["flip", "sham", "part", "need", "coarse"]] == 0).all(axis=None)


def slow_moves(ranking, labels, images, k, away, radius):
    """The images with the statistics of class k, or of the rest, beyond a radius and within it: whole planes, loops."""
    start, end = (labels != k, labels == k) if not away else (labels == k, labels != k)
    u, v = (np.fft.ifftshift(plane) for plane in np.broadcast_arrays(*frequencies(*SIZE)))
    beyond = np.hypot(u, v) > radius
    moments = []
    for of in (start, end):
        spectra = np.fft.fft2(ranking[of])
        n, mean = len(spectra), spectra.mean(axis=0)
        moments.append((n, mean, (np.abs(spectra - mean) ** 2).sum(axis=0) / (n - 1)))
    fine, coarse = np.fft.fft2(images), np.fft.fft2(images)
    for place in np.ndindex(*ranking.shape[1:]):
        (n1, mean1, variance1), (n2, mean2, variance2) = ((n, m[place], s[place]) for n, m, s in moments)
        shrunk = [m * max(0, 1 - s / (n * abs(m) ** 2)) for n, m, s in ((n1, mean1, variance1), (n2, mean2, variance2))]
        log = np.log(variance2 / variance1) / 2
        row, column = place[1:]
        alone = 2 * row % SIZE[0] == 0 and 2 * column % SIZE[1] == 0
        log *= max(0, 1 - (1 / n1 + 1 / n2) / (2 if alone else 4) / log**2)
        ratio = np.exp(np.clip(log, -np.log(8), np.log(8)))
        changed = fine if beyond[row, column] else coarse
        at = (slice(None), *place)
        changed[at] = shrunk[1] - ratio * shrunk[0] + ratio * changed[at]
    made = [np.fft.ifft2(spectra) for spectra in (fine, coarse)]
    assert max(np.abs(one.imag).max() for one in made) < 1e-9
    return [one.real.clip(0, 1) for one in made]


@pytest.mark.parametrize(("channels", "brighter"), [(1, 0), (2, 0), (1, 80)])  # brighter ones are clipped
def test_images_are_called_what_a_slow_reference_calls_them(channels, brighter):
    (images, of_ranking), (tested, of_test) = waved(20, 0, channels), waved(25, 1, channels)
    ranking, test = (split(np.uint8(of.clip(0, 255 - brighter) + brighter), labels)
                     for of, labels in ((images, of_ranking), (tested, of_test)))  # fmt: skip
    # Near the threshold, so that about a half of the images are called b.
    network = WaveReader(channels=channels, threshold=AMPLITUDE)
    found = collected(network, ranking, test, settings=replace(SETTINGS, images=30))

    def called(images):
        with torch.no_grad():
            return network(torch.from_numpy((images - 0.5) / 0.25).float()).argmax(dim=1).numpy()

    images = test.images / 255
    assert np.array_equal(found.unfiltered, called(images))
    for k in range(3):
        of = found.columns[k][found.columns[k] >= 0]
        fine, coarse = slow_moves(
            ranking.images / 255, ranking.labels, images[of], k, False, found.about["radius_fine"]
        )
        assert np.array_equal(found.called["flip"][0, k, : len(of)], called(fine))
        assert np.array_equal(found.called["coarse"][0, k, : len(of)], called(coarse))
        assert found.about["rms"][k] == pytest.approx(np.square(fine - images[of]).mean() ** 0.5, rel=1e-4)
        of = found.own[k][found.own[k] >= 0]
        away, _ = slow_moves(ranking.images / 255, ranking.labels, images[of], k, True, found.about["radius_finest"])
        assert np.array_equal(found.own_called["away"][0, k, : len(of)], called(away))
    assert 0.1 < (found.called["flip"][0, WAVED] == WAVED).mean() < 0.9


# Any images and batches


@pytest.mark.parametrize("kind", ["other normalisation", "float64", "float32", "tensor", "batches", "channels last"])
def test_what_is_called_does_not_depend_on_how_images_are_given(flips, monkeypatch, kind):
    (ranking, of_ranking), (test, of_test) = waved(40, 0), waved(30, 1)
    if kind == "batches":
        monkeypatch.setattr(Classifier, "batch_sizes", lambda *_: (7, 7))
        assert same_flips(collected(), flips)
        return
    mean, std = (0.1, 0.7) if kind == "other normalisation" else (0.5, 0.25)
    if kind.startswith("float"):
        ranking, test = (((images / 255 - mean) / std).astype(kind) for images in (ranking, test))
    elif kind == "tensor":
        ranking, test = torch.from_numpy(ranking), torch.from_numpy(test)
    given = split(ranking, of_ranking, mean, std), split(test, of_test, mean, std)
    assert same_flips(collected(WaveReader(mean, std), *given), flips)


# Which images


def test_a_neutral_class_is_moved_but_has_no_row_and_no_column(flips):
    found = collected(test=split(*waved(30, 1), neutral=BRIGHT))
    assert found.tested == [DARK, WAVED] and (found.called["flip"][:, BRIGHT] == NOT_SHOWN).all()
    for kind in ("flip", "sham"):
        assert np.array_equal(found.called[kind][:, WAVED], flips.called[kind][:, WAVED])
    assert BRIGHT in found.labels[found.columns[WAVED]] and len(rates(found)) == 2
    assert set(flip_rates.cross_flips(found)["spectrum_of"]) == {DARK, WAVED}


def test_columns_are_drawn_evenly_of_classes_that_count_and_half_as_many_of_others(monkeypatch):
    images, labels = noise(1, 102, SIZE)[0], np.repeat([0, 1, 2, 3], [5, 30, 30, 37])
    comparable = ~np.eye(4, dtype=bool)
    comparable[1, 3], comparable[2] = False, False
    monkeypatch.setattr(counterfactual, "hardly_confused", lambda _: comparable)
    network = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(SIZE)), 4))
    ranking, test = split(images, np.arange(102) % 4), split(images, labels)
    found = collected(network, ranking, test, settings=replace(SETTINGS, images=20))
    counts = [np.bincount(labels[of[of >= 0]], minlength=4).tolist() for of in found.columns]
    assert [sorted(row) for row in counts] == [[0, 6, 7, 7], [0, 5, 10, 15], [0, 3, 3, 4], [0, 5, 7, 8]]
    assert counts[1] == [5, 0, 15, 10] and [counts[k][k] for k in range(4)] == [0] * 4
    assert [(of >= 0).sum() for of in found.own] == [5, 20, 20, 20]
    for of in (*found.columns, *found.own):
        there = of[of >= 0]
        assert len(set(there)) == len(there) and (of[len(there) :] == -1).all()


def test_classes_that_are_confused_do_not_count():
    counts = np.array([[100, 2, 3, 0], [0, 95, 0, 5], [0, 1, 10, 0], [30, 30, 30, 30]])
    expected = np.zeros((4, 4), bool)
    for c in range(4):
        for other in range(4):
            rare = [counts[a, b] <= max(0.02 * counts[a].sum(), 1) for a, b in ((c, other), (other, c))]
            expected[c, other] = other != c and all(rare)
    assert expected.any(axis=1).tolist() == [True, True, True, False]
    expected[3] = [True, True, True, False]  # it is confused with all others: then all count
    assert np.array_equal(hardly_confused(counts), expected)
    assert hardly_confused(np.array([[5, 5], [5, 5]])).tolist() == [[False, True], [True, False]]


# Files


def test_flips_are_read_as_they_were_written(tmp_path, flips):
    for of in (flips, replace(flips, neutral=0)):
        with h5py.File(tmp_path / f"{of.neutral}.h5", "w") as file:
            write_flips(file, of)
        with h5py.File(tmp_path / f"{of.neutral}.h5") as file:
            found = read_flips(file)
            assert file.attrs["neutral"] == (-1 if of.neutral is None else 0)
        assert same_flips(found, of) and found.neutral == of.neutral and set(found.about) == set(of.about)
        for name, value in of.about.items():
            np.testing.assert_array_equal(found.about[name], value)
        for kind, values in of.called.items():
            assert found.called[kind].dtype == values.dtype == np.int16
        assert flip_rates.rates(found).equals(flip_rates.rates(of))


# Errors


class NotANumber(WaveReader):
    def forward(self, images):
        return super().forward(images) * torch.nan


def normalised_over_the_batch():
    return nn.Sequential(WaveReader(), nn.BatchNorm1d(3, track_running_stats=False))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": normalised_over_the_batch()}, "gives an image other logits alone than in a batch: expected the"),
        ({"network": NotANumber()}, "does not give finite logits"),
        ({"network": WaveReader(classes=2)}, "the network has 2 outputs, and none for class 2"),
        ({"network": nn.Flatten(0)}, "expected logits of shape"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        collected(**options)
