"""Explorer and class cards: pictures are those of the tests, numbers those of the tables, and gaps are said."""

import base64
import importlib
import io
import itertools
import json
import re
import shutil
import sys
from dataclasses import replace

import drawn_tables
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from drawn_tables import check_page, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_results import random_hits
from PIL import Image
from spectral_classes import exchanged

from conftest import ROOT
from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.exchange.answers import PARTS
from frequency_shortcuts.figures import cards as card_figure
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.shortcuts import examples
from frequency_shortcuts.shortcuts.hits import write_hits
from frequency_shortcuts.spectrum import masks
from study.drawings import explorer
from study.examples import read_cards

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
write_explorer = importlib.import_module("write_explorer")
CLASSES = ["ant", "bee", "</script> & 猫"]
RUN = {"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 2}
FIRST = {name: ["small", "none"] for name in ("zoo", "a", "b")}
SIZE = 9, 8
TESTED = {"percents": [1, 5, 20], "fills": ("zeros", "swap"), "split": "test", "percent": 5, "strong": 0.6}
STATISTICS = [0.4], [0.2]
HITS = random_hits(3, n_classes=3, size=SIZE)


@pytest.fixture
def files(tmp_path):
    """Of a network of three classes: a store of grey images, hits and maps, by name."""
    generator, pairs = np.random.default_rng(0), spectrum.ConjugatePairs(*SIZE)
    split = generator.integers(0, 256, (len(HITS.labels), 1, *SIZE), dtype=np.uint8), HITS.labels
    stores.write(tmp_path / "zoo.h5", {"train": split, "test": split}, classes=CLASSES, source="", created_by="")
    scores = generator.standard_normal((3, len(pairs)))
    with h5py.File(tmp_path / "dfm.h5", "w") as file:
        for percent in (1, 5, 20):
            file[f"mask/top_{percent}"] = dfm.dominant(scores, pairs, percent)
    return {"store": tmp_path / "zoo.h5", "hits": hits_of(RUN, tmp_path), "maps": tmp_path / "dfm.h5"}


def hits_of(run, folder, hits=HITS):
    path = folder.joinpath(*map(str, list(run.values())[:-1]), f"seed{run['seed']}", "hits.h5")
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        write_hits(file, hits)
        file.attrs["split"] = "test"
    return path


def verdicts_of(*runs):
    table = drawn_tables.verdicts(CLASSES, runs=[tuple(run.values()) for run in runs])
    table.loc[table["class"] == "ant", ["best_control", "closest_class"]] = ["other", CLASSES[2]]
    return table


VERDICTS = verdicts_of(RUN)
FLIPS = pd.DataFrame([{**RUN, "class": "bee", "verdict": "follows", "follows": "fine, patch",
                       **{f"{part}{end}": value for part in PARTS
                      for end, value in (("", 0.51), ("_low", -0.001), ("_high", 0.7))}}])  # fmt: skip


def text_of(*networks, verdicts=VERDICTS, tested=TESTED, title="Explorer"):
    listed = [(files["store"], files["hits"], files["maps"], STATISTICS) for files in networks]
    sets = write_explorer.data_sets(listed, verdicts, FIRST, tested, 12)
    return explorer.explorer_page(title, sets, verdicts, FLIPS, tested)


def content(*networks, **options):
    """What the script of the page reads."""
    text = text_of(*networks, **options)
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def pixels(png):
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        return np.asarray(picture.convert({"P": "RGB", "1": "L"}.get(picture.mode, picture.mode))).astype(int)


def test_reduced_images_are_those_of_the_library(files):
    split = stores.read(files["store"], "test", statistics=STATISTICS)
    seen, donor = Source(split).take(np.arange(len(split))), HITS.donors
    first = [int(np.flatnonzero(split.labels == c)[0]) for c in range(3)]
    (found,) = content(files)["datasets"]
    sizes = found["networks"][0]["sizes"]
    assert [size["percent"] for size in sizes] == ["1", "5", "20"]
    for size in sizes:
        masks = dfm.read_mask(files["maps"], float(size["percent"]))
        expected = [examples.reduced_images(seen[first], masks, donors) for donors in (None, seen[donor[first]])]
        for c, shown in enumerate(size["classes"]):
            assert np.array_equal(pixels(shown["map"])[::-1] == 0, masks[c]) and shown["kept"] == masks[c].sum()
            for shot, pictures in zip(shown["reduced"], expected, strict=True):
                np.testing.assert_allclose(pixels(shot), 255 * pictures[c, 0], atol=0.51)
    assert found["classes"] == CLASSES and np.array_equal(pixels(found["images"][0]), split.images[first[0], 0])


def test_numbers_are_those_of_the_tables(files):
    network, judged = content(files)["datasets"][0]["networks"][0], VERDICTS.query("part == 'keep'")
    for name, (i, fill) in itertools.product(CLASSES, enumerate(TESTED["fills"])):
        row = judged[(judged["class"] == name) & (judged["fill"] == fill)].iloc[0]
        lines = {heading: cells for heading, *cells in network["rates"][CLASSES.index(name)]}
        tpr, fpr = lines["the map"][2 * i : 2 * i + 2]
        for cell, rate in ((tpr, "tpr_dfm"), (fpr, "fpr_dfm")):
            expected = [row[f"{rate}{end}"] for end in ("", "_low", "_high")]
            assert [*map(float, re.findall(r"[\d.]+", cell))] == pytest.approx(expected, abs=0.0051)
        assert lines["random masks, same radii"][2 * i :][:2] == [f"{row['tpr_radial']:.2f}", "not measured"]
        assert lines["verdict"][i].startswith(explorer.VERDICTS[row["verdict"]])
        assert (explorer.LOWEST[row["than_lowest"]] in lines["verdict"][i]) == (row["verdict"] != "none")
        over = f"the map of {CLASSES[2]}" if name == "ant" else explorer.control_label(row["best_control"], CLASSES[0])
        ends = row["margin"], row["margin_low"], row["margin_high"]
        assert lines["margin"][i] == "{:.2f} [{:.2f}, {:.2f}] over {}".format(*ends, over).replace("-0.00", "0.00")
    ends = ", ".join(f"{number} 0.51 [0.00, 0.70]" for number in PARTS)
    followed = f"follows {PARTS['fine'].words} and {PARTS['patch'].words}: {ends}"
    assert network["flips"] == ["not tested", followed, "not tested"]


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((0.13, 0.09, 0.17), "nothing found"), ((0.13, 0.09, 0.21), "cannot tell"), ((0.13, 0.1, 0.17), "follows")],
)
def test_what_the_page_says_of_a_verdict_agrees_with_its_numbers(ends, verdict, files, monkeypatch):
    numbers = dict.fromkeys(FLIPS.columns[7:], 0.0) | dict(zip(("fine", "fine_low", "fine_high"), ends, strict=True))
    monkeypatch.setattr(f"{__name__}.FLIPS", FLIPS.assign(verdict=verdict, follows="", **numbers))
    text = text_of(files)
    least, most = (float(re.search(rf"{words} ([\d.]*\d)", text)[1]) for words in
                   ("<i>fine</i>.*the lower end is at least", "all upper ends are below"))  # fmt: skip
    assert verdict == ("follows" if ends[1] >= least else "nothing found" if ends[2] < most else "cannot tell")
    assert "{}: fine {:.2f} [{:.2f}, {:.2f}]".format(verdict, *ends) in text and "`" not in text


def test_without_a_verdict_or_a_test_nothing_is_claimed(files):
    verdicts = VERDICTS.astype({"than_lowest": object, "verdict": object, "tpr_random": object})
    verdicts.loc[verdicts["class"] == "bee", ["verdict", "than_lowest", "tpr_random", "margin"]] = None
    verdicts = verdicts[(verdicts["class"] != "ant") | (verdicts["fill"] != "swap")]
    rates = content(files, verdicts=verdicts)["datasets"][0]["networks"][0]["rates"]
    ant, bee = ({heading: cells for heading, *cells in lines} for lines in rates[:2])
    assert ant["verdict"][1] == "not tested" and ant["the map"][2:] == ["not measured"] * 2
    assert bee["verdict"] == ["no verdict: TPR of unfiltered images below 0.5"] * 2
    assert bee["margin"] == ["not measured"] * 2 and bee["random masks, uniform"][0] == "not measured"


def test_data_sets_and_networks_keep_their_order_and_a_fill_that_is_not_tested_is_not_shown(files, tmp_path):
    runs = [{**RUN, "dataset": "b"}, {**RUN, "dataset": "b", "augmentation": "augmix"}, {**RUN, "dataset": "a"}]
    hits = replace(HITS, donors=None, predicted={"zeros": HITS.predicted["zeros"]})
    networks = [{**files, "hits": hits_of(run, tmp_path, hits)} for run in runs]
    networks[2]["store"] = shutil.copy(files["store"], tmp_path / "a.h5")
    options = {"tested": {**TESTED, "fills": ("zeros",)}, "verdicts": verdicts_of(*runs)}
    found = content(*networks, **options)
    assert [(one["name"], [net["name"] for net in one["networks"]]) for one in found["datasets"]] == [
        ("b", ["small (seed 2)", "small, augmix (seed 2)"]), ("a", ["small (seed 2)"]),
    ]  # fmt: skip
    text = text_of(*networks, **options)
    assert "zeros elsewhere" in text and "another image elsewhere" not in text


def test_large_pictures_of_many_networks_leave_room_for_fewer_classes():
    assert explorer.affordable([(10, 9, 8)], 1, 2, 12) == 12
    assert 1 < explorer.affordable([(1000, 224, 224)] * 10, 4, 2, 12) < 12
    assert explorer.affordable([(1000, 224, 224)] * 900, 4, 2, 12) == 1


def test_the_page_loads_nothing_and_a_name_cannot_end_its_script(files):
    text = text_of(files, title="A & B")
    assert "<title>A &amp; B</title>" in text and '<meta charset="utf-8">' in text and "http" not in text
    assert text.count("</script>") == 2 and "猫" in text
    assert not re.search(r"(?:src|href)=\"(?!data:)", text) and "import " not in text


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(0, 100), st.booleans())
def test_filtered_is_the_inverse_transform_of_what_is_kept_and_of_the_donors_rest_stretched(channels, seed, swap):
    generator, pairs = np.random.default_rng(seed), spectrum.ConjugatePairs(*SIZE)
    seen, donors = generator.standard_normal((2, 2, channels, *SIZE))
    masks = dfm.dominant(generator.standard_normal((2, len(pairs))), pairs, 20)
    found = examples.reduced_images(torch.from_numpy(seen), masks, torch.from_numpy(donors) if swap else None)
    for image, donor, mask, picture in zip(seen, donors, masks, found, strict=True):
        slow = exchanged(image, mask, donor if swap else None)
        low, high = np.quantile(slow, [0.01, 0.99])
        np.testing.assert_allclose(picture, np.clip((slow - low) / (high - low), 0, 1), atol=1e-9)
    assert found.min() == 0 and found.max() == 1


def test_a_picture_without_contrast_stays_one():
    mask = np.zeros((1, *SIZE), bool)
    mask[0, SIZE[0] // 2, SIZE[1] // 2] = True
    assert np.isfinite(examples.reduced_images(torch.ones(1, 1, *SIZE), mask)).all()


@pytest.fixture
def card_files(tmp_path):
    """An image store, a file of spectra and a DFM file of three classes."""
    generator = np.random.default_rng(0)
    pixels, labels = generator.integers(0, 256, (9, 3, *SIZE), dtype=np.uint8), np.array([2, 1, 0] * 3)  # test: 0, 1, 2
    store, spectra, maps = (tmp_path / name for name in ("data.h5", "adcs.h5", "dfm.h5"))
    splits = {"train": (pixels, labels), "test": (pixels[::-1], labels[::-1])}
    stores.write(store, splits, classes=CLASSES, source="", created_by="")
    with h5py.File(spectra, "w") as file:
        file["adcs"] = generator.integers(-2, 3, (3, *SIZE), dtype=np.int16)
        file.attrs["shown"] = "adcs"
    pairs = spectrum.ConjugatePairs(*SIZE)
    found = Found(generator.standard_normal((3, len(pairs))), 0, 0, False, {})
    dfm.write(maps, found, pairs, [20], classes=CLASSES)
    return store, spectra, maps, pixels


@pytest.mark.parametrize("neutral", [None, 1])
def test_cards_hold_what_the_files_hold_of_the_classes_shown(card_files, neutral):
    """With a neutral class, its second test image stands at the other frequencies."""
    store, spectra, maps, pixels = card_files
    if neutral is not None:
        with h5py.File(store, "r+") as file:
            file.create_group("planted").attrs["neutral"] = neutral
    shown = np.array([0, 2])
    statistics = [0.4, 0.5, 0.6], [0.1, 0.2, 0.3]
    cards = read_cards(store, spectra, maps, 20, shown, statistics)
    held = dfm.read(maps)
    with h5py.File(spectra) as file:
        assert np.array_equal(cards.adcs, file["adcs"][:][shown])
    assert np.array_equal(cards.masks, held.masks[20][shown])
    assert np.array_equal(cards.increment, held.score[shown])
    assert np.array_equal(cards.unfiltered, pixels[[8, 6]])  # the first test image of each class
    seen, other = (normalise(torch.from_numpy(pixels[chosen]), *statistics) for chosen in ([8, 6], [4]))
    other = None if neutral is None else other
    expected = examples.reduced_images(seen, cards.masks, other)
    np.testing.assert_allclose(cards.filtered, expected, atol=1e-5)
    lowest = np.stack([masks.low_pass_mask(mask) for mask in cards.masks])
    expected = examples.reduced_images(seen, lowest, other)
    np.testing.assert_allclose(cards.controlled, expected, atol=1e-5)
    assert cards.fill == ("zeros" if neutral is None else "swap")
    figure = card_figure.class_cards(cards, ["ant", "cow"], 2, [2], note="2 of 9 classes: those chosen")
    words = {"ant", "cow", "ADCS", "map,\nblack: kept", "test\nimage", "from\nits map", "from lowest\nfrequencies"}
    note = " \ncircles: edges of the bands\n2 of 9 classes: those chosen"
    assert words | {"of the largest", note} <= texts_of(figure)
    assert all(axis.images for axis in figure.axes[:12])
    rates = np.array([[[0.9, 0.1], [0.8, 0.25], [1, np.nan]], np.full((3, 2), np.nan)])
    with_rates = check_page(card_figure.class_cards(cards, ["ant", "cow"], 2, rates=rates))
    assert {"0.90 / 0.10", "0.80 / 0.25", "1.00", "not tested"} <= with_rates
    rates = {f"{rate}_{kept}": 0.5 for rate in ("tpr", "fpr") for kept in ("unfiltered", "dfm", "low_pass")}
    rates |= {"measure": 0.9, "largest_other": np.nan, "fpr_low_pass": np.nan}
    one = check_page(card_figure.one_shortcut(cards, "American Staffordshire terrier, pit bull", rates, 5, "resnet50"))
    assert {"recognised: 50 %\nfalse positives: \N{EN DASH}", "image of\nAmerican St…t bull"} <= one
