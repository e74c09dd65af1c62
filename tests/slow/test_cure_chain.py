"""Train, find maps, train with them: the scripts of the rules on a small store, as config/cure.yaml plans them."""

import copy
from types import SimpleNamespace

import h5py
import pytest
import torch
from script_runs import Outputs, run_script
from test_cure_chain import CONFIG, NAMES

from frequency_shortcuts.data import planted, stores
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.networks.reduction import MapReduction
from study.plan import Plan
from study.settings import CURES


def train(folder, store, name, maps):
    """One training as its rule starts it; returns its weights file."""
    plan = Plan(CONFIG)
    place = folder / "networks" / "plant_present" / "small" / name / "seed0"
    settings = copy.deepcopy(plan.training_settings("planted", name))
    settings |= {"epochs": 1, "dynamics": {"iterations": 1, "every": 1, "images_per_class": 2, "cutoff": 4}}
    params = SimpleNamespace(
        device="cpu", architecture={"architecture": "resnet18", "width": 4, "stem": "small"},
        recipe=plan.recipe("planted", "resnet18"), settings=settings,
    )  # fmt: skip
    output = Outputs(
        weights=place / "weights.safetensors", history=place / "history.csv", dynamics=place / "dynamics.csv"
    )
    given = SimpleNamespace(images=store, maps=maps, code=[])
    place.mkdir(parents=True)
    run_script("train", folder, params=params, input=given, output=output)
    assert not (place / "state.pt").exists()
    return output.weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Weights of every augmentation, and the maps of the first network."""
    folder = tmp_path_factory.mktemp("cure")
    design = planted.Design("present", size=16, channels=1, pairs=3, rings=((2, 4), (4, 6)))
    splits = {split: planted.images(design, 6, seed) for seed, split in enumerate(("train", "validation", "test"))}
    store, maps = folder / "data.h5", folder / "maps.h5"
    stores.write(store, splits, classes=design.classes, source="planted", created_by="test")
    weights = {"none": train(folder, store, "none", [])}
    params = SimpleNamespace(
        device="cpu", images=Plan(CONFIG).method_images("on_training_images") | {"images_per_class": 4}, limits={},
        method="culling", module=registry.module_of("culling"), percents=[5],
        settings=Plan(CONFIG).method_settings("on_training_images"),
    )  # fmt: skip
    given = SimpleNamespace(images=store, weights=weights["none"], code=[])
    wildcards = SimpleNamespace(seed="0")
    run_script("find_maps", folder, params=params, input=given, output=[str(maps)], wildcards=wildcards)
    for name in CURES:
        weights[name] = train(folder, store, name, [] if name == "afa" else str(maps))
    return weights, maps


def test_the_maps_are_found_on_training_images(trained):
    with h5py.File(trained[1]) as file:
        assert file.attrs["split"] == "train" and file["mask/top_5"].shape == (3, 16, 16)


def test_every_augmentation_gives_other_weights_that_load_as_any_network(trained):
    networks = {name: architectures.load(path) for name, path in trained[0].items()}
    first = networks["none"].state_dict()
    found = {name: network.state_dict()["conv1.weight"].numpy().tobytes() for name, network in networks.items()}
    assert len(set(found.values())) == len(NAMES)
    for network in networks.values():
        assert network.state_dict().keys() == first.keys()
        assert torch.isfinite(network(torch.zeros(2, 1, 16, 16))).all()


def test_a_training_is_given_its_maps_and_settings(trained, monkeypatch, tmp_path):
    """With other maps, the script hands these to the training."""
    seen = []

    def record(*_, augmentation, reduction, **__):
        seen.append((augmentation, reduction))
        raise ValueError("seen")

    monkeypatch.setattr(training, "train", record)
    store = trained[1].with_name("data.h5")
    for name in ("dfmx", "afa"):
        with pytest.raises(SystemExit):
            train(tmp_path, store, name, str(trained[1]) if name == "dfmx" else [])
    (reduced, reduction), (waved, nothing) = seen
    with h5py.File(trained[1]) as file:
        assert reduction.identity == MapReduction(file["mask/top_5"][:], 0.3).identity
    assert (reduced.name, waved.name, waved.wave_strength) == ("dfmx", "afa", 10)
    assert nothing is None
