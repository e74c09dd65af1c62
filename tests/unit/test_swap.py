"""The remedy Swap: what is swapped, what stays, how it is called, and trainings with it."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset, default_collate
from training_runs import DATA, RECIPE, N, run, scripted, tiny

import frequency_shortcuts as fs
from frequency_shortcuts.exchange.swap import PARTS

SIZE = 16


def images(n=40, seed=0):
    return torch.rand(n, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("part", PARTS)
def test_each_image_gets_the_part_of_an_image_of_the_batch_and_labels_stay(part):
    batch, labels = images(), torch.arange(40)
    swapped, kept = fs.Swap(part, generator=torch.Generator().manual_seed(1))(batch, labels)
    partners = torch.randint(40, (40,), generator=torch.Generator().manual_seed(1))
    assert kept is labels and len(set(partners.tolist())) > 15
    assert torch.equal(swapped, PARTS[part].swap(batch, partners)) and not torch.equal(swapped, batch)


def test_parts_come_from_different_images_and_one_after_the_other():
    generators = [torch.Generator().manual_seed(2) for _ in range(2)]
    made = images()
    for part in ("fine", "patch"):
        made = PARTS[part].swap(made, torch.randint(40, (40,), generator=generators[0]))
    assert torch.equal(fs.Swap(("fine", "patch"), generator=generators[1])(images()), made)
    assert fs.Swap().parts == ("fine", "field", "patch") and "fine" in repr(fs.Swap())


def test_partners_do_not_depend_on_the_image():
    """Of two images, each is its own partner in half of the draws: another one alone would say what it is not."""
    batch = torch.stack([torch.zeros(1, 8, 8), torch.ones(1, 8, 8)])
    own = [float(fs.Swap("field")(batch)[0].mean() < 0.5) for _ in range(1000)]
    assert abs(np.mean(own) - 0.5) < 0.06


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float64])
def test_images_keep_their_type_and_bytes_their_range(dtype):
    batch = (images() * 255).to(dtype)
    swapped = fs.Swap(generator=torch.Generator().manual_seed(0))(batch)
    wanted = fs.Swap(generator=torch.Generator().manual_seed(0))(batch.float())
    assert swapped.dtype == dtype
    wanted = wanted.round().clamp(0, 255) if dtype == torch.uint8 else wanted
    assert torch.allclose(swapped.float(), wanted, atol=0.2)


def test_it_works_in_a_collate_function():
    swap = fs.Swap()
    data = TensorDataset(images(), torch.arange(40))
    batches = list(DataLoader(data, batch_size=20, collate_fn=lambda samples: swap(default_collate(samples))))
    assert [tuple(batch.shape) for batch, _ in batches] == [(20, 1, SIZE, SIZE)] * 2
    assert batches[1][1].tolist() == list(range(20, 40)) and not torch.equal(batches[0][0], images()[:20])


def test_one_image_stays_as_it_is():
    batch = images(1)
    with pytest.warns(UserWarning, match="a batch of one image has no other to swap with"):
        assert fs.Swap()(batch) is batch


@pytest.mark.parametrize(("parts", "batch", "words"), [
    ((), images(), "parts none: choose from fine, field, patch"), ("fin", images(), "parts fin: choose from fine"),
    (None, images(), "parts None: choose from fine"), (5, images(), "parts 5: choose"),
    ("fine", torch.zeros(3, 8, 8), r"images are \[3, 8, 8\], expected a batch"), ("fine", [1], "images are int"),
    ("fine", torch.zeros(3, 1, 8, 8, dtype=torch.int32), "images are torch.int32, expected uint8 or float"),
])  # fmt: skip
def test_bad_parts_and_images_are_named(parts, batch, words):
    with pytest.raises(ValueError, match=words):
        fs.Swap(parts)(batch)


def test_the_name_of_version_2_still_works_with_a_warning():
    with pytest.warns(UserWarning, match="fs.SwapFine is now fs.Swap"):
        swap = fs.SwapFine(0.2, probability=0.5, radius=4)
    assert isinstance(swap.fit(images()), fs.Swap) and swap(images()).shape == (40, 1, SIZE, SIZE)


def test_steps_of_a_training_with_it_by_hand(monkeypatch):
    """One step an epoch, on all images, without geometry, dropout or momentum; then statistics of unchanged images."""
    recipe = dataclasses.replace(RECIPE, epochs=3, batch_size=N, momentum=0.0, weight_decay=0.0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    slow = copy.deepcopy(network)
    mean, std = (torch.as_tensor(part, dtype=torch.float32)[:, None, None] for part in (DATA.mean, DATA.std))
    for epoch in range(3):
        order = np.random.default_rng([3, epoch, 1]).permutation(N)
        torch.manual_seed(int(np.random.SeedSequence([3, epoch]).generate_state(1)[0]))
        pixels, labels = torch.from_numpy(DATA.images[order]).float() / 255, torch.from_numpy(DATA.labels[order])
        loss = functional.cross_entropy(slow((fs.Swap()(pixels) - mean) / std), labels)
        gradients = torch.autograd.grad(loss, list(slow.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(slow.parameters(), gradients, strict=True):
                weight -= recipe.learning_rate * gradient
    filtered = slow[0]((torch.from_numpy(DATA.images).float() / 255 - mean) / std)
    slow[1].running_mean, slow[1].running_var = filtered.mean(dim=(0, 2, 3)), filtered.var(dim=(0, 2, 3))
    scripted(monkeypatch, [3.0, 2.0, 1.0])  # the weights of the last epoch are the best
    trained = run(network=network, recipe=recipe, dynamics=None, augmentation=None, transform=fs.Swap()).weights
    del trained["1.num_batches_tracked"]
    torch.testing.assert_close(
        trained, {name: slow.state_dict()[name].detach() for name in trained}, rtol=1e-4, atol=1e-5
    )


def test_a_training_without_it_leaves_the_statistics_alone(monkeypatch):
    seen = scripted(monkeypatch, [3.0, 2.0, 1.0])
    run(network=tiny(), dynamics=None)
    assert [int(weights["1.num_batches_tracked"]) for weights in seen] == [3, 6, 9]
