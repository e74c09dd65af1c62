"""The explorer in headless Chromium: each choice changes what is shown, and the rates are those of the tables."""

import importlib
import re
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
from chromium import NEEDS_CHROMIUM, colours

from conftest import ROOT, made_up_tests
from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import examples
from frequency_shortcuts.figures import explorer
from frequency_shortcuts.storage.tables import read_table, write_table

pytestmark = NEEDS_CHROMIUM

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
write_explorer = importlib.import_module("write_explorer")
PICKS = ("dataset", "network", "class", "method", "percent")
CLASSES = ("ant", "猫", "cow & calf")
FILLS = ("zeros", "swap")
SIZE = 16, 14
# The texts of the rows of rates, by the text of their heading.
ROWS = """
Object.fromEntries([...document.querySelectorAll('#rates tbody tr')].map(row =>
  [row.cells[0].innerText, [...row.cells].slice(1).map(cell => cell.innerText)]))
"""


def verdicts_of(run, classes):
    """Verdicts under both fills: each class has another closest control, and the first is of low frequency."""
    controls = [("other", "猫"), ("radial", np.nan), ("random", np.nan)]
    rows = [
        {
            **run, "class": name, "part": "keep", "fill": fill, "headline": fill == "zeros",
            "verdict": ("strong", "weak", None)[c], "best_control": controls[c][0], "closest_class": controls[c][1],
            "margin": 0.5, "margin_low": 0.4, "margin_high": 0.6, "low_frequency": c == 0,
            "low_pass_margin": 0.02, "low_pass_margin_low": -0.01 if c == 0 else 0.01, "low_pass_margin_high": 0.05,
        }
        for c, name in enumerate(classes) for fill in FILLS
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The page of three made-up networks on two data sets, and its folder. Only one network has a second method."""
    folder = tmp_path_factory.mktemp("small")
    generator, pairs = np.random.default_rng(0), spectrum.ConjugatePairs(*SIZE)
    networks, verdicts = [], []
    for dataset, augmentation, channels in (("zoo", "none", 3), ("zoo", "afa", 3), ("toys", "none", 1)):
        classes = CLASSES if dataset == "zoo" else CLASSES[:2]
        run = {"dataset": dataset, "network": "resnet18", "augmentation": augmentation, "seed": 0}
        place, labels = folder / dataset / augmentation, np.arange(12) % len(classes)
        place.mkdir(parents=True)
        images = generator.integers(0, 256, (12, channels, *SIZE), dtype=np.uint8)
        splits = dict.fromkeys(("train", "test"), (images, labels))
        stores.write(folder / f"{dataset}.h5", splits, classes=classes, source="", created_by="")
        for name in ("dfm", "rise"):
            with h5py.File(place / f"{name}.h5", "w") as file:
                scores = generator.standard_normal((len(classes), len(pairs)))
                for percent in (1, 5, 20):
                    file[f"mask/top_{percent}"] = dfm.dominant(scores, pairs, percent)
        tests = made_up_tests([tuple(run.values())], classes, fills=FILLS, seed=len(networks))
        write_table(tests, place / "shortcuts.csv")
        verdicts.append(verdicts_of(run, classes))
        maps, rates = {explorer.OWN: place / "dfm.h5"}, None
        if augmentation == "afa":
            maps["rise"], rates = place / "rise.h5", place / "rates.csv"
            made = [("rise", percent, name, percent / 25) for percent in (5, 20) for name in classes]
            table = pd.DataFrame(made, columns=["method", "percent", "class", "tpr"]).assign(
                part="keep", fill="zeros", draw=0, fpr=0.125, fpr_low=0.1, fpr_high=0.15, images=4, negatives=8
            )
            write_table(table.assign(tpr_low=table["tpr"] - 0.1, tpr_high=table["tpr"] + 0.1), rates, **run)
        store = folder / f"{dataset}.h5"
        networks.append(examples.Network(run, store, maps, tests=place / "shortcuts.csv", rates=rates))
    tested = examples.TestSettings(percent=5)
    sets = write_explorer.data_sets(networks, pd.concat(verdicts), tested, most=12)
    text = explorer.explorer_page("Explorer of a zoo", sets, tested)
    (folder / "explorer.html").write_text(text, encoding="utf-8")
    return folder


def choose(browser, **names):
    """Choose options by their texts, as a reader does."""
    for pick, name in names.items():
        script = f"""(() => {{
            const select = document.getElementById({pick!r});
            const option = [...select.options].find(one => one.textContent === {name!r});
            if (!option) return false;
            select.value = option.value;
            select.dispatchEvent(new Event("change"));
            return true;
        }})()"""
        assert browser.run(script), f"{name} is not offered as {pick}"


def offered(browser, pick):
    return browser.run(f"[...document.getElementById({pick!r}).options].map(option => option.textContent)")


def chosen(browser):
    return [browser.run(f"document.getElementById({pick!r}).selectedOptions[0].textContent") for pick in PICKS]


def source(browser, picture):
    return browser.run(f"document.getElementById({picture!r}).src")


def text(browser, place):
    return browser.run(f"document.getElementById({place!r}).innerText")


def shown(browser):
    """All pictures, which have loaded, and the rates."""
    pictures = "[...document.querySelectorAll('figure:not([hidden]) img')]"
    browser.run(f"Promise.all({pictures}.map(picture => picture.decode()))")
    assert browser.run(f"{pictures}.every(picture => picture.naturalWidth > 0 && picture.alt)")
    return browser.run(f"{pictures}.map(picture => picture.src)"), browser.run(ROWS)


def test_every_choice_changes_what_is_shown(page, small):
    browser = page(small / "explorer.html")
    assert chosen(browser) == ["zoo", "resnet18 (seed 0)", "ant", explorer.OWN, "5 %"]
    for pick, name, same, other in (
        ("class", "猫", (), ("image", "map", "reduced-zeros", "reduced-swap", "donor")),
        ("percent", "20 %", ("image", "donor"), ("map", "reduced-zeros", "reduced-swap")),
        ("network", "resnet18, afa (seed 0)", (), ("map", "reduced-zeros")),
        ("method", "rise", ("image", "donor"), ("map", "reduced-zeros", "reduced-swap")),
        ("dataset", "toys", (), ("image", "map", "reduced-zeros")),
    ):
        ids = (*same, *other)
        before = {picture: source(browser, picture) for picture in ids}
        choose(browser, **{pick: name})
        shown(browser)
        after = {picture: source(browser, picture) for picture in ids}
        assert {picture for picture in ids if before[picture] != after[picture]} == set(other), pick
    # What the new data set has as well stays chosen; of the rest, the first is.
    assert chosen(browser) == ["toys", "resnet18 (seed 0)", "猫", explorer.OWN, "20 %"]
    choose(browser, dataset="zoo", **{"class": "cow & calf"})
    choose(browser, dataset="toys")
    assert chosen(browser)[2] == "ant"


def test_rates_are_shown_where_they_were_measured_and_nowhere_else(page, small):
    browser = page(small / "explorer.html")
    tests = read_table(small / "zoo" / "none" / "shortcuts.csv").query("part == 'keep' and `class` == '猫'")
    choose(browser, **{"class": "猫"})
    rows = browser.run(ROWS)
    for place, fill in enumerate(FILLS):
        row = tests[(tests["fill"] == fill) & (tests["filter"] == "dfm")].iloc[0]
        for at, rate in enumerate(("tpr", "fpr")):
            expected = f"{row[rate]:.2f} [{row[f'{rate}_low']:.2f}, {row[f'{rate}_high']:.2f}]"
            assert rows["the map"][2 * place + at] == expected
    assert rows["verdict"] == ["weak shortcut"] * 2
    assert rows["closest control"] == ["random masks, same radii"] * 2
    assert rows["margin over the closest control"] == ["0.50 [0.40, 0.60]"] * 2
    assert rows["margin over the lowest frequencies"] == ["0.02 [0.01, 0.05]"] * 2
    choose(browser, **{"class": "ant"})
    rows = browser.run(ROWS)
    assert rows["verdict"] == ["strong shortcut; the lowest frequencies do as well"] * 2
    assert rows["closest control"] == ["the map of 猫"] * 2
    choose(browser, **{"class": "cow & calf"})
    assert browser.run(ROWS)["verdict"] == ["no verdict: TPR of unfiltered images below 0.5"] * 2
    choose(browser, **{"class": "猫"})
    choose(browser, percent="20 %")
    assert browser.run("document.getElementById('rates').hidden")
    assert text(browser, "summary") == "No rates for this choice: the study tested the maps of this method at 5 % only."
    choose(browser, network="resnet18, afa (seed 0)", method="rise")
    assert not browser.run("document.getElementById('rates').hidden")
    rows = browser.run(ROWS)
    assert rows["the map"] == ["0.80 [0.70, 0.90]", "0.13 [0.10, 0.15]", *["not measured"] * 2]
    assert "verdict" not in rows
    choose(browser, percent="1 %")
    assert "at 5 %, 20 % only" in text(browser, "summary")


def test_the_explorer_of_the_study_shows_photographs_first_and_its_own_rates(study, page):
    browser = page(study.results / "explorer.html")
    assert offered(browser, "dataset") == ["fashion_mnist", "pictures", "plant_present"]
    choose(browser, dataset="fashion_mnist", percent="5 %")
    tests = read_table(study.results / "tests" / "fashion_mnist/resnet18/none/seed0" / "shortcuts.csv")
    tests = tests[(tests["part"] == "keep") & (tests["fill"] == "swap")]
    own = tests[tests["filter"] == "dfm"]
    best = own.loc[own["tpr"].idxmax(), "class"]  # a class that the network recognises, though it was hardly trained
    choose(browser, **{"class": best})
    rows = browser.run(ROWS)
    for heading, kind in (("the map", "dfm"), ("lowest frequencies", "low_pass")):
        row = tests[(tests["class"] == best) & (tests["filter"] == kind)].iloc[0]
        for rate, cell in zip(("tpr", "fpr"), rows[heading][2:4], strict=True):
            expected = [row[f"{rate}{end}"] for end in ("", "_low", "_high")]
            assert list(map(float, re.findall(r"[\d.]+", cell))) == pytest.approx(expected, abs=0.0051)
    flips = read_table(study.results / "tables" / "flips.csv")
    row = flips[(flips["dataset"] == "fashion_mnist") & (flips["class"] == best)].iloc[0]
    assert text(browser, "said") == explorer.SAID[row["verdict"]].format(best)
    cells = browser.run("[...document.querySelectorAll('#flips tbody tr')].map(row => row.cells[1].innerText)")
    assert cells[0] == f"{row['flip']:.2f} [{row['flip_low']:.2f}, {row['flip_high']:.2f}]".replace("-0.00", "0.00")
    assert source(browser, "after") != source(browser, "before") != source(browser, "image")
    assert (study.results / "explorer.html").stat().st_size < 10e6


def test_the_explorer_works_inside_the_report(study, page, tmp_path):
    browser = page(study.results / "report.html")
    path = next(path for path in browser.run("Object.keys(results)") if path.endswith("/explorer.html"))
    browser.run(f"app.setView({{content: 'html', contentPath: results[{path!r}].data_uri}})")
    browser.run("new Promise(done => setTimeout(done, 3000))")
    browser.picture(tmp_path / "report.png")
    assert colours(tmp_path / "report.png", left=500) > 50  # pictures and text, not an empty frame
