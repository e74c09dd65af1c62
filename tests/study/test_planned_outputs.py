"""Figures of a plan: their notebooks and inputs."""

import ast
import json

import pytest
from test_plan import PLAN, plan

from conftest import ROOT
from study.dependencies import code_of
from study.figures import FIGURES, inputs, kinds, parameters

METHODS = [{**entry, "methods": ["rise", "random"]} for entry in PLAN]
AVOIDING = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["afa"], "seeds": [1]}
NEEDED = {**AVOIDING, "augmentations": ["none"], "reliance": True}
WAVED = {**AVOIDING, "datasets": ["waved"], "augmentations": ["none"]}
WHOLE = plan(shortcuts={"methods": ["rise"]}, plan=[*METHODS, AVOIDING, NEEDED, WAVED])
KINDS = kinds(WHOLE)


def test_a_plan_has_figures_of_every_kind_that_it_can_have():
    assert set(FIGURES) - set(KINDS) == set()
    assert FIGURES["cards"].names(WHOLE)[0] == "photos-small-augmix"
    assert FIGURES["bandstop"].names(WHOLE) == ["syn_1"]
    assert FIGURES["dynamics"].names(WHOLE) == ["photos", "syn_1", "waved"]


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
    for figure in (*parameters(WHOLE, kind), *ast.literal_eval(example.value)):
        assert set(figure) == named
    assert ast.unparse(draw.body[-1]) == "canvas.save(drawing, figure)"  # what comes later could fail unnoticed
    loop = "for parameters in figures:\n    draw(**parameters)\n    plt.show()"
    assert ast.unparse(drawing.body[-1]) == loop and "plt.show()" not in ast.unparse(drawing.body[:-1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_job_of_a_kind_has_the_files_of_its_figures_as_inputs(kind):
    given = {
        path
        for one in parameters(WHOLE, kind)
        for value in one.values()
        for path in (value if isinstance(value, list) else [value])
        if isinstance(path, str) and path.startswith("results/") and path != one["figure"]
    }
    assert given == set(inputs(WHOLE, kind)) and len(inputs(WHOLE, kind)) == len(given)


def test_notebooks_have_words_between_their_cells():
    for kind in FIGURES:
        cells = json.loads((ROOT / "workflow" / "notebooks" / f"{kind}.ipynb").read_text())["cells"]
        assert [cell["cell_type"] for cell in cells] == ["markdown", "code", "code", "markdown", "code"]


def test_a_figure_is_drawn_again_for_the_code_of_its_own_notebook():
    maps, waves = (code_of("draw_figure.py", f"{kind}.ipynb") for kind in ("dfm", "corruptions"))
    drawings = "src/frequency_shortcuts/figures"
    assert f"{drawings}/spectra.py" in maps and f"{drawings}/robustness.py" not in maps
    assert f"{drawings}/robustness.py" in waves and f"{drawings}/spectra.py" not in waves
