"""The drawing of shortcuts: each class with its map, the interval of the map, and its controls."""

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES, KINDS, over_seeds, verdicts
from figure_checks import check_page, texts_of
from matplotlib.collections import LineCollection

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures import shortcuts as shortcut_figures

pytestmark = pytest.mark.usefixtures("closed_figures")
OWN = "own map, 95 % interval over images"
BEST = "best map of another class"


def points(axis, label):
    """The dots of one kind, [n, 2]."""
    (found,) = [drawn for drawn in axis.collections if drawn.get_label() == label]
    return np.asarray(found.get_offsets())


def marks(axis):
    return [drawn.get_label() for drawn in axis.collections if not drawn.get_label().startswith("_")]


def bold(axis):
    return [label.get_text() for label in axis.get_yticklabels() if label.get_fontweight() == "bold"]


def test_shortcuts_show_the_headline_of_the_first_kind_with_three_controls_and_the_interval_of_the_map():
    names = [f"c{c}" for c in range(5)]
    table = over_seeds(verdicts(names))
    (axis,) = shortcut_figures.shortcuts(table, names).axes
    drawn = table[table["headline"] & (table["network"] == KINDS[0][0])].set_index("class").loc[names]
    assert len(drawn) == 5 and set(drawn["fill"]) == {"zeros"} and set(drawn["part"]) == {"keep"}
    expected = {OWN: drawn["measure_mean"], BEST: drawn["largest_other_mean"]}
    for kind in ("radial", "low_pass"):
        expected[canvas.CONTROLS[kind]] = drawn[f"tpr_{kind}_mean"] - drawn[f"fpr_{kind}_mean"]
    assert marks(axis) == list(expected)
    for label, values in expected.items():
        np.testing.assert_allclose(points(axis, label), np.column_stack([values, range(5)]), atol=1e-12)
    (bars,) = [lines for lines in axis.collections if isinstance(lines, LineCollection) and lines.get_zorder() == 2]
    ends = np.array(bars.get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, drawn[["measure_low", "measure_high"]].to_numpy(), atol=1e-12)


def test_the_title_says_which_kind_is_drawn_and_what_bold_and_grey_mean():
    names = ["C0", "C1", "C2", "C3"]
    rows = verdicts(names, neutral="C0", seeds=range(5))
    weak = (rows["class"] == "C1") & (rows["network"] == "resnet18")
    rows.loc[weak, ["tpr_unfiltered", "verdict"]] = [0.3, None]
    figure = shortcut_figures.shortcuts(over_seeds(rows), names)
    (axis,) = figure.axes
    assert axis.get_title().splitlines() == [
        "resnet18, mean of 5 networks",
        "1 other kind of networks: see the cross matrix",
        "bold: strong shortcut in most networks; grey: unfiltered TPR below 0.5, no verdict",
    ]
    assert [text.get_text() for text in axis.texts] == ["not tested"]  # C0 gets nothing from its own donors
    assert axis.texts[0].get_position() == (0.02, 0)
    assert axis.get_xlabel() == "TPR - FPR from these frequencies alone (another image elsewhere)"
    assert "own map, 95 % interval over 5 networks" in texts_of(figure)
    strong = (rows.query("headline and network == 'resnet18'")["verdict"] == "strong").groupby(rows["class"]).mean()
    assert bold(axis) == [name for name in names[1:] if strong[name] > 0.5] == ["C2"]
    assert [label.get_color() == "0.55" for label in axis.get_yticklabels()] == [False, True, False, False]


def test_one_network_without_some_controls_and_without_fpr():
    rows = verdicts(seeds=(0,), kinds=KINDS[1:]).assign(verdict="none")
    table = over_seeds(rows.assign(largest_other=np.nan)).drop(columns=["tpr_low_pass_mean", "fpr_low_pass_mean"])
    (axis,) = shortcut_figures.shortcuts(table, CLASSES).axes
    assert marks(axis) == [OWN, canvas.CONTROLS["radial"]] and axis.get_title() == "vgg16, augmix"
    alone = rows.assign(measure=rows["tpr_dfm"], **{name: np.nan for name in rows if name.startswith("fpr_")})
    (axis,) = shortcut_figures.shortcuts(over_seeds(alone), CLASSES).axes
    drawn = alone[alone["headline"]].set_index("class").loc[list(CLASSES)]
    np.testing.assert_allclose(points(axis, OWN)[:, 0], drawn["tpr_dfm"])
    np.testing.assert_allclose(points(axis, canvas.CONTROLS["radial"])[:, 0], drawn["tpr_radial"])
    assert axis.get_xlabel().startswith("TPR from ")


@pytest.mark.parametrize("n", [2, 12])
def test_its_print_is_large_enough_for_half_the_size_and_stays_on_the_page(n):
    names = [f"some long name of a class, such as {c}" for c in range(n)]
    note = f"{n} of 40 classes: those that have one" if n == 12 else ""
    figure = shortcut_figures.shortcuts(over_seeds(verdicts(names)), names, note)
    check_page(figure)
    assert figure.get_figwidth() <= canvas.PAGE and figure.get_figheight() < 6
    sizes = [text.get_fontsize() for text in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if text.get_text()]
    assert min(size for size in sizes if size != 8) >= 9  # 8: the note above


def test_the_best_control_out_of_distribution_is_the_highest_mean_of_a_kind():
    rates_of = {"unfiltered": [0.9], "dfm": [0.8], "random": [0.1, 0.9], "low_pass": [0.6], "other": [0.2, 0.3]}
    rows = [
        ("n", "none", "toy", "ant", fill, kind, tpr if fill == "zeros" else tpr / 2)
        for fill in ("zeros", "swap")
        for kind, draws in rates_of.items()
        for tpr in draws
    ]
    columns = ["network", "augmentation", "rendition", "class", "fill", "filter", "tpr"]
    figure = shortcut_figures.out_of_distribution(pd.DataFrame(rows, columns=columns), ["ant"])
    shown = [axis.images[0].get_array().item() for axis in figure.axes[:5]]
    assert shown == pytest.approx([0.9, 0.8, 0.6, 0.4, 0.3])


def test_a_long_name_is_cut_in_the_middle_only_among_many():
    long = "soft-coated wheaten terrier 921"
    table = over_seeds(verdicts([long]))
    axis = shortcut_figures.shortcuts(table, [long]).axes[0]
    assert axis.get_yticklabels()[0].get_text() == long
    axis = shortcut_figures.shortcuts(table, [long], "1 of 40 classes").axes[0]
    assert axis.get_yticklabels()[0].get_text() == "soft-coated…er 921"
