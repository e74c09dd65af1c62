"""What networks lose without the frequencies of their maps, and when they learn those of graded sets."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum import filters
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from study.drawing import learning
from study.measures import reliance
from study.trainings.without import Exchanged, Without

PAIRS = ConjugatePairs(8, 8)


def maps_of(*indices):
    """Maps of two classes, bool [2, 8, 8], each of a range of pairs."""
    ranks = np.arange(len(PAIRS))
    return np.stack([PAIRS.scatter((ranks >= low) & (ranks < high)) for low, high in indices])


def test_a_network_without_frequencies_sees_what_the_filter_leaves_and_can_be_trained():
    torch.manual_seed(0)
    network, images = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), torch.randn(5, 1, 8, 8)
    removed = maps_of((4, 9))[0]
    without = Without(network, removed)
    torch.testing.assert_close(without(images), network(filters.remove(images, removed)))
    hidden = filters.keep(torch.randn(5, 1, 8, 8), removed)
    torch.testing.assert_close(without(images + hidden), without(images), atol=1e-5, rtol=0)
    without(images).sum().backward()
    assert network[1].weight.grad is not None


def test_exchanged_images_have_the_frequencies_of_their_donors():
    images, donor, mask = torch.randn(5, 2, 8, 8), np.array([3, 0, 4, 1, 2]), maps_of((4, 19))[0]
    found = Exchanged(Source(Split(images, np.zeros(5, int))), mask, donor)
    expected = filters.remove(images, mask) + filters.keep(images[torch.from_numpy(donor)], mask)
    for chosen in (np.arange(5), np.array([4, 1])):
        torch.testing.assert_close(found.take(chosen), expected[chosen])
    none = Exchanged(Source(Split(images, np.zeros(5, int))), np.zeros((8, 8), bool), donor)
    torch.testing.assert_close(none.take(np.arange(5)), images)
    with pytest.raises(ValueError, match="not symmetric"):
        Exchanged(Source(Split(images, np.zeros(5, int))), np.arange(64).reshape(8, 8) == 20, donor)


def test_the_union_of_the_maps_and_its_controls_are_removed():
    maps = maps_of((2, 8), (5, 12))
    removed = reliance.removed_masks(maps, seed=1)
    assert np.array_equal(removed["maps"], maps[0] | maps[1])
    assert (
        removed["random"].sum()
        == removed["maps"].sum()
        <= removed["low_pass"].sum()
        <= removed["maps"].sum() + 1
    )
    assert not removed["nothing"].any() and reliance.seed_of("nothing", 3) != 3 == reliance.seed_of(
        "random", 3
    )
    assert removed["low_pass"][4, 4] and not np.array_equal(removed["random"], removed["maps"])


def test_losses_are_differences_on_the_same_images():
    labels = np.repeat([0, 1], 10)
    # Of ten images of class 0, nine are right, nine, four and eight.
    plain, same, without, after = (
        np.where(np.arange(20) < wrong, 1, labels) for wrong in (1, 1, 6, 2)
    )
    donors = np.where(np.arange(20) < 3, 2, 1 - labels)  # some of a third class, which no image has
    called = {"maps": dict(zip(reliance.VIEWS, (plain, same, without, after), strict=True))}
    table = reliance.losses(labels, called, {"maps": 7}, donors=donors, classes=["a", "b"])
    table = table.set_index("class")
    assert set(table["positions"]) == {7}
    assert table.index.tolist() == ["a", "b", "(all)"] and table["images"].tolist() == [10, 10, 20]
    np.testing.assert_allclose(table["tpr"], [0.9, 1, 0.95])
    np.testing.assert_allclose(table["tpr_same"], [0.9, 1, 0.95])
    np.testing.assert_allclose(
        table["fpr_without"], [np.nan, 1, np.nan]
    )  # of the three that may not be class 1
    rates = table[["fpr", "fpr_same", "fpr_after"]]
    np.testing.assert_allclose(rates, [[0] * 3, [0.1, 0.1, 0.2], [np.nan] * 3])
    np.testing.assert_allclose(table["lost_at_test"], [0.5, 0, 0.25])
    np.testing.assert_allclose(table["lost_after"], [0.1, 0, 0.05])
    # Agresti and Min's interval by hand: 5 of 10 images differ by 1, one half is added to each cell.
    centre, variance = 5 / 12, (5 + 1 - 25 / 12) / 144
    np.testing.assert_allclose(
        table.loc["a", "lost_at_test_low"], centre - 1.959964 * variance**0.5, rtol=1e-6
    )
    np.testing.assert_allclose(
        table.loc["a", "lost_at_test_high"], centre + 1.959964 * variance**0.5, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("at_test", "after", "expected"),
    [
        ((0.2, 0.6), (-0.1, 0.0999), reliance.AVOIDABLE),
        ((0.2, 0.6), (0.1, 0.3), reliance.NEEDED),
        ((0.2, 0.6), (-0.1, 0.1), reliance.OPEN),
        ((0.2, 0.6), (0.05, 0.3), reliance.OPEN),
        ((0.19, 0.6), (-0.1, 0.0), reliance.OPEN),
        ((0.1, 0.1999), (0.3, 0.4), reliance.NOT_RELIED_ON),
    ],
)
def test_the_reading_is_the_written_one(at_test, after, expected):
    ends = zip(("lost_at_test", "lost_after"), (at_test, after), strict=True)
    row = {
        f"{name}_{end}": value
        for name, both in ends
        for end, value in zip(("low", "high"), both, strict=True)
    }
    assert reliance.reading(row) == expected


def of_seeds(losses):
    """A table of `losses` of one removal and class, a row a seed, each with a half width of 0.1."""
    about = {
        "dataset": "photos",
        "network": "small",
        "augmentation": "none",
        "removed": "maps",
        "class": "a",
    }
    rows = pd.DataFrame(
        [{**about, "seed": seed, "images": 50, "positions": 20} for seed in range(len(losses))]
    )
    rows = rows.assign(tpr=0.9, tpr_same=0.9, tpr_without=0.9 - np.array(losses), tpr_after=0.85)
    rows = rows.assign(fpr=0, fpr_same=0, fpr_without=0, fpr_after=0)
    for name, values in (
        ("lost_at_test", np.array(losses)),
        ("lost_after", np.full(len(losses), 0.05)),
    ):
        rows = rows.assign(
            **{name: values, f"{name}_low": values - 0.1, f"{name}_high": values + 0.1}
        )
    return rows


def test_fewer_than_five_networks_have_an_interval_over_their_images():
    three, five = (
        reliance.over_seeds(of_seeds([0.4, 0.5, 0.6] + [0.5] * n)).iloc[0] for n in (0, 2)
    )
    assert (three["interval"], three["seeds"], five["interval"], five["seeds"]) == (
        "these networks",
        3,
        "networks",
        5,
    )
    ends = three[["lost_at_test", "lost_at_test_low", "lost_at_test_high"]].astype(float)
    np.testing.assert_allclose(ends, [0.5, 0.4, 0.6])
    assert three["reading"] == reliance.OPEN and five["reading"] == reliance.AVOIDABLE
    for changes in ({"removed": "nothing"}, {"tpr": 0.49}, {"tpr_same": 0.49}):
        assert reliance.over_seeds(of_seeds([0.5] * 5).assign(**changes))["reading"].isna().all()
    assert reliance.over_seeds(of_seeds([0.5] * 5).assign(tpr=0.5))["reading"].tolist() == [
        reliance.AVOIDABLE
    ]


def test_the_figure_draws_both_losses():
    tables = [
        of_seeds([0.5] * 5).assign(removed=name)
        for name in ("maps", "random", "low_pass", "nothing")
    ]
    table = reliance.over_seeds(pd.concat(tables, ignore_index=True))
    for reading, weight in ((reliance.OPEN, "normal"), (reliance.AVOIDABLE, "bold")):
        figure = learning.draw_reliance(table.assign(reading=reading, dataset="zoo"))
        assert [label.get_fontweight() for label in figure.axes[0].get_yticklabels()] == [weight]
