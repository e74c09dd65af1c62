"""What every figure must pass: its texts are read, it lies on its page, and it is saved as the same bytes."""

from frequency_shortcuts.figures import canvas


def texts_of(figure):
    """The visible texts of a figure."""
    figure.canvas.draw()
    artists = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return {artist.get_text() for artist in artists if artist.get_visible()}


def check_files(draw, folder):
    """Two drawings give the same SVG and PNG files."""
    canvas.save(draw(), folder / "one")
    canvas.save(draw(), folder / "two")
    assert len(list(folder.iterdir())) == 4
    for suffix, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
        one = (folder / f"one{suffix}").read_bytes()
        assert one.startswith(start)
        assert (folder / f"two{suffix}").read_bytes() == one


def check_page(figure):
    """All visible axes, with their labels, lie on the page."""
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for axis in figure.axes:
        box = axis.get_tightbbox()
        if box is not None and axis.get_visible():
            assert box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2, axis.get_title()
