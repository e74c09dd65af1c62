"""Drawings: every function draws small inputs, labels them, and saves the same bytes each time."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts import plots

CLASSES = ("ant", "bee")
KINDS = (("resnet18", "none"), ("vgg16", "augmix"))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def table(**columns):
    """Every combination of network and the columns' values, with scores at random."""
    names = ("network", "augmentation", *columns)
    rows = [(*kind, *values) for kind, *values in itertools.product(KINDS, *columns.values())]
    return pd.DataFrame(rows, columns=names), np.random.default_rng(0)


def pictures(channels=3):
    return np.random.default_rng(0).integers(0, 256, (2, channels, 8, 8), dtype=np.uint8)


def samples():
    amplitude = np.random.default_rng(0).uniform(0, 50, (2, 8, 8))
    sets = {"syn_1": (CLASSES, pictures(), amplitude), "grey": (("cow",), pictures(1)[:1], amplitude[:1])}
    return plots.samples(sets, band_edges=(2, 3))


def dynamics():
    frame, generator = table(seed=(0, 1), iteration=(0, 5), view=("full", "low-pass"), **{"class": CLASSES})
    frame[["f1", "recall"]] = generator.uniform(size=(len(frame), 2))
    return plots.dynamics(frame, CLASSES, scores=("f1", "recall"))


def band_stop():
    frame, generator = table(seed=(0, 1), removed=("B1 + B2", "B3 + B4"), true_class=CLASSES, called_class=CLASSES)
    frame["delta_percent"] = generator.uniform(-100, 100, len(frame))
    return plots.band_stop(frame, CLASSES)


def adcs():
    return plots.adcs(np.sign(np.random.default_rng(0).normal(size=(2, 8, 9))).astype(np.int16), CLASSES, (2,))


def dominant_frequencies():
    shares = np.random.default_rng(0).uniform(size=(2, 8, 8))
    return plots.dominant_frequencies({"resnet18": shares, "vgg16, augmix": shares}, CLASSES, (2,))


def shortcuts():
    frame, generator = table(seed=(0, 1), **{"class": CLASSES})
    for rate, name in itertools.product(("tpr", "fpr"), plots.FILTERS):
        frame[f"{rate}_{name}"] = generator.uniform(size=len(frame))
    frame["tpr_dfm_low"], frame["tpr_dfm_high"] = frame["tpr_dfm"] - 0.1, frame["tpr_dfm"] + 0.1
    return plots.shortcuts(frame, CLASSES)


def renditions():
    return plots.renditions({"original": pictures(), "grey": pictures(1)}, CLASSES)


def out_of_distribution():
    frame, generator = table(rendition=("sketch", "noisy"), filter=("dfm", "unfiltered"), **{"class": CLASSES})
    frame["tpr"] = generator.uniform(size=len(frame))
    return plots.out_of_distribution(frame, CLASSES)


def rule_graph():
    return plots.rule_graph({"all": ["draw", "train_one"], "draw": ["train_one"], "train_one": ["data"], "data": []})


# Every drawing, and what must be read on it.
DRAWINGS = {
    samples: [*CLASSES, "cow", "syn_1", "grey", "log$_{10}$ mean amplitude"],
    dynamics: [*CLASSES, "full", "low-pass", "iteration", "resnet18\nF1", "vgg16\naugmix\nrecall"],
    band_stop: [*CLASSES, "without B1 + B2", "without B3 + B4", "called", "resnet18\ntrue class", "change, % of class"],
    adcs: [*CLASSES, "ADCS", "cycles per image"],
    dominant_frequencies: [*CLASSES, "resnet18", "vgg16,\naugmix", "share of seeds"],
    shortcuts: [*CLASSES, "true positive rate", "false positive rate", "share of images", *plots.FILTERS.values()],
    renditions: [*CLASSES, "original", "grey"],
    out_of_distribution: [*CLASSES, "unfiltered", "own map (DFM)", "sketch", "noisy", "true positive rate", "resnet18"],
    rule_graph: ["all", "draw", "train one", "data"],
}
every_drawing = pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)


def test_every_public_drawing_is_tested():
    public = {
        name
        for name, value in vars(plots).items()
        if callable(value) and getattr(value, "__module__", "") == plots.__name__ and not name.startswith("_")
    }
    assert public - {"style", "save", "class_colours"} == {draw.__name__ for draw in DRAWINGS}


@every_drawing
def test_a_drawing_is_a_figure_that_says_what_it_shows(draw):
    figure = draw()
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    shown = {
        text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_visible()
    }
    assert [text for text in DRAWINGS[draw] if text not in shown] == []


@every_drawing
def test_the_same_drawing_gives_the_same_files(draw, tmp_path):
    plots.save(draw(), tmp_path / "one")
    plots.save(draw(), tmp_path / "two")
    assert len(list(tmp_path.iterdir())) == 4
    for suffix, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
        one = (tmp_path / f"one{suffix}").read_bytes()
        assert one.startswith(start)
        assert (tmp_path / f"two{suffix}").read_bytes() == one


def test_a_figure_saved_twice_gives_the_same_files(tmp_path):
    figure = samples()
    plots.save(figure, tmp_path / "one")
    plots.save(figure, tmp_path / "two")
    for suffix in (".svg", ".png"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_drawing_leaves_the_users_style_alone():
    before = dict(plt.rcParams)
    adcs()
    assert dict(plt.rcParams) == before


def test_planes_are_drawn_in_cycles_per_image():
    """Odd and even sides: frequency (0, 0) stands at the origin, a pixel is one cycle wide."""
    for height, width in ((8, 8), (7, 9), (6, 5)):
        (image,) = plots.adcs(np.zeros((1, height, width), np.int16), ("a",)).axes[0].images
        left, right, bottom, top = image.get_extent()
        assert (left, bottom) == (-(width // 2) - 0.5, -(height // 2) - 0.5)
        assert (right - left, top - bottom) == (width, height)
        assert image.origin == "lower"


def test_a_class_has_one_colour_in_every_figure():
    assert plots.class_colours(CLASSES)["ant"] == plots.class_colours([*CLASSES, "cow"])["ant"]
    for n in (3, 10, 25):
        assert len(set(plots.class_colours([f"c{i}" for i in range(n)]).values())) == n


def test_dynamics_draw_mean_and_standard_deviation_over_seeds():
    frame = pd.DataFrame(
        [("n", "none", seed, i, "full", "a", 0.1 * i + 0.2 * seed) for seed in (0, 1, 2) for i in (0, 1)],
        columns=["network", "augmentation", "seed", "iteration", "view", "class", "f1"],
    )
    axis = plots.dynamics(frame, ["a"]).axes[0]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [0.2, 0.3])
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.0, 0.5))  # 0.2 on either side


def test_shortcuts_put_each_class_on_its_line():
    figure = shortcuts()
    axis = figure.axes[0]
    assert axis.get_yticks().tolist() == [0, 1]
    assert [label.get_text() for label in axis.get_yticklabels()] == list(CLASSES)
    assert axis.yaxis_inverted()


def test_rules_stand_to_the_right_of_what_they_need():
    figure = rule_graph()
    place = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts if text.get_text()}
    assert place["data"] < place["train one"] < place["draw"] < place["all"]
