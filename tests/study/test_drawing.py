"""The jobs that draw: one failed figure does not lose the others of its kind; the rule graph."""

import importlib
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import v4
from script_runs import Inputs

DRAW = """
from pathlib import Path

for one in figures:
    1 / one["value"]
    for suffix in ("svg", "png"):
        Path(f"{one['figure']}.{suffix}").write_text(str(one["value"]))
"""


def draw(folder, **values):
    """Run the script on a notebook that divides by the value of each figure."""
    parameters = v4.new_code_cell("figures = []", metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(v4.new_notebook(cells=[parameters, v4.new_code_cell(DRAW)], metadata=kernel), folder / "in.ipynb")
    snakemake = SimpleNamespace(
        rule="figure_x", config={}, threads=1, log=[str(folder / "x.log")], input=Inputs(notebook=folder / "in.ipynb"),
        output=SimpleNamespace(notebook=str(folder / "out.ipynb")),
        params=SimpleNamespace(parameters={"figures": [
            {"figure": str(folder / name), "value": value} for name, value in values.items()
        ]}),
    )  # fmt: skip
    importlib.import_module("draw_figure").main(snakemake)


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_one_notebook_draws_all_figures_and_one_failed_figure_does_not_lose_the_others(tmp_path, capsys):
    with pytest.raises(SystemExit):
        draw(tmp_path, a=1, b=0, c=3, d=0)
    error, kept = "ZeroDivisionError: division by zero", tmp_path / "x"
    sentence = f"b: {error}; d: {error}. What is finished, and the notebook of each failure, is in {kept}"
    assert f"ERROR in figure_x: {sentence} (log" in capsys.readouterr().err
    assert names(tmp_path) == {"in.ipynb", "x.log", "x"}  # Snakemake would delete what lies elsewhere
    assert names(kept) == {"a.svg", "a.png", "b.ipynb", "c.svg", "c.png", "d.ipynb"}

    draw(tmp_path, a=1, b=2)
    assert names(tmp_path) == {"in.ipynb", "x.log", "out.ipynb", "a.svg", "a.png", "b.svg", "b.png"}
    assert nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].execution_count


def test_the_rule_graph_shows_all_kinds_of_figures_as_one():
    lines = ['0[label = "all"]', '1[label = "figure_adcs"]', '2[label = "figure_dfm"]', '3[label = "adcs"]']
    lines += ['4[label = "rule_graph_figure"]', "1 -> 0", "2 -> 0", "3 -> 1", "3 -> 2", "4 -> 0"]
    found = importlib.import_module("draw_rule_graph").read_dot("\n".join(f"\t{line}" for line in lines))
    assert found == {"figure": ["adcs"], "adcs": [], "rule_graph_figure": []}
