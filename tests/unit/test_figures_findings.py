"""The figure of the findings: every finding, every verdict, and where nothing could be tested."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection

from frequency_shortcuts.figures import findings as findings_figure
from frequency_shortcuts.findings import definitions, evidence, judge

RUN = {"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 0, "images": 40, "negatives": 0}


@pytest.mark.slow
def test_the_figure_shows_every_interval_beside_its_threshold_and_says_what_is_missing():
    rates = {"tpr_dfm": 0.95, "fpr_dfm": np.nan, "tpr_random": 0.1, "fpr_random": np.nan, "verdict": "strong"}
    rates |= {
        "part": "keep",
        "fill": "zeros",
        "neutral": False,
        "headline": True,
        "error_random": 0.0,
        "draws_random": 10,
    }
    table = judge.judge(evidence.Evidence(pd.DataFrame([{**RUN, "class": "ant", **rates}])))
    figure = findings_figure.findings(table)
    figure.canvas.draw()
    written = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    texts = {artist.get_text().replace("\n", " ") for artist in written}
    assert {f"({letter}) {finding.claim}" for letter, finding in definitions.FINDINGS.items()} <= texts
    assert {"all data sets", "zoo", definitions.HOLDS, definitions.DOES_NOT_HOLD, definitions.UNDECIDED} <= texts
    assert "needs learning dynamics of at least three classes" in texts
    tested = figure.axes[list(definitions.FINDINGS).index("d")]
    rows = table[table["finding"] == "d"].set_index("dataset")
    drawn = [shape.get_offsets()[0] for shape in tested.collections if isinstance(shape, PathCollection)]
    assert [tuple(point) for point in drawn] == [(rows["value"]["all"], 0), (rows["value"]["zoo"], 1)]
    segments = [shape.get_segments()[0] for shape in tested.collections if isinstance(shape, LineCollection)]
    assert [tuple(segment[:, 0]) for segment in segments] == list(zip(rows["low"], rows["high"], strict=True))
