"""The explorer: its pictures are those of the tests, its numbers those of the tables, and what is missing is said."""

import base64
import importlib
import io
import itertools
import json
import re
import sys
from dataclasses import replace

import drawn_tables
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from made_up_results import random_hits, table_of, write_file
from PIL import Image

from conftest import ROOT
from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.data import stores
from frequency_shortcuts.data.source import Source
from frequency_shortcuts.evaluation import counterfactual, examples, flip_rates
from frequency_shortcuts.figures import explorer
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import read_table, write_table

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
write_explorer = importlib.import_module("write_explorer")
CLASSES = ["ant", "bee", "</script> & 猫"]
RUN = {"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 2}
SIZE = 9, 8
FILLS = ("zeros", "swap")
TESTED = {"fills": FILLS, "split": "test", "percent": 5, "strong": 0.6}
HITS = random_hits(3, n_classes=3, size=SIZE)
NO_VERDICTS = pd.DataFrame(columns=["dataset", "network", "augmentation", "seed"])


@pytest.fixture
def network(tmp_path):
    """A network of three classes, with grey images, maps of two methods, and the tests of one of them."""
    generator, pairs = np.random.default_rng(0), spectrum.ConjugatePairs(*SIZE)
    split = generator.integers(0, 256, (len(HITS.labels), 1, *SIZE), dtype=np.uint8), HITS.labels
    stores.write(tmp_path / "zoo.h5", {"train": split, "test": split}, classes=CLASSES, source="", created_by="")
    maps = {explorer.OWN: tmp_path / "dfm.h5", "rise": tmp_path / "rise.h5"}
    for path, percents in zip(maps.values(), ((1, 5, 20), (5, 20)), strict=True):
        scores = generator.standard_normal((3, len(pairs)))
        with h5py.File(path, "w") as file:
            for percent in percents:
                file[f"mask/top_{percent}"] = dfm.dominant(scores, pairs, percent)
    return examples.Network(RUN, tmp_path / "zoo.h5", write_file(tmp_path / "hits.h5", HITS), maps, ([0.4], [0.2]))


def verdicts_of_network():
    """The verdicts on the network of `RUN`."""
    table = drawn_tables.verdicts(CLASSES, (RUN["seed"],), [(RUN["network"], RUN["augmentation"])])
    table.loc[table["class"] == "ant", ["best_control", "closest_class"]] = ["other", CLASSES[2]]
    return table


def text_of(networks, verdicts=NO_VERDICTS, tested=TESTED, most=12, title="Explorer"):
    """The page of these networks."""
    return explorer.explorer_page(title, write_explorer.data_sets(networks, verdicts, tested, most), tested)


def content(*arguments, **options):
    """What the script of the page reads."""
    return content_of(text_of(*arguments, **options))


def content_of(text):
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(data)


def methods_of(network, verdicts=NO_VERDICTS):
    """The methods of a network, and what is shown of each class for the first at 5 %."""
    methods = content([network], verdicts)["datasets"][0]["networks"][0]["methods"]
    return methods, at_5(methods[0])


def at_5(method):
    (size,) = [size for size in method["sizes"] if size["percent"] == "5"]
    return size["classes"]


def pixels(png):
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        return np.asarray(picture.convert({"P": "RGB", "1": "L"}.get(picture.mode, picture.mode))).astype(int)


def test_reduced_images_are_those_of_the_library(network):
    split = stores.read(network.store, "test", statistics=network.statistics)
    seen, donor = Source(split).take(np.arange(len(split))), HITS.donors
    first = [int(np.flatnonzero(split.labels == c)[0]) for c in range(3)]
    found = content([network])["datasets"][0]
    method = found["networks"][0]["methods"][0]
    assert [size["percent"] for size in method["sizes"]] == ["1", "5", "20"]
    for size in method["sizes"]:
        masks = dfm.read_mask(network.maps[explorer.OWN], float(size["percent"]))
        expected = [examples.reduced_images(seen[first], masks, donors) for donors in (None, seen[donor[first]])]
        for c, shown in enumerate(size["classes"]):
            assert np.array_equal(pixels(shown["map"])[::-1] == 0, masks[c]) and shown["kept"] == masks[c].sum()
            for shot, pictures in zip(shown["reduced"], expected, strict=True):
                np.testing.assert_allclose(pixels(shot), 255 * pictures[c, 0], atol=0.51)
    for c, shown in enumerate(found["networks"][0]["donors"]):
        place = donor[first[c]]
        mine = np.flatnonzero(split.labels == split.labels[place])
        assert shown["class"] == CLASSES[split.labels[place]] and mine[shown["number"] - 1] == place
        assert np.array_equal(pixels(shown["image"]), split.images[place, 0])
    assert found["classes"] == CLASSES and np.array_equal(pixels(found["images"][0]), split.images[first[0], 0])


def test_rates_of_a_method_that_the_study_tests_stand_beside_those_of_the_culling(network, tmp_path):
    others = replace(HITS, predicted={fill: np.zeros_like(named) for fill, named in HITS.predicted.items()})
    tested = replace(network, hits=write_file(tmp_path / "both.h5", HITS, rise=others))
    (own, other), _ = methods_of(tested, verdicts_of_network())
    assert own == methods_of(network, verdicts_of_network())[0][0] and other["measured"] == ["5"]
    for c, shown in enumerate(at_5(other)):  # all images are called the first class
        for rates in shown["rates"]:
            assert rates["rows"]["the map"]["tpr"][0] == (c == 0) and "verdict" not in rates


def test_rates_are_those_of_the_tables_and_only_of_what_was_tested(network):
    verdicts, said = verdicts_of_network(), set()
    (own, other), shown = methods_of(network, verdicts)
    assert own["measured"] == ["5"] and other["measured"] == []
    untested = [size for size in (*own["sizes"], *other["sizes"]) if size["classes"] != shown]
    assert len(untested) == 4 and all(one["rates"] is None for size in untested for one in size["classes"])
    tests = table_of(HITS, CLASSES).set_index(["class", "fill", "filter"])
    judged = verdicts.query("part == 'keep'").set_index(["class", "fill"])
    for name, (fill, i) in itertools.product(CLASSES, zip(FILLS, (0, 1), strict=True)):
        rates, line = shown[CLASSES.index(name)]["rates"][i], judged.loc[name, fill]
        row, draws = tests.loc[[(name, fill, "dfm")]].iloc[0], tests.loc[name, fill, "random"]["fpr"]
        uniform = rates["rows"]["random masks, uniform"]
        for found, expected in (
            (rates["rows"]["the map"]["tpr"], row[["tpr", "tpr_low", "tpr_high"]]),
            (rates["rows"]["the map"]["fpr"], row[["fpr", "fpr_low", "fpr_high"]]),
            (uniform["fpr"], [draws.mean(), draws.min(), draws.max()]),
            (rates["margin"][:1], line[["margin"]]),
            (rates["low"], line[["low_pass_margin", "low_pass_margin_low", "low_pass_margin_high"]]),
        ):
            assert found == pytest.approx(list(expected), abs=1e-4)
        assert uniform["draws"] == 5 and set(rates["rows"]) == set(explorer.ROWS.values())
        assert (rates["images"], rates["others"]) == tuple(row[["images", "negatives"]])
        assert rates["verdict"] == explorer.VERDICTS.get(line["verdict"])
        assert rates["lowest"] == explorer.LOWEST[line["than_lowest"]]
        is_map = line["best_control"] == "other"
        expected = f"the map of {line['closest_class']}" if is_map else explorer.ROWS[line["best_control"]]
        assert rates["control"] == expected
        said.add(is_map)
    assert said == {True, False}
    _, few = methods_of(network, verdicts.assign(verdict="too few images"))
    assert {rates["verdict"] for one in few for rates in one["rates"]} == {"too few images to tell"}


def test_without_a_verdict_or_the_lowest_frequencies_nothing_is_claimed(network, tmp_path):
    verdicts = verdicts_of_network().astype({"than_lowest": object, "verdict": object})
    missing = ["verdict", "than_lowest", *(f"low_pass_margin{end}" for end in ("", "_low", "_high"))]
    verdicts.loc[verdicts["class"] == "bee", missing] = None
    write_table(verdicts, tmp_path / "verdicts.csv")
    for rates in methods_of(network, read_table(tmp_path / "verdicts.csv"))[1][1]["rates"]:
        assert rates["verdict"] is None and rates["lowest"] is None and rates["low"] == [None] * 3


def test_rates_of_a_compared_method_stand_beside_its_controls(network, tmp_path):
    rows = [
        ("unfiltered", "keep", 100, 0, 0.9, 0.1), ("rise", "keep", 5, 0, 0.5, 0.2), ("rise", "keep", 20, 0, 0.6, 0.2),
        ("rise", "remove", 5, 0, 0.3, np.nan), ("random_control", "keep", 5, 0, 0.1, 0.0),
        ("random_control", "keep", 5, 1, 0.3, 0.0), ("low_pass", "keep", 5, 0, 0.25, np.nan),
        ("other", "keep", 5, 0, 0.7, 0.0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["method", "part", "percent", "draw", "tpr", "fpr"])
    for rate in ("tpr", "fpr"):
        table[f"{rate}_low"], table[f"{rate}_high"] = table[rate] - 0.1, table[rate] + 0.1
    table = table.assign(fill="zeros", images=10, negatives=20, **{"class": "ant"})
    write_table(table, tmp_path / "rates.csv", **RUN)
    (own, rise), _ = methods_of(replace(network, rates=tmp_path / "rates.csv"))
    assert own["measured"] == ["5"] and rise["measured"] == ["5", "20"]
    (zeros, other), bee = (shown["rates"] for shown in rise["sizes"][0]["classes"][:2])
    assert other is None and bee is None  # neither the fills nor the class were tested
    assert zeros["rows"] == {
        "all frequencies (unfiltered)": {"draws": 1, "tpr": [0.9, 0.8, 1.0], "fpr": [0.1, 0.0, 0.2]},
        "the map": {"draws": 1, "tpr": [0.5, 0.4, 0.6], "fpr": [0.2, 0.1, 0.3]},
        "random masks, uniform": {"draws": 2, "tpr": [0.2, 0.1, 0.3], "fpr": [0.0, 0.0, 0.0]},
        "lowest frequencies": {"draws": 1, "tpr": [0.25, 0.15, 0.35], "fpr": [None] * 3},
    }
    assert "margin" not in zeros and (zeros["images"], zeros["others"]) == (10, 20)
    (at_20, *_) = rise["sizes"][1]["classes"][0]["rates"]
    assert set(at_20["rows"]) == {"all frequencies (unfiltered)", "the map"}


@pytest.fixture
def flipped(network, tmp_path, small_network):
    """The network with the hits of a counterfactual test on other images, and its table of rates."""
    generator, labels = np.random.default_rng(1), np.arange(36) % 3
    splits = {name: (generator.integers(0, 256, (36, 1, *SIZE), dtype=np.uint8), labels) for name in ("train", "test")}
    stores.write(tmp_path / "zoo.h5", splits, classes=CLASSES, source="", created_by="")
    parts = [stores.read(tmp_path / "zoo.h5", split) for split in ("train", "test")]
    flips = counterfactual.collect(small_network(1, 3), *parts, seed=4)
    with replacing_hdf5(tmp_path / "flips.h5") as file:
        counterfactual.write_flips(file, flips)
        file.attrs.update(split="test", images_per_class=50, ranking="train", seed=4)
    table = flip_rates.rates(flips).replace({"class": dict(enumerate(CLASSES))}).assign(**RUN)
    return replace(network, flips=tmp_path / "flips.h5"), table, flips


def test_the_counterfactual_test_stands_with_its_verdict_numbers_and_an_example(flipped, tmp_path):
    one, table, hits = flipped
    table.loc[0, "verdict"], table.loc[1, "verdict"] = "follows", "needs"
    sets = write_explorer.data_sets([one], NO_VERDICTS, TESTED, 12, table)
    shown = content_of(explorer.explorer_page("Explorer", sets, TESTED))["datasets"][0]["networks"][0]["flips"]
    test = stores.read(tmp_path / "zoo.h5", "test")
    for k, (name, found) in enumerate(zip(CLASSES, shown, strict=True)):
        row = table.iloc[k]
        assert found["said"] == explorer.SAID[row["verdict"]].format(name) and "no shortcut" not in found["said"]
        assert found["shares"][0]["share"] == pytest.approx([row["flip"], row["flip_low"], row["flip_high"]], abs=1e-4)
        limits = flip_rates.Thresholds()
        assert [one["threshold"] for one in found["shares"]] == [*limits[:4], None]
        example = found["example"]
        before = pixels(example["before"])
        places = np.flatnonzero((test.images[:, 0] == before).all(axis=(1, 2)))
        assert len(places) == 1 and CLASSES[test.labels[places[0]]] == example["class"]
        assert CLASSES[hits.unfiltered[places[0]]] == example["called"][0]
        assert pixels(example["after"]).shape == pixels(example["change"]).shape == before.shape
    assert "texture or artefact" in shown[0]["said"] and "texture or artefact" in shown[1]["said"]


def test_the_example_is_what_the_network_was_shown(flipped, small_network, tmp_path):
    one, _, _ = flipped
    network, found = small_network(1, 3), examples.read_counterfactuals(one.flips, one.store, np.arange(3))
    test = stores.read(tmp_path / "zoo.h5", "test")
    for made in found:
        images = torch.from_numpy(np.stack([made.before / 255, made.after])).float()
        called = network((images - test.mean[0]) / test.std[0]).argmax(dim=1)
        assert tuple(CLASSES[c] for c in called) == made.called and made.name in CLASSES


def test_without_the_test_or_with_too_few_images_there_is_no_example(network, flipped):
    assert methods_of(network)[0] and content([network])["datasets"][0]["networks"][0]["flips"] == [None] * 3
    few = np.random.default_rng(0).integers(0, 256, (12, 1, *SIZE), dtype=np.uint8), np.arange(12) % 3
    stores.write(network.store, dict.fromkeys(("train", "test"), few), classes=CLASSES, source="", created_by="")
    examples._statistics.cache_clear()
    assert examples.read_counterfactuals(flipped[0].flips, network.store, np.arange(3)) == [None] * 3


def test_data_sets_and_networks_keep_their_order_and_a_fill_that_is_not_tested_is_not_shown(network, tmp_path):
    runs = [{**RUN, "dataset": "b"}, {**RUN, "dataset": "b", "augmentation": "afa"}, {**RUN, "dataset": "a"}]
    hits = write_file(tmp_path / "zeros.h5", replace(HITS, donors=None, predicted={"zeros": HITS.predicted["zeros"]}))
    networks, tested = [replace(network, run=run, hits=hits) for run in runs], {**TESTED, "fills": ("zeros",)}
    found = content(networks, tested=tested)
    assert [(one["name"], [net["augmentation"] for net in one["networks"]]) for one in found["datasets"]] == [
        ("b", ["none", "afa"]), ("a", ["none"]),
    ]  # fmt: skip
    assert found["fills"] == ["zeros"] and found["datasets"][0]["networks"][0]["donors"] == [None] * 3
    text = text_of(networks, tested=tested)
    assert "fill: zeros" in text and "fill: swap" not in text


def test_the_page_loads_nothing_and_a_name_cannot_end_its_script(network):
    text = text_of([network], verdicts_of_network(), title="A & B")
    assert "<title>A &amp; B</title>" in text and '<meta charset="utf-8">' in text and "http" not in text
    assert text.count("</script>") == 2 and "猫" in text
    assert not re.search(r"(?:src|href)=\"(?!data:)", text) and "import " not in text
