"""The files of docs/your_figure.md, put into a checkout with a finished study: a figure and a test of a user."""

import re

import pytest

from checkouts import MAPPED
from conftest import ROOT
from frequency_shortcuts.storage.tables import read_table

PAGE = (ROOT / "docs" / "your_figure.md").read_text()
BLOCKS = re.findall(r"`(my\w*\.(?:py|smk))`[^`]*\n```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def with_files(study):
    """The study with the files of the page, which are gone after the test, as is what they made."""
    for name, text in BLOCKS:
        (study.root / name).write_text(text)
    yield study
    for name, _ in BLOCKS:
        (study.root / name).unlink()
    for made in [*study.results.rglob("my_test.csv"), *study.results.rglob("my_figure.*")]:
        made.unlink()


def test_the_page_has_a_figure_and_a_test():
    assert [name for name, _ in BLOCKS] == ["my_figure.py", "my.smk", "my_test.py", "my_tests.smk"]


def test_a_figure_of_a_user_is_drawn_from_a_table(with_files):
    done = with_files.snakemake("--cores", "2", "-s", "my.smk", "my_figure")
    assert done.returncode == 0, done.stdout
    drawn = (with_files.results / "figures" / "my_figure.svg").read_text()
    assert "<svg" in drawn


def test_a_test_of_a_user_measures_every_network_with_maps(with_files):
    done = with_files.snakemake("--cores", "2", "-s", "my_tests.smk", "my_tests")
    assert done.returncode == 0, done.stdout
    for run in MAPPED:
        table = read_table(with_files.results / "tests" / run / "my_test.csv")
        assert table["sure"].between(0, 1).all() and set(table["dataset"]) == {run.split("/")[0]}
