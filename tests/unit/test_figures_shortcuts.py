"""The drawing of shortcuts: each class with its tests, its controls and its margin."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES, KINDS, verdicts
from matplotlib.collections import LineCollection

from frequency_shortcuts.figures import shortcuts as shortcut_figures

pytestmark = pytest.mark.usefixtures("closed_figures")


@pytest.mark.slow
def test_shortcuts_put_each_class_on_its_line():
    figure = shortcut_figures.shortcuts(verdicts(), CLASSES)
    axis = figure.axes[0]
    assert axis.get_yticks().tolist() == [0, 1]
    assert [label.get_text() for label in axis.get_yticklabels()] == list(CLASSES)
    assert axis.yaxis_inverted()


def points(axis, label):
    """The dots of one kind in a panel, [n, 2]."""
    (found,) = [drawn for drawn in axis.collections if drawn.get_label() == label]
    return np.asarray(found.get_offsets())


@pytest.mark.slow
def test_shortcuts_show_each_test_with_its_controls_and_the_interval_of_the_margin():
    frame = verdicts(seeds=(0,))
    columns = [("keep", "zeros"), ("keep", "swap"), ("keep", "noise"), ("remove", "zeros")]
    axes = np.reshape(shortcut_figures.shortcuts(frame, CLASSES).axes, (2, 4))
    for ((network, _), line), (column, (part, fill)) in itertools.product(
        zip(KINDS, axes, strict=True), enumerate(columns)
    ):
        axis = line[column]
        selected = frame[(frame["network"] == network) & (frame["part"] == part) & (frame["fill"] == fill)]
        selected = selected.set_index("class").loc[[*CLASSES]]
        for kind, label in shortcut_figures.FILTERS.items():
            expected = selected[f"tpr_{kind}"] - selected[f"fpr_{kind}"]
            if kind == "dfm":
                strong = (selected["verdict"] == "strong").to_numpy()
                np.testing.assert_allclose(points(axis, f"{label}, strong")[:, 0], expected[strong])
                np.testing.assert_allclose(points(axis, f"{label}, not strong")[:, 0], expected[~strong])
            elif part == "keep" or kind in ("unfiltered", "random"):
                np.testing.assert_allclose(points(axis, label)[:, 0], expected)
        (bars,) = [lines for lines in axis.collections if isinstance(lines, LineCollection) and lines.get_zorder() == 1]
        for bar, (_, row) in zip(bars.get_segments(), selected.iterrows(), strict=True):
            # The bar is as far from the best control as the interval of the margin is from 0.
            control = row[f"tpr_{row['best_control']}"] - row[f"fpr_{row['best_control']}"]
            ends = (control + row["margin_low"], control + row["margin_high"])
            if part == "remove":
                ends = (control - row["margin_low"], control - row["margin_high"])
            np.testing.assert_allclose(bar[:, 0], np.clip(ends, -1, 1), atol=1e-12)


@pytest.mark.slow
def test_shortcuts_begin_with_the_headline_and_its_strong_classes_are_bold():
    names = ["C0", "C1", "C2", "C3"]
    frame = verdicts(names, neutral="C0", seeds=(0, 1, 2))
    figure = shortcut_figures.shortcuts(frame, names)
    first = figure.axes[0]
    assert first.get_title() == "headline:\nmap put into\nC0 images (swap)" and first.title.get_fontweight() == "bold"
    assert [text.get_text() for text in first.texts] == ["not tested"]  # C0 gets nothing from its own donors
    headline = frame[frame["headline"]]
    strong = (headline["verdict"] == "strong").groupby([headline["network"], headline["class"]]).mean() > 0.5
    figure.canvas.draw()
    for (network, _), axis in zip(KINDS, figure.axes[::4], strict=True):
        bold = [label.get_text() for label in axis.get_yticklabels() if label.get_fontweight() == "bold"]
        assert bold == [name for name in names[1:] if strong[network, name]]
    assert strong.any() and not strong.all()


@pytest.mark.slow
def test_shortcuts_of_a_single_fill_have_one_column_a_part():
    frame = verdicts(fills=("noise",), parts=("keep",))
    figure = shortcut_figures.shortcuts(frame, CLASSES)
    assert [axis.get_title() for axis in figure.axes] == ["headline:\nmap kept,\nnoise elsewhere", ""]
    assert len(shortcut_figures.shortcuts(verdicts(fills=("swap",)), CLASSES).axes) == 2 * 2
    without = frame.assign(fpr_dfm=np.nan)
    axis = shortcut_figures.shortcuts(without[without["seed"] == 0], CLASSES).axes[0]
    found = np.concatenate([points(axis, f"own map (DFM), {label}") for label in ("strong", "not strong")])
    selected = without.query("network == 'resnet18' and seed == 0").set_index("class")["tpr_dfm"]
    assert sorted(found[:, 0]) == pytest.approx(sorted(selected))


def test_the_best_control_out_of_distribution_is_the_highest_mean_of_a_kind():
    rates_of = {"unfiltered": [0.9], "dfm": [0.8], "random": [0.1, 0.9], "low_pass": [0.6], "other": [0.2, 0.3]}
    rows = [
        ("n", "none", "toy", "ant", fill, kind, tpr if fill == "zeros" else tpr / 2)
        for fill in ("zeros", "noise")
        for kind, draws in rates_of.items()
        for tpr in draws
    ]
    columns = ["network", "augmentation", "rendition", "class", "fill", "filter", "tpr"]
    figure = shortcut_figures.out_of_distribution(pd.DataFrame(rows, columns=columns), ["ant"])
    shown = [axis.images[0].get_array().item() for axis in figure.axes[:5]]
    assert shown == pytest.approx([0.9, 0.8, 0.6, 0.4, 0.3])


@pytest.mark.slow
def test_a_long_name_is_cut_in_the_middle_only_among_many():
    long = "soft-coated wheaten terrier 921"
    axis = shortcut_figures.shortcuts(verdicts([long]), [long]).axes[0]
    assert axis.get_yticklabels()[0].get_text() == long
    axis = shortcut_figures.shortcuts(verdicts([long]), [long], "1 of 40 classes").axes[0]
    assert axis.get_yticklabels()[0].get_text() == "soft-coated…er 921"
