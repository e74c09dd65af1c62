"""External networks and their checkpoints, and the errors for those that do not fit."""

import os
import sys

import pytest
import torch
from torch import nn

from frequency_shortcuts.data.entry_points import call, entry_point
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.external import ExternalNetwork, build, probe
from frequency_shortcuts.networks.weights import normalisation


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the working folder: module(text) writes it and returns its name."""
    monkeypatch.chdir(tmp_path)
    names = []

    def write(text):
        names.append(f"brought_{len(names)}")
        (tmp_path / f"{names[-1]}.py").write_text(text)
        return names[-1]

    yield write
    for name in names:
        sys.modules.pop(name, None)


NETWORK = """
import torch
from torch import nn

def plain():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 5))

def fitting(n_classes, channels, size, bias=True):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size[0] * size[1], n_classes, bias=bias))

def words():
    return "a network"

def failing():
    raise RuntimeError("no weights on this machine\\nof yours")

def silent():
    raise RuntimeError

def leaving():
    raise SystemExit(0)

def open_to_all(**given):
    return fitting(**given)

class Network(nn.Linear):
    def __init__(self, n_classes):
        super().__init__(4, n_classes)

number = 3
"""


def test_an_entry_point_gets_what_it_takes_and_its_options(module):
    name = module(NETWORK)
    assert build(ExternalNetwork(f"{name}:plain", 5, 3, 2, 2))[1].out_features == 5
    fitting = build(ExternalNetwork(f"{name}:fitting", 7, 1, 4, 3, {"bias": False}))[1]
    assert (fitting.in_features, fitting.out_features, fitting.bias) == (12, 7, None)
    assert build(ExternalNetwork(f"{name}:Network", 6, 1, 1, 1)).out_features == 6
    everything = build(ExternalNetwork(f"{name}:open_to_all", 7, 1, 4, 3, {"bias": False}))[1]
    assert (everything.in_features, everything.out_features, everything.bias) == (12, 7, None)
    assert call(f"{name}:fitting", {"n_classes": 2, "channels": 1}, size=(2, 2), unknown=1)[1].out_features == 2


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (":plain", r"^entry point ':plain': expected module:function$"),
        ("plain", r"^entry point 'plain': expected module:function$"),
        (
            "{}:none",
            r"^entry point {}:none: {} has no function none; it has Network, failing, fitting, leaving, open_to_all, p",
        ),
        ("{}:number", r"has no function number"),
        ("{}:words", r"^entry point {}:words gives a str, not a torch\.nn\.Module$"),
        ("{}:failing", r"^entry point {}:failing failed \(RuntimeError: no weights on this machine\)$"),
        ("{}:leaving", r"^entry point {}:leaving failed \(SystemExit: 0\)$"),
        ("{}:silent", r"^entry point {}:silent failed \(RuntimeError\)$"),
        (
            "missing_module:f",
            r"missing_module does not import \(ModuleNotFoundError: No module named 'mis",
        ),
    ],
)
def test_mistakes_in_entry_points_are_one_sentence(module, function, sentence):
    name = module(NETWORK)
    with pytest.raises(ValueError, match=sentence.replace("{}", name)):
        build(ExternalNetwork(function.format(name), 5, 3, 2, 2))


def test_a_module_that_ends_the_program_is_an_error(module):
    name = module("raise SystemExit(0)")
    with pytest.raises(ValueError, match=rf"{name} does not import \(SystemExit: 0\); modules are looked for in"):
        entry_point(f"{name}:f")


def test_a_module_that_fails_while_importing_is_named_and_the_path_does_not_change(module):
    name, before = module("1 / 0"), list(sys.path)
    with pytest.raises(ValueError, match=rf"{name} does not import \(ZeroDivisionError: division by zero\); mod"):
        entry_point(f"{name}:f")
    assert sys.path == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("torchvision:resnet19", r"torchvision has no classifier 'resnet19'; did you mean resnet18"),
        ("timm:resnet19", r"timm has no network 'resnet19'; did you mean resnet1"),
    ],
)
def test_unknown_names_are_an_error_with_a_guess(source, sentence):
    if source.startswith("timm"):
        pytest.importorskip("timm")
    with pytest.raises(ValueError, match=sentence):
        build(ExternalNetwork(source, 10, 3, 32, 32))


def test_options_that_do_not_exist_and_channels_that_do_not_fit():
    with pytest.raises(ValueError, match=r"torchvision:resnet18 cannot be built with the options \{'wide': 1\}"):
        build(ExternalNetwork("torchvision:resnet18", 10, 3, 32, 32, {"wide": 1}))
    with pytest.raises(ValueError, match="torchvision:resnet18 takes images of 3 channels, not 1"):
        build(ExternalNetwork("torchvision:resnet18", 10, 1, 32, 32))


def test_timm_is_imported_only_when_it_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    build(ExternalNetwork("torchvision:squeezenet1_1", 3, 3, 32, 32))
    with pytest.raises(ValueError, match="a network from timm needs that package: pip install timm"):
        build(ExternalNetwork("timm:resnet10t", 3, 3, 32, 32))


def test_networks_from_timm_take_the_channels_and_classes():
    pytest.importorskip("timm")
    network = build(ExternalNetwork("timm:resnet10t", 4, 1, 32, 32))
    probe(network, 4, 1, 32, 32)


def diverged():
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5))
    nn.init.constant_(network[1].bias, torch.nan)
    return network


class Divided(nn.Module):
    def forward(self, logits):
        return logits / 0


class Standardised(nn.Module):
    def forward(self, images):
        return (images - images.mean((1, 2, 3), keepdim=True)) / images.std((1, 2, 3), keepdim=True)


def test_probe_takes_what_standardises_every_image_and_what_has_no_weights_yet():
    probe(nn.Sequential(Standardised(), nn.Flatten(), nn.Linear(12, 5)), 5, 3, 2, 2)
    with torch.device("meta"):
        probe(nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), 5, 3, 2, 2)


class Leaving(nn.Module):
    def forward(self, images):
        raise SystemExit(0)


class Random(nn.Module):
    """Dropout that stays active in evaluation mode."""

    def forward(self, logits):
        return nn.functional.dropout(logits, 0.5)


class Rounded(nn.Module):
    """As sums in another order on a GPU."""

    def forward(self, logits):
        return logits * (1 + 1e-6 * torch.randn_like(logits))


class InPlace(nn.Module):
    def forward(self, images):
        return images.mul_(2)


def test_probe_takes_what_rounds_differently_and_what_changes_its_images():
    for layers in ([nn.Flatten(), nn.Linear(12, 5), Rounded()], [InPlace(), nn.Flatten(), nn.Linear(12, 5)]):
        probe(nn.Sequential(*layers), 5, 3, 2, 2)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Leaving(), r"^Leaving refuses images of 3 x 2 x 2 \(SystemExit: 0\)$"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(12, 5), Random()),
            r"^Sequential gives other logits when it sees the same images again: expected the same; a network in",
        ),
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 4)), r"^Sequential has 4 outputs, but there are 5 classes$"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(9, 5)),
            r"^Sequential refuses images of 3 x 2 x 2 \(RuntimeError: (addmm: )?mat1",
        ),
        (nn.Identity(), r"^Identity gives \(2, 3, 2, 2\) for 2 images: expected logits of shape \[2, classes\]$"),
        (nn.Linear(2, 3), r"^Linear gives \(2, 3, 2, 3\) for 2 images"),
        (diverged(), r"^Sequential gives logits that are not finite numbers: its 1\.bias holds NaN$"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(12, 5), Divided()),
            r"^Sequential gives logits that are not finite numbers: its images were noise from 0 to 1$",
        ),
    ],
)
def test_probe_names_the_mismatch(network, sentence):
    with pytest.raises(ValueError, match=sentence):
        probe(network, 5, 3, 2, 2)


def test_probe_leaves_the_network_as_it_was():
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 5)).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    probe(network, 5, 3, 2, 2)
    assert network.training and all(torch.equal(before[k], v) for k, v in network.state_dict().items())


def test_an_external_network_is_saved_and_loaded_with_its_normalisation(module, tmp_path):
    what = ExternalNetwork(f"{module(NETWORK)}:fitting", 3, 1, 2, 2, {"bias": False})
    network = architectures.build(what)
    architectures.save(tmp_path / "w.safetensors", network.state_dict(), what, {"mean": [0.5], "std": [0.2]})
    loaded = architectures.load(tmp_path / "w.safetensors")
    assert torch.equal(loaded[1].weight, network[1].weight) and not loaded.training
    assert architectures.architecture(tmp_path / "w.safetensors") == what
    assert normalisation(tmp_path / "w.safetensors") == ([0.5], [0.2])


def test_tied_weights_are_saved(tmp_path):
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    network[1].weight = network[0].weight
    form = architectures.Architecture("resnet18", 4, 3, 32)
    architectures.save(tmp_path / "w.safetensors", network.state_dict(), form)
    other = architectures.load_weights(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), tmp_path / "w.safetensors")
    assert torch.equal(other[1].weight, network[0].weight)


@pytest.mark.parametrize("wrap", [
    lambda weights: weights,
    lambda weights: {"state_dict": weights, "epoch": 3},
    lambda weights: {"model": {"state_dict": weights}, "args": {"lr": 0.1}},
    lambda weights: {f"module.{name}": tensor for name, tensor in weights.items()},
    lambda weights: {"state_dict": {f"module.model.{name}": tensor for name, tensor in weights.items()}},
    lambda weights: {"model_state_dict": {f"_orig_mod.{name}": tensor for name, tensor in weights.items()}},
])  # fmt: skip
def test_checkpoints_of_torch_are_read_in_every_usual_form(tmp_path, wrap):
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    torch.save(wrap(network.state_dict()), tmp_path / "w.pt")
    other = architectures.load_weights(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), tmp_path / "w.pt")
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in network.state_dict().items())


class Attack:
    def __reduce__(self):
        return (open, ("stolen", "w"))


def test_nothing_in_a_checkpoint_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {"weight": torch.zeros(2)}, "more": Attack()}, "w.pt")
    with pytest.raises(ValueError, match=r"w\.pt cannot be read as weights alone, and what else is in it is not ex"):
        architectures.load_weights(nn.Linear(2, 2), "w.pt")
    assert not (tmp_path / "stolen").exists()


def circle(*names):
    """A dict that holds itself, through others."""
    names = names or ("model",)
    dicts = [{} for _ in names]
    for i, name in enumerate(names):
        dicts[i][name] = dicts[(i + 1) % len(names)]
    return dicts[0]


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("kind", ["FIFO", "folder"])
def test_weights_that_are_no_file_are_named_and_not_waited_for(tmp_path, name, kind):
    (os.mkfifo if kind == "FIFO" else os.mkdir)(tmp_path / name)
    with pytest.raises(ValueError, match=rf"/{name} is a {kind}: expected"):
        architectures.load_weights(nn.Linear(2, 2), tmp_path / name)


def test_complex_weights_of_a_complex_network_are_loaded(tmp_path):
    network = nn.Linear(2, 2, dtype=torch.complex64)
    torch.save(network.state_dict(), tmp_path / "w.pt")
    other = architectures.load_weights(nn.Linear(2, 2, dtype=torch.complex64), tmp_path / "w.pt")
    assert torch.equal(other.weight, network.weight)


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (None, FileNotFoundError, r"no weights at .*w\.pt"),
        (b"no checkpoint", ValueError, r"w\.pt is no checkpoint of torch's, or not whole: expected"),
        (b"epoch 1", ValueError, r"w\.pt is no checkpoint of torch's, or not whole: expected"),
        (b"", ValueError, r"w\.pt is an empty file: expected safetensors, or"),
        ("TorchScript", ValueError, r"w\.pt is a network in TorchScript: save its state_dict"),
        ({"epoch": 3}, ValueError, r"w\.pt holds no state_dict: expected a dict from names to tensors"),
        ([torch.zeros(2)], ValueError, r"w\.pt holds no state_dict"),
        ({"weight": torch.zeros(3, 2), "extra": torch.zeros(1)}, ValueError,
         r"w\.pt does not fit Linear: bias is missing, extra is unknown, weight is \[3, 2\], not \[2, 2\]"),
        ({0: torch.zeros(2)}, ValueError, r"w\.pt holds no state_dict"),
        (circle(), ValueError, r"w\.pt: its model holds itself: expected a dict from names to tensors"),
        (circle("model", "state_dict", "net"), ValueError, r"w\.pt: its model holds itself"),
        ({"weight": torch.zeros(2, 2) + 1j, "bias": torch.zeros(2)}, ValueError,
         r"w\.pt does not fit Linear: weight is complex \[2, 2\], not \[2, 2\]"),
        ({"weight": torch.eye(2).to_sparse(), "bias": torch.zeros(2)}, ValueError, r"weight is sparse \[2, 2\], not"),
        ({"weight": torch.zeros(2, 2, device="meta"), "bias": torch.zeros(2)}, ValueError, "weight holds no data"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*torch.jit")  # the old format, of which files are left
def test_checkpoints_that_do_not_fit_are_one_sentence(tmp_path, content, error, sentence):
    path = tmp_path / "w.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "TorchScript":
        torch.jit.script(nn.Linear(2, 2)).save(str(path))
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(error, match=sentence):
        architectures.load_weights(nn.Linear(2, 2), path)
