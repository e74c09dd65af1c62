"""The table of figures: every kind has its notebook and caption, and the notebook names what the table gives it."""

from study.dependencies import code_of


def test_a_figure_is_drawn_again_for_the_code_of_its_own_notebook():
    maps, waves = (code_of("draw_figure.py", f"{kind}.ipynb") for kind in ("dfm", "corruptions"))
    drawings = "src/frequency_shortcuts/figures"
    assert f"{drawings}/spectra.py" in maps and f"{drawings}/robustness.py" not in maps
    assert f"{drawings}/robustness.py" in waves and f"{drawings}/spectra.py" not in waves
