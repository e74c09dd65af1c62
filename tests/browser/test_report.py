"""The report in headless Chromium: it loads without a network and without an error, and shows its figures."""

import re
import shutil
import subprocess

import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def opened(report, folder, view=None):
    """Open the report, or a category of it; returns its DOM, what the browser logged, and a screenshot."""
    text = report.read_text()
    if view:
        start = f"<script>setTimeout(() => app.showCategory({view!r}), 1500)</script>"
        at = text.rindex("</body>")
        text = text[:at] + start + text[at:]
    page, picture = folder / "report.html", folder / "screen.png"
    page.write_text(text)
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1400,1000",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=8000", "--enable-logging=stderr", f"--screenshot={picture}", "--dump-dom",
    ]  # fmt: skip
    done = subprocess.run([CHROMIUM, *flags, page.as_uri()], capture_output=True, text=True, timeout=180)
    return done.stdout, done.stderr, picture


def complaints(log):
    """What the page itself complained of: errors on its console and requests that failed."""
    return [line for line in log.splitlines() if "CONSOLE" in line and re.search(r"error|failed|refused", line, re.I)]


def test_the_cover_shows_what_came_out(study, tmp_path):
    dom, log, picture = opened(study.results / "report.html", tmp_path)
    assert complaints(log) == []
    for words in ("Which frequencies does a network get away with?", "What came out", "test accuracy"):
        assert words in dom
    with Image.open(picture) as screen:
        assert len(screen.convert("RGB").getcolors(2**24)) > 50  # not an empty page


@pytest.mark.parametrize("view", ["1. Synthetic data", "5. Dominant frequencies", "9. Tables"])
def test_a_category_opens(study, tmp_path, view):
    dom, log, _ = opened(study.results / "report.html", tmp_path, view)
    assert complaints(log) == []
    assert view.upper() in dom.upper()


def test_the_report_asks_for_nothing_from_outside(study):
    text = (study.results / "report.html").read_text()
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"'](https?://[^\"']+)", text) == []
