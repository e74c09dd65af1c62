"""The job that draws the figures of a kind: one failed figure does not lose the others."""

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
