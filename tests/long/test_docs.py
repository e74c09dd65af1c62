"""The scripts of the gallery run, and notebooks are stored without outputs."""

import os
import subprocess
import sys

import nbformat
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


def test_notebooks_are_stored_without_outputs():
    for path in (ROOT / "workflow" / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, 4).cells
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path
