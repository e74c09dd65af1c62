"""The scripts of the gallery run, and the networks of the example can be trained anew."""

import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.torch import load_file

from conftest import ROOT
from frequency_shortcuts import example
from frequency_shortcuts.networks.weights import weights_digest

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


# The networks of the example are those that its program trains, bit for bit


STORE = ROOT / "results" / "leaks" / "data" / "fashion_mnist.h5"


@pytest.mark.skipif(not STORE.exists(), reason="`make leaks` has not made the store of images")
def test_the_networks_are_trained_anew(tmp_path):
    command = [sys.executable, "-m", "bench.example_networks", STORE, tmp_path]
    subprocess.run(command, cwd=ROOT, check=True)
    for name in example.NETWORKS:
        made, there = (weights_digest(load_file(folder / f"{name}.safetensors")) for folder in (tmp_path, example.DATA))
        assert made == there, name
    made, there = (np.load(folder / "pictures.npz")["images"] for folder in (tmp_path, example.DATA))
    np.testing.assert_array_equal(made, there)
