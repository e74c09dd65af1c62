"""Training augmentations, and the remedy Swap."""

import collections
import copy
import dataclasses
import itertools

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset, default_collate
from torchvision.transforms import v2
from training_runs import DATA, RECIPE, N, run, scripted, tiny

import frequency_shortcuts as fs
from frequency_shortcuts.exchange.swap import PARTS, exchanged
from study.trainings import augmix, autoaugment, operations
from study.trainings.augmentation import KINDS, Augmentation


def noise(n=64, channels=1, height=12, width=10):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(
        0, 256, (n, channels, height, width), generator=generator, dtype=torch.uint8
    )


def augmented(augmentation, images, seed=0):
    torch.manual_seed(seed)
    return augmentation(images)


@pytest.mark.parametrize(
    ("shift", "flip", "wrap"), [(2, True, False), (2, True, True), (6, False, True)]
)
def test_shifts_and_flips_move_whole_pixels(shift, flip, wrap):
    """At scale (1, 1) each image is a moved one, so no frequency is damped; the border is a reflection or wraps.

    All moves are equally likely. They are all rolls of the image where the shift is half a side.
    """
    images = noise(n=200)
    seen = augmented(Augmentation(shift=shift, flip=flip, wrap=wrap), images).numpy()
    height, width = images.shape[-2:]
    places = [
        range(side) if shift >= side // 2 else range(2 * shift + 1) for side in (height, width)
    ]
    tolerance = 0 if wrap else 0.01  # of 255 levels: the grid's rounding in float32
    moves = []
    for before, after in zip(images[:, 0].numpy(), seen[:, 0], strict=True):
        wide = np.pad(before.astype(float), shift, mode="wrap" if wrap else "symmetric")
        matches = [
            (y, x, step)
            for y, x, step in itertools.product(*places, (1, -1))
            if np.abs(wide[y : y + height, x : x + width][:, ::step] - after).max() <= tolerance
        ]
        assert len(matches) == 1
        moves += matches
    for axis, drawn in enumerate(places):
        assert (
            stats.chisquare(np.bincount(np.array(moves)[:, axis], minlength=len(drawn))).pvalue
            > 1e-3
        )
    mirrored = sum(move[2] == -1 for move in moves)
    assert 65 < mirrored < 135 if flip else not mirrored  # half of 200, 5 standard deviations


def test_without_flip_nothing_is_mirrored(monkeypatch):
    monkeypatch.setattr("study.trainings.augmentation.CROP_RATIO", (1, 1))
    images = noise(n=32)
    # A scale of nearly 1 goes through the same resampling, without the flip.
    still = augmented(Augmentation(shift=0, flip=False, crop_scale=(0.999999, 1)), images)
    torch.testing.assert_close(still, images.float(), rtol=0, atol=0.05)
    # A scale of one is no crop, also written as a list, since YAML has lists only.
    assert torch.equal(
        augmented(Augmentation(shift=0, flip=False, crop_scale=[1.0, 1.0]), images), images.float()
    )


def test_a_crop_of_a_quarter_of_the_area_magnifies_twice(monkeypatch):
    monkeypatch.setattr("study.trainings.augmentation.CROP_RATIO", (1, 1))
    ramp = (10 * torch.arange(16, dtype=torch.uint8)).expand(8, 1, 16, 16).contiguous()
    crop = Augmentation(shift=0, flip=False, crop_scale=(0.25, 0.25))
    for images, axis in ((ramp, -1), (ramp.mT.contiguous(), -2)):
        step = augmented(crop, images).diff(dim=axis).narrow(axis, 1, 13)
        torch.testing.assert_close(step, torch.full_like(step, 5), rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", KINDS)
def test_torchs_generator_seeds_everything(name):
    images = noise(n=8, channels=3, height=32, width=32)
    before = images.clone()
    augmentation = Augmentation(name, crop_scale=(0.5, 1))
    first, same, other = (augmented(augmentation, images, seed) for seed in (1, 1, 2))
    assert torch.equal(first, same) and torch.equal(images, before)
    assert not torch.equal(first, other)


def test_impossible_scales_are_refused():
    for scale, wrap in (
        ((0.0, 1.0), False),
        ((0.8, 0.5), False),
        ((0.5, 1.5), False),
        ((0.5, 1.0), True),
    ):
        with pytest.raises(ValueError, match="crop_scale"):
            Augmentation(crop_scale=scale, wrap=wrap)


def pictures(n, channels, height, width):
    """Noise, smooth images, an even one and one of two levels."""
    generator = torch.Generator().manual_seed(n)
    coarse = torch.rand(n, channels, 4, 4, generator=generator)
    smooth = (
        torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
        .mul(300)
        .sub(20)
        .clamp(0, 255)
    )
    smooth[0], smooth[1] = 77, 0
    smooth[1, ..., : height // 3, :] = 200
    return torch.cat([noise(n, channels, height, width), smooth.to(torch.uint8)])


def one_by_one(policy, images, drawn):
    """Each image through torchvision."""
    how = policy.interpolation, policy._fill
    each = zip(images, drawn, strict=True)
    return torch.stack(
        [policy._apply_image_or_video_transform(image, *drawn, *how) for image, drawn in each]
    )


@pytest.mark.parametrize("policy", [v2.AutoAugment(), v2.AugMix()], ids=["autoaugment", "augmix"])
@pytest.mark.parametrize(("channels", "size"), [(3, (32, 32)), (1, (31, 20))])
def test_operations_on_a_batch_are_torchvisions_on_each_image(policy, channels, size):
    table = operations.magnitudes(policy, *size)
    drawn = [(name, values[level]) for name in table for values in table[name] for level in (3, 7)]
    drawn += [*drawn, operations.NOTHING]
    images = pictures(50, channels, *size)[torch.arange(len(drawn)) % 100]
    before = images.clone()
    done = operations.apply(policy, images, drawn)
    assert done.dtype == torch.uint8 and torch.equal(images, before)
    assert torch.equal(done, one_by_one(policy, images, drawn))


def test_autoaugment_is_its_draw_applied_by_torchvision():
    images = pictures(50, 3, 32, 32)
    torch.manual_seed(5)
    expected = images
    for drawn in autoaugment.draw(len(images), 32, 32):
        expected = one_by_one(v2.AutoAugment(), expected, drawn)
    torch.manual_seed(5)
    done = autoaugment.augment(images)
    assert torch.equal(done, expected) and not torch.equal(done, images)


def test_augmix_is_its_draw_applied_and_mixed_by_hand():
    images = pictures(25, 1, 32, 32)
    torch.manual_seed(5)
    chains = images.repeat(3, 1, 1, 1)
    for drawn in augmix.draw(len(chains), 32, 32):
        chains = one_by_one(v2.AugMix(), chains, drawn)
    kept = augmix.dirichlet(len(images), 2).numpy()
    shares = augmix.dirichlet(len(images), 3).numpy()
    expected = []
    for i, image in enumerate(images.numpy()):
        parts = [chains[k * len(images) + i].numpy() for k in range(3)]
        expected.append(
            kept[i, 0] * image
            + kept[i, 1] * sum(w * p for w, p in zip(shares[i], parts, strict=True))
        )
    torch.manual_seed(5)
    difference = (augmix.augment(images).numpy() - np.floor(expected)).astype(int)
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 0.05  # float32 here, rounded down


def in_sequence(draws):
    """The same of our draws."""
    return [
        [(name, magnitude) for name, magnitude in steps if name != "Identity"]
        for steps in zip(*draws, strict=True)
    ]


def test_augmix_mixes_by_flat_dirichlet_shares():
    torch.manual_seed(0)
    for parts in (2, 3):
        shares = augmix.dirichlet(20000, parts)
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(20000), rtol=0, atol=1e-5)
        variance = (parts - 1) / parts**2 / (parts + 1)
        # 5 standard errors of a mean over 20000 draws, and 5 % of the variance
        np.testing.assert_allclose(
            shares.mean(dim=0), 1 / parts, rtol=0, atol=5 * (variance / 20000) ** 0.5
        )
        np.testing.assert_allclose(shares.var(dim=0), variance, rtol=0.05)


def recorded(monkeypatch, policy, n):
    """What torchvision draws for n images: a sequence of operations and magnitudes for each."""
    sequences = []

    def note(self, image, name, magnitude, *_, **__):
        sequences[-1].append((name, magnitude))
        return image

    with monkeypatch.context() as patch:
        patch.setattr(type(policy), "_apply_image_or_video_transform", note)
        for _ in range(n):
            sequences.append([])
            policy(torch.zeros(1, 8, 8, dtype=torch.uint8))
    return sequences


def assert_alike(one, other):
    """Counts of two samples do not differ more than chance allows: chi squared, kinds seen under ten times pooled."""
    one, other = collections.Counter(map(tuple, one)), collections.Counter(map(tuple, other))
    kinds = [kind for kind in one | other if one[kind] + other[kind] >= 10]
    rare = [sum(n for kind, n in counts.items() if kind not in kinds) for counts in (one, other)]
    table = np.array(
        [[one[kind], other[kind]] for kind in kinds] + ([rare] if sum(rare) >= 10 else [])
    )
    assert len(table) > 2
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_policies_draw_what_torchvision_draws(monkeypatch):
    torch.manual_seed(0)
    expected, drawn = (
        recorded(monkeypatch, v2.AutoAugment(), 2000),
        in_sequence(autoaugment.draw(2000, 8, 8)),
    )
    assert_alike(drawn, expected)  # whole sequences, signs and magnitudes included
    expected, drawn = (
        recorded(monkeypatch, v2.AugMix(mixture_width=1), 2000),
        in_sequence(augmix.draw(2000, 8, 8)),
    )
    for aspect in (
        lambda sequence: [len(sequence)],
        lambda sequence: sequence[:1],
        lambda sequence: sequence[-1:],
        lambda sequence: [name for name, _ in sequence[:2]],
    ):
        assert_alike(map(aspect, drawn), map(aspect, expected))


SIZE = 16


def images(n=40):
    return torch.rand(n, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def others(n, generator):
    """For each image another one, all with the same probability."""
    return (torch.arange(n) + torch.randint(1, n, (n,), generator=generator)) % n


@pytest.mark.parametrize(
    "parts", [*PARTS, ("fine", "patch"), {"patch": [5, 36], "field": ()}], ids=str
)
def test_each_image_gets_the_parts_of_images_of_the_batch_and_labels_stay(parts):
    generator, labels = torch.Generator().manual_seed(1), torch.arange(40)
    partners = {part: others(40, generator) for part in fs.Swap(parts).parts}
    for drawn in partners.values():
        assert len(set(drawn.tolist())) > 15 and (drawn != torch.arange(40)).all()
    places = parts["patch"] if isinstance(parts, dict) else ()
    swapped, kept = fs.Swap(parts, generator=generator.manual_seed(1))(images(), labels)
    assert kept is labels and torch.equal(swapped, exchanged(images(), partners, places))
    assert not torch.equal(swapped, images())


def test_it_shows_the_call_that_makes_it():
    assert fs.Swap().parts == {"fine": (), "field": (), "patch": ()}
    swap = fs.Swap({"fine": (), "patch": np.array([5, 36])})
    assert repr(swap) == "fs.Swap(parts={'fine': (), 'patch': (5, 36)})"
    assert eval(repr(swap)).parts == swap.parts


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float64])
def test_images_keep_their_type_and_bytes_their_range(dtype):
    batch = (images() * 255).to(dtype)
    swapped = fs.Swap(generator=torch.Generator().manual_seed(0))(batch)
    wanted = fs.Swap(generator=torch.Generator().manual_seed(0))(batch.float())
    assert swapped.dtype == dtype
    wanted = wanted.round().clamp(0, 255) if dtype == torch.uint8 else wanted
    assert torch.equal(swapped, wanted.to(dtype))


def test_it_works_in_a_collate_function():
    swap = fs.Swap()
    data = TensorDataset(images(), torch.arange(40))
    batches = list(
        DataLoader(data, batch_size=20, collate_fn=lambda samples: swap(default_collate(samples)))
    )
    assert [tuple(batch.shape) for batch, _ in batches] == [(20, 1, SIZE, SIZE)] * 2
    assert batches[1][1].tolist() == list(range(20, 40)) and not torch.equal(
        batches[0][0], images()[:20]
    )


def test_one_image_stays_as_it_is():
    batch = images(1)
    with pytest.warns(
        UserWarning, match="a batch of one image has no other to swap with"
    ) as caught:
        assert fs.Swap()(batch) is batch
    assert caught[0].filename == __file__


@pytest.mark.parametrize(("parts", "batch", "words"), [
    ((), images(), "parts none: choose from fine, field, patch"), ("fin", images(), "parts fin: choose from fine"),
    ({"fine": [5]}, images(), r"places \(5,\) of fine: expected none, only patch has places"),
    ({"patch": [3, 37]}, images(), r"places \(3, 37\) of patch: expected numbers from 0 to 36"),
    ("fine", torch.zeros(3, 8, 8), r"images are \[3, 8, 8\], expected a batch"), ("fine", [1], "images are int"),
    ("fine", torch.zeros(3, 1, 8, 8, dtype=torch.int32), "images are torch.int32, expected uint8 or float"),
])  # fmt: skip
def test_bad_parts_and_images_are_named(parts, batch, words):
    with pytest.raises(ValueError, match=words):
        fs.Swap(parts)(batch)


def test_steps_of_a_training_with_it_by_hand(monkeypatch):
    """One step an epoch, on all images, without geometry, dropout or momentum; then statistics of unchanged images."""
    recipe = dataclasses.replace(RECIPE, epochs=3, batch_size=N, momentum=0.0, weight_decay=0.0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
    )
    slow = copy.deepcopy(network)
    mean, std = (
        torch.as_tensor(part, dtype=torch.float32)[:, None, None] for part in (DATA.mean, DATA.std)
    )
    for epoch in range(3):
        order = np.random.default_rng([3, epoch, 1]).permutation(N)
        torch.manual_seed(int(np.random.SeedSequence([3, epoch]).generate_state(1)[0]))
        pixels, labels = (
            torch.from_numpy(DATA.images[order]).float() / 255,
            torch.from_numpy(DATA.labels[order]),
        )
        loss = functional.cross_entropy(slow((fs.Swap()(pixels) - mean) / std), labels)
        gradients = torch.autograd.grad(loss, list(slow.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(slow.parameters(), gradients, strict=True):
                weight -= recipe.learning_rate * gradient
    filtered = slow[0]((torch.from_numpy(DATA.images).float() / 255 - mean) / std)
    slow[1].running_mean, slow[1].running_var = (
        filtered.mean(dim=(0, 2, 3)),
        filtered.var(dim=(0, 2, 3)),
    )
    scripted(monkeypatch, [3.0, 2.0, 1.0])  # the weights of the last epoch are the best
    swap = Augmentation("swap", shift=0, flip=False)
    trained = run(network=network, recipe=recipe, dynamics=None, augmentation=swap).weights
    del trained["1.num_batches_tracked"]
    expected = {name: slow.state_dict()[name].detach() for name in trained}
    torch.testing.assert_close(trained, expected, rtol=1e-4, atol=1e-5)


def test_a_training_without_it_leaves_the_statistics_alone(monkeypatch):
    seen = scripted(monkeypatch, [3.0, 2.0, 1.0])
    run(network=tiny(), dynamics=None)
    assert [int(weights["1.num_batches_tracked"]) for weights in seen] == [3, 6, 9]
