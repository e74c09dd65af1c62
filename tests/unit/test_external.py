"""External networks, their checkpoints and outputs, and the errors for those that do not fit."""

import sys

import pytest
import torch
from torch import nn

from conftest import state_of
from frequency_shortcuts.images.entry_points import call, entry_point
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.external import (
    ExternalNetwork,
    Logits,
    build_external,
    logits_only,
    probe,
    with_outputs,
)
from frequency_shortcuts.networks.folding import fold
from frequency_shortcuts.networks.weights import normalisation


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the working folder: module(text) writes it and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "of_a_user.py").write_text(text)
        return "of_a_user"

    yield write
    sys.modules.pop("of_a_user", None)


NETWORK = """
from torch import nn

def fitting(n_classes, channels, size, bias=True):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size[0] * size[1], n_classes, bias=bias))

def failing(): raise RuntimeError("no weights on this machine\\nof yours")
def open_to_all(**keywords): return fitting(**keywords)

class Network(nn.Linear):
    def __init__(self, n_classes): super().__init__(4, n_classes)
"""


def test_an_entry_point_gets_what_it_takes_and_its_options(module):
    name = module(NETWORK)
    for function in ("fitting", "open_to_all"):
        network = build_external(
            ExternalNetwork(f"{name}:{function}", 7, 1, 4, 3, {"bias": False})
        )[1]
        assert (network.in_features, network.out_features, network.bias) == (12, 7, None)
    assert build_external(ExternalNetwork(f"{name}:Network", 6, 1, 1, 1)).out_features == 6
    assert (
        call(f"{name}:fitting", {"n_classes": 2, "channels": 1}, size=(2, 2), unknown=1)[
            1
        ].out_features
        == 2
    )


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("plain", "expected module:function"),
        ("{}:failing", r"{}:failing failed \(RuntimeError: no weights on this machine\)$"),
    ],
)
def test_mistakes_in_entry_points_are_one_sentence(module, function, sentence):
    """Besides those in tests/trials."""
    name = module(NETWORK)
    with pytest.raises(ValueError, match=sentence.replace("{}", name)):
        build_external(ExternalNetwork(function.format(name), 5, 3, 2, 2))


def test_a_module_that_fails_while_importing_is_named_and_the_path_does_not_change(module):
    name, before = module("1 / 0"), list(sys.path)
    with pytest.raises(
        ValueError, match=rf"{name} does not import \(ZeroDivisionError: division by zero\)"
    ):
        entry_point(f"{name}:f")
    assert sys.path == before


def test_networks_of_libraries_take_the_channels_and_classes(monkeypatch):
    pytest.importorskip("timm")
    probe(build_external(ExternalNetwork("timm:resnet10t", 4, 1, 32, 32)), 4, 1, 32, 32)
    monkeypatch.setitem(sys.modules, "timm", None)  # it is imported only when it is needed
    probe(build_external(ExternalNetwork("torchvision:squeezenet1_1", 3, 3, 32, 32)), 3, 3, 32, 32)


class Layer(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


def behind(*layers):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 5), *layers)


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(Layer(lambda images: images / images.std((1, 2, 3), keepdim=True)), behind()),
        behind(
            Layer(lambda logits: logits * (1 + 1e-6 * torch.randn_like(logits)))
        ),  # as sums in another order
        nn.Sequential(Layer(lambda images: images.mul_(2)), behind()),
        behind().to("meta"),
    ],
    ids=["standardised", "rounded", "in place", "without weights"],
)
def test_probe_takes_networks_that_work(network):
    probe(network, 5, 3, 2, 2)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (
            Layer(lambda images: sys.exit(0)),
            r"^Layer refuses images of 3 x 2 x 2 \(SystemExit: 0\)$",
        ),
        (behind(nn.Linear(5, 4)), "has 4 outputs, but there are 5 classes"),
        (
            behind(nn.Linear(5, 1), nn.Flatten(0)),
            r"one output, .* a study does not take: return two, torch\.cat\(\[",
        ),
        (
            nn.Identity(),
            r"gives \(1, 3, 2, 2\) for one image: expected logits of shape \[1, classes\]",
        ),
        (behind(Layer(lambda logits: (logits, logits))), "gives more than logits: a study needs a"),
        (behind(Layer(lambda logits: logits / 0)), "gives logits that are not finite numbers"),
    ],
)
def test_probe_names_the_mismatch(network, sentence):
    with pytest.raises(ValueError, match=sentence):
        probe(network, 5, 3, 2, 2)


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (Layer(lambda z: {"out": z, "aux": z}), "gives dict with the keys out, aux, and none is"),
        (Layer(lambda z: z * float("nan")), r"gives outputs that are not numbers \(NaN\)"),
    ],
)
def test_what_gives_no_logits_is_refused_with_what_it_gives(layer, sentence):
    with pytest.raises(ValueError, match=sentence):
        logits_only(behind(layer), IMAGES)


def test_probe_leaves_the_network_as_it_was():
    network = nn.Sequential(nn.BatchNorm2d(3), behind()).train()
    before = state_of(network)
    probe(network, 5, 3, 2, 2)
    assert state_of(network) == before


def test_an_external_network_is_saved_and_loaded_with_its_normalisation(module, tmp_path):
    what = ExternalNetwork(f"{module(NETWORK)}:fitting", 3, 1, 2, 2, {"bias": False})
    network = architectures.build(what)
    architectures.save(
        tmp_path / "w.safetensors", network.state_dict(), what, {"mean": [0.5], "std": [0.2]}
    )
    loaded = architectures.load(tmp_path / "w.safetensors")
    assert torch.equal(loaded[1].weight, network[1].weight) and not loaded.training
    assert architectures.architecture(tmp_path / "w.safetensors") == what
    assert normalisation(tmp_path / "w.safetensors") == ([0.5], [0.2])


def test_tied_weights_are_saved(tmp_path):
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    network[1].weight = network[0].weight
    form = architectures.Architecture("resnet18", 4, 3, 32)
    architectures.save(tmp_path / "w.safetensors", network.state_dict(), form)
    other = architectures.load_weights(
        nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), tmp_path / "w.safetensors"
    )
    assert torch.equal(other[1].weight, network[0].weight)


@pytest.mark.parametrize("wrap", [
    lambda weights: weights,
    lambda weights: {"model": {"state_dict": weights}, "args": {"lr": 0.1}},
    lambda weights: {"state_dict": {f"module.model.{name}": tensor for name, tensor in weights.items()}},
    lambda weights: {"model_state_dict": {f"_orig_mod.{name}": tensor for name, tensor in weights.items()}},
])  # fmt: skip
def test_checkpoints_of_torch_are_read_in_every_usual_form(tmp_path, wrap):
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    torch.save(wrap(network.state_dict()), tmp_path / "w.pt")
    other = architectures.load_weights(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), tmp_path / "w.pt"
    )
    assert all(
        torch.equal(value, other.state_dict()[name]) for name, value in network.state_dict().items()
    )


class Attack:
    def __reduce__(self):
        return (open, ("stolen", "w"))


def test_nothing_in_a_checkpoint_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {"weight": torch.zeros(2)}, "more": Attack()}, "w.pt")
    with pytest.raises(ValueError, match=r"w\.pt cannot be read as weights alone"):
        architectures.load_weights(nn.Linear(2, 2), "w.pt")
    assert not (tmp_path / "stolen").exists()


def test_checkpoints_that_do_not_fit_are_one_sentence(tmp_path):
    """Besides those in tests/trials."""
    for content in ({"epoch": 3}, [torch.zeros(2)]):
        torch.save(content, tmp_path / "w.pt")
        with pytest.raises(ValueError, match=r"w\.pt holds no state_dict"):
            architectures.load_weights(nn.Linear(2, 2), tmp_path / "w.pt")


IMAGES = torch.randn(5, 3, 2, 2, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("outputs", [None, [2, 0]])
def test_probabilities_become_their_logarithms(outputs):
    outputs = None if outputs is None else torch.tensor(outputs).numpy()
    network, n_outputs, _ = logits_only(behind(nn.Softmax(1)), IMAGES)
    network = with_outputs(network, outputs, n_outputs)
    assert isinstance(network, Logits) and network.probabilities and n_outputs == 5
    logits = behind()(IMAGES) if outputs is None else behind()(IMAGES)[:, outputs]
    assert torch.allclose(network(IMAGES).log_softmax(1), logits.log_softmax(1), atol=1e-5)


def test_a_probability_of_zero_has_a_finite_logarithm_and_gradient():
    network, *_ = logits_only(behind(nn.Softmax(1)), IMAGES)
    network.network[1].weight.data *= 1e4
    images = IMAGES.clone().requires_grad_()
    logits = network(images)
    logits.sum().backward()
    assert (
        (network.network(IMAGES) == 0).any()
        and logits.isfinite().all()
        and images.grad.isfinite().all()
    )


def test_probabilities_in_half_precision_are_recognised():
    half = Layer(lambda logits: logits.to(torch.bfloat16).softmax(1).float())
    assert logits_only(behind(half), IMAGES)[0].probabilities


def first_is_one_hot(images):
    """Logits of the first image sum to 1 by chance."""
    first = (images == IMAGES[0]).flatten(1).all(1)[:, None]
    return torch.where(first, torch.eye(5)[:1], images.new_full((1, 5), 2))


@pytest.mark.parametrize(
    "network", [behind(), behind(nn.LogSoftmax(1)), behind(nn.Sigmoid()), Layer(first_is_one_hot)]
)
def test_other_outputs_stay_as_they_are(network):
    classifier, _, logits = logits_only(network, IMAGES)
    assert torch.equal(logits, network(IMAGES)) and torch.equal(classifier(IMAGES), logits)


@pytest.mark.parametrize("masked", [-torch.inf, 1.0])
def test_a_masked_output_does_not_hide_that_logits_depend_on_the_batch(masked):
    def beside(logits):
        return torch.cat([logits, logits.new_full((len(logits), 1), masked)], 1)

    plain = Layer(lambda images: beside(images.flatten(1)[:, :3]))
    assert torch.equal(logits_only(plain, IMAGES)[2], plain(IMAGES))
    with pytest.raises(ValueError, match="than in a batch"):
        logits_only(
            Layer(lambda images: beside((images - images.mean(0)).flatten(1)[:, :3])), IMAGES
        )


def test_batch_normalisation_behind_chosen_outputs_is_folded():
    """Freezing a network traces it, which sees no values: the place of the logits is known before."""
    plain = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Flatten())
    network = with_outputs(Logits(plain), torch.tensor([5, 0]).numpy(), 8)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fold(network).modules())
