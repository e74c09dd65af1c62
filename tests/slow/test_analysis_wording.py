"""What an analysis says of its verdicts, in its summary, its table and its page: every case, from made-up verdicts."""

import pytest
from drawn_tables import over_seeds
from test_analysis_wording import analysis  # noqa: F401 (fixtures)

from frequency_shortcuts.analysis import result


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_is_that_of_one_network(analysis, monkeypatch):
    monkeypatch.setattr(result, "over_seeds", over_seeds)
    (axis,) = analysis.figure().axes
    assert axis.get_title().splitlines() == ["small", "bold: strong shortcut"]
    bold = [label.get_text() for label in axis.get_yticklabels() if label.get_fontweight() == "bold"]
    assert bold == ["ant", "bee"]
