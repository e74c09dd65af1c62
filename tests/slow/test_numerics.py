"""Portable numerics: the same weights, maps and tables where the environment names another processor."""

import json
import os
import subprocess
import sys

import pytest

from conftest import ROOT
from frequency_shortcuts.networks import instructions

# Prints digests of a training, a search and a test; without `portable`, what its environment makes of them.
COMPUTE = """
import hashlib, json, sys
import frequency_shortcuts as fs

if sys.argv[1] == "portable":
    fs.portable()
import numpy as np
import torch
from frequency_shortcuts.images import normalisation
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import weights_digest
sys.path.append("workflow")
from study.sources import synthetic
from study.sources.drawn import draw_images
from study.trainings import training
from study.trainings.augmentation import Augmentation

torch.set_num_threads(1)
parts = [draw_images(synthetic.Design(control_band=2), n, seed) for n, seed in ((60, 1), (20, 2))]
data, images = (Split(*part, synthetic.CLASSES, *normalisation.pixel_statistics(parts[0][0])) for part in parts)
network = architectures.build(architectures.Architecture("resnet18", 4, 3, 32, width=4, stem="small"), 0)
recipe = training.Recipe(epochs=3, batch_size=16)
network.load_state_dict(training.train(network, data, images, recipe, seed=0, augmentation=Augmentation()).weights)
run = fs.Run(progress=False, numerics=sys.argv[1])
test = fs.Evaluation(fs.Search("gradient"), controls=5, fills=("zeros",))
result = fs.analyse(network, images, run=run, test=test)
algebra = np.linalg.svd(np.fft.fft2(images.images[:, 0].astype(float)).real.reshape(len(images), -1))[1]
found = {"map": result.found.score, "algebra": algebra}
found |= {"tables": result.rates.to_csv(), "exchanges": result.exchanges.to_csv()}
digests = {name: hashlib.sha256(np.asarray(value).tobytes()).hexdigest() for name, value in found.items()}
print(json.dumps({"weights": weights_digest(network.state_dict())} | digests))
"""
# It stands for another processor, also by names that `portable` does not set itself.
OTHER = {
    "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "DNNL_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "AUTO",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "OPENBLAS_CORETYPE": "Sandybridge", "OPENBLAS_L2_SIZE": "2048",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3", "OMP_NUM_THREADS": "2",
}  # fmt: skip


def test_another_processor_computes_the_same_with_portable_numerics_and_not_without():
    try:
        instructions.variables()
    except RuntimeError as error:
        pytest.skip(str(error))
    plain = {name: value for name, value in os.environ.items() if name not in instructions.PORTABLE}
    started = {
        (numerics, processor): subprocess.Popen(
            [sys.executable, "-c", COMPUTE, numerics],
            env=plain | changed,
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for numerics in ("portable", "fast")
        for processor, changed in (("this", {}), ("other", OTHER))
    }
    printed = {key: process.communicate()[0] for key, process in started.items()}
    found = {key: json.loads(text) for key, text in printed.items()}
    assert found["portable", "this"] == found["portable", "other"]
    assert not {*found["fast", "this"].values()} & {*found["fast", "other"].values()}
