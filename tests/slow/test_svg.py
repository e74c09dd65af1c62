"""Smaller SVG files show the same: every shape at its place, every pixel, every reference."""

import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.svg import compact

pytestmark = pytest.mark.usefixtures("closed_figures")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def drawing():
    """Text, a line, markers of two colours, a hatched bar, a circle in a plane, and a picture in colour."""
    with canvas.style():
        figure, axes = plt.subplots(1, 3, figsize=(6, 2))
        axes[0].plot([0, 1, 2], [0.123456789, -1 / 3, 2], marker="o", label="a line")
        axes[0].scatter([0.5, 1.5], [1, -0.001], color=["red", "blue"])
        axes[0].bar([1], [1], hatch="//", facecolor="#ffeeff")
        axes[0].legend()
        canvas.show_plane(axes[1], np.arange(35.0).reshape(5, 7), "Greys")
        canvas.draw_circles(axes[1], [2], "tab:blue")
        canvas.show_picture(axes[2], np.random.default_rng(0).random((3, 6, 6)))
    return figure


def shapes(text):
    """(tag, numbers) of everything that an SVG draws, in order; a shift counts as a place."""
    for element in ElementTree.fromstring(text).iter():
        tag = element.tag.rpartition("}")[2]
        if tag in ("path", "use", "image", "rect"):
            shift = re.findall(r"translate\((\S+) (\S+)\)", element.get("transform", "")) if tag == "use" else []
            places = [element.get("d", ""), *(element.get(key, "0") for key in "xy")]
            yield tag, [float(number) for place in places for number in NUMBER.findall(place)], shift


def test_every_shape_stays_where_it_is():
    before = io.StringIO()
    with canvas.style():
        drawing().savefig(before, format="svg", metadata={"Date": None})
    after = compact(before.getvalue())
    pairs = list(zip(shapes(before.getvalue()), shapes(after), strict=True))
    assert len(pairs) > 50
    for (tag, numbers, shift), (other, places, moved) in pairs:
        expected = [*numbers[:-2], *map(float, shift[0])] if shift and not moved else numbers
        assert tag == other and len(places) == len(expected) and np.allclose(places, expected, atol=0.0051, rtol=0)
    names = set(re.findall(r' id="([^"]+)"', after))
    assert names == set(re.findall(r'(?:href="#|url\(#)([^")]+)', after))  # all others are left out
    colours = [set(re.findall(r"#[0-9a-f]{6}\b", text)) for text in (before.getvalue(), after)]
    assert "#ffeeff" in colours[0] and colours[0] == colours[1]
    assert len(after) < 0.65 * len(before.getvalue()) and after == compact(before.getvalue())


def test_a_file_holds_the_pixels_of_a_plane_and_not_those_of_a_screen(tmp_path):
    canvas.save(drawing(), tmp_path / "drawing")
    text = (tmp_path / "drawing.svg").read_text()
    assert text.count("pixelated") == 2 and mpl.rcParams["savefig.dpi"] != 200
    figure, axis = plt.subplots(figsize=(1, 1))
    axis.imshow(np.zeros((400, 400)))
    canvas.save(figure, tmp_path / "large")
    assert "pixelated" not in (tmp_path / "large.svg").read_text()
