"""A last layer that is fitted anew on exchanged images: what it restores, what not, and what it leaves alone."""

import copy

import numpy as np
import pytest
import torch
from exchange_subjects import SIZE, grey, waves
from test_exchange_test import CUES, with_cue
from torch import nn

import frequency_shortcuts as fs
from frequency_shortcuts.exchange.logistic import fit_logistic
from frequency_shortcuts.exchange.refit import last_linear
from frequency_shortcuts.networks.external import Logits, logits_only

K = 4
RUN = fs.Run(progress=False)


class Features(nn.Module):
    """The amount of the wave of each class, and the cue of class 0.

    mixed : of classes 0 and 1 only the sum of the waves is there
    """

    def __init__(self, part="fine", mixed=False, classes=K):
        super().__init__()
        self.cue = CUES[part][1]
        self.mixed = mixed
        self.waves = nn.Parameter(torch.from_numpy(waves(classes, SIZE)).float())

    def forward(self, images):
        amounts = torch.einsum("nhw,khw->nk", images.mean(1), self.waves)
        if self.mixed:
            amounts[:, :2] = amounts[:, :2].sum(dim=1, keepdim=True)
        return torch.cat([amounts, self.cue(images)[:, None]], dim=1)


def network(part="fine", mixed=False, outputs=K):
    """Calls class 0 what has the cue; the other outputs, if there are more than classes, are those of noise."""
    last = nn.Linear(K + 1, outputs)
    with torch.no_grad():
        last.weight[:K] = torch.eye(K + 1)[:K]
        last.weight[0, K] = 1000
        last.bias[:K] = 0
        if mixed:
            last.bias[1] = 0.01
    return nn.Sequential(Features(part, mixed), nn.Dropout(0.5), last)


def images_and_labels(part="fine"):
    split = with_cue(grey(K, 80), part)
    return split.images, split.labels


def refit(given, part="fine", **options):
    options = {"parts": {part: ()}, "mean": 0, "std": 1, "run": RUN} | options
    return fs.refit(given, *images_and_labels(part), **options)


@pytest.mark.parametrize("part", CUES)
def test_a_network_that_also_sees_the_object_is_restored(part, caplog):
    given = network(part)
    before = copy.deepcopy(given.state_dict())
    caplog.set_level("INFO")
    mended = refit(given, part, parts={"patch": [0]} if part == "patch" else part)
    made = mended.refitted
    assert made.restored and caplog.messages[-1] == made.words
    assert made.words == "Restored: the test no longer names 0."
    assert made.table["class"].tolist() == ["0", "1", "2", "3"]
    assert made.table["named_before"].tolist() == [True, False, False, False]
    assert not made.table["named"].any() and made.table["restored"].notna().tolist()[0]
    assert made.table["restored"].isna().tolist() == [False, True, True, True]
    assert (made.table[["recall_before", "recall", "recall_exchanged"]] > 0.9).all(axis=None)
    torch.testing.assert_close(given.state_dict(), before, rtol=0, atol=0)
    assert given.training and mended.training and not hasattr(given, "refitted")
    changed = [name for name in before if not torch.equal(before[name], mended.state_dict()[name])]
    assert changed == ["2.weight", "2.bias"]


def test_a_network_that_sees_nothing_else_is_not_restored(caplog):
    made = refit(network(mixed=True)).refitted
    assert made.restored is False and not made.table["restored"][0]
    assert made.table["recall_exchanged"][0] < 0.7
    # Class 1 is what images of class 0 are called now.
    assert made.words == "Not restored: 0, 1. Train anew with fs.Swap(parts={'fine': ()})."
    assert caplog.records[-1].levelname == "WARNING" and caplog.messages[-1] == made.words


def test_a_network_that_follows_nothing_has_nothing_to_restore():
    given = network()
    with torch.no_grad():
        given[2].weight[0, K] = 0
    made = refit(given).refitted
    assert made.restored is None and made.table["restored"].isna().all()
    assert made.words == "The test names no class: there is nothing to restore."


def test_only_the_rows_of_the_outputs_change_and_draws_are_those_of_the_seed():
    given = network(outputs=9)
    order = [3, 8, 1, 5]
    with torch.no_grad():
        moved = given[2].weight.clone(), given[2].bias.clone()
        given[2].weight[order], given[2].bias[order] = moved[0][:K], moved[1][:K]
    mended, same, other = (
        refit(given, outputs=order, run=fs.Run(seed=seed, progress=False)) for seed in (0, 0, 1)
    )
    assert mended.refitted.restored
    torch.testing.assert_close(same.state_dict(), mended.state_dict(), rtol=0, atol=0)
    assert not torch.equal(other[2].weight, mended[2].weight)
    rest = np.setdiff1d(np.arange(9), order)
    for name in ("weight", "bias"):
        was, now = getattr(given[2], name), getattr(mended[2], name)
        assert torch.equal(now[rest], was[rest]) and not torch.equal(now[order], was[order])


@pytest.mark.parametrize(("bias", "positive"), [(True, "1"), (False, "1"), (True, "0")])
def test_one_logit_stays_one_and_keeps_its_meaning(bias, positive):
    split = with_cue(grey(2, 120), "field")
    last = nn.Linear(3, 1, bias=bias)
    sign = 1 if positive == "1" else -1
    with torch.no_grad():
        last.weight[:] = sign * torch.tensor([-1.0, 1.0, -1000.0])
        if bias:
            last.bias[:] = 0
    given = nn.Sequential(Features("field", classes=2), last, nn.Flatten(0))
    mended = fs.refit(given, split.images, split.labels, parts="field", mean=0, std=1, run=RUN,
                      outputs={positive: 0})  # fmt: skip
    assert mended.refitted.restored and mended.refitted.table["named_before"].all()
    clean = grey(2, 50, seed=3)
    logits = mended.eval()(torch.from_numpy(clean.images / np.float32(255)))
    assert logits.shape == (100,)
    assert ((sign * logits > 0).numpy() == (clean.labels == 1)).mean() > 0.9
    assert (mended[1].bias is None) == (not bias)


@pytest.mark.parametrize("name", ["alexnet", "vgg11", "resnet18", "vit_b_32"])
def test_the_last_layer_of_networks_of_torchvision_is_found(name):
    from torchvision import models

    size = 224 if name == "vit_b_32" else 64
    given = models.get_model(name, num_classes=3).eval()
    images = torch.rand(2, 3, size, size)
    found = last_linear(logits_only(given, images)[0], images)
    assert found is [layer for layer in given.modules() if isinstance(layer, nn.Linear)][-1]


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Flatten(), nn.Linear(400, K), nn.ReLU()],
        [nn.Flatten(), nn.Linear(400, K), nn.LogSoftmax(dim=1)],
        [nn.Flatten(), nn.Linear(400, K), nn.Softmax(dim=1)],
        [nn.Flatten(), nn.utils.parametrizations.weight_norm(nn.Linear(400, K))],
        [nn.Conv2d(1, K, 20), nn.Flatten()],
    ],
    ids=lambda layers: type(layers[-1]).__name__,
)
def test_a_network_without_a_last_linear_layer_is_refused(layers):
    with pytest.raises(ValueError, match="logits of Sequential are not the output of one last nn"):
        last_linear(Logits(nn.Sequential(*layers)), torch.rand(1, 1, 20, 20))


def test_bad_parts_and_options_are_named():
    for options, words in (
        ({"parts": ()}, "parts none: choose from"),
        ({"run": {}}, r"run is a dict: expected fs.Run"),
    ):
        with pytest.raises(ValueError, match=words):
            refit(network(), **options)


def test_a_constant_feature_has_no_weight():
    draw = np.random.default_rng(0)
    features = draw.normal(size=(1, 60, 3))
    features[..., 1] = 0.1
    slopes, _ = fit_logistic(torch.from_numpy(features), np.arange(60) % 2, 2, nn.Identity())
    assert slopes.isfinite().all() and slopes[:, 1].abs().max() < 1e-6


def test_a_regression_finds_the_weights_that_made_the_labels():
    """Of features with different scales, up to what all rows share."""
    draw = np.random.default_rng(0)
    truth = draw.normal(size=(3, 5))
    features = draw.normal(2, [1, 1, 10, 0.1, 1], size=(3000, 5))
    scores = (features - 2) / [1, 1, 10, 0.1, 1] @ truth.T * 3
    labels = (scores + draw.gumbel(size=scores.shape)).argmax(axis=1)
    both = torch.from_numpy(np.stack([features, features]))
    slopes, intercepts = fit_logistic(both, labels, 3, nn.Identity())
    fitted = slopes.numpy() * [1, 1, 10, 0.1, 1]
    np.testing.assert_allclose(
        fitted - fitted.mean(axis=0), 3 * (truth - truth.mean(axis=0)), atol=0.6
    )
    assert slopes.shape == (3, 5) and intercepts.shape == (3,)
