"""Inference copies against the network itself in evaluation mode. Tolerances: 1e-10 in float64, 1e-5 in float32."""

import contextlib
import logging

import numpy as np
import pytest
import torch
from torch import nn

from conftest import state_of
from frequency_shortcuts.networks import predictions
from frequency_shortcuts.networks.architectures import Architecture, build
from frequency_shortcuts.networks.folding import fold
from frequency_shortcuts.networks.predictions import LARGEST_BATCH, Classifier


def noise(*shape, dtype=torch.float64, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def lively(network, dtype=torch.float64, seed=0):
    """The network as if it had been trained: its batch normalisations do something, and each something else."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            if module.affine:
                nn.init.normal_(module.weight, 1, 0.3, generator=generator)
                nn.init.normal_(module.bias, 0, 0.3, generator=generator)
    return network.to(dtype)


def named(name):
    return build(Architecture(name, 3, 2, 32, width=48 if name.startswith("vit") else 4))


def convolution(**options):
    return nn.Conv2d(2, 2, 3, padding=1, **options)


def normalised(normalisation=None, **options):
    return nn.Sequential(convolution(**options), normalisation or nn.BatchNorm2d(2), nn.Flatten())


class Twice(nn.Module):
    """What the convolution gives is used with and without the normalisation."""

    def __init__(self):
        super().__init__()
        self.convolution, self.normalised = convolution(), nn.BatchNorm2d(2)

    def forward(self, images):
        seen = self.convolution(images)
        return (seen + self.normalised(seen)).flatten(1)


class Course(Twice):
    """Its control flow depends on the images, so it cannot be traced."""

    def forward(self, images):
        seen = self.normalised(self.convolution(images))
        return (seen if images.sum() > 0 else 2 * seen).flatten(1)


class Shared(nn.Module):
    """One convolution, called twice, before different normalisations."""

    def __init__(self):
        super().__init__()
        self.convolution, self.first, self.second = (
            convolution(),
            nn.BatchNorm2d(2),
            nn.BatchNorm2d(2),
        )

    def forward(self, images):
        return self.second(self.convolution(self.first(self.convolution(images)))).flatten(1)


class Asking(Twice):
    """The forward pass tests whether its input is a tensor, which a tracer's proxy is not."""

    def forward(self, images):
        images = images if isinstance(images, torch.Tensor) else images[0]
        return self.normalised(self.convolution(images)).flatten(1)


def hooked():
    network = normalised()
    network[0].register_forward_hook(lambda module, args, out: 3 * out)
    return network


def with_spectral_norm():
    network = nn.Sequential(
        nn.utils.spectral_norm(convolution()), nn.BatchNorm2d(2), nn.Flatten()
    ).double()
    with torch.no_grad():  # it holds a weight that can be copied
        network(noise(2, 2, 8, 8))
    return network


NETWORKS = {
    "resnet18": lambda: named("resnet18"),
    "vgg16_bn": lambda: named("vgg16_bn"),
    "vit_b_16": lambda: named("vit_b_16"),
    "not traceable": Course,
    "used twice": Twice,
    "relu between": lambda: nn.Sequential(
        convolution(), nn.ReLU(), nn.BatchNorm2d(2), nn.Flatten()
    ),
    "no bias, circular": lambda: normalised(bias=False, padding_mode="circular"),
    "not affine": lambda: normalised(nn.BatchNorm2d(2, affine=False)),
    "statistics of the batch": lambda: normalised(nn.BatchNorm2d(2, track_running_stats=False)),
    "linear": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(2 * 32 * 32, 5), nn.BatchNorm1d(5), nn.Dropout()
    ),
    "no parameters": lambda: nn.Sequential(nn.AvgPool2d(16), nn.Flatten()),
    "no layers": lambda: nn.Sequential(nn.Flatten(), nn.Sequential()),
    # What tracing breaks
    "convolution before two normalisations": Shared,
    "asks for a tensor": Asking,
    "hook behind the convolution": hooked,
    "spectral norm": with_spectral_norm,
}


DOUBLE, SINGLE = (torch.float64, 1e-10), (torch.float32, 1e-5)


@pytest.mark.parametrize(
    ("name", "dtype", "tolerance"),
    [
        ("resnet18", *SINGLE),
        ("vit_b_16", *SINGLE),
        *((name, *DOUBLE) for name in NETWORKS if name != "vit_b_16"),
    ],
)
def test_the_logits_are_the_networks_own(name, dtype, tolerance):
    network, images = lively(NETWORKS[name](), dtype), noise(4, 2, 32, 32, dtype=dtype)
    with torch.inference_mode():
        logits = Classifier.frozen(network).logits(images.clone())
        expected = network.eval()(images.clone())
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits, expected.double(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "left"),
    [("resnet18", 2), ("vgg16_bn", 0), ("linear", 1), ("used twice", 1), ("relu between", 1),
     ("statistics of the batch", 1), ("not traceable", 1)],
)  # fmt: skip
def test_a_normalisation_is_folded_where_a_convolution_alone_feeds_it(name, left, caplog):
    """A narrow residual network keeps those of its two narrowest shortcuts, which use our own convolution."""
    with caplog.at_level(logging.INFO, "frequency_shortcuts"):
        folded = fold(NETWORKS[name]())
    kept = [
        module for module in folded.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)
    ]
    assert len(kept) == left and ("cannot be traced" in caplog.text) == (name == "not traceable")
    assert not any(module.training for module in folded.modules())


@pytest.mark.parametrize(
    ("name", "precision"), [("resnet18", "float32"), ("not traceable", "bfloat16")]
)
def test_the_network_is_left_as_it_was(name, precision):
    network = lively(NETWORKS[name](), torch.float32).train()
    next(network.children()).eval()  # every module keeps its own mode
    next(network.parameters()).requires_grad_(False)
    before = state_of(network)
    frozen = Classifier.frozen(network, precision)
    frozen.batch_sizes(noise(1, 2, 32, 32, dtype=torch.float32))
    frozen.logits(noise(2, 2, 32, 32, dtype=torch.float32))
    assert state_of(network) == before


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="unknown precision 'half'"):
        Classifier.frozen(convolution(), "half")


def test_a_frozen_classifier_is_given_back():
    frozen = Classifier.frozen(convolution(), "tf32")
    assert Classifier.frozen(frozen, "tf32") is frozen


def test_a_batch_that_does_not_fit_into_memory_is_named_in_parts():
    sizes, images = [], noise(9, 2, 3, 3)

    def forward(seen, fits=2):
        sizes.append(len(seen))
        if len(seen) > fits:
            raise torch.OutOfMemoryError
        return seen.flatten(1)

    network = nn.Flatten()
    network.forward = forward
    with Classifier(network).naming() as name:
        assert (
            name(images).tolist()
            == name(images).tolist()
            == images.flatten(1).argmax(dim=1).tolist()
        )
        assert sizes == [9, 4] + 2 * [2, 2, 2, 2, 1]
        network.forward = lambda seen: forward(seen, 0)
        with pytest.raises(torch.OutOfMemoryError):
            name(images)


class Spy(nn.Module):
    """Records the two flags, then raises its error. A copy of it is itself, so that it sees the calls of all copies."""

    def __init__(self, error=None):
        super().__init__()
        self.error, self.seen = error, []

    def __deepcopy__(self, memo):
        return self

    def forward(self, images):
        self.seen.append((MATMUL.fp32_precision, CONVOLUTION.fp32_precision))
        if self.error:
            raise self.error
        return images.flatten(1)


MATMUL, CONVOLUTION = torch.backends.cuda.matmul, torch.backends.cudnn.conv


@pytest.fixture
def flags_of_the_user():
    before = MATMUL.fp32_precision, CONVOLUTION.fp32_precision
    MATMUL.fp32_precision, CONVOLUTION.fp32_precision = "none", "tf32"
    yield
    MATMUL.fp32_precision, CONVOLUTION.fp32_precision = before


@pytest.mark.usefixtures("flags_of_the_user")
@pytest.mark.skipif(
    not hasattr(MATMUL, "fp32_precision"), reason="PyTorch before 2.9 has other flags"
)
@pytest.mark.parametrize(
    ("precision", "error"), [("float32", None), ("tf32", RuntimeError("broken"))]
)
def test_tf32_flags_hold_inside_and_are_restored(precision, error):
    frozen = Classifier.frozen(Spy(error), precision)
    frozen.device = torch.device("cuda")  # which only the flags ask for
    with contextlib.nullcontext() if error is None else pytest.raises(type(error)):
        frozen.logits(torch.zeros(1, 1, 2, 2))
    inside = "tf32" if precision == "tf32" else "ieee"
    assert frozen.network.seen == [(inside, inside)]
    if error is None:  # network and copy are compared without TF32
        frozen.check(torch.zeros(1, 1, 2, 2))
        assert frozen.network.seen == [("ieee", "ieee")] * 3
    assert (MATMUL.fp32_precision, CONVOLUTION.fp32_precision) == ("none", "tf32")


def test_images_reach_the_network_in_channels_last_order_and_may_be_overwritten():
    seen, network, images = [], nn.Flatten(), noise(2, 3, 4, 5)
    network.forward = lambda images: (seen.append(images), images.mul_(2).flatten(1))[1]
    torch.testing.assert_close(
        Classifier.frozen(network).logits(images.clone()), 2 * images.flatten(1), rtol=0, atol=0
    )
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_a_network_that_refuses_channels_last_images_gets_contiguous_ones():
    def forward(images):
        if not images.is_contiguous():
            raise RuntimeError("input must be contiguous")  # words of its own
        return images.flatten(1)

    network, images = nn.Flatten(), noise(2, 2, 4, 4)
    network.forward = forward
    frozen = Classifier.frozen(network)
    frozen.check(images[:1])
    torch.testing.assert_close(frozen.logits(images), images.flatten(1), rtol=0, atol=0)


class Alias(nn.Module):
    """Calls its convolution by another name, which tracing does not see: folding it is wrong."""

    def __init__(self, scale):
        super().__init__()
        self.first, self.normalised, self.scale = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), scale
        self.second = self.first

    def forward(self, images):
        return self.scale * self.normalised(self.second(images)).relu().mean((2, 3))


@pytest.mark.parametrize(("scale", "shown"), [(1.0, 0.0), (1e-4, 1.0)])
def test_a_wrong_fold_is_detected_for_any_image_and_for_small_logits(scale, shown):
    network = lively(Alias(scale)).eval()
    network.normalised.running_mean.zero_(), network.first.bias.data.zero_()
    images, frozen = noise(4, 2, 8, 8), Classifier.frozen(network)
    frozen.check(shown * images[:1])
    with torch.no_grad():
        np.testing.assert_allclose(frozen.logits(images), network(images), rtol=1e-10, atol=0)


class Functional(nn.Module):
    """A convolution without a module of its own."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1, 1))

    def forward(self, images):
        return nn.functional.conv2d(images, self.weight).mean((2, 3))


def test_the_cap_keeps_the_largest_activation_in_the_cache_of_a_cpu_and_a_batch_in_its_memory(
    monkeypatch,
):
    """96 channels of 32 x 32 in float32 are 384 KiB: 21 of them are 8 MiB. Where they are small, 128 are enough."""
    image = torch.zeros(1, 1, 32, 32)
    wide, narrow = (Classifier.frozen(Functional(channels)) for channels in (96, 2))
    assert wide.batch_sizes(image) == (16, 16) and narrow.batch_sizes(image)[0] == 128
    monkeypatch.setattr(predictions, "CPU_MEMORY", 2 * 4 * 384 * 2**10)
    assert wide.batch_sizes(image) == (2, 2)
    for frozen in (wide, narrow):
        frozen.device = torch.device("cuda")  # which only this choice asks for
        assert frozen.batch_sizes(image)[0] == LARGEST_BATCH


def test_a_backward_batch_fits_the_activations_of_all_layers(monkeypatch):
    """4 x 32 x 32 float64 twice (32 KiB each), pooled and the copied image: twice, and 32 images of 8 KiB.

    A layer in place, and a view, add none.
    """
    layers = (
        nn.Conv2d(1, 4, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 4, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    frozen, image = (
        Classifier.frozen(nn.Sequential(*layers).double()),
        torch.zeros(1, 1, 32, 32, dtype=torch.float64),
    )
    before = image.clone()
    for fit, batch in ((64, 64), (63, 32), (0, 1)):
        monkeypatch.setattr(predictions, "CPU_ACTIVATION", 2**22)
        monkeypatch.setattr(predictions, "CPU_MEMORY", fit * (2 * 73 + 256) * 2**10)
        assert frozen.batch_sizes(image)[1] == batch
    assert torch.equal(image, before)
