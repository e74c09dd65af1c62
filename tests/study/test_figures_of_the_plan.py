"""The table of figures: every kind has its notebook and caption, and the notebook names what the table gives it."""

import ast
import json

import pytest
from test_plan import PLAN, plan

from conftest import ROOT
from study.figures import FIGURES, inputs, kinds, parameters

AVOIDING = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["afa"], "seeds": [1]}
WAVED = {"datasets": ["waved"], "networks": ["small"], "augmentations": ["none"], "seeds": [1]}
NEEDED = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["none"], "seeds": [1], "reliance": True}
METHODS = [{**entry, "methods": ["rise", "random"]} for entry in PLAN]
PLANNED = plan(shortcuts={"methods": ["rise"]}, plan=[*METHODS, AVOIDING, NEEDED, WAVED])
KINDS = kinds(PLANNED)


def test_a_plan_has_figures_of_every_kind_that_it_can_have():
    assert set(FIGURES) - set(KINDS) == set()
    assert FIGURES["cards"].names(PLANNED)[0] == "photos-small-augmix"
    assert FIGURES["bandstop"].names(PLANNED) == ["syn_1"] and FIGURES["harm"].names(PLANNED) == ["all"]
    assert FIGURES["dynamics"].names(PLANNED) == ["photos", "syn_1", "waved"]


def code_cells(kind):
    """The cells of code of a notebook as syntax trees: parameters, imports, drawing."""
    cells = json.loads((ROOT / "workflow" / "notebooks" / f"{kind}.ipynb").read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["metadata"].get("tags", []) for cell in code] == [["parameters"], [], []]
    return [ast.parse("".join(cell["source"])) for cell in code]


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_draws_each_figure_from_what_it_gets(kind):
    given, _, drawing = code_cells(kind)
    (example,) = given.body
    assert ast.unparse(example.targets[0]) == "figures"
    (draw,) = [node for node in drawing.body if isinstance(node, ast.FunctionDef) and node.name == "draw"]
    named = {argument.arg for argument in draw.args.args}
    for figure in (*parameters(PLANNED, kind), *ast.literal_eval(example.value)):
        assert set(figure) == named
    assert ast.unparse(draw.body[-1]) == "canvas.save(drawing, figure)"  # what comes later could fail unnoticed
    loop = "for parameters in figures:\n    draw(**parameters)\n    plt.show()"
    assert ast.unparse(drawing.body[-1]) == loop and "plt.show()" not in ast.unparse(drawing.body[:-1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_job_of_a_kind_has_the_files_of_its_figures_as_inputs(kind):
    given = {
        path
        for one in parameters(PLANNED, kind)
        for value in one.values()
        for path in (value if isinstance(value, list) else [value])
        if isinstance(path, str) and path.startswith("results/") and path != one["figure"]
    }
    assert given == set(inputs(PLANNED, kind)) and len(inputs(PLANNED, kind)) == len(given)


def test_notebooks_have_words_between_their_cells():
    for kind in FIGURES:
        cells = json.loads((ROOT / "workflow" / "notebooks" / f"{kind}.ipynb").read_text())["cells"]
        assert [cell["cell_type"] for cell in cells] == ["markdown", "code", "code", "markdown", "code"]
