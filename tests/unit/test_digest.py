"""Networks that answer differently have different digests; the same network has the same one in every process."""

import copy
import functools
import importlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from frequency_shortcuts.maps.methods.culling.digest import network_digest


class Holding(nn.Module):
    """Holds something beside its weights."""

    def __init__(self, held=None, **buffers):
        super().__init__()
        self.held, self.linear = held, nn.Linear(2, 2)
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)


class Extra(Holding):
    def get_extra_state(self):
        return {"no": "tensor"}

    def set_extra_state(self, state):
        pass


class Settings:
    def __init__(self, width):
        self.width, self.back = width, self


def attention(heads):
    return nn.MultiheadAttention(4, heads)


def encoder(activation):
    return nn.TransformerEncoderLayer(4, 2, 4, activation=activation)


def hooked(factor, register="register_forward_hook"):
    network = Holding()
    getattr(network.linear, register)(lambda *seen: seen[-1] * factor)
    return network


def scaled(factor):
    return lambda images: images * factor


def buffered(value):
    return Holding(mean=torch.tensor(value))


DIFFERENT = {
    "number": (Holding, 1.0, 5.0),
    "number and text": (Holding, 1, "1"),
    "array": (Holding, np.zeros(3), np.array([0.0, 0.0, 1.0])),
    "array of objects": (Holding, np.array(["a", None]), np.array(["b", None])),
    "tensor": (Holding, torch.zeros(3), torch.ones(3)),
    "dtype": (Holding, torch.zeros(2), torch.zeros(1, dtype=torch.float64)),
    "nesting": (Holding, [[1], 2], [1, [2]]),
    "dictionary": (Holding, {"a": 1}, {"a": 2}),
    "set": (Holding, {1, 2}, {1, 3}),
    "object": (Holding, Settings(1), Settings(2)),
    "function of PyTorch": (Holding, torch.relu, torch.tanh),
    "what a function took from around it": (Holding, scaled(1), scaled(2)),
    "method": (Holding, Settings(1).__init__, Settings(2).__init__),
    "partial": (Holding, functools.partial(torch.clamp, min=0), functools.partial(torch.clamp, min=1)),
    "class": (Holding, nn.ReLU, nn.GELU),
    "non-persistent buffer": (buffered, 0.5, 0.1),
    "heads": (attention, 1, 4),
    "activation of a layer": (encoder, "relu", "gelu"),
    "forward hook": (hooked, 1, 3),
}


def of(make, value):
    torch.manual_seed(0)
    return network_digest(make(value))


@pytest.mark.parametrize("case", DIFFERENT, ids=str)
def test_what_changes_the_answers_changes_the_digest(case):
    make, value, other = DIFFERENT[case]
    assert of(make, value) == of(make, copy.deepcopy(value)) != of(make, other)


@pytest.mark.parametrize("make", [lambda: Extra(), lambda: Holding(torch.eye(2).to_sparse()), lambda: Holding(sys)])
def test_odd_things_are_told(make):
    torch.manual_seed(0)
    network = make()
    assert network_digest(network) == network_digest(copy.deepcopy(network) if network.held is not sys else network)


def test_mode_and_earlier_hooks_of_the_process_say_nothing():
    first = of(hooked, 2)
    nn.Linear(1, 1).register_forward_hook(print)  # takes a number
    torch.manual_seed(0)
    network = hooked(2).eval()
    assert network_digest(network) == network_digest(network.train()) == first


def test_every_process_finds_the_same(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom torchvision.models import resnet18, vit_b_16\n"
        "from frequency_shortcuts.digest import network_digest\n"
        "for make in (resnet18, vit_b_16):\n"
        "    torch.manual_seed(0)\n    network = make()\n    network.names = {'a', 'b', 'c', 'd'}\n"
        "    print(network_digest(network).hex())\n"
    )
    command = [sys.executable, "mine.py"]
    found = {subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout for _ in range(3)}
    assert len(found) == 1 and len(set(found.pop().split())) == 2


def test_the_digest_of_a_network_follows_its_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for sign in "+-+":
        (tmp_path / f"turned{len(digests)}.py").write_text(
            f"from torch import nn\nclass Net(nn.Linear):\n    def forward(self, x):\n        return {sign}x\n"
        )
        network = importlib.import_module(f"turned{len(digests)}").Net(2, 2)
        with torch.no_grad():
            network.weight.fill_(1), network.bias.fill_(0)
        digests.append(network_digest(network))
    assert digests[0] == digests[2] != digests[1]
