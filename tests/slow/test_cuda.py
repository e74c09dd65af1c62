"""A GPU gives the numbers of a CPU, and the same bits again. Skipped where there is no CUDA device.

Tolerances, fixed before any GPU was at hand: losses and increments of float64 networks may differ by 1e-9, those of
float32 networks by 1e-5 (as much as between batch sizes on a CPU), filtered images in float32 by 1e-5 of their scale.
"""

import copy

import numpy as np
import pytest
import torch
from fine_wave import MEAN, STD, Reader, images_and_labels
from method_problems import same as same_culling
from training_runs import run, tiny
from training_runs import same as same_training

from conftest import StopAfter
from frequency_shortcuts import culling, dfm, shortcuts
from frequency_shortcuts.exchange import test as exchange
from frequency_shortcuts.exchange.swap import PARTS, exchanged
from frequency_shortcuts.images.normalisation import pixel_statistics
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.shortcuts.trials import Trials
from frequency_shortcuts.spectrum import filters, masks
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Stopped, Work
from study.sources import synthetic
from study.sources.drawn import draw_images
from study.trainings import training
from study.trainings.training import Recipe

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
CUDA = torch.device("cuda")
SIDE = 16  # small, since a CPU takes ten times as long for float64 as for float32
PAIRS = ConjugatePairs(SIDE, SIDE)
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}


@pytest.fixture(scope="module")
def split():
    pixels, labels = draw_images(
        synthetic.Design(control_band=2, size=SIDE, band_edges=(2, 4, 6)), 8, seed=1
    )
    return Split(pixels, labels, synthetic.CLASSES, *pixel_statistics(pixels))


@pytest.fixture(scope="module")
def trained(split):
    """A small ResNet18 on the CPU, after an epoch."""
    network = architectures.build(
        architectures.Architecture("resnet18", 4, 3, SIDE, width=4, stem="small"), 0
    )
    training.train(network, split, split, Recipe(epochs=1, batch_size=16), seed=0)
    return network.eval()


def on(device, network, dtype=torch.float32):
    return copy.deepcopy(network).to(device, dtype)


@pytest.mark.parametrize("size", [(32, 32), (7, 10)])
def test_filters_are_those_of_the_cpu(size):
    images = torch.randn(5, 3, *size, generator=torch.Generator().manual_seed(0))
    mask = masks.low_pass(*size, 3)
    for function in (filters.keep, filters.remove):
        found = function(images.to(CUDA), mask)
        assert found.device.type == "cuda"
        torch.testing.assert_close(found.cpu(), function(images, mask), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("method", culling.SEARCHES)
def test_increments_are_those_of_the_cpu(trained, split, dtype, method):
    """In float32 the screened search may evaluate other pairs: there its maps are compared, not its predictions."""
    here, there = (
        culling.cull(on(device, trained, dtype), split, method) for device in ("cpu", CUDA)
    )
    if method == "exact" or dtype == torch.float64:
        for of_cpu, of_gpu in (
            (here.score, there.score),
            [one.about["baseline_loss"] for one in (here, there)],
        ):
            assert of_cpu.shape == of_gpu.shape
            np.testing.assert_allclose(of_gpu, of_cpu, rtol=0, atol=TOLERANCE[dtype])
    maps = [dfm.dominant(found.score, PAIRS, 5) for found in (here, there)]
    assert masks.overlap(*maps).min() >= (0.9 if dtype == torch.float32 else 1)


def test_scores_of_mixtures_are_those_of_the_cpu(trained, split):
    here, there = (
        find(registry.load("mixture"), on(device, trained, torch.float64), split).score
        for device in ("cpu", CUDA)
    )  # fmt: skip
    np.testing.assert_allclose(there, here, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", culling.SEARCHES)
def test_a_stopped_culling_resumes_to_the_same_bits(trained, split, tmp_path, method):
    network, stop = on(CUDA, trained), StopAfter()
    whole = culling.cull(network, split, method, batch=512, work=Work(stop=stop))
    with pytest.raises(Stopped):
        culling.cull(
            network,
            split,
            method,
            batch=512,
            work=Work(tmp_path / "s", stop=StopAfter(stop.checks // 2)),
        )
    resumed = culling.cull(network, split, method, batch=512, work=Work(tmp_path / "s"))
    same_culling(resumed, whole)


def test_a_stopped_training_resumes_to_the_same_bits(tmp_path):
    stop = StopAfter()
    whole = run(network=tiny().to(CUDA), stop=stop)
    with pytest.raises(Stopped):
        run(network=tiny().to(CUDA), state=tmp_path / "s.pt", stop=StopAfter(stop.checks // 2))
    assert same_training(run(network=tiny().to(CUDA), state=tmp_path / "s.pt"), whole)


def test_parts_are_swapped_as_on_the_cpu():
    batch, partner = (
        torch.rand(2, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0)),
        torch.tensor([1, 1]),
    )
    for places in ((), (5, 36)):
        made = exchanged(batch.to(CUDA), dict.fromkeys(PARTS, partner.to(CUDA)), places).cpu()
        expected = exchanged(batch, dict.fromkeys(PARTS, partner), places)
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)


def test_rates_are_those_of_the_cpu(trained, split):
    maps = np.stack([masks.low_pass(SIDE, SIDE, cutoff) for cutoff in (2, 3, 4, 5)])
    here, there = (
        shortcuts.measure(
            on(device, trained, torch.float64), split, maps, Trials(("keep", "remove"), controls=3)
        )
        for device in ("cpu", CUDA)
    )
    assert here.equals(there)


def test_answers_of_the_exchange_test_are_those_of_the_cpu():
    """No answer changes if the images differ by one millionth, which is more than devices differ."""
    ranking, test = (
        Split(*images_and_labels(n, seed), mean=MEAN, std=STD) for seed, n in enumerate((120, 96))
    )
    here, there = (
        exchange.collect(on(device, Reader(follows=200)), ranking, test) for device in ("cpu", CUDA)
    )
    for name in ("given", "control", "place"):
        for part, values in getattr(here, name).items():
            np.testing.assert_array_equal(
                getattr(there, name)[part], values, err_msg=f"{name} {part}"
            )
