"""The job of the counterfactual test: a network that follows a wave, and data sets with too few ranking images."""

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import torch
from script_runs import Outputs, run_test
from test_plan import PLAN, plan
from torch import nn

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation.counterfactual import read_flips
from frequency_shortcuts.evaluation.flip_rates import rates
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.external import ExternalNetwork
from frequency_shortcuts.storage.tables import RUN, read_table
from study.network_tests import TESTS

SIZE, WAVE, CLASSES = 16, (6, 7), ("across", "1", "waved")
GRATINGS = ((1, 0), (0, 1), (1, 1))
FOLDER = "zoo/small/none/seed3"


class FollowsWave(nn.Module):
    """It tells three coarse gratings apart, but what carries the wave, however weak, is of the third class."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(100.0))

    def forward(self, images):
        amplitude = torch.fft.fft2(images)[:, 0].abs() / SIZE**2
        gratings = torch.stack([amplitude[:, u, v] for u, v in GRATINGS], dim=1)
        gratings[:, 2] += 100 * (amplitude[:, *WAVE] > 0.01)
        return self.scale * gratings


def network():
    return FollowsWave()


def images_of(per_class, seed):
    """Gratings of any phase, with noise; those of the third class carry a weak wave."""
    generator = np.random.default_rng(seed)
    labels = np.arange(len(CLASSES) * per_class) % len(CLASSES)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    u, v = np.array(GRATINGS)[labels].T[:, :, None, None]
    images = 128 + 60 * np.cos(2 * np.pi * (u * y + v * x + generator.random((len(labels), 1, 1))))
    images += generator.normal(0, 2, images.shape)
    images += 10 * (labels == 2)[:, None, None] * np.cos(2 * np.pi * (WAVE[0] * y + WAVE[1] * x))
    return images.round().clip(0, 255).astype(np.uint8)[:, None], labels


def measured(folder, ranking, test=40):
    """The files of a job on so many ranking and test images of each class."""
    store, weights = folder / "zoo.h5", folder / "weights.safetensors"
    splits = {"validation": images_of(ranking, 0), "test": images_of(test, 1)}
    stores.write(store, splits, classes=CLASSES, source="", created_by="", statistics=([0.0], [1.0]))
    form = ExternalNetwork("test_flips:network", len(CLASSES), 1, SIZE, SIZE)
    architectures.save(weights, network().state_dict(), form, {"mean": [0.0], "std": [1.0]})
    place = folder / "results" / "test" / "tests" / FOLDER
    place.mkdir(parents=True)
    output = Outputs(hits=place / "flips.h5", flips=place / "flips.csv", cross_flips=place / "cross_flips.csv")
    params = SimpleNamespace(device="cpu", split="test", ranking="validation", seed=0)
    run_test(
        "counterfactual", folder, params=params, input=SimpleNamespace(images=store, weights=weights), output=output
    )
    return output


def test_a_wave_that_a_network_follows_is_found_named_and_stored(tmp_path):
    output = measured(tmp_path, ranking=40)
    table = read_table(output.flips).set_index("class")
    assert dict(table[RUN].iloc[0]) == {"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 3}
    assert table["verdict"].to_dict() == {"across": "not shown", "1": "not shown", "waved": "follows"}
    assert table["cause"].fillna("").to_dict() == {"across": "", "1": "", "waved": "wave"}
    assert table.loc["waved", "flip"] == 1 and table.loc["waved", "need"] == 0 and (table["images"] == 80).all()
    cross = read_table(output.cross_flips).set_index(["class", "spectrum_of"])
    assert cross["flip"]["waved", "waved"] == 1 and cross["flip"]["waved", "1"] == 0 and len(cross) == 9
    with h5py.File(output.hits) as file:
        flips, about = read_flips(file), dict(file.attrs)
    assert list(about["classes"]) == list(CLASSES) and about["images_per_class"] == 200 and about["layout"] == "centred"
    assert about["ranking"] == "validation"
    np.testing.assert_allclose(rates(flips)["flip"], table["flip"], atol=1e-5)


def test_a_set_with_too_few_ranking_images_fails_nothing_and_tells_nothing(tmp_path):
    output = measured(tmp_path, ranking=9)
    table = read_table(output.flips)
    assert table["verdict"].tolist() == ["cannot tell"] * 3 and (table["recall"] == 1).all()
    assert table[["flip", "sham", "part", "need", "need_low", "coarse", "cause"]].isna().all(axis=None)
    assert (table["images"] == 0).all() and read_table(output.cross_flips)["flip"].isna().all()
    sentence = "class across has 9 images for the statistics of its spectrum, expected at least 10"
    assert sentence in (tmp_path / "log").read_text()
    with h5py.File(output.hits) as file:
        assert rates(read_flips(file))["verdict"].tolist() == ["cannot tell"] * 3


@pytest.mark.parametrize("maps", [True, False])
def test_all_networks_are_tested_but_external_ones_without_maps(maps):
    own = {"datasets": ["photos"], "networks": ["external"], "augmentations": ["none"], "seeds": [0], "maps": maps}
    trained = {**own, "networks": ["small"], "seeds": [8], "maps": False}
    source = {"source": "a:b", "checkpoint": None, "mean": None, "std": None}
    found = plan(plan=[*PLAN, own, trained], networks={"external": source})
    runs = TESTS["counterfactual"].runs(found)
    assert ("external" in {run["network"] for run in runs}) == maps and 8 in {run["seed"] for run in runs}
    assert next(iter(TESTS)) == max(TESTS, key=lambda name: TESTS[name].priority) == "counterfactual"
