"""The truth of a planted set is all that tells its classes apart; the gallery runs, and the example is trained anew.

Statistics of the amplitudes would miss the harmonics that clipping makes. A network that is trained would not.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch.nn import functional

from conftest import ROOT
from frequency_shortcuts import example
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import weights_digest
from study.sources import planted
from study.sources.drawn import draw_images
from study.trainings.augmentation import Augmentation

EPOCHS, BATCH, RATE, TEST = 6, 64, 0.1, 1200
# Training images of each class, and the accuracy that the recipe must exceed with the truth: far above chance, at
# the least 10 standard errors, and below what it reached (0.60 to 0.95).
RECIPES = {
    "present": (250, 0.45),
    "redundant": (200, 0.6),
    "absent": (250, 0.45),
    "graded": (300, 0.45),
}


def without(images, masks, seed):
    """The images with the coefficients at masks [H, W] replaced by those of images in which nothing is planted."""
    plain = draw_images(planted.Design("present"), len(images), seed)[0][::4]
    mask = np.fft.ifftshift(masks)
    spectra = np.where(mask, np.fft.fft2(plain / 255), np.fft.fft2(images / 255))
    return np.rint(np.clip(np.fft.ifft2(spectra).real, 0, 1) * 255).astype(np.uint8)


def normalised(pixels):
    return ((pixels.float() / 255 - 0.5) / 0.13).contiguous(memory_format=torch.channels_last)


def trained(images, labels, n_classes):
    """A width-8 ResNet18 after a one-cycle schedule, on images shifted by any number of pixels, wrapping around."""
    torch.manual_seed(0)
    network = architectures.build(architectures.Architecture("resnet18", n_classes, 3, 32, width=8))
    network.to(memory_format=torch.channels_last)
    steps, shifted = len(images) // BATCH, Augmentation(shift=16, flip=False, wrap=True)
    optimiser = torch.optim.SGD(
        network.parameters(), RATE, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=EPOCHS * steps)
    pixels, truth = torch.from_numpy(images), torch.from_numpy(labels)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(pixels))[: steps * BATCH].split(BATCH):
            loss = functional.cross_entropy(
                network(normalised(shifted(pixels[batch]))), truth[batch]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def accuracy(network, images, labels):
    with torch.inference_mode():
        called = torch.cat(
            [network(normalised(batch)) for batch in torch.from_numpy(images).split(256)]
        ).argmax(dim=1)
    return (called.numpy() == labels).mean()


@pytest.mark.parametrize("mechanism", planted.MECHANISMS)
def test_without_the_truth_a_network_trained_anew_stays_at_chance(mechanism):
    constants = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())["planting"][
        "mechanisms"
    ]
    design = planted.Design(mechanism, **constants.get(mechanism, {}))
    n, known = len(design.classes), design.planted()["truth"].any(axis=0)
    per_class, least = RECIPES[mechanism]
    train, labels = draw_images(design, per_class, seed=1)
    test, expected = draw_images(design, TEST // n, seed=3)
    reached = accuracy(trained(train, labels, n), test, expected)
    network = trained(without(train, known, seed=11), labels, n)
    left = accuracy(network, without(test, known, seed=13), expected)
    print(
        f"{mechanism}: accuracy {reached:.3f} with the truth, {left:.3f} without; chance {1 / n:.3f}"
    )
    assert reached > least
    assert abs(left - 1 / n) < 3 * (1 / n * (1 - 1 / n) / len(expected)) ** 0.5


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


STORE = ROOT / "results" / "laptop" / "data" / "fashion_mnist.h5"


@pytest.mark.skipif(not STORE.exists(), reason="`make study` has not made the store of images")
def test_the_networks_are_trained_anew(tmp_path):
    command = [sys.executable, "-m", "bench.example_networks", STORE, tmp_path]
    subprocess.run(command, cwd=ROOT, check=True)
    for name in example.NETWORKS:
        made, there = (
            weights_digest(load_file(folder / f"{name}.safetensors"))
            for folder in (tmp_path, example.DATA)
        )
        assert made == there, name
    made, there = (
        np.load(folder / "pictures.npz")["images"] for folder in (tmp_path, example.DATA)
    )
    np.testing.assert_array_equal(made, there)
