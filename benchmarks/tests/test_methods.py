"""The scores of the methods that find maps."""

from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from configurations import shipped, updated
from script_runs import run_script

from benchmarks.methods import rankings
from conftest import ROOT
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study import datasets, runs


def test_methods_are_scored_where_the_mask_is_used_and_where_no_test_says_so(tmp_path):
    """Of two networks on a planted set one uses the mask; of photographs with a wave, no test says so."""
    config, pairs, generator = (
        updated(shipped("test")),
        ConjugatePairs(16, 16),
        np.random.default_rng(0),
    )
    entry = {"networks": ["resnet18"], "augmentations": ["none"], "methods": ["mixture", "adcs"]}
    config["plan"] = [
        {**entry, "datasets": ["plant_present"], "seeds": [0, 1]},
        {**entry, "datasets": ["waved"], "seeds": [0]},
    ]
    scored, names = runs.table(datasets.complete(config)).query("scored"), ("C0", "C1", "C2")
    truths, given = np.zeros((3, 16, 16), bool), {"maps": [], "stores": [], "use": []}
    truths[1:] = pairs.scatter(generator.random((2, len(pairs))) < 0.2)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["planted/truth"] = truths
    for run in scored[RUN].to_dict("records"):
        for name in ("mixture", "adcs"):
            path = tmp_path / f"{name}.{'.'.join(map(str, run.values()))}.h5"
            score = (
                pairs.gather(truths.astype(float))
                if name == "mixture"
                else generator.random((3, len(pairs)))
            )
            dfm.write(path, Found(score, 9, 1.5, False, {}), pairs, [5], method=name, classes=names)
            given["maps"].append(path)
        given["stores"].append(tmp_path / "data.h5")
        if run["dataset"] == "plant_present":
            given["use"].append(tmp_path / f"{run['seed']}.csv")
            write_table(
                pd.DataFrame({"class": names[1:], "uses": run["seed"] == 0}),
                given["use"][-1],
                **run,
            )
    output = [tmp_path / "methods.csv"]
    params = {
        "runs": scored[RUN].to_dict("records"),
        "methods": list(scored["methods"]),
        "settings": {"draws": 9, "seed": 0},
    }
    parts = {
        "input": SimpleNamespace(**given),
        "output": output,
        "params": SimpleNamespace(**params),
    }
    run_script("benchmarks/methods/join", tmp_path, **parts)
    table = read_table(output[0])
    assert (
        len(table) == 3 * 2 * 2
        and set(table["class"]) == {"C1", "C2"}
        and set(table["truth"]) == {"own"}
    )
    assert (table["passes"] == 9).all() and (table["random"] < 0.5).all()
    has_score = table["average_precision"].notna()
    assert (has_score == ((table["dataset"] == "waved") | (table["seed"] == 0))).all()
    assert (table.loc[has_score & (table["method"] == "mixture"), "average_precision"] == 1).all()


def test_rankings_without_a_network_take_images_radii_or_a_seed():
    images = np.random.default_rng(0).standard_normal((9, 2, 5, 6))
    split, pairs = Split(images, np.arange(9) % 3), ConjugatePairs(5, 6)
    of_seed = {
        name: [rank(split, pairs, seed) for seed in (1, 2)]
        for name, rank in rankings.RANKINGS.items()
    }
    for name, (one, other) in of_seed.items():
        assert one.shape == (3, len(pairs)) and np.array_equal(one, other) == (name != "random")
    assert of_seed["low_pass"][0][1] == pytest.approx(-np.hypot(*pairs.frequencies.T))
    spectra = np.abs(np.fft.fftshift(np.fft.fft2(images), axes=(-2, -1)))
    mean = pairs.gather(np.stack([spectra[c::3].mean(axis=(0, 1)) for c in range(3)]))
    assert of_seed["energy"][0] == pytest.approx(np.abs(np.log(mean / mean.mean(axis=0))))


def test_the_names_of_the_rankings_are_those_of_the_rule():
    text = (ROOT / "benchmarks/methods/Snakefile").read_text()
    assert f"RANKINGS = {list(rankings.RANKINGS)}".replace("'", '"') in text
