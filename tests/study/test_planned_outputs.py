"""Figures and tables of a plan: their notebooks and inputs; tables of another run, and those that were cut."""

import ast
import re
from types import SimpleNamespace

import jupytext
import pandas as pd
import pytest
from test_plan import PLAN, plan

from conftest import ROOT, made_up_tests, made_up_verdicts
from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.storage.checksums import DamagedFile
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study import targets
from study.dependencies import code_of
from study.figures import FIGURES, inputs, kinds, parameters
from study.job import FOLDER, job
from study.table_checks import PLANNED, read_joined, read_runs

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


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_draws_each_figure_from_what_it_gets(kind):
    words, given, code = jupytext.read(ROOT / "workflow" / "notebooks" / f"{kind}.py", fmt="py:percent").cells
    assert words.cell_type == "markdown" and given.metadata["tags"] == ["parameters"]
    *_, draw, last = ast.parse(code.source).body
    named = {argument.arg for argument in draw.args.args}
    assert all(set(figure) - {"figure"} == named for figure in parameters(WHOLE, kind))
    assert draw.name == "draw" and ast.unparse(last) == "canvas.draw_all(draw, figures)"


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
    maps, waves = (code_of("draw_figure.py", modules=[f"notebooks.{kind}"]) for kind in ("dfm", "corruptions"))
    drawings = "src/frequency_shortcuts/figures"
    assert f"{drawings}/spectra.py" in maps and f"{drawings}/robustness.py" not in maps
    assert f"{drawings}/robustness.py" in waves and f"{drawings}/spectra.py" not in waves


# Tables are read for the plan

STUDY = plan(shortcuts={"methods": ["rise"]})
RUNS = [tuple(run.values()) for run in STUDY.runs()]


def measured(runs):
    """Tests of three classes, the first of which is neutral in synthetic sets."""
    parts = [made_up_tests([run], [0, 1, 2], neutral=0 if run[0] == "syn_1" else None) for run in runs]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(**{"class": "C" + table["class"].astype(str)})


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """The tables of the shortcut tests of every run."""
    monkeypatch.chdir(tmp_path)
    found = {}
    for run in RUNS:
        path = found[run] = f"results/test/tests/{FOLDER.format(**dict(zip(RUN, run, strict=True)))}/shortcuts.csv"
        write_table(measured([run]), path)
    return found


def joined():
    """Joined tables of several layouts, by their names."""
    classes = ["C0", "C1", "C2"]
    verdicts = pd.concat([made_up_verdicts([run], classes, neutral="C0" if run[0] == "syn_1" else "") for run in RUNS])
    curves = measured([tuple(run.values()) for run in STUDY.robustness_runs()])
    curves = curves[(curves["part"] == "keep") & (curves["fill"] == "zeros")].drop(columns=["part", "fill"])
    return {
        "shortcuts": verdicts,
        "shortcuts_over_seeds": over_seeds(verdicts),
        "curves": curves,
        "networks": pd.DataFrame(RUNS, columns=RUN).assign(test_accuracy=0.5),
    }


def test_the_table_of_another_run_is_refused_with_the_command_that_removes_it(paths, tmp_path, capsys):
    first, other = list(paths.values())[:2]
    (tmp_path / first).write_bytes((tmp_path / other).read_bytes())
    step = SimpleNamespace(log=[str(tmp_path / "log")], threads=1, config={}, rule="table", input=[])
    with pytest.raises(SystemExit), job(step):
        read_runs(paths.values())
    run = " ".join(map(str, RUNS[0]))
    sentence = f"{first}: it must hold rows of {run}, and no others; make it again: rm {first}, then the same command"
    assert f"ERROR in table: {sentence}" in capsys.readouterr().err


def test_rows_that_are_there_twice_or_under_another_class_are_refused(paths):
    path, table = paths[RUNS[0]], read_table(paths[RUNS[0]])
    for changed in (pd.concat([table, table[-1:]]), table.replace({"class": {"C2": "C3"}})):
        write_table(changed, path)
        with pytest.raises(DamagedFile, match=rf"^{path}: it lacks rows of photos small augmix 3, or holds some twice"):
            read_runs(paths.values())


def test_a_joined_table_holds_the_planned_runs_and_no_others(tmp_path):
    path, table = str(tmp_path / "networks.csv"), joined()["networks"]
    for changed, problem in (
        (table.drop(3), "it lacks syn_1 small augmix 1"),
        (pd.concat([table, table[:1].assign(seed=9)]), "it holds, beside what is planned, photos small augmix 9"),
    ):
        write_table(changed, path)
        with pytest.raises(DamagedFile, match=re.escape(f"{path}: {problem}; make it again")):
            read_joined(path, STUDY)


def test_runs_may_have_other_methods_and_networks_other_iterations(tmp_path):
    methods = pd.DataFrame(RUNS, columns=RUN).merge(pd.DataFrame({"class": ["a", "b"]}), how="cross")
    methods = pd.concat([methods.assign(method="rise"), methods[:2].assign(method="random")])
    write_table(methods, tmp_path / "method_overlap.csv")
    assert len(read_joined(str(tmp_path / "method_overlap.csv"), STUDY)) == len(methods)
    runs = pd.DataFrame(RUNS, columns=RUN)
    iterations = runs.assign(count=runs["network"].map({"small": 3, "large": 2}))
    dynamics = pd.concat([iterations[iterations["count"] > i].assign(iteration=i) for i in range(3)])
    write_table(dynamics.drop(columns="count"), tmp_path / "dynamics.csv")
    assert len(read_joined(str(tmp_path / "dynamics.csv"), STUDY)) == len(dynamics)


def test_every_table_with_runs_is_known():
    """The others have no runs, or are built from these and shown as they are."""
    others = {"findings", "finding_numbers", "runtimes", "provenance", *(f"table_{number}" for number in (1, 2, 3))}
    assert set(targets.tables(STUDY)) - others <= set(PLANNED)


def test_whole_tables_are_read_as_they_are(paths, tmp_path):
    pd.testing.assert_frame_equal(
        read_runs(paths.values()), pd.concat(map(read_table, paths.values()), ignore_index=True)
    )
    for name, table in joined().items():
        write_table(table, tmp_path / f"{name}.csv")
        assert len(read_joined(str(tmp_path / f"{name}.csv"), STUDY)) == len(table)


@pytest.mark.parametrize("count", [0, 7, -1])
def test_the_table_of_a_run_that_was_cut_at_the_end_of_a_line_is_refused(paths, count):
    """At the beginning, and near the end; there also if the run has no peer."""
    path = paths[RUNS[2]]
    write_table(read_table(path).iloc[:count], path)
    for some in (paths.values(), [path]) if count < 1 else [paths.values()]:  # alone, it may be of one class
        with pytest.raises(DamagedFile, match=rf"^{path}: it (must hold rows of|lacks rows of) syn_1 small augmix 3"):
            read_runs(some)


@pytest.mark.parametrize("name", joined())
def test_a_joined_table_that_was_cut_at_the_end_of_a_line_is_refused(tmp_path, name):
    table, path = joined()[name], tmp_path / f"{name}.csv"
    noticed = 0
    cuts = range(1, len(table), max(1, len(table) // 50))
    for count in cuts:
        write_table(table.iloc[:-count], path)
        with pytest.raises(DamagedFile, match=rf"^{path}: it lacks .*; make it again$"):
            read_joined(str(path), STUDY)
        noticed += 1
    assert noticed == len(cuts) >= 6
