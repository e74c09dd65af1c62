"""The table of figures: every kind has its notebook and caption, and the notebook names what the table gives it."""

import ast
import json

import pytest
from test_plan import PLAN, plan

from conftest import ROOT
from study.dependencies import code_of
from study.figures import FIGURES, inputs, parameters

AVOIDING = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["afa"], "seeds": [1]}
MINE = plan(plan=[*({**entry, "methods": ["rise", "random"]} for entry in PLAN), AVOIDING])
KINDS = [kind for kind in FIGURES if FIGURES[kind].names(MINE)]


def test_a_plan_has_figures_of_every_kind_that_it_can_have():
    assert set(FIGURES) - set(KINDS) == set()
    assert FIGURES["cards"].names(MINE)[0] == "photos-small-augmix"
    assert FIGURES["bandstop"].names(MINE) == FIGURES["dynamics"].names(MINE)[1:] == ["syn_1"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_parameters_of_a_notebook_are_those_that_it_gets(kind):
    notebook = json.loads((ROOT / "workflow" / "notebooks" / f"{kind}.ipynb").read_text())
    (cell,) = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    named = {node.targets[0].id for node in ast.parse("".join(cell["source"])).body if isinstance(node, ast.Assign)}
    name = FIGURES[kind].names(MINE)[0]
    assert named == {"figure", *inputs(MINE, kind, name), *parameters(MINE, kind, name)}


def test_notebooks_have_words_between_their_cells_and_no_outputs():
    for kind in FIGURES:
        cells = json.loads((ROOT / "workflow" / "notebooks" / f"{kind}.ipynb").read_text())["cells"]
        assert [cell["cell_type"] for cell in cells[:3]] == ["markdown", "code", "code"]
        assert [cell["cell_type"] for cell in cells[3:]] == ["markdown", "code"] * ((len(cells) - 3) // 2)
        assert 5 <= len(cells) <= 9 and not any(cell.get("outputs") for cell in cells)


def test_a_figure_is_drawn_again_for_the_code_of_its_own_notebook():
    maps, waves = (code_of("draw_figure.py", f"{kind}.ipynb") for kind in ("dfm", "corruptions"))
    drawings = "src/frequency_shortcuts/figures"
    assert f"{drawings}/spectra.py" in maps and f"{drawings}/robustness.py" not in maps
    assert f"{drawings}/robustness.py" in waves and f"{drawings}/spectra.py" not in waves
