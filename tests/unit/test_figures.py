"""Drawings of phase, learning and exchanges, and which classes figures show."""

import io
import itertools
import re
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from drawn_tables import (
    CLASSES,
    FIRST,
    KINDS,
    check_drawing,
    check_page,
    has_whole_ticks,
    table,
    texts_of,
    verdicts,
)
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba
from matplotlib.transforms import Bbox
from PIL import Image

from frequency_shortcuts.exchange.verdict import BORDER, CALLED, LOST_RECALL, MEASURED
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import clearest_shortcuts, select_classes
from frequency_shortcuts.intervals import over_networks
from study.drawing import cards, exchange, learning, shortcuts, spectra
from study.drawing import study as notebook
from study.measures.phase import KEPT

pytestmark = pytest.mark.usefixtures("closed_figures")


def adcs():
    values = np.sign(np.random.default_rng(0).normal(size=(2, 8, 9))).astype(np.int16)
    return spectra.adcs({"as published": values, "significant": values // 2}, CLASSES, 2, (2,))


def test_drawing_leaves_the_users_style_alone():
    before = dict(plt.rcParams)
    adcs()
    assert dict(plt.rcParams) == before


JUDGED = ("C1", "C2", "shirt")
VERDICTS = {
    "C1": ["texture", "texture", "shape"],
    "C2": ["undecided", None, None],
    "shirt": [None] * 3,
}


def of_phase(seeds=3):
    generator, rows = np.random.default_rng(0), []
    for seed, name in itertools.product(range(seeds), JUDGED):
        rates = {}
        for kept in KEPT:
            tpr = generator.uniform()
            rates |= {
                f"tpr_{kept}": tpr,
                f"tpr_{kept}_low": tpr - 0.03,
                f"tpr_{kept}_high": tpr + 0.03,
            }
            rates[f"fpr_{kept}"] = generator.uniform(0, 0.2)
        run = {
            "dataset": "zoo",
            "network": "resnet18",
            "augmentation": "none",
            "seed": seed,
            "negatives": 10**6,
        }
        rows.append({**run, "class": name, **rates, "verdict": VERDICTS[name][seed]})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("without_fpr", [False, True])
def test_texture_draws_means_over_networks_with_their_intervals(without_fpr):
    rows, tile = of_phase(), np.zeros((1, 4, 4))
    if without_fpr:
        rows[[name for name in rows if name.startswith("fpr")]], rows["negatives"] = np.nan, 0
    figure = cards.texture(rows, dict.fromkeys(JUDGED, (tile, tile)))
    words = (
        " \n3 networks of resnet18",
        "texture 2 of 3",
        "map does\nnot suffice 2 of 3",
        "map does\nnot suffice 3 of 3",
        "its map",
        "phases alone (shape)",
        "half of both",
    )
    check_drawing(figure, *words)
    axis = figure.axes[0]
    drawn = [
        line.get_xydata()[0]
        for line in axis.lines
        if line.get_marker() in "os^" and len(line.get_xdata()) == 1
    ]
    bars = [bar.get_segments()[0] for bar in axis.collections]
    for (place, name), (shift, kept) in itertools.product(
        enumerate(JUDGED), zip((-0.24, 0, 0.24), KEPT, strict=True)
    ):
        of = rows[rows["class"] == name]
        value, at = (of[f"tpr_{kept}"] - of[f"fpr_{kept}"].fillna(0)).mean(), place + shift
        assert any(np.allclose(mark, (value, at)) for mark in drawn)
        assert any(
            np.allclose(bar, [(value - 0.03, at), (value + 0.03, at)], atol=1e-3) for bar in bars
        )


def test_marks_out_of_distribution_are_means_of_the_first_kind_and_lines_reach_over_all_networks():
    columns = {
        "rendition": ("toy", "sketch"),
        "filter": ("unfiltered", "dfm", "low_pass"),
        "class": CLASSES,
    }
    rows, generator = table(seed=(0, 1, 2), **columns)
    rows[["tpr", "fpr"]] = generator.uniform(size=(len(rows), 2))
    rows, tested, first = (
        rows.assign(fill="zeros"),
        verdicts(seeds=range(4)),
        {"zoo": list(KINDS[1])},
    )
    figure = shortcuts.draw_ood("zoo", CLASSES, rows, tested, first, "zeros", 12)
    note = " \nvgg16 augmix, the first of 2 kinds of networks; marks: mean of 3 networks, lines: lowest to highest"
    check_drawing(
        figure,
        *CLASSES,
        note,
        "TPR - FPR",
        "test images",
        "toy",
        "unfiltered",
        "own map",
        canvas.CONTROL_WORDS["low_pass"],
    )
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert shown == ["test images", "toy", "sketch"]
    of_test = tested.query("network == 'vgg16' and part == 'keep' and fill == 'zeros' and seed < 3")
    for name, axis in zip(CLASSES, figure.axes, strict=True):
        mine = rows[(rows["network"] == "vgg16") & (rows["class"] == name)]
        judged = of_test[of_test["class"] == name]
        marks = {line.get_label(): line.get_xdata() for line in axis.lines}
        bars = [bar.get_segments() for bar in axis.collections]
        for (kept, (label, *_)), lines in zip(shortcuts.IN_RENDITIONS.items(), bars, strict=True):
            values = [(judged[f"tpr_{kept}"] - judged[f"fpr_{kept}"]).to_numpy()]
            for rendition in shown[1:]:
                of = mine[(mine["filter"] == kept) & (mine["rendition"] == rendition)]
                values.append((of["tpr"] - of["fpr"]).to_numpy())
            np.testing.assert_allclose(marks[label], np.mean(values, axis=1))
            ends = np.column_stack([np.min(values, axis=1), np.max(values, axis=1)])
            np.testing.assert_allclose(np.array(lines)[:, :, 0], ends)


def test_sizes_draw_means_over_networks_beside_the_lowest_frequencies():
    frame, _ = table(
        seed=range(5), percent=(1, 5, 20), filter=("dfm", "low_pass"), **{"class": CLASSES}
    )
    value = frame["percent"] / 25 + frame["filter"].eq("dfm") * 0.1 + frame["seed"] / 100
    frame = frame.assign(measure=value, measure_low=value - 0.1, measure_high=value + 0.1)
    figure = shortcuts.draw_sizes(CLASSES, frame.query("network == 'vgg16'"), verdicts(), FIRST, 12)
    check_drawing(
        figure, *CLASSES, "own map", "lowest frequencies", "20", "TPR - FPR", "% of spectrum"
    )
    for axis in figure.axes:
        lines = {line.get_label(): line.get_ydata() for line in axis.lines}
        np.testing.assert_allclose(lines["own map"], [0.16, 0.32, 0.92])
        np.testing.assert_allclose(lines["lowest frequencies"], [0.06, 0.22, 0.82])


def test_the_first_kind_is_the_one_of_the_plan_also_where_the_table_has_another_one_first():
    frame, _ = table(dataset=["zoo", "farm"], seed=(0, 1))
    first = {"zoo": ["vgg16", "augmix"], "farm": ["none", "such"]}
    found = notebook.first_kinds(frame, first)
    assert set(zip(found["dataset"], found["network"], strict=True)) == {
        ("zoo", "vgg16"),
        ("farm", "resnet18"),
    }


def of_learning():
    """F1 of bee passes one half at 5 on full images, at 5 and never on low-passed ones; that of ant at 10 and never."""
    columns = {"iteration": (0, 5, 10), "view": ("full", "low-pass"), "class": CLASSES}
    frame, _ = table(dataset=["syn_0"], seed=(0, 1), **columns)
    late = frame["class"].eq("ant") | frame["view"].eq("low-pass") & frame["seed"].eq(1)
    value = (frame["iteration"] / 10 - 0.3 * late - 0.4 * (late & frame["seed"].eq(1))).clip(
        lower=0
    )
    return frame.assign(f1=value).query("network == 'vgg16'")


def test_dynamics_draw_the_mean_over_networks():
    sets = [of_learning().query("view == 'full'").assign(dataset=f"syn_{i}") for i in range(5)]
    figure = learning.curves(pd.concat(sets), "dataset")
    check_drawing(figure, *CLASSES, "syn_4", "F1", "iteration", " \nmeans over networks")
    axis = figure.axes[0]
    drawn = [line.get_ydata() for line in axis.lines if len(line.get_ydata())]
    assert len(drawn) == 2 and has_whole_ticks(axis.xaxis)
    assert any(np.allclose(line, [0, 0.1, 0.5]) for line in drawn)


def test_graded_sets_are_drawn_by_ring_without_the_neutral_class():
    rows = [(seed, name, gain, ring, 0.2 * gain) for seed, shift in ((7, 0), (8, 0.4)) for name, gain, ring in
            (("C0", np.nan, np.nan), ("C1", 3.1 + shift, "low"), ("C2", 1.6 + shift, "high"))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["seed", "class", "gain", "ring", "earliness"])
    figure = learning.draw_graded(frame.assign(distinctiveness=1, recall=1))
    check_drawing(figure, "low ring", "high ring", "gain (amplitude)")
    (axis,) = figure.axes
    marks = axis.collections[0].get_offsets()
    np.testing.assert_allclose(sorted(marks[:, 0]), [1.6, 2, 3.1, 3.5])
    np.testing.assert_allclose(marks[:, 1], 0.2 * marks[:, 0])
    assert sum(len(line.get_xdata()) == 2 for line in axis.lines) == 2


def test_selected_are_the_highest_scores_in_the_classes_own_order():
    shown = select_classes([0.1, 0.9, np.nan, 0.5, 0.9, 0.2], 3, "that are high")
    assert shown.index.tolist() == [1, 3, 4] and shown.note == "3 of 6 classes: those that are high"
    assert shown.names("abcdef") == ["b", "d", "e"]
    both = select_classes([0.1, 0.9, np.nan, 0.5, 0.9, 0.2], 3, "", both_ends=True)
    assert both.index.tolist() == [0, 1, 4]
    assert select_classes(np.zeros(5), 2, "").index.tolist() == [0, 1]
    assert select_classes(np.full(5, np.nan), 4, "", both_ends=True).index.tolist() == [0, 1, 2, 3]
    for both_ends in (False, True):  # few are all shown without a note
        few = select_classes([3, 2, 1], 3, "that are high", both_ends=both_ends)
        assert few.index.tolist() == [0, 1, 2] and few.note == ""


def test_the_clearest_shortcut_is_the_map_that_beats_as_many_of_the_lowest_frequencies_most():
    """ant: more under another fill; cow: more in one seed of two; dog: without a headline."""
    rows = [
        (0, "ant", 0.0, True), (0, "ant", 0.9, False), (0, "bee", 0.3, True), (0, "cow", 0.4, True),
        (1, "cow", -0.2, True), (0, "dog", 0.9, False),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["seed", "class", "low_pass_margin", "headline"])
    frame["measure"] = -frame["low_pass_margin"]
    names, why = (
        ["ant", "bee", "cow", "dog"],
        "whose own map beats as many of the lowest frequencies most",
    )
    shown = clearest_shortcuts(frame, names, 1)
    assert shown.names(names) == ["bee"] and shown.note == f"1 of 4 classes: those {why}"
    assert clearest_shortcuts(frame, names, 3).names(names) == ["ant", "bee", "cow"]
    others = frame.assign(headline=~frame["headline"])
    assert clearest_shortcuts(others, names, 2).names(names) == ["ant", "dog"]
    untested = clearest_shortcuts(frame.assign(low_pass_margin=np.nan), names, 1)
    assert untested.names(names) == ["ant"] and untested.note.endswith(
        "TPR - FPR from their own map"
    )


def test_classes_are_those_of_the_first_kind_of_networks_of_the_plan():
    frame, _ = table(dataset=["zoo"], seed=(0, 1), **{"class": CLASSES})
    better = frame["class"].eq("bee") == frame["network"].eq(
        "vgg16"
    )  # ant of resnet18, bee of vgg16
    tested = frame.assign(low_pass_margin=better.astype(float), measure=0.0, headline=True)
    sizes, _ = table(seed=(0, 1), percent=(1, 5), filter=("dfm", "low_pass"), **{"class": CLASSES})
    sizes = sizes.assign(measure=0.5, measure_low=0.4, measure_high=0.6).query("network == 'vgg16'")
    for kind, name in zip(KINDS, CLASSES, strict=True):
        figure = shortcuts.draw_sizes(CLASSES, sizes, tested, {"zoo": list(kind)}, 1)
        assert figure.axes[0].get_title() == name


def test_first_and_last_learned_are_found_on_the_images_as_they_are():
    frame = pd.DataFrame(
        [(v, i, c, f1 if v == "full" else 1 - f1) for v in ("full", "low-pass") for i in (0, 1)
         for c, f1 in zip("abcd", (0.5, 0.9, 0.4, 0.1), strict=True)],
        columns=["view", "iteration", "class", "f1"],
    ).assign(dataset="zoo", network="resnet18", augmentation="none", seed=0)  # fmt: skip
    for rows, most, shown in ((frame, 2, "bd"), (frame.assign(f1=1 - frame["f1"]), 3, "bcd")):
        figure = learning.draw_dynamics(["zoo"], rows, FIRST, most, list("abcd"))
        assert {text.get_text() for text in figure.legends[0].get_texts()} == set(shown)


def test_evenly_spaced_classes_begin_and_end_the_list(monkeypatch):
    for n, words in ((1000, {"c0", "c333", "c666", "c999"}), (3, {"c0", "c1", "c2"})):
        found = SimpleNamespace(
            classes=[f"c{i}" for i in range(n)], labels=np.arange(n), images=np.zeros((n, 1, 2, 2))
        )
        monkeypatch.setattr(
            cards, "stores", SimpleNamespace(read=lambda *given, found=found, **options: found)
        )
        shown = check_page(cards.draw_renditions("", [""], ["toy"], 4))
        assert {text for text in shown if re.fullmatch(r"c\d+", text)} == words
        assert any(
            "4 of 1,000 classes: those that are evenly spaced" in text for text in shown
        ) == (n == 1000)


def test_the_largest_adcs_is_that_of_the_largest_absolute_value(tmp_path):
    values = np.zeros((4, 2, 2), np.int16)
    values[1], values[3, 0, 0] = -3, 3
    with h5py.File(tmp_path / "adcs.h5", "w") as file:
        file["adcs"], file["adcs_significant"] = -values, values
        file.attrs.update(classes=list("abcd"), shown="adcs_significant")
    figure = spectra.draw_adcs(str(tmp_path / "adcs.h5"), [], 1)
    assert [axis.get_title() for axis in figure.axes[:2]] == ["b", "b"] and figure.axes[
        0
    ].get_ylabel() == "significant"


EXCHANGED = ("neutral", "ant", "bee", "cow & calf")


def exchanges_of(classes=EXCHANGED[1:], seeds=(0, 1)):
    """The table `exchanges` of one kind of network; bee is followed in the last seed, by its field."""
    generator = np.random.default_rng(0)
    kind, rows = {"dataset": "zoo", "network": "resnet18", "augmentation": "none"}, []
    for seed in seeds:
        for name in classes:
            followed = (name, seed) == ("bee", seeds[-1])
            row = {
                **kind,
                "seed": seed,
                "class": name,
                "verdict": "follows" if followed else "nothing found",
            }
            for measured in MEASURED:
                value = 0.9 if followed and measured == "field" else generator.uniform(0, 0.05)
                row |= {
                    measured: value,
                    f"{measured}_low": value - 0.03,
                    f"{measured}_high": value + 0.03,
                }
                if measured != BORDER:
                    row[f"{measured}_control"] = 0.01
            rows.append(row | {"follows": "field" if followed else np.nan})
    return pd.DataFrame(rows)


def test_a_panel_a_number_has_networks_their_mean_and_controls_and_the_verdict_at_the_end():
    table = exchanges_of(seeds=range(5))
    both = pd.concat([table.assign(network="other"), table])
    figure = exchange.draw_exchanges("zoo", EXCHANGED, both, FIRST, 12)
    note = "\nresnet18, the first of 2 kinds of networks"
    assert any(text.endswith(note) for text in texts_of(figure))
    check_drawing(figure, "nothing found\n5 of 5", "follows\n1 of 5")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(EXCHANGED[1:])
    for measured, panel in zip(MEASURED, figure.axes, strict=True):
        limit, *lines = panel.lines
        assert limit.get_xdata()[0] == (LOST_RECALL if measured == BORDER else CALLED)
        words, _ = exchange.WORDS[measured]
        assert words in panel.get_title().replace("\n", " ")
        intervals, means = ([line.get_xdata() for line in lines if len(line.get_xdata()) == n and
                             line.get_color() == "black"] for n in (2, 1))  # fmt: skip
        for place, name in enumerate(EXCHANGED[1:]):
            own = table[table["class"] == name]
            step = 1 if measured == BORDER else 2
            dots, *controls = panel.collections[step * place : step * (place + 1)]
            assert dots.get_offsets()[:, 0].tolist() == pytest.approx(own[measured].tolist())
            assert len(controls) == step - 1
            for of_control in controls:
                assert of_control.get_offsets()[:, 0].tolist() == pytest.approx([0.01] * 5)
            found = [tuple(colour) == to_rgba(exchange.FOUND) for colour in dots.get_facecolors()]
            assert found == [False] * 4 + [(measured, name) == ("field", "bee")]
            assert means[place] == pytest.approx([own[measured].mean()])
            assert intervals[place] == pytest.approx(over_networks(own[measured])[1:3])


def test_one_network_has_its_own_interval_and_of_many_classes_the_clearest_are_drawn():
    names = [f"a class with a long name {c}" for c in range(20)] + ["bee"]
    table = exchanges_of(names, seeds=(3,))
    figure = exchange.draw_exchanges("zoo", names, table, FIRST, 13)
    note = "\n13 of 21 classes: those that are followed most"
    assert any(text.endswith(note) for text in texts_of(figure))
    check_drawing(figure, "bee", "nothing found\n1 of 1", "follows\n1 of 1")
    (low, high), *_ = (line.get_xdata() for line in figure.axes[0].lines if len(line.get_xdata()) == 2 and
                       line.get_color() == "black")  # fmt: skip
    assert high - low == pytest.approx(2 * 0.03 * 1.959964 / 1.644854)


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


def test_a_class_has_one_colour_in_every_figure():
    assert canvas.class_colours(CLASSES)["ant"] == canvas.class_colours([*CLASSES, "cow"])["ant"]
    for n in (3, 10, 25):
        assert len(set(canvas.class_colours([f"c{i}" for i in range(n)]).values())) == n


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
    assert np.abs(found[171, 51] - (2, 158, 115)).max() < 30 and np.array_equal(
        found[190, 200], (255, 255, 255)
    )


def test_lines_are_broken_where_words_end():
    assert (
        canvas.break_line("resnet18_pretrained_on_nothing", 12)
        == "resnet18_\npretrained_\non_nothing"
    )
    assert canvas.break_line("2 strong, 2 others", 18) == "2 strong, 2 others"
    assert canvas.break_line("a" * 7, 3) == "aaa\naaa\na"


@pytest.mark.parametrize(("height", "width"), [(2, 5), (28, 224)])
def test_a_plane_has_two_ticks_at_least(height, width):
    """Also where the automatic locator finds room for one: then it was the zero frequency alone."""
    _, axis = plt.subplots(figsize=(1.3, 1.3))
    canvas.show_plane(axis, np.zeros((height, width)), "gray")
    for line in (axis.xaxis, axis.yaxis):
        assert has_whole_ticks(line)
        low, high = line.get_view_interval()
        assert sum(low <= tick <= high for tick in line.get_ticklocs()) >= 2


def test_a_file_holds_the_pixels_of_a_plane_and_not_those_of_a_screen(tmp_path):
    with canvas.style():
        figure, (plane, picture) = plt.subplots(1, 2, figsize=(4, 2))
        canvas.show_plane(plane, np.arange(35.0).reshape(5, 7), "Greys")
        canvas.show_picture(picture, np.random.default_rng(0).random((3, 6, 6)))
    canvas.save(figure, tmp_path / "drawing")
    text = (tmp_path / "drawing.svg").read_text()
    assert text.count("pixelated") == 2
    figure, axis = plt.subplots(figsize=(1, 1))
    axis.imshow(np.zeros((400, 400)))
    canvas.save(figure, tmp_path / "large")
    assert "pixelated" not in (tmp_path / "large.svg").read_text()


def test_the_numbers_of_a_logarithmic_axis():
    with canvas.style():
        _, axis = plt.subplots()
        canvas.logarithmic(axis.yaxis)
        shown = [
            axis.yaxis.get_major_formatter()(value)
            for value in (1e-12, 0.001, 0.5, 1, 1e5, 1e6, 2e10)
        ]
        assert shown == ["1e-12", "0.001", "0.5", "1", "100,000", "1e6", "2e10"]
        assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "log")
        canvas.logarithmic(axis.xaxis, [1, 2.5])
        assert [text.get_text() for text in axis.get_xticklabels()] == ["1", "2.5"]
        assert len(axis.get_xticks(minor=True)) == 0
