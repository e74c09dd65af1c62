"""Explorer and report in headless Chromium: choices change what is shown, and every result stands in the report."""

import importlib
import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from chromium import NEEDS_CHROMIUM, colours
from made_up_results import random_hits, table_of, write_file

from conftest import ROOT
from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import examples
from frequency_shortcuts.figures import explorer
from frequency_shortcuts.storage.tables import read_table, write_table
from study.categories import CATEGORIES

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
        place, hits = folder / dataset / augmentation, random_hits(n_classes=len(classes), size=SIZE)
        place.mkdir(parents=True)
        images = generator.integers(0, 256, (len(hits.labels), channels, *SIZE), dtype=np.uint8)
        splits = dict.fromkeys(("train", "test"), (images, hits.labels))
        stores.write(folder / f"{dataset}.h5", splits, classes=classes, source="", created_by="")
        for name in ("dfm", "rise"):
            with h5py.File(place / f"{name}.h5", "w") as file:
                scores = generator.standard_normal((len(classes), len(pairs)))
                for percent in (1, 5, 20):
                    file[f"mask/top_{percent}"] = dfm.dominant(scores, pairs, percent)
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
        networks.append(examples.Network(run, store, write_file(place / "hits.h5", hits), maps, rates=rates))
    tested = {"fills": FILLS, "split": "test", "percent": 5, "strong": 0.6}
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
    tests = table_of(random_hits(n_classes=3, size=SIZE), CLASSES).query("`class` == '猫'")
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


# The report

MENU = "document.querySelector('nav').getBoundingClientRect().width"
LOAD = """
new Promise((done, failed) => {
  const picture = new Image();
  picture.onload = () => done([picture.naturalWidth, picture.naturalHeight]);
  picture.onerror = () => failed("it is no picture");
  picture.src = %s;
})
"""


@pytest.fixture
def report(study, page):
    """The open report."""
    return page(study.results / "report.html")


def test_the_cover_asks_the_question_answers_it_and_shows_one_figure(report, tmp_path):
    text = report.run("document.querySelector('#app').innerText")
    question = "Does a network need the whole image, or 5 % of its frequencies?"
    first = ("The answer", "Texture or artefact", "are strong")
    blocks = (question, *first, "Where to look", "How it was done", "Each kind of network")
    places = [text.lower().find(words.lower()) for words in blocks]
    assert min(places) >= 0 and places == sorted(places)
    assert report.run("document.querySelector('.prose h1').getBoundingClientRect().top") >= 0  # not cut off
    assert "System Message" not in text
    pictures = report.run("[...document.querySelectorAll('figure.key img')].map(i => [i.naturalWidth, i.alt])")
    assert [alt for _, alt in pictures] == ["shortcuts of fashion_mnist"]
    assert all(width > 500 for width, _ in pictures)
    report.picture(tmp_path / "cover.png")
    assert colours(tmp_path / "cover.png") > 50  # not an empty page


def test_every_link_of_the_cover_leads_somewhere(report):
    links = report.run("[...document.querySelectorAll('.prose a[href]')].map(a => decodeURIComponent(a.href))")
    paths, categories = report.run("[Object.keys(results), Object.keys(categories)]")
    shown = {path for link in links for path in re.findall(r"showResultInfo\('(.*)'\)", link)}
    opened = {name for link in links for name in re.findall(r"showCategory\('(.*)'\)", link)}
    assert opened == set(categories)
    assert {Path(path).name for path in shown} >= {"provenance.html", "config.yaml"}
    assert shown <= set(paths)
    report.run("document.querySelector('figure.key a').click()")
    assert "map of the class are kept, mean over the networks" in report.run("document.querySelector('nav').innerText")
    assert report.run("document.querySelector('img[src^=\"data:image/svg\"]:not([class])') !== null")


@pytest.mark.parametrize("category", CATEGORIES.values())
def test_a_category_opens_and_shows_every_result_with_its_caption(report, category):
    report.run(f"app.showCategory({category!r})")
    assert category.upper() in report.run("document.querySelector('nav').innerText").upper()
    results = report.run(f"Object.values(categories[{category!r}]).flat()")
    assert results, f"nothing stands in {category}"
    listed = report.run("document.querySelectorAll('nav tbody tr').length")
    assert listed == len(results)
    for path in results:
        kind = report.run(f"results[{path!r}].mime_type")
        report.run(f"app.showResultInfo({path!r})")
        text = report.run("document.querySelector('nav').innerText")
        caption = text.partition("DESCRIPTION")[2].partition("SIZE")[0] or text
        assert len(caption) > 80 and "System Message" not in caption and "{{" not in caption, path
        if kind.startswith("image/"):
            width, height = report.run(LOAD % f"results[{path!r}].data_uri")
            assert width > 300 and height > 100, path
        elif kind == "text/html":
            page = report.run(f"fetch(results[{path!r}].data_uri).then(answer => answer.text())")
            assert "<th scope" in page and page.count("<tr>") > 1, path
    # The page's own style: a description leaves room for what it describes.
    assert report.run(f"new Promise(done => setTimeout(() => done({MENU}), 400))") <= 420
    # The eye of the first one: what a reader clicks.
    report.run(f"app.showCategory({category!r})")
    report.run("document.querySelector('nav tbody tr a').click()")
    box = "document.querySelector('.p-3 > img, iframe').getBoundingClientRect()"
    left = report.run(f"new Promise(done => setTimeout(() => done([{box}.width, {box}.top]), 300))")
    assert left[0] > 300 and left[1] >= 0


def test_categories_stand_in_the_order_of_the_paper_and_every_result_has_a_base_name_of_its_own(report, study):
    there = report.run("Object.keys(categories).sort((a, b) => a.localeCompare(b))")
    assert there == list(CATEGORIES.values())
    names = [Path(path).name for path in report.run("Object.keys(results)")]
    assert len(names) == len(set(names))
    text = (study.results / "report.html").read_text()
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"'](https?://[^\"']+)", text) == []
    assert len(text) < 25e6


def test_a_table_sorts_by_a_click_with_missing_values_last_and_filters(study, page):
    browser = page(study.results / "tables" / "shortcuts.html")  # it unpacks its CSV from a data: address
    heads = browser.run("[...document.querySelectorAll('th')].map(h => h.innerText.trim())")
    column = heads.index("TPR unfiltered")
    values = f"[...document.querySelectorAll('tbody tr')].map(row => row.cells[{column}].innerText)"
    click = f"document.querySelectorAll('th button')[{column}].click()"
    before = [float(value) for value in browser.run(values)]
    state = f"document.querySelectorAll('th')[{column}].getAttribute('aria-sort')"
    for direction, reverse in (("ascending", False), ("descending", True)):
        browser.run(click)
        assert [float(value) for value in browser.run(values)] == sorted(before, reverse=reverse)
        assert browser.run(state) == direction
    browser.run("document.querySelectorAll('th button')[0].click()")
    assert browser.run("document.querySelectorAll('th[aria-sort=none]').length") == len(heads) - 1
    names = browser.run("[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].innerText)")
    assert names == sorted(names) and len(names) == len(before)
    search = "const box = document.querySelector('input'); box.value = 'PLANT_P'; box.dispatchEvent(new Event('input'))"
    browser.run(f"(() => {{ {search} }})()")
    left = browser.run("[...document.querySelectorAll('tbody tr:not([hidden])')].map(row => row.cells[0].innerText)")
    assert left == ["plant_present"] * names.count("plant_present")
    column = heads.index("TPR radial")
    for _ in range(2):
        browser.run(f"document.querySelectorAll('th button')[{column}].click()")
        values = browser.run(f"[...document.querySelectorAll('tbody tr')].map(row => row.cells[{column}].innerText)")
        missing = [value == "\N{EN DASH}" for value in values]
        assert missing == sorted(missing) and 0 < sum(missing) < len(values)  # of `remove` there are no radial controls
