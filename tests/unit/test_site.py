"""The site of the documentation: its gallery, its API page and its packages. `make docs` builds it."""

import ast
import re
import tomllib

import pytest

from conftest import ROOT

GALLERY = ROOT / "docs" / "gallery"
SCRIPTS = sorted(GALLERY.glob("*.py"))


def test_the_gallery_has_eight_scripts_in_order():
    assert [re.sub(r"_[a-z].*", "", path.name) for path in SCRIPTS] == [f"plot_{i}" for i in range(1, 9)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_has_a_title_sentences_blocks_and_a_figure(path):
    tree = ast.parse(text := path.read_text())
    compile(tree, path, "exec")
    title, line, empty, *sentences = ast.get_docstring(tree).splitlines()
    assert set(line) == {"="} and len(line) >= len(title) and not empty
    assert 3 <= len(re.findall(r"[.?!](?=\s|$)", " ".join(sentences))) <= 8
    blocks = text.split("\n# %%\n")
    assert len(blocks) > 3 and re.search(r"\bplt\.show\(\)|\.cards\(\)", blocks[-1])
    assert "download" not in re.sub(r'""".*?"""|#.*', "", text, flags=re.DOTALL)


def test_the_modules_of_the_api_page_exist():
    named = re.findall(r"automodule:: ([\w.]+)", (ROOT / "docs" / "api.rst").read_text())
    assert len(named) == len(set(named)) > 20
    for name in named:
        path = ROOT / "src" / name.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), name


def test_the_packages_of_the_site_are_pinned_and_named_with_their_reason():
    lines = (ROOT / "envs" / "docs.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["docs"]
    assert sorted(re.split("[=<>]", line)[0] for line in extra) == sorted(pinned)
    listed = (ROOT / "docs" / "dependencies.md").read_text()
    assert all(re.search(rf"^\| {name} \|", listed, re.MULTILINE) for name in pinned)
