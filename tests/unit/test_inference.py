"""Inference copies against the network itself in evaluation mode. Tolerances: 1e-10 in float64, 1e-5 in float32."""

import contextlib
import copy
import logging

import numpy as np
import pytest
import torch
from inference_networks import NETWORKS, Course, Twice, convolution, lively, noise
from torch import nn

from frequency_shortcuts.networks.fingerprint import same_logits, state_digest
from frequency_shortcuts.networks.inference import LARGEST_BATCH, MIB, InferenceCopy, fold, memory_budget
from frequency_shortcuts.networks.numerics import bfloat16, deterministic_on_cuda


def normalisations(network):
    return sum(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())


@pytest.mark.parametrize(
    ("name", "left"),
    [("resnet18", 2), ("vgg16_bn", 0), ("linear", 1), ("used twice", 1), ("relu between", 1),
     ("statistics of the batch", 1)],
)  # fmt: skip
def test_a_normalisation_is_folded_where_a_convolution_alone_feeds_it(name, left):
    """A narrow residual network keeps those of its two narrowest shortcuts, which use our own convolution."""
    network = NETWORKS[name]()
    folded = fold(network)
    assert normalisations(folded) == left
    assert not any(module.training for module in folded.modules())


def test_a_network_that_cannot_be_traced_is_logged_and_not_folded(caplog):
    with caplog.at_level(logging.INFO, "frequency_shortcuts"):
        assert normalisations(fold(Course())) == 1
    assert "cannot be traced" in caplog.text


class Shared(nn.Module):
    """One convolution, called twice, before different normalisations."""

    def __init__(self, again=True):
        super().__init__()
        self.convolution, self.again = convolution(), again
        self.first, self.second = nn.BatchNorm2d(2), nn.BatchNorm2d(2)

    def forward(self, images):
        seen = self.convolution(self.first(self.convolution(images)))
        return (self.second(seen) if self.again else seen).flatten(1)


class Asking(Twice):
    """The forward pass tests whether its input is a tensor, which a tracer's proxy is not."""

    def forward(self, images):
        images = images if isinstance(images, torch.Tensor) else images[0]
        return self.normalised(self.convolution(images)).flatten(1)


def hooked():
    network = nn.Sequential(convolution(), nn.BatchNorm2d(2), nn.Flatten())
    network[0].register_forward_hook(lambda module, args, out: 3 * out)
    return network


def with_spectral_norm():
    network = nn.Sequential(nn.utils.spectral_norm(convolution()), nn.BatchNorm2d(2), nn.Flatten()).double()
    network(noise(2, 2, 8, 8))
    return network


ODD = {
    "convolution before two normalisations": Shared,
    "convolution with and without": lambda: Shared(again=False),
    "asks for a tensor": Asking,
    "hook behind the convolution": hooked,
    "spectral norm": with_spectral_norm,
}


@pytest.mark.parametrize("name", ODD)
def test_networks_that_tracing_breaks_keep_their_logits(name):
    network, images = lively(ODD[name]()).eval(), noise(3, 2, 8, 8)
    with torch.no_grad():
        expected, logits = network(images.clone()), InferenceCopy(network)(images.clone())
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("name", "precision"), [("resnet18", "float32"), ("not traceable", "bfloat16")])
def test_the_network_is_left_as_it_was(name, precision):
    network = lively(NETWORKS[name](), torch.float32).train()
    next(network.children()).eval()  # every module keeps its own mode
    next(network.parameters()).requires_grad_(False)

    def state():
        return (
            {name: value.clone() for name, value in network.state_dict().items()},
            [(name, type(module), module.training) for name, module in network.named_modules()],
            [(name, p.requires_grad, p.dtype, p.stride(), p.grad) for name, p in network.named_parameters()],
        )  # fmt: skip

    before = state()
    frozen = InferenceCopy(network, precision)
    frozen.batch_sizes(noise(2, 2, 32, 32, dtype=torch.float32), MIB)[0]
    frozen(noise(2, 2, 32, 32, dtype=torch.float32))
    after = state()
    assert before[0].keys() == after[0].keys()
    assert all(torch.equal(value, after[0][name]) for name, value in before[0].items())
    assert before[1:] == after[1:]


def test_half_precision_and_an_unknown_one_are_refused():
    with pytest.raises(ValueError, match=r"in half precision \(weight is float16\)"):
        InferenceCopy(convolution().half())
    with pytest.raises(ValueError, match="unknown precision 'half'"):
        InferenceCopy(convolution(), "half")


class Spy(nn.Module):
    """Records the two flags, then raises its error. A copy of it is itself, so that it sees the calls of all copies."""

    def __init__(self, error=None):
        super().__init__()
        self.error, self.seen = error, []

    def __deepcopy__(self, memo):
        return self

    def forward(self, images):
        self.seen.append(flags())
        if self.error:
            raise self.error
        return images.flatten(1)


needs_flags = pytest.mark.skipif(
    not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="PyTorch before 2.9 has other flags"
)


def flags():
    return torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision


@pytest.fixture
def set_flags():
    def put(matmul, convolution):
        torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision = matmul, convolution

    before = flags()
    yield put
    put(*before)


@needs_flags
@pytest.mark.parametrize(("precision", "error"), [("float32", None), ("tf32", RuntimeError("broken"))])
def test_tf32_flags_hold_inside_and_are_restored(set_flags, precision, error):
    set_flags("none", "tf32")
    frozen = InferenceCopy(Spy(error), precision)
    frozen.device = torch.device("cuda")  # which only the flags ask for
    with contextlib.nullcontext() if error is None else pytest.raises(type(error)):
        frozen(torch.zeros(1, 1, 2, 2))
    inside = "tf32" if precision == "tf32" else "ieee"
    assert frozen.network.seen == [(inside, inside)]
    if error is None:  # network and copy are compared without TF32
        frozen.check(torch.zeros(1, 1, 2, 2))
        assert frozen.network.seen == [("ieee", "ieee")] * 3
    assert flags() == ("none", "tf32")


@pytest.mark.parametrize("name", ["resnet18", "not traceable"])
def test_the_gradient_is_the_networks_own(name):
    network, images = lively(NETWORKS[name]()), noise(3, 2, 32, 32)
    frozen = InferenceCopy(network)

    def gradient(function):
        seen = images.clone().requires_grad_()
        return torch.autograd.grad(function(seen.clone()).square().sum(), seen)[0]

    actual, expected = gradient(frozen), gradient(network.eval())
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-10 * expected.abs().max().item())
    assert all(parameter.grad is None for parameter in (*network.parameters(), *frozen.network.parameters()))


def test_images_reach_the_network_in_channels_last_order_and_may_be_overwritten():
    seen = []

    class InPlace(nn.Module):
        def forward(self, images):
            seen.append(images)
            return images.mul_(2).flatten(1)

    images = noise(2, 3, 4, 5)
    expected = 2 * images.flatten(1)
    torch.testing.assert_close(InferenceCopy(InPlace())(images.clone()), expected, rtol=0, atol=0)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


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
    images, frozen = noise(4, 2, 8, 8), InferenceCopy(network)
    frozen.check(shown * images[:1])
    with torch.no_grad():
        np.testing.assert_allclose(frozen(images), network(images), rtol=1e-10, atol=0)


# Batch sizes and memory


def test_the_cap_keeps_the_largest_activation_in_the_cache_of_a_cpu():
    """96 channels of 32 x 32 in float32 are 384 KiB: 21 of them are 8 MiB. Where they are small, 128 are enough."""
    images = torch.zeros(1, 1, 32, 32)
    wide, narrow = (
        InferenceCopy(nn.Sequential(nn.Conv2d(1, channels, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
        for channels in (96, 2)
    )
    assert wide.batch_sizes(images, 10**15)[0] == 16
    assert narrow.batch_sizes(images, 10**15)[0] == 128
    for frozen in (wide, narrow):
        frozen.device = torch.device("cuda")  # which only this choice asks for
        assert frozen.batch_sizes(images, 10**15)[0] == LARGEST_BATCH


def test_memory_used_outside_of_layers_counts():
    """A convolution called as a function: 1 MiB an image that no layer sees."""

    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.last = nn.Parameter(torch.zeros(256, 1, 1, 1)), nn.Linear(256, 2)

        def forward(self, images):
            return self.last(nn.functional.conv2d(images, self.weight).mean(dim=(2, 3)))

    assert InferenceCopy(Functional()).batch_sizes(torch.zeros(1, 1, 32, 32), 64 * MIB)[0] <= 64


def test_the_budget_is_the_requested_one_or_2_gib_on_a_cpu():
    assert memory_budget(1.5, torch.device("cpu")) == 3 * MIB // 2
    assert memory_budget(None, torch.device("cpu")) == 2048 * MIB


# Settings of CUDA, which can be read without a GPU


def cuda_settings():
    return torch.are_deterministic_algorithms_enabled(), torch.backends.cuda.flash_sdp_enabled()


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_algorithms_are_deterministic_on_cuda_alone_and_restored(error):
    before = cuda_settings()
    with deterministic_on_cuda(torch.device("cpu")):
        assert cuda_settings() == before
    try:
        with deterministic_on_cuda(torch.device("cuda:1")):
            assert cuda_settings() == (True, False)
            if error:
                raise error
    except KeyboardInterrupt:
        pass
    assert cuda_settings() == before


def test_old_gpus_and_cpus_train_in_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    for device in ("cuda", "cpu"):
        with bfloat16(torch.device(device)):
            assert not torch.is_autocast_enabled(device)


# Whether two networks are the same


class Buffered(nn.Module):
    """One weight, and a buffer that the state dict leaves out."""

    def __init__(self, weight=1.0, buffer=0.5, dtype=torch.float32):
        super().__init__()
        self.weight = nn.Parameter(torch.full((2, 2), weight, dtype=dtype))
        self.register_buffer("mean", torch.tensor(buffer), persistent=False)


@pytest.mark.parametrize("change", [{"weight": 2.0}, {"buffer": 0.1}, {"dtype": torch.bfloat16}], ids=str)
def test_weights_buffers_and_dtypes_change_the_digest(change):
    assert state_digest(Buffered()) == state_digest(copy.deepcopy(Buffered())) != state_digest(Buffered(**change))


def test_names_count_and_the_mode_does_not():
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    assert state_digest(network) == state_digest(copy.deepcopy(network).eval())
    assert state_digest(network) != state_digest(nn.ModuleDict({"a": network[0]}))


def test_logits_are_the_same_up_to_a_share_of_the_greatest():
    logits = torch.tensor([[1000.0, 1.0], [0.0, -1.0]])
    assert same_logits(logits + 0.5, logits, 1e-3)
    assert not same_logits(logits + 5, logits, 1e-3)
    assert not same_logits(logits[:1], logits, 1e-3)
    assert same_logits(torch.tensor([[torch.nan, 1.0]]), torch.tensor([[torch.nan, 1.0]]), 1e-3)
