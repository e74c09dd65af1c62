"""Networks that give probabilities instead of logits."""

import pytest
import torch
from torch import nn

from frequency_shortcuts.networks.adapters import Logits, logits_only
from frequency_shortcuts.networks.inference import fold

IMAGES = torch.randn(5, 1, 2, 2, generator=torch.Generator().manual_seed(0))


def with_last(*layers):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 3), *layers)


@pytest.mark.parametrize("outputs", [None, [2, 0]])
def test_probabilities_become_their_logarithms(outputs):
    outputs = None if outputs is None else torch.tensor(outputs).numpy()
    network, n_outputs = logits_only(with_last(nn.Softmax(1)), IMAGES, outputs)
    assert isinstance(network, Logits) and network.probabilities and n_outputs == 3
    logits = with_last()(IMAGES) if outputs is None else with_last()(IMAGES)[:, outputs]
    assert torch.allclose(network(IMAGES).log_softmax(1), logits.log_softmax(1), atol=1e-5)


def test_a_probability_of_zero_has_a_finite_logarithm_and_gradient():
    network, _ = logits_only(with_last(nn.Softmax(1)), IMAGES)
    network.network[1].weight.data *= 1e4
    images = IMAGES.clone().requires_grad_()
    logits = network(images)
    logits.sum().backward()
    assert (network.network(IMAGES) == 0).any() and logits.isfinite().all() and images.grad.isfinite().all()


def test_probabilities_in_half_precision_are_recognised():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = with_last()

        def forward(self, images):
            return self.network(images).to(torch.bfloat16).softmax(1).float()

    assert logits_only(Half(), IMAGES)[0].probabilities


class FirstIsOneHot(nn.Module):
    """Logits of the first image sum to 1 by chance."""

    def forward(self, images):
        return torch.where(
            (images == IMAGES[0]).flatten(1).all(1)[:, None], torch.eye(3)[:1], images.new_full((1, 3), 2)
        )


@pytest.mark.parametrize(
    "network", [with_last(), with_last(nn.LogSoftmax(1)), with_last(nn.Sigmoid()), FirstIsOneHot()]
)
def test_other_outputs_stay_as_they_are(network):
    assert logits_only(network, IMAGES)[0] is network


def test_batch_normalisation_behind_chosen_outputs_is_folded():
    """Freezing a network traces it, which sees no values: the place of the logits is known before."""
    plain = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Flatten())
    network, _ = logits_only(plain, IMAGES, torch.tensor([5, 0]).numpy())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fold(network).modules())
