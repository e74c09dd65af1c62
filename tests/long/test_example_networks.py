"""The networks of the example are those that its program trains, bit for bit."""

import subprocess
import sys

import numpy as np
import pytest
from safetensors.torch import load_file

from conftest import ROOT
from frequency_shortcuts import example
from frequency_shortcuts.networks.fingerprint import weights_digest

STORE = ROOT / "results" / "cure" / "data" / "fashion_mnist.h5"


@pytest.mark.skipif(not STORE.exists(), reason="`make cure` has not made the store of images")
def test_the_networks_are_trained_anew(tmp_path):
    command = [sys.executable, "-m", "bench.example_networks", STORE, tmp_path]
    subprocess.run(command, cwd=ROOT, check=True)
    for name in example.NETWORKS:
        made, there = (weights_digest(load_file(folder / f"{name}.safetensors")) for folder in (tmp_path, example.DATA))
        assert made == there, name
    made, there = (np.load(folder / "pictures.npz")["images"] for folder in (tmp_path, example.DATA))
    np.testing.assert_array_equal(made, there)
