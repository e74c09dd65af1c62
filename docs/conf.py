"""The settings of the site: its pages are the Markdown files of the repository, the docstrings and the gallery."""

import logging
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

project = html_title = "Frequency shortcuts"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_gallery.gen_gallery"]
html_theme = "furo"
html_show_copyright = False

# The sources lie in the root of the repository (make docs), so that links between pages work on a code host as well.
root_doc = "README"
source_suffix = {".md": "markdown", ".ipynb": "markdown", ".rst": "restructuredtext"}
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/**",
    "config/README.md",
    "results/README.md",
    "build/gallery/**",
    "build/errors.md",
]
exclude_patterns = [".*", "docs/gallery", "build/site", "build/doctrees", "build/**.ipynb"]
myst_heading_anchors = 3
default_role = "code"  # of `names` in docstrings

for package in ("frequency_shortcuts", "study"):
    logging.getLogger(package).setLevel("WARNING")  # the scripts need not say how far they are

autodoc_member_order = "bysource"
autodoc_type_aliases = {
    name: name.rpartition(".")[2]
    for name in ("npt.ArrayLike", "BoolArray", "FloatArray", "IntArray", "Images")
}

sphinx_gallery_conf = {
    "examples_dirs": "docs/gallery",
    "gallery_dirs": "build/gallery",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

GALLERY = "build/gallery/index"
MARKS = re.compile(r"^>>> .*?(?=\n\n|\Z)|`[^`]*`|[|*]", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(\w+)\n-{3,}$", re.MULTILINE)
PARAMETER = re.compile(r"^([`\w]+(?:, [`\w]+)*) : (.*(?:\n    .*)*)$", re.MULTILINE)
OUTPUTS = {  # of a notebook, the best first
    "text/html": "```{{raw}} html\n{}\n```",
    "image/png": "![output](data:image/png;base64,{})",
    "text/plain": "```text\n{}\n```",
}


def read_page(app: Any, docname: str, source: list[str]) -> None:
    """Link the pages of the gallery instead of its folder, and make a menu of the pages that the README lists.

    A notebook is run, and becomes Markdown: its cells, and their outputs as text or picture.
    """
    if app.env.doc2path(docname, base=False).suffix == ".ipynb":
        with tempfile.TemporaryDirectory() as folder:
            about = {"metadata": {"path": folder}}
            ran = NotebookClient(
                nbformat.reads(source[0], as_version=4), timeout=300, resources=about
            ).execute()
        source[0] = "\n\n".join(part for cell in ran.cells for part in _parts(cell))
    source[0] = re.sub(r"\]\((\.\./|docs/)*gallery/README\.rst\)", f"](/{GALLERY}.rst)", source[0])
    if docname == root_doc:
        listed = re.findall(
            r"\]\((\w+/\w+)\.(?:md|ipynb)\)", source[0].partition("## Documentation")[2]
        )
        pages = [
            listed[0],
            GALLERY,
            *listed[1:],
            "build/errors",
            "docs/api",
            "CHANGELOG",
            "CONTRIBUTING",
        ]
        menu = "\n".join(dict.fromkeys(pages))
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n\n{menu}\n```\n"


def read_docstring(
    app: Any, what: str, name: str, item: object, options: object, lines: list[str]
) -> None:
    """Make reStructuredText of a docstring: `name : text`, with the indented lines below, is an item of a list."""
    text = MARKS.sub(lambda mark: mark[0] if len(mark[0]) > 1 else f"\\{mark[0]}", "\n".join(lines))
    text = HEADING.sub(r"**\1**\n", text)
    lines[:] = PARAMETER.sub(_as_item, text).split("\n")


def read_signature(
    app: Any,
    what: str,
    name: str,
    item: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Write the types of `autodoc_type_aliases` by their names alone."""
    plain = (
        text and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text)
        for text in (signature, returns)
    )
    return next(plain), next(plain)


def _parts(cell: dict[str, Any]) -> Iterator[str]:
    text = "".join(cell["source"])
    yield text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
    for output in (
        each for each in cell.get("outputs", ()) if each.get("name") != "stderr"
    ):  # no progress
        data = output.get("data", {"text/plain": output.get("text")})
        kind = next(kind for kind in OUTPUTS if kind in data)
        yield OUTPUTS[kind].format("".join(data[kind]).rstrip())


def _as_item(found: re.Match[str]) -> str:
    name, text = found[1].replace("`", ""), found[2].replace("\n    ", "\n  ")
    return f"\n* **{name}** : {text}\n"


def write_index(app: Any, error: Exception | None) -> None:
    """Lead from the first page that servers look for to the README."""
    Path(app.outdir, "index.html").write_text(
        '<meta http-equiv="refresh" content="0; url=README.html">'
    )


def setup(app: Any) -> None:
    """Connect the functions above."""
    app.connect("source-read", read_page)
    app.connect("autodoc-process-docstring", read_docstring)
    app.connect("autodoc-process-signature", read_signature)
    app.connect("build-finished", write_index)
