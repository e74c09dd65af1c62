"""Drawings of scores and stability: they say what they show, with any runs there are, and save the same bytes."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PathCollection

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures import scores as plots_scores

CLASSES = ("C0", "C1", "C3")
RANKINGS = ("dfm", "dfm_size", "adcs", "adcs_high", "adcs_low", "random", "radial", "other")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def truth(networks=(("resnet18", "none"), ("vgg16", "augmix")), sets=("syn_1", "syn_2"), unused=(), named=None):
    """Scores at random, C0 without a truth of its own; unused: (network, class) whose planted mask is not used.

    named: data set -> other names of its classes.
    """
    generator = np.random.default_rng(0)
    rows = itertools.product(sets, networks, (0, 1), CLASSES, ("own", "any"), RANKINGS, (5, 10))
    frame = pd.DataFrame(
        [(name, *network, *rest) for name, network, *rest in rows],
        columns=["dataset", "network", "augmentation", "seed", "class", "truth", "ranking", "percent"],
    )
    frame["cut"] = "percent"
    frame = pd.concat([frame, frame[frame["percent"] == 5].assign(cut="truth", percent=3.0)], ignore_index=True)
    frame["uses"] = [
        np.nan if c == "C0" else (network, c) not in unused
        for network, c in zip(frame["network"], frame["class"], strict=True)
    ]
    missing = ~frame["uses"].eq(True)
    for score in ("precision", "average_precision"):
        frame[score] = generator.uniform(size=len(frame))
        frame[f"{score}_low"], frame[f"{score}_high"] = frame[score] - 0.1, frame[score] + 0.1
        frame.loc[missing, [score, f"{score}_low", f"{score}_high"]] = np.nan
    for name, others in (named or {}).items():
        mine = frame["dataset"] == name
        frame.loc[mine, "class"] = frame.loc[mine, "class"].map(dict(zip(CLASSES, others, strict=True)))
    masks = generator.random((2, 8, 8)) < 0.3
    planes = {name: (CLASSES[1:], masks, generator.random((2, 8, 8)), np.full((2, 8, 8), 2, np.int16)) for name in sets}
    return plots_scores.truth(frame, 5, planes, dict.fromkeys(sets, (2, 3)))


def test_each_data_set_shows_its_own_classes():
    figure = truth(named={"syn_2": ("A", "B", "C")})
    for name, classes in {"syn_1": CLASSES, "syn_2": ("A", "B", "C")}.items():
        scores = next(axis for axis in figure.axes if axis.get_ylabel() == name)
        assert [label.get_text() for label in scores.get_yticklabels()] == list(classes)


def overlaps(runs, halved=()):
    """A table of comparisons of these runs, (network, augmentation, seed), with the class means that are expected."""
    generator, rows = np.random.default_rng(0), []
    pairs = [*itertools.combinations(runs, 2), *((run, run) for run in halved)]
    for one, other in pairs:
        differ = [name for name, a, b in zip(("networks", "augmentations", "seeds"), one, other, strict=True) if a != b]
        kind = {0: "images", 1: "".join(differ)}.get(len(differ), "several")
        ends = [f"{network}/{augmentation}/seed{seed}" for network, augmentation, seed in (one, other)]
        ends = [f"{end}/half{half}" for half, end in enumerate(ends)] if kind == "images" else ends
        for percent, name in itertools.product((1, 5), CLASSES):
            rows.append((kind, *ends, percent, name, *generator.uniform(size=3)))
    columns = ["comparison", "left", "right", "percent", "class", "iou", "random", "radial"]
    return pd.DataFrame(rows, columns=columns)


RUNS = [("resnet18", "none", 0), ("resnet18", "none", 1), ("resnet18", "augmix", 0), ("vgg16", "none", 0)]


def stability():
    return plots_scores.stability(overlaps(RUNS, RUNS[:1]), 5)


def stability_of_one_run():
    return plots_scores.stability(overlaps(RUNS[:1], RUNS[:1]), 5)


def stability_without_halves():
    return plots_scores.stability(overlaps(RUNS[:2]), 5)


def stability_of_runs_that_differ_in_several_things():
    return plots_scores.stability(overlaps([RUNS[1], RUNS[3]]), 5)


def stability_of_many_runs():
    runs = list(itertools.product(("a", "b", "c"), ("none", "sin"), (0, 1, 2)))
    return plots_scores.stability(overlaps(runs, runs[::3]), 5)


# Every drawing, and what must and must not be read on it.
DRAWINGS = {
    truth: (
        ["syn_1", "syn_2", *CLASSES, "planted for the class:\naverage precision", "nothing planted", "C1:\nplanted",
         "DFM, 5 %", "share of runs", "map (DFM), vgg16, augmix", "|ADCS|", "random, uniform (95 %)"],
        [],
    ),
    stability: (
        ["resnet18\nseed 0", "resnet18\naugmix\nseed 0", "two seeds", "two networks", "two augmentations",
         "two image halves", "chance, same radii", "chance, uniform", "overlap (IoU)",
         "diagonal: two halves of the images"],
        ["runs unlike in several ways"],
    ),
    stability_of_one_run: (["resnet18, seed 0", "two image halves"], ["two seeds", "two networks"]),
    stability_without_halves: (["two seeds", "resnet18\nseed 1"], ["two image halves", "two networks"]),
    stability_of_runs_that_differ_in_several_things: (["runs unlike in several ways"], ["two seeds"]),
    stability_of_many_runs: (
        ["a", "c\nsin", "two seeds", "means over seeds; diagonal: two seeds of the network"], ["a\nseed 0"]
    ),
}  # fmt: skip
every_drawing = pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)


@every_drawing
def test_a_drawing_says_what_it_shows(draw):
    figure = draw()
    figure.canvas.draw()
    shown = {
        text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_visible()
    }
    there, absent = DRAWINGS[draw]
    assert [text for text in there if text not in shown] == []
    assert not shown.intersection(absent)


@every_drawing
def test_the_same_drawing_gives_the_same_files(draw, tmp_path):
    canvas.save(draw(), tmp_path / "one")
    canvas.save(draw(), tmp_path / "two")
    for suffix in (".svg", ".png"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


@every_drawing
def test_nothing_is_cut_off(draw):
    figure = draw()
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for axis in figure.axes:
        box = axis.get_tightbbox()
        if box is not None and axis.get_visible():
            assert box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2, axis.get_title()


def test_the_heat_map_holds_the_means_over_classes():
    table = overlaps(RUNS, RUNS[:1])
    figure = plots_scores.stability(table, 5)
    shown = figure.axes[0].images[0].get_array()
    of = table[table["percent"] == 5].groupby(["left", "right"])["iou"].mean()
    assert shown[0, 3] == shown[3, 0] == pytest.approx(of["resnet18/none/seed0", "vgg16/none/seed0"])
    assert shown[0, 0] == pytest.approx(of["resnet18/none/seed0/half0", "resnet18/none/seed0/half1"])
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown))[1, 1]


def test_runs_of_a_network_are_taken_together_where_they_are_many():
    runs = list(itertools.product(("a", "b", "c"), ("none", "sin"), (0, 1, 2)))
    table = overlaps(runs, runs[::3])
    figure = plots_scores.stability(table, 5)
    shown = figure.axes[0].images[0].get_array()
    assert shown.shape == (6, 6)
    at = table[(table["percent"] == 5) & (table["comparison"] != "images")]
    mine = at[at["left"].str.startswith("a/none") & at["right"].str.startswith("a/none")]
    assert len(mine) == 3 * len(CLASSES) and shown[0, 0] == pytest.approx(mine["iou"].mean())
    across = at[at["left"].str.startswith("a/none") & at["right"].str.startswith("b/sin")]
    assert len(across) == 9 * len(CLASSES) and shown[0, 3] == pytest.approx(across["iou"].mean())


def test_curves_are_means_over_classes_and_pairs():
    table = overlaps(RUNS, RUNS[:1])
    figure = plots_scores.stability(table, 5)
    axis = next(axis for axis in figure.axes if axis.get_title() == "two augmentations")
    mine = table[table["comparison"] == "augmentations"].groupby("percent")[["iou", "radial", "random"]].mean()
    for line, column in zip(axis.lines, mine, strict=True):
        assert np.allclose(line.get_ydata(), mine[column])


def test_classes_whose_mask_is_not_used_are_shown_without_scores():
    figure = truth(sets=("syn_1",), unused=(("resnet18", "C1"), ("vgg16", "C1"), ("vgg16", "C3")))
    said = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(said) == ["mask not used", "nothing planted"]  # one network still uses C3's


def test_scores_stand_on_the_line_of_their_class():
    axis = truth(networks=(("resnet18", "none"),), sets=("syn_1",)).axes[2]
    assert [label.get_text() for label in axis.get_yticklabels()] in ([], list(CLASSES)) and axis.yaxis_inverted()
    dots = [dot.get_offsets()[0] for dot in axis.collections if isinstance(dot, PathCollection)]
    assert {round(float(y)) for _, y in dots} == {1, 2}
