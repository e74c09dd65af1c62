"""The scripts of the gallery run."""

import os
import subprocess
import sys

import pytest

from conftest import ROOT

PICTURES = ROOT / "results" / "real" / "pictures"
SCRIPTS = sorted((ROOT / "docs" / "gallery").glob("plot_*.py"))
RUN = "import runpy, sys; runpy.run_path(sys.argv[1]); from matplotlib import pyplot; assert pyplot.get_fignums()"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs_and_draws_a_figure(path, tmp_path):
    if path.stem == "plot_8_imagenet" and not PICTURES.exists():
        pytest.skip("`make real` has not laid out the photographs")
    environment = {**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", RUN, path], cwd=tmp_path, env=environment, text=True,
        capture_output=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not [*tmp_path.iterdir()]
