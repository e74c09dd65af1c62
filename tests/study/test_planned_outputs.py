"""Figures of a plan: their notebooks and inputs."""

import ast

import pytest
from test_plan import PLAN, plan

from conftest import ROOT
from study.dependencies import code_of
from study.figures import FIGURES, inputs, kinds, parameters

METHODS = [{**entry, "methods": ["hfss", "random"]} for entry in PLAN]
SWAPPED = {"datasets": ["photos"], "networks": ["small"], "augmentations": ["swap_fine"], "seeds": [1]}
NEEDED = {**SWAPPED, "augmentations": ["none"], "reliance": True}
WAVED = {**SWAPPED, "datasets": ["waved"], "augmentations": ["none"]}
WHOLE = plan(shortcuts={"methods": ["hfss"]}, graded={"sets": 2}, plan=[*METHODS, SWAPPED, NEEDED, WAVED])
KINDS = kinds(WHOLE)


def test_a_plan_has_figures_of_every_kind_that_it_can_have():
    assert set(FIGURES) - set(KINDS) == set()
    assert FIGURES["cards"].names(WHOLE)[0] == "photos-small-augmix"
    assert FIGURES["bandstop"].names(WHOLE) == ["syn_1"]
    assert FIGURES["dynamics"].names(WHOLE) == ["photos", "syn_1", "waved"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_draws_each_figure_from_what_it_gets(kind):
    *_, draw = ast.parse((ROOT / "workflow" / "notebooks" / f"{kind}.py").read_text()).body
    named = {argument.arg for argument in draw.args.args}
    assert draw.name == "draw" and all(set(figure) - {"figure"} == named for figure in parameters(WHOLE, kind))


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


def test_a_figure_is_drawn_again_for_the_code_of_its_own_notebook():
    maps, learned = (code_of("draw_figure.py", modules=[f"notebooks.{kind}"]) for kind in ("dfm", "dynamics"))
    drawings = "src/frequency_shortcuts/figures"
    assert f"{drawings}/spectra.py" in maps and f"{drawings}/learning.py" not in maps
    assert f"{drawings}/learning.py" in learned and f"{drawings}/spectra.py" not in learned
