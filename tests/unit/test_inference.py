"""Inference copies against the network itself in evaluation mode. Tolerances: 1e-10 in float64, 1e-5 in float32."""

import contextlib
import copy
import logging
import subprocess
import sys

import numpy as np
import pytest
import torch
from inference_networks import NETWORKS, Course, Twice, convolution, lively, named, noise
from torch import nn

from frequency_shortcuts.networks.inference import MIB, PRECISIONS, InferenceCopy, fold

networks = pytest.mark.parametrize("name", NETWORKS)


def normalisations(network):
    return sum(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())


@pytest.mark.slow
@networks
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_the_logits_are_the_networks_own(name, dtype, tolerance):
    network, images = lively(NETWORKS[name](), dtype), noise(4, 2, 32, 32, dtype=dtype)
    with torch.inference_mode():
        found = InferenceCopy(network)(images.clone())
        expected = network.eval()(images.clone())
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected.double(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "left"),
    [("resnet18", 2), ("resnet18 standard stem", 2), ("vgg16_bn", 0), ("linear", 1),
     ("not affine", 0), ("used twice", 1), ("normalised first", 1), ("relu between", 1),
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


class Reading(Twice):
    """The forward pass uses the weights of the convolution once more."""

    def forward(self, images):
        return (self.normalised(self.convolution(images)) * self.convolution.weight.mean()).flatten(1)


class Asking(Twice):
    """The forward pass tests whether its input is a tensor, which a tracer's proxy is not."""

    def forward(self, images):
        images = images if isinstance(images, torch.Tensor) else images[0]
        return self.normalised(self.convolution(images)).flatten(1)


def hooked(which, register, change):
    def make():
        network = nn.Sequential(convolution(), nn.BatchNorm2d(2), nn.Flatten())
        module = network if which is None else network[which]
        getattr(module, register)(change)
        return network

    return make


def old_style(wrap):
    def make():
        network = nn.Sequential(wrap(convolution()), nn.BatchNorm2d(2), nn.Flatten()).double()
        network(noise(2, 2, 8, 8))
        return network

    return make


ODD = {
    "convolution before two normalisations": Shared,
    "convolution with and without": lambda: Shared(again=False),
    "weights read elsewhere": Reading,
    "asks for a tensor": Asking,
    "hook before the network": hooked(None, "register_forward_pre_hook", lambda module, args: (2 * args[0] + 1,)),
    "hook behind the network": hooked(None, "register_forward_hook", lambda module, args, out: 3 * out),
    "hook behind the convolution": hooked(0, "register_forward_hook", lambda module, args, out: 3 * out),
    "hook behind the normalisation": hooked(1, "register_forward_hook", lambda module, args, out: 3 * out),
    "weight norm": old_style(nn.utils.weight_norm),
    "spectral norm": old_style(nn.utils.spectral_norm),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", ODD)
def test_networks_that_tracing_breaks_keep_their_logits(name):
    network, images = lively(ODD[name]()).eval(), noise(3, 2, 8, 8)
    with torch.no_grad():
        expected, found = network(images.clone()), InferenceCopy(network)(images.clone())
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "vit_b_16"])  # nothing is folded, and slow
def test_the_network_is_left_as_it_was(name, precision):
    network = lively(NETWORKS[name](), torch.float32).train()
    if len(list(network.children())) > 1:
        next(network.children()).eval()  # every module keeps its own mode
    for parameter in list(network.parameters())[:1]:
        parameter.requires_grad_(False)
    seen = []
    network.register_forward_hook(lambda *_: seen.append(1))

    def state():
        return (
            {name: value.clone() for name, value in network.state_dict().items()},
            [(name, type(module), module.training, len(module._forward_hooks)) for name, module in
             network.named_modules()],
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


def test_the_copy_has_hooks_of_its_own_only_while_it_is_measured():
    frozen = InferenceCopy(named("resnet18"))
    frozen.batch_sizes(torch.zeros(1, 2, 32, 32), MIB)[0]
    assert not any(module._forward_hooks for module in frozen.network.modules())

    def broken(*_):
        raise RuntimeError("broken")

    handle = frozen.network.fc.register_forward_pre_hook(broken)
    with pytest.raises(RuntimeError, match="broken"):
        frozen.batch_sizes(torch.zeros(1, 2, 32, 32), MIB)[0]
    handle.remove()
    assert not any(module._forward_hooks for module in frozen.network.modules())


def test_later_training_does_not_reach_the_copy():
    network, images = lively(named("resnet18")), noise(2, 2, 32, 32)
    frozen = InferenceCopy(network)
    before = frozen(images)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert torch.equal(frozen(images), before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_a_network_in_half_precision_is_refused(dtype):
    with pytest.raises(ValueError, match=r"in half precision \(.* is b?float16\).*: give network.float\(\)"):
        InferenceCopy(named("resnet18").to(dtype))


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match=r"unknown precision 'half': choose from float32, tf32, bfloat16"):
        InferenceCopy(named("resnet18"), "half")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "vgg16_bn", "vit_b_16", "not traceable"])
def test_bfloat16_is_near_float32(name):
    """8 bits of fraction: within 5 % of the largest logit, and not equal to float32."""
    network, images = lively(NETWORKS[name](), torch.float32), noise(8, 2, 32, 32, dtype=torch.float32)
    with torch.inference_mode():
        short, full = InferenceCopy(network, "bfloat16")(images), InferenceCopy(network)(images)
    assert short.dtype == torch.float64
    assert 0 < (short - full).abs().max() < 0.05 * full.abs().max()


def test_tf32_is_float32_on_a_cpu():
    network, images = lively(named("resnet18"), torch.float32), noise(4, 2, 32, 32, dtype=torch.float32)
    with torch.inference_mode():
        assert torch.equal(InferenceCopy(network, "tf32")(images), InferenceCopy(network)(images))


class Spy(nn.Module):
    """Records the two flags, then raises its error."""

    def __init__(self, error=None):
        super().__init__()
        self.error, self.seen = error, []

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
@pytest.mark.parametrize("before", [("none", "tf32"), ("tf32", "ieee"), ("tf32", "tf32"), ("ieee", "ieee")])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("error", [None, RuntimeError("broken"), KeyboardInterrupt()], ids=repr)
def test_tf32_flags_hold_inside_and_are_restored(set_flags, before, precision, error):
    set_flags(*before)
    frozen = InferenceCopy(Spy(error), precision)
    frozen.device = torch.device("cuda")  # which only the flags ask for
    with contextlib.nullcontext() if error is None else pytest.raises(type(error)):
        frozen(torch.zeros(1, 1, 2, 2))
    inside = "tf32" if precision == "tf32" else "ieee"
    assert frozen.network.seen == [(inside, inside)]
    assert flags() == before


class Itself(Spy):
    """A copy of it is itself, so that it sees the calls of all copies."""

    def __deepcopy__(self, memo):
        return self


@needs_flags
@pytest.mark.parametrize("precision", PRECISIONS)
def test_network_and_copy_are_compared_without_tf32(set_flags, precision):
    set_flags("none", "tf32")
    frozen = InferenceCopy(network := Itself(), precision)
    frozen.device = torch.device("cuda")
    frozen.check(torch.zeros(1, 1, 2, 2))
    assert network.seen == [("ieee", "ieee")] * 2
    assert flags() == ("none", "tf32")


def test_a_check_that_runs_out_of_memory_says_so_and_keeps_the_layout():
    class Full(nn.Flatten):
        calls = 0

        def forward(self, images):
            Full.calls += 1
            if Full.calls > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(images)

    frozen = InferenceCopy(Full())
    with pytest.raises(torch.OutOfMemoryError):
        frozen.check(torch.zeros(1, 1, 2, 2))
    assert frozen.layout is torch.channels_last


@needs_flags
@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    ["torch.set_float32_matmul_precision('medium')", "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
     "torch.backends.cudnn.fp32_precision = 'ieee'"],
)  # fmt: skip
def test_the_precision_that_the_caller_set_is_restored_and_does_not_interfere(setting):
    """Each in a process of its own, since the settings cannot all be undone."""
    program = f"""
import torch
from frequency_shortcuts.networks.inference import InferenceCopy
{setting}
def state():
    found = [torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision]
    return [*found, torch.get_float32_matmul_precision()] if "set_" in {setting!r} else found
before = state()
frozen = InferenceCopy(torch.nn.Flatten())
frozen.device = torch.device("cuda")
frozen(torch.zeros(1, 1, 2, 2))
assert state() == before, (before, state())
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-300:]


@pytest.mark.parametrize("name", ["resnet18", "vgg16_bn", "not traceable", "relu between"])
def test_the_gradient_is_the_networks_own(name):
    network, images = lively(NETWORKS[name]()), noise(3, 2, 32, 32)
    frozen = InferenceCopy(network)

    def gradient(function):
        seen = images.clone().requires_grad_()
        (found,) = torch.autograd.grad(function(seen.clone()).square().sum(), seen)
        return found

    found = gradient(frozen)
    expected = gradient(network.eval())
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10 * expected.abs().max().item())
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


def test_copying_a_copy_changes_nothing():
    network, images = lively(named("resnet18")), noise(2, 2, 32, 32)
    once = InferenceCopy(network)
    assert torch.equal(InferenceCopy(copy.deepcopy(once.network))(images), once(images))


class Alias(nn.Module):
    """Calls its convolution by another name, which tracing does not see: folding it is wrong."""

    def __init__(self, scale):
        super().__init__()
        self.first, self.normalised, self.scale = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), scale
        self.second = self.first

    def forward(self, images):
        return self.scale * self.normalised(self.second(images)).relu().mean((2, 3))


@pytest.mark.parametrize("scale", [1.0, 1e-4])
@pytest.mark.parametrize("shown", [0.0, 1.0])
def test_a_wrong_fold_is_detected_for_any_image_and_for_small_logits(scale, shown):
    network = lively(Alias(scale)).eval()
    network.normalised.running_mean.zero_(), network.first.bias.data.zero_()
    images, frozen = noise(4, 2, 8, 8), InferenceCopy(network)
    frozen.check(shown * images[:1])
    with torch.no_grad():
        np.testing.assert_allclose(frozen(images), network(images), rtol=1e-10, atol=0)
