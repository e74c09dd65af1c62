"""Drawings of shortcuts: each class with its map, its controls and other maps."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import (
    CLASSES,
    FIRST,
    KINDS,
    check_drawing,
    texts_of,
    verdicts,
)
from matplotlib.collections import LineCollection

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures import shortcuts as shortcut_figures
from frequency_shortcuts.shortcuts.verdict import over_seeds
from study.drawing import shortcuts as notebook

pytestmark = pytest.mark.usefixtures("closed_figures")
OWN = "own map, 95 % interval over images"
BEST = "best map of another class"
LOWEST = canvas.CONTROL_WORDS["low_pass"]


def points(axis, label):
    """The dots of one kind, [n, 2]."""
    (found,) = [drawn for drawn in axis.collections if drawn.get_label() == label]
    return np.asarray(found.get_offsets())


def marks(axis):
    return [
        drawn.get_label() for drawn in axis.collections if not drawn.get_label().startswith("_")
    ]


def bold(axis):
    return [
        label.get_text() for label in axis.get_yticklabels() if label.get_fontweight() == "bold"
    ]


def test_shortcuts_show_the_headline_of_each_kind_with_two_controls_and_the_interval_of_the_map():
    names = [f"c{c}" for c in range(5)]
    table = over_seeds(verdicts(names))
    sizes = {KINDS[0]: 1, KINDS[1]: 2}
    other, axis = shortcut_figures.shortcuts(
        table, names, parameters=sizes
    ).axes  # the largest first
    assert other.get_title() == "vgg16, augmix\n2 parameters\n2 networks" and not bold(axis)
    drawn = (
        table[table["headline"] & (table["network"] == KINDS[0][0])].set_index("class").loc[names]
    )
    assert len(drawn) == 5 and set(drawn["fill"]) == {"zeros"} and set(drawn["part"]) == {"keep"}
    lowest = drawn["tpr_low_pass_mean"] - drawn["fpr_low_pass_mean"]
    expected = {OWN: drawn["measure_mean"], BEST: drawn["largest_other_mean"], LOWEST: lowest}
    assert marks(axis) == list(expected)
    for label, values in expected.items():
        at = np.arange(5) + {OWN: 0, BEST: 0.28, LOWEST: -0.28}[label]
        np.testing.assert_allclose(points(axis, label), np.column_stack([values, at]), atol=1e-12)
    (bars,) = [
        lines
        for lines in axis.collections
        if isinstance(lines, LineCollection) and lines.get_zorder() == 2
    ]
    ends = np.array(bars.get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, drawn[["measure_low", "measure_high"]].to_numpy(), atol=1e-12)


def lines(figure):
    """What stands below the question."""
    (text,) = figure.artists
    return text.get_text().split("\n")


def test_names_of_the_only_kind_are_bold_or_grey_as_the_title_says():
    names = ["C0", "C1", "C2", "C3"]
    rows = verdicts(names, neutral="C0", seeds=range(5), kinds=KINDS[:1])
    rows.loc[rows["class"] == "C1", ["tpr_unfiltered", "verdict"]] = [0.3, None]
    figure = shortcut_figures.shortcuts(over_seeds(rows), names)
    (axis,) = figure.axes
    assert axis.get_title() == "resnet18, 5 networks"
    assert (
        "bold: strong shortcut in most networks; grey: unfiltered TPR below 0.5, no verdict"
        in lines(figure)
    )
    assert [text.get_text() for text in axis.texts] == [
        "not tested"
    ]  # C0 gets nothing from its own donors
    assert axis.texts[0].get_position() == (0.02, 0)
    title = "Which classes are recognised from their map alone (another image elsewhere)?"
    assert figure.get_suptitle().startswith(title)
    assert "own map, 95 % interval over networks" in texts_of(figure)
    strong = (rows.query("headline")["verdict"] == "strong").groupby(rows["class"]).mean()
    assert bold(axis) == [name for name in names[1:] if strong[name] > 0.5] == ["C2"]
    assert [label.get_color() == "0.55" for label in axis.get_yticklabels()] == [
        False,
        True,
        False,
        False,
    ]


def test_one_network_without_some_controls_and_without_fpr():
    rows = verdicts(seeds=(0,), kinds=KINDS[1:]).assign(verdict="none")
    table = over_seeds(rows.assign(largest_other=np.nan))
    (axis,) = shortcut_figures.shortcuts(table.drop(columns="fpr_low_pass_mean"), CLASSES).axes
    assert (
        marks(axis) == [OWN] and axis.get_title() == "vgg16, augmix"
    )  # a TPR alone does not compare
    (axis,) = shortcut_figures.shortcuts(table, CLASSES).axes
    assert marks(axis) == [OWN, LOWEST]
    alone = rows.assign(
        measure=rows["tpr_dfm"], **{name: np.nan for name in rows if name.startswith("fpr_")}
    )
    (axis,) = shortcut_figures.shortcuts(over_seeds(alone), CLASSES).axes
    drawn = alone[alone["headline"]].set_index("class").loc[list(CLASSES)]
    np.testing.assert_allclose(points(axis, OWN)[:, 0], drawn["tpr_dfm"])
    np.testing.assert_allclose(points(axis, LOWEST)[:, 0], drawn["tpr_low_pass"])
    assert axis.get_xlabel() == "TPR"


@pytest.mark.parametrize("seeds", [2, 5])
def test_transfer_shows_each_direction_with_the_mean_of_all_classes_and_the_networks_own_maps(
    seeds,
):
    names, (first, second) = [f"c{c}" for c in range(4)], ("/".join(kind) for kind in KINDS)
    pairs = [
        (f"{a}/seed{s}", f"{b}/seed{s}")
        for a, b in ((first, second), (second, first))
        for s in range(seeds)
    ]
    rows = itertools.product(
        pairs, ("zeros", "swap"), names, ("unfiltered", "dfm", "other", "low_pass")
    )
    columns = ["maps_of", "tested_on", "fill", "class", "filter"]
    table = pd.DataFrame([(*pair, *of) for pair, *of in rows], columns=columns).assign(
        images=50, negatives=450
    )
    table["tpr"], table["fpr"] = (
        np.random.default_rng(0).uniform((0.5, 0), (1, 0.5), (len(table), 2)).T
    )
    own = verdicts(names, seeds=range(seeds))
    figure = notebook.draw_transfer(names, table.assign(part="keep"), own, FIRST, 4)
    check_drawing(figure, "maps of resnet18\ntested on vgg16/augmix", notebook.MEAN, *names)
    axis = figure.axes[0]
    tested = table[(table["fill"] == "zeros") & table["maps_of"].str.startswith(first)]
    values = (tested["tpr"] - tested["fpr"]).groupby(tested["filter"]).mean().to_dict()
    values[notebook.ITSELF] = own[own["headline"] & (own["network"] == KINDS[1][0])][
        "measure"
    ].mean()
    for kept, (label, *_) in notebook.TRANSFERRED.items():
        ((value, at),) = points(axis, label)
        assert value == pytest.approx(values[kept]) and -0.5 < at < 0.5
    ends = [found.get_segments() for found in axis.collections if isinstance(found, LineCollection)]
    assert np.isfinite(np.concatenate(ends)).all()
