"""What all figures share: saved files, colours of classes, reduced pictures, and broken lines."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from drawn_tables import CLASSES, has_whole_ticks
from matplotlib import pyplot as plt
from matplotlib.transforms import Bbox
from PIL import Image

from frequency_shortcuts.figures import canvas

pytestmark = pytest.mark.usefixtures("closed_figures")


def test_all_figures_of_a_notebook_are_drawn_and_saved(tmp_path):
    def draw(size):
        return plt.figure(figsize=(size, size))

    canvas.draw_all(draw, [{"figure": str(tmp_path / str(size)), "size": size} for size in (1, 2)])
    assert {path.name for path in tmp_path.iterdir()} == {"1.svg", "1.png", "2.svg", "2.png"}


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
    assert np.abs(found[171, 51] - (2, 158, 115)).max() < 30 and np.array_equal(found[190, 200], (255, 255, 255))


def test_lines_are_broken_where_words_end():
    assert canvas.break_line("resnet18_pretrained_on_nothing", 12) == "resnet18_\npretrained_\non_nothing"
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
    assert text.count("pixelated") == 2 and mpl.rcParams["savefig.dpi"] != 200
    figure, axis = plt.subplots(figsize=(1, 1))
    axis.imshow(np.zeros((400, 400)))
    canvas.save(figure, tmp_path / "large")
    assert "pixelated" not in (tmp_path / "large.svg").read_text()


def test_the_numbers_of_a_logarithmic_axis():
    with canvas.style():
        _, axis = plt.subplots()
        canvas.logarithmic(axis.yaxis)
        shown = [axis.yaxis.get_major_formatter()(value) for value in (1e-12, 0.001, 0.5, 1, 1e5, 1e6, 2e10)]
        assert shown == ["1e-12", "0.001", "0.5", "1", "100,000", "1e6", "2e10"]
        assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "log")
        canvas.logarithmic(axis.xaxis, [1, 2.5])
        assert [text.get_text() for text in axis.get_xticklabels()] == ["1", "2.5"]
        assert len(axis.get_xticks(minor=True)) == 0
