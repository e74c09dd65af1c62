"""The report in headless Chromium: it opens without a network and without an error, and shows every result.

Screenshots of the cover, of each category and of a sorted table are kept in tests/browser/screenshots.
"""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from chromium import PROGRAM, Chromium
from PIL import Image

from study.categories import CATEGORIES

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")

SCREENSHOTS = Path(__file__).parent / "screenshots"
MENU = "document.querySelector('nav').getBoundingClientRect().width"
LOAD = """
new Promise((done, failed) => {
  const picture = new Image();
  picture.onload = () => done([picture.naturalWidth, picture.naturalHeight]);
  picture.onerror = () => failed("it is no picture");
  picture.src = %s;
})
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser for all tests of this module."""
    SCREENSHOTS.mkdir(exist_ok=True)
    chromium = Chromium(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture
def report(study, browser):
    """The open report. At the end of the test, it must have no errors and no requests to a network."""
    browser.errors.clear()
    browser.requests.clear()
    browser.open(study.results / "report.html")
    yield browser
    assert browser.errors == []
    assert {address.partition(":")[0] for address in browser.requests} <= {"file", "data", "blob"}


def colours(path):
    with Image.open(path) as screen:
        return len(screen.convert("RGB").getcolors(2**24))


def test_the_cover_asks_the_question_answers_it_and_shows_one_figure(report):
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
    report.picture(SCREENSHOTS / "cover.png")
    assert colours(SCREENSHOTS / "cover.png") > 50  # not an empty page


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
    name = re.sub(r"[^a-z0-9]+", "_", category.lower()).strip("_")
    report.picture(SCREENSHOTS / f"{name}.png")
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
    report.picture(SCREENSHOTS / f"{name}_first.png")


def test_categories_stand_in_the_order_of_the_paper_and_every_result_has_a_base_name_of_its_own(report, study):
    there = report.run("Object.keys(categories).sort((a, b) => a.localeCompare(b))")
    assert there == list(CATEGORIES.values())
    names = [Path(path).name for path in report.run("Object.keys(results)")]
    assert len(names) == len(set(names))
    text = (study.results / "report.html").read_text()
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"'](https?://[^\"']+)", text) == []
    assert len(text) < 25e6


def test_a_table_sorts_by_a_click_with_missing_values_last_and_filters(study, browser):
    browser.errors.clear()
    browser.requests.clear()
    browser.open(study.results / "tables" / "shortcuts.html")
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
    browser.picture(SCREENSHOTS / "sorted_table.png")
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
    # The page unpacks its CSV from a data: address; nothing comes from elsewhere.
    own = ("file:", "data:", "blob:")
    assert browser.errors == [] and all(address.startswith(own) for address in browser.requests)


def test_the_zip_holds_the_page_and_every_result(exports, browser, tmp_path):
    with ZipFile(exports.results / "report.zip") as file:
        file.extractall(tmp_path)
    (page,) = tmp_path.glob("*/report.html")
    browser.errors.clear()
    browser.open(page)
    named = browser.run("Object.values(results).map(result => result.data_uri)")
    assert named and all((page.parent / name).is_file() for name in named)
    assert browser.errors == []
