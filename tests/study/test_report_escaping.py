"""No text of the configuration is code in the report; and what a running Snakemake prints."""

import re
from html import unescape
from types import SimpleNamespace

import jinja2
import pytest
from configurations import shipped, typeset, updated
from docutils.core import publish_parts

from conftest import ROOT

HOSTILE = [
    "a``\n\n.. raw:: html\n\n   <script>alert(1)</script>\n\nb",
    "`x <javascript:alert(1)>`_ |sub| *em* _ref_ [1]_ \\``a`` :raw-html:`<b>` \\",
    "data/weights_.pt",
]
COVER = (ROOT / "report" / "workflow.rst").read_text()
CAPTIONS = sorted((ROOT / "report" / "captions").glob("*.rst"))
LINKS = set(re.findall(r"`([\w.]+)`_", COVER))


def hostile(text):
    """The configuration of a network and images of the user, with a text wherever one is allowed, and odd names."""
    config = updated(shipped("own"), {"study": "study_"})
    network = config["networks"].pop("my_network") | {"checkpoint": text, "options": {"a": text}}
    images = config["datasets"].pop("my_images") | {"root": text, "classes": {text: text, "b": "c"}}
    config["networks"]["__net_"], config["datasets"]["_set_"] = network, images
    config["datasets"]["_set_"]["ood"] = {"root": text, "renditions": ["ink-", "_x"]}
    config["plan"] = [
        {"datasets": ["_set_"], "networks": ["__net_"], "augmentations": ["none"], "seeds": [0]}
    ]
    return config


def rendered(template, **values):
    """The HTML of a template, as Snakemake writes it into its report; it adds targets for the links to results."""
    text = (
        jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
        .from_string(template)
        .render(**values)
    )
    rst = text.replace(".. include:: results/", ".. results/") + "".join(
        f"\n\n.. _{name}: x" for name in LINKS
    )
    return publish_parts(rst, writer="html", settings_overrides={"warning_stream": False})[
        "html_body"
    ]


def assert_harmless(html, shown):
    """The page has no error, no script or link of a hostile text, and shows the text."""
    assert "system-message" not in html, re.findall(
        r'<div class="system-message".*?</div>', html, re.DOTALL
    )
    assert (
        "<script" not in html
        and "javascript:" not in re.sub(r">[^<]*<", "><", html)
        and "<b>" not in html
    )
    text = " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())
    for expected in shown:
        assert " ".join(expected.split()) in text, expected


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_the_configuration_are_shown_as_they_are(text):
    snakemake = SimpleNamespace(config=hostile(text))
    assert_harmless(rendered(COVER, snakemake=snakemake), ['Study "study_" rebuilds'])


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_is_rst_without_any_text_of_the_user(path):
    rates = {name: ["TPR 0.96 (zebra, ResNet18)"] for name in ("table_1", "table_2", "transfer")}
    published = rates if path.stem == "table" else rates["table_2"]
    params = {"parameters": {"fill": "zeros"}, "published": published}
    text = HOSTILE[0]
    config = hostile(text)
    pages = []
    for table in typeset() if path.stem == "table" else [""]:
        snakemake = {
            "config": config,
            "params": params,
            "wildcards": {"table": table},
            "input": {"table": "a.csv"},
        }
        pages.append(rendered(path.read_text(), snakemake=snakemake))
        assert_harmless(pages[-1], [])
        assert len(re.sub("<.*?>", "", pages[-1])) > 60
    assert len(set(pages)) == len(pages)
