"""Whole cullings, and their increments against mask + full FFT there and back, one pair at a time, with features.

Tolerances of an increment: 1e-9 in float64; in float32 2e-6, a few units in the last place of losses near 1.
"""

from itertools import pairwise

import h5py
import numpy as np
import pytest
import torch
from method_problems import LABELS, Changed, batch, slow_losses
from spectral_classes import exchanged
from test_methods import watched
from torch import nn
from torch.nn import functional

from frequency_shortcuts import culling, dfm
from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.culling import evaluator, screening
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


@pytest.mark.parametrize(("size", "target_recall"), [((8, 8), 0.98), ((7, 5), 0.5), ((1, 4), 1.0)])
def test_screened_increments_marked_as_evaluated_are_exact(network, size, target_recall):
    images, pairs = batch(size), ConjugatePairs(*size)
    found = culling.cull(network, Split(images, LABELS), percent=10, target_recall=target_recall)
    exact = culling.cull(network, Split(images, LABELS), "exact").score
    np.testing.assert_allclose(
        found.score[found.evaluated], exact[found.evaluated], rtol=0, atol=1e-9
    )
    assert np.isfinite(found.score).all()
    masks = pairs.gather(dfm.dominant(found.score, pairs, 10))
    assert found.evaluated[masks].all()
    count, passes = found.about["images_per_class"], found.about["passes"]
    assert (found.evaluated.sum(axis=1) * count <= passes).all() and (
        passes <= count * len(pairs)
    ).all()


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
    assert (
        (about["recall"] == 1).all()
        and (about["recall_low"] < 1).all()
        and about["recall_high"].max() == 1
    )


def test_the_audits_of_classes_are_independent(small_network, monkeypatch):
    """With one seed, equal classes would have equal audits."""
    seeds, screen = [], screening.screen

    def noting(*arguments, seed, **options):
        seeds.append(np.random.SeedSequence(seed).generate_state(2).tolist())
        return screen(*arguments, seed=seed, **options)

    monkeypatch.setattr(screening, "screen", noting)
    culling.cull(
        small_network(2, 3), Split(batch((6, 6), dtype=torch.float32), LABELS), "screened", seed=1
    )
    assert len(seeds) == 3 and all(one not in seeds[:k] for k, one in enumerate(seeds))


@pytest.mark.parametrize(
    ("fill", "said"),
    [("zeros", "without the frequency"), ("swap", "with a donor's coefficients at the frequency")],
)
def test_an_increment_that_is_not_finite_is_named_with_its_frequency(network, fill, said):
    """The network has no answer for images whose mean is not near 1, unless they have no wave (1, 2).

    The images of class 1 have the mean 3 and no wave. Images that are mixed, or without a mean, have no answer.
    """

    def refuse(inner, images):
        plane = torch.fft.fft2(images[:, 0]) / 64
        odd = ((plane[:, 0, 0].real - 1).abs() > 0.5) & (plane[:, 1, 2].abs() > 0.1)
        return torch.where(odd[:, None], torch.nan, inner(images))

    wave = torch.cos(2 * torch.pi * (torch.arange(8)[:, None] + 2 * torch.arange(8)) / 8).double()
    images = torch.stack([1 + wave, 1 + wave, 3 + 0 * wave, 3 + 0 * wave])[:, None].expand(
        -1, 2, -1, -1
    )
    with pytest.raises(
        ValueError, match=f"the loss of class 0 is not finite {said} 0, 0: the network does not"
    ):
        culling.cull(
            Changed(network, refuse), Split(images, np.array([0, 0, 1, 1])), "exact", fill=fill
        )


def test_a_network_that_caches_a_tensor_of_its_first_pass_is_culled_and_can_be_trained_afterwards(
    network,
):
    def caching(inner, images):
        if not hasattr(inner, "ramp"):
            inner.ramp = torch.linspace(0, 1, 6, dtype=torch.float64)
        return inner(images * inner.ramp)

    caching_network = Changed(network, caching)
    culling.cull(caching_network, Split(batch((6, 6)), LABELS))
    assert not hasattr(network, "ramp")
    caching_network(batch((6, 6)).requires_grad_()).sum().backward()
    assert network[0].weight.grad.abs().max() > 0


def test_backward_passes_get_smaller_too(small_network):
    """Otherwise, where only these do not fit, forward passes would stay at less than a backward pass holds."""
    workspace = Workspace(small_network(2, 3), Split(batch((6, 6)), LABELS), batch=32)
    sizes = []

    def never():
        sizes.append((workspace.batch, workspace.backward_batch))
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):  # at a single image
        workspace.within_memory(never)
    assert sizes == [(32, 4), (16, 2), (8, 1), (4, 1), (2, 1), (1, 1)]


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_reduced_precision_stays_near(small_network, precision):
    split = Split(batch((6, 6), dtype=torch.float32), LABELS)
    full, reduced = (
        culling.cull(small_network(2, 3), split, "exact", precision=p)
        for p in ("float32", precision)
    )
    assert reduced.about["precision"] == precision
    np.testing.assert_allclose(reduced.score, full.score, rtol=0, atol=0.05)
    assert precision == "tf32" or not np.array_equal(reduced.score, full.score)  # a CPU has no TF32


@pytest.mark.parametrize(("method", "fill"), [("exact", "swap"), ("screened", "zeros")])
@pytest.mark.usefixtures("small_blocks")
def test_joined_parts_equal_the_whole_bit_by_bit(small_network, tmp_path, method, fill):
    arguments = (
        small_network(2, 3),
        Split(batch((6, 6), dtype=torch.float32), LABELS, neutral=0),
        method,
    )
    options, pairs = {"batch": 4, "fill": fill}, ConjugatePairs(6, 6)
    paths = [tmp_path / f"{i}.h5" for i in range(5)]
    for path, classes in zip(paths, [*np.array_split(np.arange(3), 4), np.arange(3)], strict=True):
        found = culling.cull(*arguments, **options, classes=classes)
        dfm.write(path, found, pairs, [5, 20], classes=[f"class {c}" for c in classes])
    dfm.join(tmp_path / "joined.h5", paths[:4])
    joined, whole = (vars(dfm.read(path)) for path in (tmp_path / "joined.h5", paths[4]))
    np.testing.assert_equal(joined, whole)


def slow_increments(network, images, labels, other=None):
    """Pair by pair, in float64, [class, pairs]; other : for a swap, the image whose coefficients each one gets."""
    each = ~np.eye(len(ConjugatePairs(*images.shape[-2:])), dtype=bool)
    before, *after = slow_losses(network, images, labels, [each[0] | True, *each], other)
    return np.transpose(after - before)


@pytest.mark.parametrize(
    ("size", "batch_size", "fill", "neutral"),
    [((5, 7), 1, "zeros", None), ((6, 5), 512, "zeros", None), ((1, 4), 3, "zeros", None),
     ((6, 6), 3, "swap", None), ((5, 7), 512, "swap", 1), ((2, 2), 512, "swap", None)],
)  # fmt: skip
def test_exact_equals_full_fft_in_float64(small_network, size, batch_size, fill, neutral):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    split = Split(images, LABELS, neutral=neutral)
    found = culling.cull(network, split, "exact", fill=fill, seed=5, batch=batch_size)
    donors = (
        images[torch.from_numpy(fills.donors(LABELS, neutral=neutral, seed=5))]
        if fill == "swap"
        else None
    )
    np.testing.assert_allclose(
        found.score, slow_increments(network, images, LABELS, donors), rtol=0, atol=1e-9
    )
    with torch.no_grad():
        losses = functional.cross_entropy(
            network(images), torch.from_numpy(LABELS), reduction="none"
        ).numpy()
    means = [losses[c == LABELS].mean() for c in range(3)]
    np.testing.assert_allclose(found.about["baseline_loss"], means, rtol=0, atol=1e-12)
    assert (
        found.about["fill"] == fill
        and found.evaluated.all()
        and not {"patch", "audits"} & set(found.about)
    )
    assert found.about["images_per_class"].tolist() == [5, 2, 3]
    assert found.about["passes"].tolist() == [len(ConjugatePairs(*size)) * n for n in (5, 2, 3)]


def test_float32_separates_the_pairs_of_a_confident_network():
    """Loss of 1e-4 and less: the increments must not drown in the rounding of a float32 loss (1e-3 of the largest)."""
    torch.manual_seed(0)
    network, images = (
        nn.Sequential(nn.Flatten(), nn.Linear(36, 3)),
        batch((6, 6), 1, dtype=torch.float32),
    )
    with torch.no_grad():
        network[1].bias.copy_(torch.tensor([20, 0.0, 0.0]))
    found = culling.cull(network, Split(images, LABELS), "exact").score[0]
    expected = slow_increments(network.double(), images, LABELS)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def of_first_class(network, size, at_once):
    return ClassEvaluator(Workspace(network, Split(batch(size), LABELS), batch=at_once), 0)


@pytest.mark.parametrize(("size", "at_once"), [((6, 6), 4), ((5, 7), 7), ((6, 5), 512)])
def test_pairs_of_several_groups_share_forward_passes(network, size, at_once):
    """Equal to one group after the other, within 1e-12; no pass is larger than a batch, and small ones are joined."""
    network, seen = watched(network)
    of_class = of_first_class(network, size, at_once)
    count, generator = len(of_class.workspace.pairs), np.random.default_rng(0)
    of_class.bounds = np.array([0, 1, 2, 4, 5])
    group, index = generator.integers(0, 4, 2 * count), generator.permutation(2 * count) % count
    expected = [
        of_class.sums(index[[i]], *of_class.bounds[g : g + 2])[0] / 5 for i, g in enumerate(group)
    ]
    seen.clear()
    np.testing.assert_allclose(of_class.group_sums(group, index), expected, rtol=0, atol=1e-12)
    sizes = [images for images, _ in seen]
    assert max(sizes) <= at_once and sum(sizes) == np.diff(of_class.bounds)[group].sum()
    assert len(sizes) == 1 or at_once < 512


@pytest.mark.parametrize(("spare", "kept"), [(0, True), (-1, False)])
def test_the_images_of_a_class_stay_on_the_device_if_they_fit(network, monkeypatch, spare, kept):
    """Class 0 has five images of 2 x 6 x 6 numbers of eight bytes."""
    monkeypatch.setattr(evaluator, "CPU_IMAGES", 5 * 2 * 6 * 6 * 8 + spare)
    assert (of_first_class(network, (6, 6), 4)._resident is not None) == kept


def test_smaller_shared_passes_keep_their_names_in_the_journal(network):
    """So that a culling that resumes with larger batches finds them."""
    keys = {}
    for halved in (1, 4):
        of_class = of_first_class(network, (6, 6), 8)
        keys[halved], journal = [], of_class.workspace._journal
        journal.step = lambda key, compute, names=keys[halved]: (names.append(key), compute())[1]
        of_class.workspace.batch //= halved
        index = np.arange(len(of_class.workspace.pairs)) % 7
        of_class.group_sums(np.sort(np.arange(len(index)) % (len(of_class.bounds) - 1)), index)
    assert len(keys[1]) > 1 and keys[1] == keys[4]


def test_swap_of_stored_images_in_float32(small_network, tmp_path, monkeypatch):
    pixels = np.random.default_rng(1).integers(0, 256, (len(LABELS), 2, 6, 5), dtype=np.uint8)
    mean, std = np.array([0.4, 0.5]), np.array([0.2, 0.3])
    seen, network = normalise(torch.from_numpy(pixels), mean, std), small_network(2, 3)
    donors = torch.from_numpy(fills.donors(LABELS))
    expected = slow_increments(small_network(2, 3, dtype=torch.float64), seen, LABELS, seen[donors])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("a", data=pixels)
        split, options = Split(stored, LABELS, mean=mean, std=std), {"fill": "swap", "batch": 7}
        found = culling.cull(network, split, "exact", **options)
        monkeypatch.setattr(evaluator, "CPU_IMAGES", 1)  # images are not kept
        little = culling.cull(network, split, "exact", **options)
    for one in (found, little):
        np.testing.assert_allclose(one.score, expected, rtol=0, atol=2e-6)


def test_an_image_has_at_least_two_noisy_copies_and_few_where_pairs_are_few():
    copies = [
        gradients.noisy_copies(len(ConjugatePairs(side, side))) for side in (1, 8, 32, 64, 128, 224)
    ]
    assert copies == [2, 2, 2, 4, 8, 8]


def test_noise_has_the_strength_of_the_median_pair_and_is_drawn_per_image():
    """Root mean square over 2 x 16 x 16 pixels: within 15 %. The unchanged image is the first."""
    images, pairs = batch((16, 16))[:4], ConjugatePairs(16, 16)
    seen = gradients.with_noise(images, pairs, 3, range(len(images))).unflatten(0, (len(images), 4))
    assert torch.equal(seen[:, 0], images)
    noise = seen[:, 1:] - images[:, None]
    for one, drawn in zip(images, noise, strict=True):
        strengths = [
            np.square(exchanged(one, pairs.scatter(pair))).sum()
            for pair in np.eye(len(pairs), dtype=bool)
        ]
        np.testing.assert_allclose(
            drawn.square().sum(dim=(1, 2, 3)).sqrt(), np.sqrt(np.median(strengths)), rtol=0.15
        )
    flat = noise.flatten(end_dim=1).flatten(start_dim=1)
    assert np.abs(np.corrcoef(flat) - np.eye(len(flat))).max() < 0.3
    alone = gradients.with_noise(images[2:3], pairs, 3, [2])
    np.testing.assert_allclose(alone, seen[2], rtol=0, atol=1e-12)
    assert not gradients.with_noise(torch.zeros(1, 2, 16, 16), pairs, 2, [0]).any()


@pytest.mark.parametrize("at_once", [1, 24, 200])
@pytest.mark.usefixtures("small_blocks")
def test_features_equal_a_slow_loop_in_batches_of_any_size(small_network, at_once):
    """Gradient by gradient, image by image: within 1e-12 of the largest."""
    network, images, label = small_network(2, 3, dtype=torch.float64).eval(), batch((6, 6)), 1
    of_class = ClassEvaluator(Workspace(network, Split(images, LABELS), batch=at_once), label)
    found, pairs = of_class.features(), ConjugatePairs(6, 6)
    share, bounds = pairs.size / 36, of_class.bounds
    slow = np.zeros((2, 5, len(bounds) - 1, len(pairs)))
    for i, image in enumerate(of_class.take(0, len(of_class))):
        changes = []
        for seen in gradients.with_noise(
            image[None], pairs, gradients.noisy_copies(len(pairs)), [i]
        ):
            seen = seen[None].clone().requires_grad_()
            functional.cross_entropy(network(seen), torch.tensor([label])).backward()
            spectra = np.fft.fftshift(np.fft.fft2(np.stack([image, seen.grad[0]])), axes=(-2, -1))
            image_, slope = pairs.gather(spectra)
            changes.append(-(image_ * slope.conj()).real.sum(axis=0) * share)
            if len(changes) == 1:
                product = (np.abs(image_) * np.abs(slope)).sum(axis=0) * share
        energy = (np.abs(image_) ** 2).sum(axis=0) * share * of_class.influence[i]
        features = [
            changes[0],
            product,
            energy,
            np.mean(changes[1:], axis=0) - changes[0],
            np.std(changes[1:], axis=0),
        ]
        group = np.searchsorted(bounds, i, side="right") - 1
        slow[:, :, group] += (
            np.array(features) / len(of_class),
            np.array(features) ** 2 / len(of_class) ** 2,
        )
    for computed, expected in zip((found.mean, found.spread), slow, strict=True):
        np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    assert found.share.tolist() == [
        (last - first) / len(of_class) for first, last in pairwise(bounds)
    ]


def test_features_keep_no_graph_of_the_gradients(small_network, monkeypatch):
    """Gradients are enabled only for the loss: a graph of all images would fill the memory."""
    enabled, with_noise = [], gradients.with_noise
    monkeypatch.setattr(
        gradients,
        "with_noise",
        lambda *images: enabled.append(torch.is_grad_enabled()) or with_noise(*images),
    )
    ClassEvaluator(
        Workspace(small_network(2, 3).eval(), Split(batch((6, 6)).float(), LABELS)), 1
    ).features()
    assert enabled and not any(enabled)
