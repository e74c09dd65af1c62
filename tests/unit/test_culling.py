"""Whole cullings, exact and screened: their settings, errors, parts, and the networks that they accept."""

import numpy as np
import pytest
import torch
from method_problems import LABELS, batch
from torch import nn

from frequency_shortcuts import culling, dfm
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.workspace import Engine, Limits
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


@pytest.mark.parametrize(("size", "target_recall"), [((8, 8), 0.98), ((7, 5), 0.5), ((1, 4), 1.0)])
def test_screened_increments_marked_as_evaluated_are_exact(small_network, size, target_recall):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    pairs = ConjugatePairs(*size)
    found = culling.cull(network, Split(images, LABELS), percent=10, target_recall=target_recall)
    exact = culling.cull(network, Split(images, LABELS), "exact").score
    np.testing.assert_allclose(found.score[found.evaluated], exact[found.evaluated], rtol=0, atol=1e-9)
    assert np.isfinite(found.score).all()
    masks = pairs.gather(dfm.dominant(found.score, pairs, 10))
    assert found.evaluated[masks].all()
    count, passes = found.about["images_per_class"], found.about["passes"]
    assert (found.evaluated.sum(axis=1) * count <= passes).all() and (passes <= count * len(pairs)).all()


def test_screened_finds_the_map_with_few_passes():
    """A network that looks at few frequencies: the exact top 5 % in all classes, at less than a third of the passes."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    pairs, labels = ConjugatePairs(16, 16), np.repeat(np.arange(3), 40)
    images = torch.from_numpy(generator.standard_normal((120, 1, 16, 16)))
    weight = np.zeros((3, 16, 16))
    for c in range(3):
        spectrum = np.zeros(len(pairs))
        spectrum[generator.choice(len(pairs), 12, replace=False)] = generator.uniform(0.5, 2, 12)
        weight[c] = np.fft.ifft2(np.fft.ifftshift(pairs.scatter(spectrum))).real
        images[labels == c] += torch.from_numpy(weight[c] * 20)
    network = nn.Sequential(nn.Flatten(), nn.Linear(256, 3).double())
    with torch.no_grad():
        network[1].weight.copy_(torch.from_numpy(weight.reshape(3, -1)) * 8)
    exact = culling.cull(network, Split(images, labels), "exact")
    found = culling.cull(network, Split(images, labels))
    masks = [pairs.gather(dfm.dominant(x.score, pairs, 5)) for x in (exact, found)]
    assert np.array_equal(*masks)
    about = found.about
    assert (about["passes"] < 40 * len(pairs) / 3).all()
    assert (about["expected_recall"] >= 0.98).all() and (about["audited"] > 0).all()
    assert (about["left_out"] == (~found.evaluated).sum(axis=1) + about["audited"]).all()
    # An audit that misses nothing bounds the recall from below.
    assert (about["recall"] == 1).all() and (about["recall_low"] < 1).all() and about["recall_high"].max() == 1


def test_the_audits_of_classes_are_independent(small_network, monkeypatch):
    """With one seed, equal classes would have equal audits."""
    seeds, screen = [], screening.screen

    def noting(*arguments, seed, **options):
        seeds.append(np.random.SeedSequence(seed).generate_state(2).tolist())
        return screen(*arguments, seed=seed, **options)

    monkeypatch.setattr(screening, "screen", noting)
    culling.cull(small_network(2, 3), Split(batch((6, 6), dtype=torch.float32), LABELS), "screened", seed=1)
    assert len(seeds) == 3 and all(one not in seeds[:k] for k, one in enumerate(seeds))


@pytest.mark.parametrize("method", culling.SEARCHES)
def test_departure_only_the_class_own_images_count(small_network, method):
    network, images = small_network(2, 3, dtype=torch.float64), batch((6, 6))
    other = images.clone()
    other[torch.from_numpy(LABELS != 1)] *= 3
    found, again = (culling.cull(network, Split(x, LABELS), method) for x in (images, other))
    np.testing.assert_array_equal(found.score[1], again.score[1])
    loss, other_loss = (one.about["baseline_loss"][1] for one in (found, again))
    assert loss == other_loss  # published: ln 10 more for every image of another class


class Refusing(nn.Module):
    """Has no answer for images whose mean is not near 1, unless they have no wave (1, 2)."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, dtype=torch.float64))

    def forward(self, images):
        plane = torch.fft.fft2(images[:, 0]) / 64
        odd = ((plane[:, 0, 0].real - 1).abs() > 0.5) & (plane[:, 1, 2].abs() > 0.1)
        return torch.where(odd, torch.nan, 1.0)[:, None] * self.weight


@pytest.mark.parametrize(
    ("fill", "said"), [("zeros", "without the frequency"), ("swap", "with a donor's coefficients at the frequency")]
)
def test_an_increment_that_is_not_finite_is_named_with_its_frequency(fill, said):
    """The images of class 1 have the mean 3 and no wave. Images that are mixed, or without a mean, have no answer."""
    wave = torch.cos(2 * torch.pi * (torch.arange(8)[:, None] + 2 * torch.arange(8)) / 8).double()
    images = torch.stack([1 + wave, 1 + wave, 3 + 0 * wave, 3 + 0 * wave])[:, None]
    with pytest.raises(ValueError, match=f"the loss of class 0 is not finite {said} 0, 0: the network does not"):
        culling.cull(Refusing(), Split(images, np.array([0, 0, 1, 1])), "exact", fill=fill)


class Keeping(nn.Module):
    """Caches a tensor in its first pass and counts its passes."""

    def __init__(self):
        super().__init__()
        self.linear, self.ramp = nn.Linear(72, 3).double(), None
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, images):
        self.passes += 1
        if self.ramp is None:
            self.ramp = torch.linspace(0, 1, 72, dtype=torch.float64)
        return self.linear((images.flatten(1) * self.ramp).tanh())


def test_a_network_that_caches_a_tensor_is_culled_and_can_be_trained_afterwards():
    network = Keeping()
    culling.cull(network, Split(batch((6, 6)), LABELS))
    assert network.passes == 0
    network(batch((6, 6)).requires_grad_()).sum().backward()
    assert network.linear.weight.grad.abs().max() > 0


# Images, networks, batches and precisions


@pytest.mark.parametrize(("dtype", "given"), [(torch.float32, torch.float64), (torch.float64, torch.float32)])
def test_images_are_taken_in_the_networks_dtype(small_network, dtype, given):
    network, images = small_network(2, 3, dtype=dtype), batch((6, 6), dtype=given)
    found, expected = (culling.cull(network, Split(x, LABELS), "exact").score for x in (images, images.to(dtype)))
    np.testing.assert_array_equal(found, expected)


def test_backward_passes_get_smaller_too(small_network):
    """Otherwise, where only these do not fit, forward passes would stay at less than a backward pass holds."""
    engine = Engine.build(small_network(2, 3), Split(batch((6, 6)), LABELS), Limits(batch=32))
    sizes = []

    def compute():
        sizes.append((engine.batch, engine.backward_batch))
        if len(sizes) < 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return np.zeros(1)

    engine.within_memory(compute)
    assert sizes == [(32, 4), (16, 2), (8, 1), (4, 1)]

    def never():
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):  # at a single image
        engine.within_memory(never)


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_reduced_precision_stays_near(small_network, precision):
    images = batch((6, 6), dtype=torch.float32)
    full, reduced = (
        culling.cull(small_network(2, 3), Split(images, LABELS), "exact", precision=p) for p in ("float32", precision)
    )
    assert reduced.about["precision"] == precision
    np.testing.assert_allclose(reduced.score, full.score, rtol=0, atol=0.05)
    assert precision == "tf32" or not np.array_equal(reduced.score, full.score)  # a CPU has no TF32


# Parts


@pytest.mark.parametrize(("method", "fill"), [("exact", "swap"), ("screened", "zeros")])
@pytest.mark.usefixtures("small_blocks")
def test_joined_parts_equal_the_whole_bit_by_bit(small_network, tmp_path, method, fill):
    arguments = (small_network(2, 3), Split(batch((6, 6), dtype=torch.float32), LABELS, neutral=0), method)
    options, pairs = {"batch": 4, "fill": fill}, ConjugatePairs(6, 6)
    paths = [tmp_path / f"{i}.h5" for i in range(5)]
    for path, classes in zip(paths, [*np.array_split(np.arange(3), 4), np.arange(3)], strict=True):
        found = culling.cull(*arguments, **options, classes=classes)
        dfm.write(path, found, pairs, [5, 20], classes=[f"class {c}" for c in classes])
    dfm.join(tmp_path / "joined.h5", paths[:4])
    joined, whole = (vars(dfm.read(path)) for path in (tmp_path / "joined.h5", paths[4]))
    np.testing.assert_equal(joined, whole)
    with pytest.raises(ValueError, match="expected each once"):
        dfm.join(tmp_path / "twice.h5", [paths[0], *paths[:4]])
