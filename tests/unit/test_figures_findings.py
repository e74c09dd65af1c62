"""The figure of the findings: every finding with its networks, its verdict, and where nothing could be tested."""

import numpy as np
import pandas as pd
import pytest
from findings_tables import advantages, dynamics_of, graded, networks, tables

from frequency_shortcuts.figures import findings as drawings
from frequency_shortcuts.findings import definitions, judge

SMALL, AUGMENTED = ("small", "none"), ("small", "autoaugment")


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_shows_every_interval_network_and_verdict_and_says_what_is_missing():
    values = {SMALL: [0.18, 0.22, 0.2, 0.25, 0.15], AUGMENTED: [-0.1, -0.2]}
    sets = pd.concat([graded([1, 2, 3, 4], [2, 1, 4, 3], ["low", "high"] * 2, 200 + i) for i in range(2)])
    study = tables(
        networks=networks([SMALL, AUGMENTED]), advantages=advantages(values), graded=sets,
        dynamics=pd.concat([dynamics_of(SMALL, seed) for seed in range(200, 205)]),
    )  # fmt: skip
    of_method = tables(networks=study.networks, advantages=advantages({SMALL: [0.3, 0.4, 0.5, 0.6, 0.7]}))
    table, numbers = judge.judge(study, {"rise": of_method})
    figure = drawings.findings(table, numbers)
    figure.canvas.draw()
    (axis,) = figure.axes
    texts = [artist.get_text().replace("\n", " ") for artist in axis.texts]
    for letter, finding in definitions.FINDINGS.items():
        assert f"({letter}) {finding.claim}" in texts
    assert texts.count(definitions.NO_DATA) == 4 and "does not hold (of these)" in texts
    assert definitions.OPEN in texts  # without an interval there is no half width
    assert "with maps of rise" in [text.get_text() for text in figure.legends[0].get_texts()]
    decides = table[(table["role"] == "decides") & (table["networks"] > 0)]
    drawn = {tuple(np.round(line.get_xdata(), 6)) for line in axis.lines}
    for row in decides.to_dict("records"):
        of = numbers[(numbers["finding"] == row["finding"]) & (numbers["role"] == "decides")]
        assert (round(row["value"], 6),) in drawn and tuple(of["value"].round(6)) in drawn
    segments = {tuple(segment[:, 0].round(6)) for shape in axis.collections for segment in shape.get_segments()}
    assert {tuple(ends) for ends in decides[["low", "high"]].dropna().round(6).to_numpy()} <= segments
    (beside,) = table[table["method"] == "rise"].to_dict("records")
    assert (0.5,) in drawn and tuple(np.round([beside["low"], beside["high"]], 6)) in segments
