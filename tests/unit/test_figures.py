"""Drawings: every function draws small inputs, labels them, and saves the same bytes each time."""

import io
import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from conftest import made_up_tests
from frequency_shortcuts.evaluation import verdicts as rates
from frequency_shortcuts.figures import canvas, images, learning, selection, spectra
from frequency_shortcuts.figures import rule_graph as rule_graphs
from frequency_shortcuts.figures import shortcuts as shortcut_figures

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
    return images.samples(sets, band_edges={"syn_1": (2, 3)})


def dynamics():
    frame, generator = table(seed=(0, 1), iteration=(0, 5), view=("full", "low-pass"), **{"class": CLASSES})
    frame[["f1", "recall"]] = generator.uniform(size=(len(frame), 2))
    return learning.dynamics(frame, CLASSES, scores=("f1", "recall"))


def band_stop():
    frame, generator = table(seed=(0, 1), removed=("B1 + B2", "B3 + B4"), true_class=CLASSES, called_class=CLASSES)
    frame["delta_percent"] = generator.uniform(-100, 100, len(frame))
    return learning.band_stop(frame, CLASSES)


def adcs():
    return spectra.adcs(np.sign(np.random.default_rng(0).normal(size=(2, 8, 9))).astype(np.int16), CLASSES, (2,))


def dominant_frequencies():
    shares = np.random.default_rng(0).uniform(size=(2, 8, 8))
    return spectra.dominant_frequencies({("resnet18", "none"): shares, ("vgg16", "augmix"): shares}, CLASSES, (2,))


def verdicts(classes=CLASSES, seeds=(0, 1), **options):
    """Of both networks, from tests that are made up."""
    runs = [("zoo", *kind, seed) for kind in KINDS for seed in seeds]
    tests = made_up_tests(runs, classes, **options)
    names = ["network", "augmentation", "seed"]
    parts = tests.groupby(names, sort=False)
    return pd.concat([rates.verdicts(part).assign(**dict(zip(names, run, strict=True))) for run, part in parts])


def shortcuts():
    return shortcut_figures.shortcuts(verdicts(), CLASSES)


def renditions():
    return images.renditions({"original": pictures(), "grey": pictures(1)}, CLASSES)


def out_of_distribution():
    filters, fills = ("dfm", "unfiltered", "random", "low_pass"), ("zeros", "swap")
    frame, generator = table(rendition=("sketch", "noisy"), filter=filters, fill=fills, **{"class": CLASSES})
    frame["tpr"] = generator.uniform(size=len(frame))
    return shortcut_figures.out_of_distribution(frame, CLASSES)


def rule_graph():
    return rule_graphs.rule_graph(
        {"all": ["draw", "train_one"], "draw": ["train_one"], "train_one": ["data"], "data": []}
    )


FREQUENCIES = "horizontal and vertical frequency, cycles per image"
# Every drawing, and what must be read on it.
DRAWINGS = {
    samples: [*CLASSES, "cow", "syn_1", "grey", "log$_{10}$ mean amplitude"],
    dynamics: [*CLASSES, "full", "low-pass", "iteration", "resnet18\nF1", "vgg16\naugmix\nrecall"],
    band_stop: [*CLASSES, "without B1 + B2", "without B3 + B4", "called", "resnet18\ntrue class", "change, % of class"],
    adcs: [*CLASSES, "ADCS", "cycles per image"],
    dominant_frequencies: [*CLASSES, "resnet18", "vgg16\naugmix", "share of seeds", FREQUENCIES],
    shortcuts: [
        *CLASSES,
        "headline:\nmap kept,\nzeros elsewhere",
        "map put into\nother images (swap)",
        "map kept,\nnoise elsewhere",
        "map removed,\nzeros instead",
        "TPR - FPR",
        *(label for name, label in shortcut_figures.FILTERS.items() if name != "dfm"),
        "own map (DFM), strong",
        "own map (DFM), not strong",
        "own map, each seed",
    ],
    renditions: [*CLASSES, "original", "grey"],
    out_of_distribution: [
        *CLASSES,
        "unfiltered",
        *("own map,\nzeros", "best control,\nzeros", "own map,\nswap", "best control,\nswap"),
        *("sketch", "noisy", "true positive rate", "resnet18"),
    ],
    rule_graph: ["all", "draw", "train one", "data"],
}
every_drawing = pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)


def test_every_public_drawing_is_tested():
    modules = (images, learning, rule_graphs, shortcut_figures, spectra)
    public = {
        name
        for module in modules
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    }
    assert public == {draw.__name__ for draw in DRAWINGS} | {"filtered_images"}  # which is tested beside the cards


@pytest.mark.slow
@every_drawing
def test_a_drawing_is_a_figure_that_says_what_it_shows(draw):
    figure = draw()
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    shown = {
        text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_visible()
    }
    assert [text for text in DRAWINGS[draw] if text not in shown] == []


@pytest.mark.slow
@every_drawing
def test_the_same_drawing_gives_the_same_files(draw, tmp_path):
    canvas.save(draw(), tmp_path / "one")
    canvas.save(draw(), tmp_path / "two")
    assert len(list(tmp_path.iterdir())) == 4
    for suffix, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
        one = (tmp_path / f"one{suffix}").read_bytes()
        assert one.startswith(start)
        assert (tmp_path / f"two{suffix}").read_bytes() == one


@pytest.mark.slow
def test_a_figure_saved_twice_gives_the_same_files(tmp_path):
    figure = samples()
    canvas.save(figure, tmp_path / "one")
    canvas.save(figure, tmp_path / "two")
    for suffix in (".svg", ".png"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_the_last_digits_of_a_layout_do_not_reach_the_files(tmp_path):
    """The right end of axes on a page lies at 1 - 0.04167 / 7.2; the solver of the layout adds a last digit or not."""
    right = 1 - 0.04167 / canvas.PAGE
    for name, end in enumerate((np.nextafter(right, 0), right, np.nextafter(right, 1))):
        with canvas.style():
            figure = plt.figure(figsize=(canvas.PAGE, 1), layout="none")
        figure.add_axes((0, 0, 1, 1)).set_position(Bbox.from_extents(0.1, 0.2, end, 0.9))
        canvas.save(figure, tmp_path / str(name))
    for suffix in (".svg", ".png"):
        assert len({(tmp_path / f"{name}{suffix}").read_bytes() for name in range(3)}) == 1


def test_drawing_leaves_the_users_style_alone():
    before = dict(plt.rcParams)
    adcs()
    assert dict(plt.rcParams) == before


@pytest.mark.slow
def test_planes_are_drawn_in_cycles_per_image():
    """Odd and even sides: frequency (0, 0) stands at the origin, a pixel is one cycle wide."""
    for height, width in ((8, 8), (7, 9), (6, 5)):
        (image,) = spectra.adcs(np.zeros((1, height, width), np.int16), ("a",)).axes[0].images
        left, right, bottom, top = image.get_extent()
        assert (left, bottom) == (-(width // 2) - 0.5, -(height // 2) - 0.5)
        assert (right - left, top - bottom) == (width, height)
        assert image.origin == "lower"


def test_a_class_has_one_colour_in_every_figure():
    assert canvas.class_colours(CLASSES)["ant"] == canvas.class_colours([*CLASSES, "cow"])["ant"]
    for n in (3, 10, 25):
        assert len(set(canvas.class_colours([f"c{i}" for i in range(n)]).values())) == n


def test_dynamics_draw_mean_and_standard_deviation_over_seeds():
    frame = pd.DataFrame(
        [("n", "none", seed, i, "full", "a", 0.1 * i + 0.2 * seed) for seed in (0, 1, 2) for i in (0, 1)],
        columns=["network", "augmentation", "seed", "iteration", "view", "class", "f1"],
    )
    axis = learning.dynamics(frame, ["a"]).axes[0]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [0.2, 0.3])
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.0, 0.5))  # 0.2 on either side


@pytest.mark.slow
def test_shortcuts_put_each_class_on_its_line():
    figure = shortcuts()
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
        mine = frame[(frame["network"] == network) & (frame["part"] == part) & (frame["fill"] == fill)]
        mine = mine.set_index("class").loc[[*CLASSES]]
        for kind, label in shortcut_figures.FILTERS.items():
            expected = mine[f"tpr_{kind}"] - mine[f"fpr_{kind}"]
            if kind == "dfm":
                strong = (mine["verdict"] == "strong").to_numpy()
                np.testing.assert_allclose(points(axis, f"{label}, strong")[:, 0], expected[strong])
                np.testing.assert_allclose(points(axis, f"{label}, not strong")[:, 0], expected[~strong])
            elif part == "keep" or kind in ("unfiltered", "random"):
                np.testing.assert_allclose(points(axis, label)[:, 0], expected)
        (bars,) = [lines for lines in axis.collections if isinstance(lines, LineCollection) and lines.get_zorder() == 1]
        for bar, (_, row) in zip(bars.get_segments(), mine.iterrows(), strict=True):
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
    mine = without.query("network == 'resnet18' and seed == 0").set_index("class")["tpr_dfm"]
    assert sorted(found[:, 0]) == pytest.approx(sorted(mine))


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


def test_rules_stand_to_the_right_of_what_they_need():
    figure = rule_graph()
    place = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts if text.get_text()}
    assert place["data"] < place["train one"] < place["draw"] < place["all"]


# Many classes


KNOWN = {40: "12 of 40 classes: those ", 1000: "12 of 1,000 classes: those "}


def many_shortcuts(names):
    frame = verdicts(names, seeds=(0,), parts=("keep",), fills=("zeros", "swap"))
    shown = selection.clearest_shortcuts(frame, names, 12)
    return shortcut_figures.shortcuts(frame, shown.names(names), shown.note), 2 * 2


def many_dynamics(names):
    frame, generator = table(iteration=(0, 5), view=("full", "low-pass"), **{"class": names})
    frame["f1"] = generator.uniform(size=len(frame))
    shown = selection.first_and_last_learned(frame, names, "f1", 12)
    return learning.dynamics(frame, shown.names(names), note=shown.note), 2 * 2


def many_ood(names):
    frame, generator = table(
        rendition=("sketch",),
        fill=("zeros", "swap"),
        filter=("unfiltered", "dfm", "random", "radial"),
        **{"class": names},
    )
    frame["tpr"] = generator.uniform(size=len(frame))
    shown = selection.select_classes(generator.uniform(size=len(names)), 12, "at random")
    return shortcut_figures.out_of_distribution(frame, shown.names(names), shown.note), 2 * 5 + 1


def many_adcs(names):
    values = np.random.default_rng(0).integers(-9, 9, (len(names), 6, 6)).astype(np.int16)
    shown = selection.largest_adcs(values, 12)
    figure = spectra.adcs(values[shown.index], shown.names(names), n_classes=len(names), note=shown.note)
    assert figure.axes[0].images[0].get_clim() == (1 - len(names), len(names) - 1)
    return figure, 12 + 1


def many_maps(names):
    shown = selection.select_classes(np.arange(len(names)), 12, "at the end")
    shares = np.zeros((12, 6, 6))
    maps = {("a", "none"): shares, ("b", "none"): shares}
    return spectra.dominant_frequencies(maps, shown.names(names), note=shown.note), 2 * 12 + 1


def many_renditions(names):
    shown = selection.evenly_spaced(len(names), 12)
    found = np.zeros((12, 3, 6, 6), np.uint8)
    return images.renditions({"photograph": found, "sketch": found}, shown.names(names), shown.note), 2 * 12


@pytest.mark.slow
@pytest.mark.parametrize("n", KNOWN)
@pytest.mark.parametrize(
    "draw",
    [many_shortcuts, many_dynamics, many_ood, many_adcs, many_maps, many_renditions],
    ids=lambda draw: draw.__name__,
)
def test_many_classes_give_a_page_that_says_which_it_shows(draw, n):
    figure, panels = draw([f"some long name of a class, such as no. {c}" for c in range(n)])
    assert len(figure.axes) == panels
    width, height = figure.get_size_inches()
    assert width <= canvas.PAGE + 0.1 and height < 11
    assert figure.get_suptitle().startswith(KNOWN[n])
    figure.canvas.draw()
    titles = [axis.title.get_window_extent() for axis in figure.axes if axis.get_title()]
    for one, other in itertools.combinations(titles, 2):
        assert not one.overlaps(other)


def test_a_band_stop_figure_of_many_classes_shows_six():
    names = [f"class {c}" for c in range(40)]
    frame, generator = table(removed=("B1+B2", "B1+B3"), true_class=names, called_class=names)
    frame["delta_percent"] = generator.uniform(-1, 1, len(frame))
    chosen = ["class 3", "class 17", "class 18", "class 20", "class 30", "class 39"]
    own = (frame["true_class"] == frame["called_class"]) & frame["true_class"].isin(chosen)
    frame.loc[own, "delta_percent"] = -50
    shown = selection.most_changed_by_bands(frame, names, 12)
    assert shown.names(names) == chosen
    figure = learning.band_stop(frame, chosen, shown.note)
    assert figure.get_suptitle() == "6 of 40 classes: those whose recognition changes most"
    assert figure.axes[0].images[0].get_array().shape == (6, 6)
    assert selection.most_changed_by_bands(frame[frame["true_class"].isin(names[:10])], names[:10], 12).note == ""


@pytest.mark.slow
def test_a_long_name_is_cut_in_the_middle_only_among_many():
    long = "soft-coated wheaten terrier 921"
    axis = shortcut_figures.shortcuts(verdicts([long]), [long]).axes[0]
    assert axis.get_yticklabels()[0].get_text() == long
    axis = shortcut_figures.shortcuts(verdicts([long]), [long], "1 of 40 classes").axes[0]
    assert axis.get_yticklabels()[0].get_text() == "soft-coated…er 921"


def test_a_reduced_picture_keeps_the_colours_of_small_marks(tmp_path):
    generator = np.random.default_rng(0)
    pixels = np.full((200, 300, 3), 255, np.uint8)
    pixels[:150] = generator.integers(0, 256, (150, 300, 1))  # many greys
    pixels[:150, ::2, 2] = 200  # and blues
    pixels[170:174, 50:54] = (2, 158, 115)  # a green mark
    Image.fromarray(pixels).save(tmp_path / "p.png")
    with Image.open(io.BytesIO(canvas.reduced(tmp_path / "p.png", 300))) as picture:
        assert picture.size == (300, 200) and picture.mode == "P"
        found = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(found[171, 51] - (2, 158, 115)).max() < 30 and np.array_equal(found[190, 200], (255, 255, 255))


def drawn_ood(kinds, names, note=""):
    rows = [(*kind, "sketch", "zeros", f, name, 0.5) for kind in kinds for f in ("unfiltered", "dfm") for name in names]
    columns = ["network", "augmentation", "rendition", "fill", "filter", "class", "tpr"]
    return shortcut_figures.out_of_distribution(pd.DataFrame(rows, columns=columns), names, note)


DOLLARS = ["from $5 to $10", r"cost $\frac{1} each"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw",
    [
        lambda: drawn_ood([("n$a$", "none")], DOLLARS),
        lambda: spectra.dominant_frequencies({("n$a$", "none"): np.zeros((2, 6, 6))}, DOLLARS),
        lambda: spectra.adcs(np.zeros((2, 6, 6), np.int16), DOLLARS),
    ],
)
def test_dollars_in_a_name_are_dollars(draw, tmp_path):
    figure = draw()
    canvas.save(figure, tmp_path / "dollars")  # as mathematics, one is refused
    texts = [text for text in figure.findobj(lambda a: hasattr(a, "get_parse_math")) if "$" in text.get_text()]
    assert len(texts) >= 2 and not any(text.get_parse_math() for text in texts)


def test_the_logarithm_is_set_as_mathematics():
    (label,) = [axis.get_ylabel() for axis in samples().axes if "log" in axis.get_ylabel()]
    bar = next(axis for axis in samples().axes if axis.get_ylabel() == label)
    assert bar.yaxis.label.get_parse_math()


def test_class_titles_use_the_width_of_their_panels_and_are_all_on_the_page():
    classes = ["name with spaces & <b>", "two words", "one two three four five six seven eight nine ten eleven twelve"]
    figure = spectra.dominant_frequencies({("n", "none"): np.zeros((3, 33, 40))}, classes)
    figure.canvas.draw()
    first, *_, longest = [axis.title for axis in figure.axes[:3]]
    assert first.get_text() == "name with spaces &\n<b>" and longest.get_text().count("\n") >= 3
    assert longest.get_window_extent().y1 <= figure.bbox.y1


NETWORKS = ["my_small_network", "resnet18_pretrained_on_nothing", "a" * 50]


@pytest.mark.slow
@pytest.mark.parametrize("names", [["ant", "bee"], [f"class number {c}" for c in range(12)]], ids=len)
@pytest.mark.parametrize(
    "draw",
    [
        drawn_ood,
        lambda kinds, names: spectra.dominant_frequencies(
            {kind: np.zeros((len(names), 32, 48)) for kind in kinds}, names
        ),
    ],
    ids=["ood", "dfm"],
)
def test_long_names_of_networks_stay_beside_their_rows(draw, names):
    figure = draw([(network, "none") for network in NETWORKS], names)
    figure.canvas.draw()
    labels = [axis.yaxis.label for axis in figure.axes if axis.get_ylabel().replace("\n", "") in NETWORKS]
    assert len(labels) == len(NETWORKS)
    places = [label.get_window_extent() for label in labels]
    for one, other in itertools.combinations(places, 2):
        assert not one.overlaps(other)
    assert all(figure.bbox.y0 <= place.y0 and place.y1 <= figure.bbox.y1 and place.x0 >= 0 for place in places)


def test_lines_are_broken_where_words_end():
    assert canvas.break_line("resnet18_pretrained_on_nothing", 12) == "resnet18_\npretrained_\non_nothing"
    assert canvas.break_line("2 strong, 2 others", 18) == "2 strong, 2 others"
    assert canvas.break_line("a" * 7, 3) == "aaa\naaa\na"


def test_the_colour_bar_of_adcs_says_which_variant_it_is():
    values = np.zeros((3, 8, 8), np.int16)
    figure = spectra.adcs(values, ["a", "b", "c"], label="ADCS, significant")
    assert figure.axes[-1].get_ylabel() == "ADCS, significant"
