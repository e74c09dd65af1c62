"""What every figure must pass: its texts are read, and it lies on its page."""


def texts_of(figure):
    """The visible texts of a figure."""
    figure.canvas.draw()
    artists = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return {artist.get_text() for artist in artists if artist.get_visible()}


def check_page(figure):
    """All visible axes, with their labels, lie on the page."""
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for axis in figure.axes:
        box = axis.get_tightbbox()
        if box is not None and axis.get_visible():
            assert box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2, axis.get_title()
