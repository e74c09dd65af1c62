"""What the docs run: the scripts of the gallery, and the notebook on a network of one's own."""

import os
import subprocess
import sys

import nbformat
import papermill
import pytest

from conftest import ROOT

SCRIPTS = sorted((ROOT / "docs" / "gallery").glob("plot_*.py"))
RUN = "import runpy, sys; runpy.run_path(sys.argv[1]); from matplotlib import pyplot; assert pyplot.get_fignums()"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs_and_draws_a_figure(path, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", RUN, path], cwd=tmp_path, env=environment, text=True,
        capture_output=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not [*tmp_path.iterdir()]


def test_the_notebook_of_the_docs_runs_from_top_to_bottom(tmp_path):
    done = tmp_path / "done.ipynb"
    papermill.execute_notebook(
        str(ROOT / "docs" / "own_network.ipynb"),
        str(done),
        parameters={"epochs": 1, "per_class": 40},
        kernel_name="python3",
        progress_bar=False,
    )
    cells = [cell for cell in nbformat.read(done, 4).cells if cell.cell_type == "code"]
    pictures = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
    assert all(cell.execution_count for cell in cells) and len(pictures) == 3
    assert any("verdict" in str(output.get("data", {})) for output in cells[-2].outputs)


def test_notebooks_are_stored_without_outputs():
    for path in (ROOT / "docs" / "own_network.ipynb", *(ROOT / "workflow" / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, 4).cells
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path
