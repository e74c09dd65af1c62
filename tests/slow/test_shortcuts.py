"""Shortcut tests of networks against loops over images and masks. Tolerance 1e-12 unless stated."""

import numpy as np
import pandas as pd
from test_shortcuts import LABELS, MANY, SIZE, case, many  # noqa: F401 (fixtures)

from frequency_shortcuts import shortcuts, spectrum
from frequency_shortcuts.evaluation.hits import NOT_SHOWN


def test_an_image_is_shown_where_its_class_or_a_rate_needs_it(case):
    """`NOT_SHOWN` elsewhere: with negatives, and without false positives, which maps have and controls have not."""
    masks = case[2]
    for options in ({"negatives": 3}, {"false_positives": False}, {"negatives": 4, "false_positives": False}):
        hits = shortcuts.collect(*case[:2], LABELS, masks, controls=2, seed=2, **options)
        few = options.get("false_positives", True)
        for fill, named in hits.named.items():
            for mask, of_image in enumerate(named):
                for i, label in enumerate(LABELS):
                    needed = False
                    for row in hits.trials[hits.trials["mask"] == mask].to_dict("records"):
                        c, for_rate = row["class"], few or row["filter"] in ("dfm", "other")
                        counts = hits.negatives[c, i] and (fill == "zeros" or LABELS[hits.donors[i]] != c)
                        needed |= label == c or (counts and for_rate)
                    assert (of_image[i] == NOT_SHOWN) == (not needed)
        for c in range(3):
            drawn = shortcuts.negatives_of(LABELS, c, options.get("negatives"), seed=2)
            assert np.flatnonzero(hits.negatives[c]).tolist() == drawn.tolist()
        table = shortcuts.rates(hits)
        measured = set(table.loc[table["fpr"].notna(), "filter"])
        assert measured == {"unfiltered", "dfm", "other"} | ({"random", "radial", "low_pass"} if few else set())


class Counting:
    """An array with only a shape and dtype, which records how many rows are read at once."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.batch_sizes = array, array.shape, array.dtype, []

    def __getitem__(self, index):
        assert isinstance(index, np.ndarray) and index.dtype.kind == "i"
        self.batch_sizes.append(len(index))
        return self.array[index]


HOW = {"mean": [0.4], "std": [0.3]}


def test_no_more_than_a_batch_is_read_at_once(many):
    network, images, labels, masks = many
    counting = Counting(images)
    table = shortcuts.measure(network, counting, labels, masks, **HOW, controls=1, others=2, batch_size=8)
    assert max(counting.batch_sizes) == 8
    # Each image once unfiltered, once a fill, and again as a donor.
    assert sum(counting.batch_sizes) == 1 + (1 + 2 + 1) * len(labels)
    pd.testing.assert_frame_equal(
        table, shortcuts.measure(network, images, labels, masks, **HOW, controls=1, others=2, batch_size=512)
    )
    counting, bands = Counting(images), spectrum.bands(*SIZE, (1.5, 3))
    table = shortcuts.band_stop(network, counting, labels, bands, MANY, **HOW, batch_size=8)
    assert max(counting.batch_sizes) == 8 and sum(counting.batch_sizes) == 1 + len(labels)
    pd.testing.assert_frame_equal(table, shortcuts.band_stop(network, images, labels, bands, MANY, **HOW))
