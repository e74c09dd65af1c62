"""Report and tables in headless Chromium: each result has its caption, and the cover opens its figures."""

import re
from pathlib import Path

import pytest
from chromium import NEEDS_CHROMIUM

from conftest import ROOT
from frequency_shortcuts.storage.tables import read_table
from study.findings.definitions import CLAIMS

RULES = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
CATEGORIES = sorted(set(re.findall(r'"(\d\. [^"·]+)"', RULES)))
pytestmark = NEEDS_CHROMIUM
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


def test_the_cover_asks_the_question_answers_it_and_each_claim_opens_its_figure(report, study):
    text = report.run("document.querySelector('#app').innerText")
    question = "Does a network need the whole image, or 5 % of its frequencies?"
    first, last = ([*CLAIMS.values()][i].says for i in (0, -1))
    blocks = (
        question,
        "has a shortcut",
        "not decide",
        first,
        last,
        "Words need",
        "shows every class",
    )
    places = [text.lower().find(words.lower()) for words in blocks]
    assert min(places) >= 0 and places == sorted(places) and "System Message" not in text
    assert (
        report.run("document.querySelector('.prose h1').getBoundingClientRect().top") >= 0
    )  # not cut off
    ((width, alt),) = report.run(
        "[...document.querySelectorAll('figure.key img')].map(i => [i.naturalWidth, i.alt])"
    )
    assert width > 500 and alt == "a shortcut in fashion_mnist"
    links = report.run(
        "[...document.querySelectorAll('.prose a[href]')].map(a => decodeURIComponent(a.href))"
    )
    paths, categories = report.run("[Object.keys(results), Object.keys(categories)]")
    shown = {path for link in links for path in re.findall(r"showResultInfo\('(.*)'\)", link)}
    assert sorted(categories) == CATEGORIES and shown <= set(paths)
    names = [Path(path).name for path in paths]
    assert {Path(path).name for path in shown} == {"claims_by_class.html"}
    assert len(names) == len(set(names))
    drawn = read_table(study.results / "tables" / "claims.csv")["figure"].dropna()
    opened = report.run(
        "[...document.querySelectorAll('.prose a[onclick]')].map(a => a.getAttribute('onclick'))"
    )
    figures = [Path(re.search("resultPath: '(.*?)'", script)[1]).stem for script in opened]
    assert list(dict.fromkeys(figures)) == ["shortcut_fashion_mnist", *dict.fromkeys(drawn)]
    assert {f"{name}.svg" for name in figures} <= set(names)
    report.run("document.querySelector('.prose table a').click()")
    assert (
        "graded sets, with a network"
        in report.run("document.querySelector('nav').innerText").lower()
    )
    assert report.run(
        "document.querySelector('img[src^=\"data:image/svg\"]:not([class])') !== null"
    )
    assert (study.results / "report.html").stat().st_size < 25e6


def test_workflow_shows_the_graph_of_the_rules_and_the_house_the_cover(report):
    def shown(place):
        return report.run(f"document.querySelector({place!r}).getBoundingClientRect().height > 0")

    assert shown(".prose h1") and not shown("#rulegraph")
    entry = (
        "[...document.querySelectorAll('nav ul li a')].find(a => a.innerText.trim() === 'Workflow')"
    )
    report.run(f"{entry}.click()")
    box = "document.querySelector('#rulegraph canvas, #rulegraph svg').getBoundingClientRect()"
    top, height = report.run(
        f"new Promise(done => setTimeout(() => done([{box}.top, {box}.height]), 300))"
    )
    assert top >= 0 and height > 500 and not shown(".prose h1")
    names = report.run("rulegraph_spec.data[0].values.map(node => node.label)")
    assert {"train", "find_maps", "tables", "figures"} <= set(names) and len(names) == len(
        set(names)
    ) < 40
    report.run("document.querySelector('nav ol li a').click()")
    assert (
        report.run("new Promise(done => setTimeout(() => done(app.state.content), 300))")
        == "rulegraph"
    )
    assert shown(".prose h1") and not shown("#rulegraph")


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_opens_and_shows_every_result_with_its_caption(report, category):
    report.run(f"app.showCategory({category!r})")
    assert category.upper() in report.run("document.querySelector('nav').innerText").upper()
    results = report.run(f"Object.values(categories[{category!r}]).flat()")
    assert results and report.run("document.querySelectorAll('nav tbody tr').length") == len(
        results
    )
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
    menu = "document.querySelector('nav').getBoundingClientRect().width"
    assert report.run(f"new Promise(done => setTimeout(() => done({menu}), 400))") <= 420
    # The eye of the first one: what a reader clicks.
    report.run(f"app.showCategory({category!r})")
    report.run("document.querySelector('nav tbody tr a').click()")
    box = "document.querySelector('.p-3 > img, iframe').getBoundingClientRect()"
    width, top = report.run(
        f"new Promise(done => setTimeout(() => done([{box}.width, {box}.top]), 300))"
    )
    assert width > 300 and top >= 0


def test_a_table_sorts_by_a_click_with_missing_values_last_and_filters(study, page):
    browser = page(
        study.results / "tables" / "shortcuts.html"
    )  # it unpacks its CSV from a data: address
    heads = browser.run("[...document.querySelectorAll('th')].map(h => h.innerText.trim())")

    def clicked(name):
        column = heads.index(name)
        browser.run(f"document.querySelectorAll('th button')[{column}].click()")
        state = browser.run(
            "[...document.querySelectorAll('th')].map(head => head.getAttribute('aria-sort'))"
        )
        assert [i for i, one in enumerate(state) if one != "none"] == [column]
        rows = "[...document.querySelectorAll('tbody tr')]"
        return state[column], browser.run(f"{rows}.map(row => row.cells[{column}].innerText)")

    for direction, reverse in (("ascending", False), ("descending", True)):
        state, values = clicked("TPR unfiltered")
        assert state == direction and [*map(float, values)] == sorted(
            map(float, values), reverse=reverse
        )
    for _ in range(2):
        missing = [value == "\N{EN DASH}" for value in clicked("TPR radial")[1]]
        assert missing == sorted(missing) and 0 < sum(missing) < len(
            missing
        )  # of `remove` there are no radial ones
    names = clicked(heads[0])[1]
    assert names == sorted(names)
    search = "const box = document.querySelector('input'); box.value = 'PLANT_P'; box.dispatchEvent(new Event('input'))"
    browser.run(f"(() => {{ {search} }})()")
    left = browser.run(
        "[...document.querySelectorAll('tbody tr:not([hidden])')].map(row => row.cells[0].innerText)"
    )
    assert left == ["plant_present"] * names.count("plant_present")
