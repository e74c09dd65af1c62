"""What all methods that find maps promise; what each of them finds is in other files."""

import itertools
from dataclasses import make_dataclass
from types import SimpleNamespace

import method_problems
import numpy as np
import pytest
import torch
from method_problems import LABELS, SIZE, Changed, batch

from conftest import ROOT, state_of
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry, workspace
from frequency_shortcuts.maps.methods.method import find, make_settings
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work

SIZES = [(6, 6), (5, 7), (6, 5), (8, 3)]

# Every method, with settings that keep it fast: name -> (method, settings).
CASES = {
    "culling": ("culling", {}),
    "culling swap": ("culling", {"fill": "swap"}),
    "culling patch": ("culling", {"patch": 3}),
    "culling patch swap": ("culling", {"patch": 2, "fill": "swap"}),
    "culling screened": ("culling", {"search": "screened", "percent": 10}),
    "hfss": ("hfss", {"candidates": 12, "parents": 3, "percent": 20, "fill": "zeros"}),
    "hfss swap": ("hfss", {"candidates": 12, "parents": 3, "percent": 20, "fill": "swap"}),
    "mixture": ("mixture", {"samples": 4}),
    "gradient": ("gradient", {}),
    "adcs": ("adcs", {}),
    "adcs significant": ("adcs", {"variant": "significant"}),
}
LOOKING = [case for case, (name, _) in CASES.items() if name != "adcs"]
every_looking_case = pytest.mark.parametrize("case", LOOKING)


def run(case, network, images=None, labels=LABELS, neutral=None, **options):
    name, chosen = CASES[case]
    return method_problems.run(name, network, images, labels, neutral, **{**chosen, **options})


def watched(network):
    """The network, and a list that gets (images, whether a gradient is needed) for each batch, also of its copies."""
    seen = []
    network.register_forward_pre_hook(
        lambda _, inputs: seen.append((len(inputs[0]), inputs[0].requires_grad))
    )
    return network, seen


def test_every_method_is_tested():
    assert {name for name, _ in CASES.values()} == set(registry.METHODS)


@pytest.mark.parametrize("name", registry.METHODS)
def test_the_page_of_methods_has_a_row_for_each_with_the_defaults_of_its_settings(name):
    lines = (ROOT / "docs" / "methods.md").read_text().splitlines()
    row = next(
        line for line in lines if line.startswith("| `") and f"`{name}`" in line.split("|")[1]
    )
    for key, value in vars(registry.load(name).Settings()).items():
        assert f"`{key}: {'null' if value is None else value}`" in row


@pytest.mark.parametrize("case", ["hfss", "mixture", "culling swap"])
def test_another_seed_gives_other_draws(case, network):
    assert not np.array_equal(run(case, network, seed=0).score, run(case, network, seed=1).score)


@pytest.mark.parametrize(("case", "size"), [*zip(LOOKING, itertools.cycle(SIZES), strict=False)])
def test_images_may_have_any_size_and_neither_network_nor_images_nor_labels_change(
    case, network, size
):
    network.train()
    network[0].eval()
    network[0].bias.requires_grad_(False)
    images, labels, before = batch(size), LABELS.copy(), state_of(network)
    assert run(case, network, images, labels).score.shape == (3, len(ConjugatePairs(*size)))
    assert state_of(network) == before
    assert torch.equal(images, batch(size))
    assert (labels == LABELS).all()


@pytest.mark.parametrize(
    "case", ["culling", "hfss swap", "mixture", "gradient", "adcs significant"]
)
def test_a_split_of_uint8_images_is_normalised(case, network):
    raw = np.random.default_rng(0).integers(0, 256, (len(LABELS), 2, *SIZE), dtype=np.uint8)
    mean, std = np.array([0.4, 0.5]), np.array([0.2, 0.3])
    split = Split(raw, LABELS, ("a", "b", "c"), mean, std)
    name, chosen = CASES[case]
    found = find(registry.load(name), network, split, **chosen).score
    normalised = torch.from_numpy((raw / 255 - mean[:, None, None]) / std[:, None, None])
    expected = run(case, network, normalised).score
    # ADCS of uint8 images is computed in float32.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"neutral": 1}, {"version": "2"}, {"batch": 3}, {"candidates": 13}, {"percent": 25},
     {"precision": "bfloat16"}, {"images": 2 * batch()}, {"labels": np.roll(LABELS, 1)}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_the_state_of_another_computation_is_not_used(network, tmp_path, change):
    run("hfss swap", network, work=Work(tmp_path / "state"))
    network, seen = watched(network)
    work = Work(tmp_path / "state", version=change.pop("version", ""))
    found = run("hfss swap", network, work=work, **change)
    np.testing.assert_array_equal(found.score, run("hfss swap", network, **change).score)
    assert sum(count for count, _ in seen) > found.passes


def test_the_log_has_a_line_a_minute(network, monkeypatch, caplog):
    monkeypatch.setattr(workspace, "LOGGED_S", 0.0)
    with caplog.at_level("INFO"):
        found = run("hfss", network)
    assert f"{found.passes} of at most {found.passes} passes" in caplog.text


WRONG = [
    (
        "culling",
        {"search": "fast"},
        r"unknown search 'fast': choose from exact, screened",
    ),
    ("culling", {"fill": "noisy"}, r"unknown fill 'noisy': choose from zeros, swap"),
    ("culling", {"patch": 0}, "patch 0, search exact: expected 1, or more"),
    ("culling", {"patch": 2, "search": "screened"}, "with the search exact"),
    (
        "culling",
        {"fill": "swap", "search": "screened"},
        "fill swap needs the search exact: screened predicts",
    ),
    ("culling", {"target_recall": 0}, "target_recall 0: expected above 0 and at most 1"),
    (
        "culling",
        {"percent": 0, "search": "screened"},
        "percent 0: expected above 0 and at most 100",
    ),
    ("hfss", {"percent": 0}, "percent 0: expected above 0 and at most 100"),
    (
        "mixture",
        {"mixtures": "uniform-swap"},
        "unknown mixture 'uniform-swap': expected auto, or binary or beta, a hy",
    ),
    ("mixture", {"join": "sum"}, "unknown join 'sum': choose from max, mean"),
    ("mixture", {"samples": 3}, "samples 3: expected at least 4, two of each kind of mixture"),
    (
        "adcs",
        {"variant": "new"},
        "unknown variant 'new': choose from published, significant",
    ),
    (
        "hfss",
        {"mask": 9},
        r"unknown setting 'mask' of the method: choose from percent, candidates, parents, fill",
    ),
]


@pytest.mark.parametrize(
    ("name", "values", "message"), WRONG, ids=[f"{name}-{values}" for name, values, _ in WRONG]
)
def test_wrong_settings_are_refused_in_one_sentence_before_a_network_is_read(name, values, message):
    method = registry.load(name)
    with pytest.raises(ValueError, match=message) as error:
        method.passes(make_settings(method, values), 10, ConjugatePairs(*SIZE))
    text = str(error.value)
    assert "\n" not in text and ". " not in text and len(text) < 250


@pytest.mark.parametrize(
    ("name", "instead"),
    [("energy", "class_spectra"), ("low_pass", "low_pass_mask"), ("random", "control_mask")],
)
def test_a_ranking_that_was_a_method_says_what_takes_its_place(name, instead):
    for look_up in (registry.load, registry.resolve):
        with pytest.raises(ValueError, match=rf"method '{name}' is gone, .*{instead}"):
            look_up(name)


def test_settings_at_their_limits_are_accepted():
    for name, values in (
        ("culling", {"percent": 100, "target_recall": 1, "patience": 0, "search": "screened"}),
        ("hfss", {"percent": 100, "candidates": 1, "parents": 1}),
        ("mixture", {"samples": 4, "cell": 1}),
    ):
        assert values.items() <= vars(make_settings(registry.load(name), values)).items()
    yes_or_no = SimpleNamespace(
        Settings=make_dataclass("Settings", [("often", bool)])
    )  # of a method of a user
    assert make_settings(yes_or_no, {"often": True}).often
    with pytest.raises(ValueError, match="often 1: expected true or false"):
        make_settings(yes_or_no, {"often": 1})


@every_looking_case
def test_logits_that_are_not_finite_are_an_error(case, network):
    images = batch()
    images[4, 0, 0, 0] = 1000  # not the first of its class
    with pytest.raises(ValueError, match="the network does not give finite logits"):
        run(
            case,
            Changed(
                network, lambda inner, x: torch.where(x[:, :1, 0, 0] > 100, torch.nan, inner(x))
            ),
            images,
        )


@pytest.mark.parametrize("case", ["gradient", "culling screened", "mixture"])
def test_a_network_without_gradients_is_an_error_where_one_is_needed(case, network):
    detached = Changed(network, lambda inner, images: inner(images.detach()))
    with pytest.raises(ValueError, match=r"the network gives no gradient, which .* needs: "):
        run(case, detached)
    np.testing.assert_array_equal(run("hfss", detached).score, run("hfss", network).score)


@pytest.mark.parametrize("case", ["culling", "hfss", "mixture", "gradient"])
def test_a_network_with_too_few_outputs_is_an_error(case, network):
    with pytest.raises(ValueError, match="the network has 3 outputs, and none for class 3"):
        run(case, network, labels=[*LABELS[:-1], 3])


@pytest.mark.parametrize("case", ["culling swap", "culling patch swap", "hfss swap"])
def test_an_image_without_a_donor_is_an_error(case, network):
    with pytest.raises(
        ValueError, match="fill swap: an image of class 0 needs another image of another class"
    ):
        run(case, network, labels=0 * LABELS)
