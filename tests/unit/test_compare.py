"""Two results side by side, and where a patch is."""

import pandas as pd
import pytest
from fine_wave import CLASSES, WAVED, Reader, analyse

import frequency_shortcuts as fs
from frequency_shortcuts.exchange.patch import ACROSS, place_in_words, places, rectangle


def test_two_networks_are_compared_class_by_class():
    before, after = (analyse(Reader(follows=follows)) for follows in (200, 0))
    table = fs.compare(before, after).set_index("class")
    assert [*table.index] == [*CLASSES, "all"]
    waved = table.loc[CLASSES[WAVED]]
    assert waved["before"].startswith("follows ") and "fine" in waved["before"]
    assert waved["after"] == after.exchanges.loc[WAVED, "verdict"] != "follows"
    for when, result in (("before", before), ("after", after)):
        pd.testing.assert_series_equal(
            table[f"recall {when}"][:-1].reset_index(drop=True),
            result.exchanges["recall"],
            check_names=False,
        )
        assert table.loc["all", f"recall {when}"] == result.exchanges["recall"].mean()


def test_results_of_other_images_are_not_compared():
    given = Reader(follows=0)
    with pytest.raises(ValueError, match="expected two networks on the same images"):
        fs.compare(analyse(given), analyse(given, n=400))


@pytest.mark.parametrize("size", [(64, 64), (30, 45), (224, 224)])
def test_a_place_in_words_is_the_window_that_was_exchanged(size):
    masks = places(size)
    for number in range(ACROSS**2):
        rows, columns = rectangle(number, size)
        assert masks[number][rows.start : rows.stop, columns.start : columns.stop].all()
        assert masks[number].sum() == len(rows) * len(columns)
        words = f"columns {columns[0]} to {columns[-1]}, rows {rows[0]} to {rows[-1]}"
        assert place_in_words(number, size).endswith(words)
    assert rectangle(ACROSS**2, size) is None


def test_corners_and_the_frame_have_names():
    names = {0: "top left", 5: "top right", 30: "bottom left", 14: "middle centre"}
    for number, name in names.items():
        assert place_in_words(number, (64, 64)).startswith(name)
    assert place_in_words(ACROSS**2, (64, 32)) == "the frame, 4 rows and 2 columns wide"
