"""What networks lose without the frequencies of their maps, and what a shortcut costs."""

import numpy as np
import pandas as pd
import pytest
import torch
from made_up_results import random_hits
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.data.waved import Wave
from frequency_shortcuts.evaluation import harm, reliance, shortcuts
from frequency_shortcuts.evaluation.cross import advantage_of_class, cross_matrix
from frequency_shortcuts.figures import harm as harm_figure
from frequency_shortcuts.figures import reliance as reliance_figure
from frequency_shortcuts.networks.without import Without
from frequency_shortcuts.spectrum import filters
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

PAIRS = ConjugatePairs(8, 8)


def maps_of(*indices):
    """Maps of two classes, bool [2, 8, 8], each of a range of pairs."""
    ranks = np.arange(len(PAIRS))
    return np.stack([PAIRS.scatter((ranks >= low) & (ranks < high)) for low, high in indices])


def test_a_network_without_frequencies_sees_what_the_filter_leaves_and_can_be_trained():
    torch.manual_seed(0)
    network, images, removed = (
        nn.Sequential(nn.Flatten(), nn.Linear(64, 3)),
        torch.randn(5, 1, 8, 8),
        maps_of((4, 9))[0],
    )
    without = Without(network, removed)
    torch.testing.assert_close(without(images), network(filters.remove(images, removed)))
    hidden = filters.keep(torch.randn(5, 1, 8, 8), removed)
    torch.testing.assert_close(without(images + hidden), without(images), atol=1e-5, rtol=0)
    without(images).sum().backward()
    assert network[1].weight.grad is not None


def test_the_union_of_the_maps_and_its_controls_are_removed():
    maps = maps_of((2, 8), (5, 12))
    removed = reliance.removed_masks(maps, seed=1)
    assert np.array_equal(removed["maps"], maps[0] | maps[1])
    assert removed["random"].sum() == removed["maps"].sum() <= removed["low_pass"].sum() <= removed["maps"].sum() + 1
    assert not removed["nothing"].any() and reliance.seed_of("nothing", 3) != 3 == reliance.seed_of("random", 3)
    assert removed["low_pass"][4, 4] and not np.array_equal(removed["random"], removed["maps"])
    with pytest.raises(ValueError, match="nothing is left to train on"):
        reliance.removed_masks(np.ones((2, 8, 8), bool), seed=0)


def test_losses_are_differences_on_the_same_images():
    labels = np.repeat([0, 1], 10)
    plain = labels.copy()
    plain[0] = 1  # class 0: nine of ten are right
    without, after = labels.copy(), labels.copy()
    without[:6] = 1
    after[:2] = 1
    table = reliance.losses(labels, plain, {"maps": without}, {"maps": after}, 2).set_index("class")
    assert table.index.tolist() == [0, 1, reliance.ALL] and table["images"].tolist() == [10, 10, 20]
    np.testing.assert_allclose(table["tpr"], [0.9, 1, 0.95])
    np.testing.assert_allclose(table[["fpr", "fpr_without", "fpr_after"]], [[0] * 3, [0.1, 0.6, 0.2], [np.nan] * 3])
    np.testing.assert_allclose(table["lost_at_test"], [0.5, 0, 0.25])
    np.testing.assert_allclose(table["lost_after"], [0.1, 0, 0.05])
    # Agresti and Min's interval by hand: 5 of 10 images differ by 1, one half is added to each cell.
    centre, variance = 5 / 12, (5 + 1 - 25 / 12) / 144
    np.testing.assert_allclose(table.loc[0, "lost_at_test_low"], centre - 1.959964 * variance**0.5, rtol=1e-6)
    np.testing.assert_allclose(table.loc[0, "lost_at_test_high"], centre + 1.959964 * variance**0.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("at_test", "after", "expected"),
    [
        ((0.2, 0.6), (-0.1, 0.0999), reliance.AVOIDABLE),
        ((0.2, 0.6), (0.1, 0.3), reliance.NEEDED),
        ((0.2, 0.6), (0.05, 0.3), reliance.OPEN),
        ((0.19, 0.6), (-0.1, 0.0), reliance.OPEN),
        ((0.1, 0.1999), (0.3, 0.4), reliance.NOT_RELIED_ON),
    ],
)
def test_the_reading_is_the_written_one(at_test, after, expected):
    ends = zip(("lost_at_test", "lost_after"), (at_test, after), strict=True)
    row = {f"{name}_{end}": value for name, both in ends for end, value in zip(("low", "high"), both, strict=True)}
    assert reliance.reading(row) == expected


def of_seeds(losses):
    """A table of `losses` of one removal and class, a row a seed, each with a half width of 0.1."""
    about = {"dataset": "photos", "network": "small", "augmentation": "none", "removed": "maps", "class": "a"}
    rows = pd.DataFrame([{**about, "seed": seed, "images": 50, "positions": 20} for seed in range(len(losses))])
    rows = rows.assign(tpr=0.9, tpr_without=0.9 - np.array(losses), tpr_after=0.85, fpr=0, fpr_without=0, fpr_after=0)
    for name, values in (("lost_at_test", np.array(losses)), ("lost_after", np.full(len(losses), 0.05))):
        rows = rows.assign(**{name: values, f"{name}_low": values - 0.1, f"{name}_high": values + 0.1})
    return rows


def test_fewer_than_five_networks_have_an_interval_over_their_images():
    three, five = (reliance.over_seeds(of_seeds([0.4, 0.5, 0.6] + [0.5] * n)).iloc[0] for n in (0, 2))
    assert (three["interval"], three["seeds"], five["interval"], five["seeds"]) == ("these networks", 3, "networks", 5)
    ends = three[["lost_at_test", "lost_at_test_low", "lost_at_test_high"]].astype(float)
    np.testing.assert_allclose(ends, [0.5, 0.4, 0.6])
    assert three["reading"] == reliance.OPEN and five["reading"] == reliance.AVOIDABLE
    for changes in ({"removed": "nothing"}, {"tpr": 0.49}):
        assert reliance.over_seeds(of_seeds([0.5] * 5).assign(**changes))["reading"].isna().all()


class Amplitude(nn.Module):
    """Calls an image class 1 where the amplitude at a pair exceeds a limit, else class 0."""

    def __init__(self, mask, limit):
        super().__init__()
        self.mask, self.limit = torch.from_numpy(np.fft.ifftshift(mask)), limit

    def forward(self, images):
        score = torch.fft.fft2(images).abs()[..., self.mask].mean(dim=(1, 2)) - self.limit
        return torch.stack([torch.zeros_like(score), score, torch.full_like(score, -9)], dim=1)


def test_the_harm_of_a_wave_to_a_network_that_reads_it_alone():
    wave, labels = Wave(1, (0, 2), 0.2, 0.5), np.repeat([0, 1, 2], 20)
    plain = Split(
        np.full((60, 1, 8, 8), 128, np.uint8), labels, ("a", "b", "c"), np.array([0.5]), np.array([0.2])
    )  # fmt: skip
    truth = wave.masks(3, 8, 8)["truth"]
    network = Amplitude(truth[1], 5.0)
    with_wave = Split(wave.add_to(plain.images, wave.carriers(labels)), labels, plain.classes, plain.mean, plain.std)
    maps = truth.copy()
    maps[0, 4, 3], maps[0, 4, 5], maps[2, 3, 4], maps[2, 5, 4] = True, True, True, True
    hits = shortcuts.collect(network, with_wave, maps, fills=("zeros",), parts=("keep",), controls=5, radial=5)
    table = harm.harm(network, plain, wave, {"culling": hits, "other": hits}, 0.4)
    assert table["method"].tolist() == ["culling", "other"] and table["verdict"].isna().tolist() == [False, True]
    row, other = table.to_dict("records")
    del row["method"], row["verdict"], other["method"], other["verdict"]
    assert row == other
    assert (row["class"], row["share"], row["images"], row["negatives"]) == (1, 0.5, 20, 40)
    assert (row["tpr_with"], row["tpr_without"], row["lost"]) == (1, 0, 1)
    assert (row["fpr_with"], row["fpr_without"], row["called"]) == (1, 0, 1)
    assert row["tpr_dfm"] == 0.5 and row["in_map"] and row["costs"] and 0.5 < row["lost_low"] < 1
    (blind,) = harm.harm(Amplitude(truth[1], 1e9), plain, wave, {"culling": hits}, 0.4).to_dict("records")
    assert blind["lost"] == blind["called"] == 0 and not blind["costs"]


@pytest.mark.parametrize("neutral", [None, 0])
def test_the_advantages_of_the_classes_have_the_mean_of_the_own_map_advantage(neutral):
    hits = random_hits(3, neutral=neutral)
    matrix = cross_matrix(hits).query("headline")
    for c, rows in matrix.groupby("class"):
        own = rows["class"] == rows["map"]
        expected = rows.loc[own, "measure"].item() - rows.loc[~own, "measure"].mean()
        value, low, high = advantage_of_class(hits, int(c))
        assert value == pytest.approx(expected) and low < high


def test_the_advantage_of_one_of_two_classes_has_no_false_positives_to_count():
    hits = random_hits(2, n_classes=2, negatives=0)
    assert np.isfinite(advantage_of_class(hits, 0)).all()


def test_the_figures_draw_both_losses_and_both_harms():
    table = reliance.over_seeds(
        pd.concat([of_seeds([0.5] * 5).assign(removed=name) for name in reliance.REMOVED], ignore_index=True)
    )
    for reading, weight in ((reliance.OPEN, "normal"), (reliance.AVOIDABLE, "bold")):
        figure = reliance_figure.reliance(table.assign(reading=reading))
        assert [label.get_fontweight() for label in figure.axes[0].get_yticklabels()] == [weight]
    rows = pd.DataFrame({"share": [0.5, 0.5, 1.0], "method": "culling", "in_map": [True, False, True]})
    for name in ("advantage", "lost", "called"):
        rows = rows.assign(**{name: [0.1, 0.2, 0.9], f"{name}_low": 0.0, f"{name}_high": 1.0})
    figure = harm_figure.harm(pd.concat([rows, rows.assign(method="mixture", advantage=0.5)]))
    for axis, names in zip(figure.axes, (("lost", "called"), ("mixture", "culling")), strict=True):
        (dots, means, others, _) = (line.get_xydata().tolist() for line in axis.lines[:4])
        assert others == [[50, 0.1], [50, 0.2], [100, 0.9]]
        expected = 0.5 if "mixture" in names else 0.15
        assert means[0] == [50, pytest.approx(expected)] and len(means) == 2 and len(dots) == 3
