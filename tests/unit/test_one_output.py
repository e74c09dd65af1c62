"""Networks with one output for two classes, of TorchScript and compiled ones, and one number as a mean."""

import ast
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from exchange_subjects import SIZE, grey, waves
from small_stores import class_folders
from test_command import run
from test_external import Layer
from torch import nn

import frequency_shortcuts as fs
from frequency_shortcuts.networks.external import logits_only

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated")  # TorchScript is
CLASSES, IMAGES = ("normal", "pneumonia"), grey(2, 60)
PIXELS = torch.from_numpy(IMAGES.images / np.float32(255))


def network(*layers, n_outputs=1, scale=0.05):
    """Tells the classes apart by their waves; its one logit is that of the second class, and the first of two is 0."""
    first, second = scale * torch.from_numpy(waves(2, SIZE)).float().reshape(2, -1)
    last = nn.Linear(first.numel(), n_outputs, bias=False)
    last.weight.data = torch.stack([torch.zeros_like(first), second - first])[-n_outputs:]
    convolution = nn.Conv2d(1, 1, 1, bias=False)
    convolution.weight.data.fill_(1)
    return nn.Sequential(convolution, nn.BatchNorm2d(1), nn.Flatten(), last, *layers).eval()


def analysed(
    net, outputs=None, maps=None, images=IMAGES.images, labels=IMAGES.labels, mean=0, std=1.0
):
    test = fs.Evaluation(maps=maps)
    classes = CLASSES if outputs is None else None
    given = {"classes": classes, "outputs": outputs, "test": test}
    return fs.analyse(net, images, labels, mean=mean, std=std, **given)


TWO = analysed(network(n_outputs=2)).exchanges


@pytest.mark.parametrize(
    ("layer", "outputs", "named"),
    [
        (nn.Identity(), None, "pneumonia"),
        (nn.Flatten(0), [0], "1"),
        (Layer(lambda z: z.squeeze()), np.array([0]), "1"),
        (Layer(lambda z: (z, "more")), {"1": 0}, "1"),
        (Layer(lambda z: {"logits": -z[:, 0]}), {0: 0}, "0"),
        (
            Layer(lambda z: SimpleNamespace(logits=z)),
            None,
            "pneumonia",
        ),  # as of Hugging Face with num_labels=1
    ],
)
def test_one_logit_gives_the_exchanges_of_two_outputs(layer, outputs, named, caplog):
    result = analysed(network(layer), outputs)
    assert result.exchanges["class"].tolist() == [*result.classes]
    pd.testing.assert_frame_equal(
        result.exchanges.assign(**{"class": CLASSES}), TWO, check_exact=True
    )
    line = (
        f"the network's output is the logit of {named}: not all of its values are between 0 and 1"
    )
    assert result.about["remark"] == line == caplog.messages[-1] and result.about["outputs"] == 1


def test_a_probability_gives_the_exchanges_of_its_logit():
    for scale in (0.05, 1e4):  # of the second, all are 0 or 1
        net, images = network(nn.Sigmoid(), scale=scale), PIXELS.clone().requires_grad_()
        pd.testing.assert_frame_equal((result := analysed(net)).exchanges, TWO, atol=1e-9)
        assert (
            "output is the probability of pneumonia: all of its values are"
            in result.about["remark"]
        )
        assert ("round to 0 or 1 for 60 of 60 images: give logits" in result.about["remark"]) == (
            scale == 1e4
        )
        logits = logits_only(net, PIXELS)[0](images)
        logits.sum().backward()
        assert logits.isfinite().all() and images.grad.isfinite().all()
        expected = network(scale=scale)(PIXELS)[:, 0].clamp(-87.34, 87.34)
        assert torch.allclose(logits[:, 1] - logits[:, 0], expected, atol=1e-2)


def test_a_logit_that_is_between_0_and_1_for_most_images_is_no_probability():
    net = Layer(
        lambda images: 2.0 * ((network()(images) > 0).flatten() & (images.amax((1, 2, 3)) <= 1))
    )
    order = np.argsort(
        IMAGES.labels
    )  # images of the first class have 0, as noise has, and of the second 2
    result = analysed(net, images=IMAGES.images[order], labels=IMAGES.labels[order])
    assert "is the logit of pneumonia" in result.about["remark"]
    assert not logits_only(network(scale=1e-9), PIXELS[1:2])[
        0
    ].probabilities  # noise has logits below 0


@pytest.mark.parametrize("outputs", [{"0": 0, "1": 0}, [0, 0], [0, 1], {"ill": 0}, {"1": 1}])
def test_what_one_output_cannot_do_is_one_sentence(outputs):
    with pytest.raises(
        ValueError, match=r"one output, number 0, .*: expected outputs=\{'1': 0}, or {'0': 0}"
    ):
        analysed(network(), outputs)
    with pytest.raises(
        ValueError,
        match=r"^the network has one output, the images have 3 classes \(0, 1, 2\): expe",
    ):
        analysed(network(), outputs, labels=np.arange(120) % 3)


def test_the_command_takes_one_output_and_one_number(tmp_path, small_pictures):
    class_folders(tmp_path / "images", IMAGES.images, IMAGES.labels, CLASSES)
    command = [
        "analyse",
        "test_one_output:network",
        "--images",
        tmp_path / "images",
        "--size",
        SIZE[0],
    ]
    command += ["--mean", 0, "--std", 1, "--outputs", "pneumonia=0", "--out", tmp_path / "out"]
    assert "the network chooses among two classes by its one output" in run(*command).stderr
    assert pd.read_csv(tmp_path / "out/exchanges.csv")["fine"].tolist() == TWO["fine"].tolist()
    assert (
        "device mps has no float64, which spectra need: set device to cpu"
        in run(*command, "--device", "mps").output
    )


@pytest.mark.parametrize("made", ["one output", "script", "trace", "freeze", "compile"])
def test_exchanges_and_maps_are_those_of_the_plain_network(made, caplog):
    net, maps = (
        network(nn.Dropout(), n_outputs=2).train(made == "script"),
        fs.Search("mixture", images_per_class=4),
    )
    other = {
        "one output": lambda: network(),
        "script": lambda: torch.jit.script(net),
        "trace": lambda: torch.jit.trace(net, PIXELS[:2]),
        "freeze": lambda: torch.jit.freeze(torch.jit.script(net)),
        "compile": lambda: torch.compile(net, backend=lambda *_: 1 / 0),  # fails if it is compiled
    }[made]()
    expected, result = analysed(net, maps=maps), analysed(other, maps=maps)
    pd.testing.assert_frame_equal(result.exchanges, expected.exchanges, check_exact=True)
    assert np.array_equal(result.maps, expected.maps) and result.about["network"] == "Sequential"
    assert ("the network is compiled: its own module is analysed" in caplog.text) == (
        made == "compile"
    )
    if made in ("script", "trace", "compile"):
        assert result.about["weights_sha256"] == expected.about["weights_sha256"]
        assert other.training == net.training and all(
            one.requires_grad for one in other.parameters()
        )


def test_a_network_traced_for_one_size_of_batch_is_refused():
    traced = torch.jit.trace(
        nn.Sequential(Layer(lambda images: images.view(2, 1, *SIZE)), network()), PIXELS[:2]
    )
    with pytest.raises(
        ValueError, match=r"x 20 \(.*shape .* is invalid .*; a traced network needs to take batches"
    ):
        analysed(traced)


def test_one_number_is_the_mean_of_all_channels():
    split = fs.Split(np.zeros((2, 3, 4, 4), np.uint8), [0, 1], mean=0.219, std=np.float32(0.25))
    assert split.mean.tolist() == [0.219] * 3 and split.std.tolist() == [0.25] * 3
    for images in (IMAGES.images, PIXELS):
        assert (
            analysed(network(), images=images, mean=0.219, std=0.225)
            .exchanges["verdict"]
            .equals(TWO["verdict"])
        )


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_outputs_the_other_way_round_are_named_with_the_argument_that_mends_them(n_outputs):
    mirrored = network(Layer(lambda z: -z), n_outputs=n_outputs)
    with pytest.raises(ValueError, match="the other way round: give outputs=") as error:
        fs.analyse(mirrored, IMAGES.images, IMAGES.labels, mean=0, std=1.0)
    outputs = ast.literal_eval(str(error.value).partition("outputs=")[2])
    result = fs.analyse(mirrored, IMAGES.images, IMAGES.labels, mean=0, std=1.0, outputs=outputs)
    assert result.exchanges["fine"].tolist() == TWO["fine"].tolist()


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_one_argument_says_the_order_of_the_outputs(n_outputs, tmp_path):
    class_folders(tmp_path, IMAGES.images, IMAGES.labels, ["sick", "healthy"])
    options = {"transform": fs.Preprocessing(0.0, 1.0, SIZE)}
    result = fs.analyse(
        network(n_outputs=n_outputs), tmp_path, classes=["sick", "healthy"], **options
    )
    assert result.exchanges["class"].tolist() == ["healthy", "sick"]  # in the order of folders
    with pytest.raises(ValueError, match="the other way round"):
        fs.analyse(network(n_outputs=n_outputs), tmp_path, **options)
