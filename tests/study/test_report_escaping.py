"""No text of the configuration is code in the report: captions and cover show it as it is."""

import copy
import re
from html import unescape
from types import SimpleNamespace

import jinja2
import pytest
import yaml
from docutils.core import publish_parts
from snakemake.utils import update_config

from conftest import ROOT
from frequency_shortcuts.findings import headlines
from study.captions import Caption
from study.catalogue import SHOWN, TABLES
from study.figures import FIGURES

HOSTILE = [
    'a``\n\n.. raw:: html\n\n   <script>alert(1)</script>\n\nb',
    "`x <javascript:alert(1)>`_ |sub| *em* _ref_ [1]_ http://x.org",
    "<script>alert(1)</script>",
    "\\``a`` \\",
    " :raw-html:`<b>`  \u00e4 \u4e2d",
    "data/weights_.pt",
]  # fmt: skip
CONFIG, OWN = (yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("config", "own"))
COVER, FIGURE, TABLE, EXPLORER = (
    (ROOT / "report" / name).read_text()
    for name in ("workflow.rst", "captions/figure.rst", "captions/table.rst", "captions/explorer.rst")
)
HEADLINES = (ROOT / "report" / "headlines.rst.jinja").read_text()
LINKS = {"Findings", *re.findall(r"`([\w.]+)`_", COVER + HEADLINES)}


def hostile(text):
    """The configuration of a network and images of the user, with a text wherever one is allowed, and odd names."""
    config = copy.deepcopy(CONFIG)
    update_config(config, copy.deepcopy(OWN))
    config["study"] = "study_"
    network = config["networks"].pop("my_network") | {"checkpoint": text, "options": {"a": text}}
    images = config["datasets"].pop("my_images") | {"root": text, "classes": {text: text, "b": "c"}}
    config["networks"]["__net_"], config["datasets"]["_set_"] = network, images
    config["datasets"]["_set_"]["ood"] = {"root": text, "renditions": ["ink-", "_x"]}
    config["plan"] = [{"datasets": ["_set_"], "networks": ["__net_"], "augmentations": ["none"], "seeds": [0]}]
    return config


def html_of(rst):
    """The HTML of a text, as Snakemake writes it into its report; Snakemake adds targets for the links to results."""
    targets = "".join(f"\n\n.. _{name}: x" for name in LINKS)
    return publish_parts(rst + targets, writer="html", settings_overrides={"warning_stream": False})["html_body"]


def rendered(template, **values):
    """The HTML of a template, rendered as Snakemake does it."""
    text = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(template).render(**values)
    return html_of(text.replace(".. include:: results/", ".. results/"))


def assert_harmless(html, shown):
    """The page has no error, no script or link of a hostile text, and shows the text."""
    assert "system-message" not in html, re.findall(r'<div class="system-message".*?</div>', html, re.DOTALL)
    assert "<script" not in html and "javascript:" not in re.sub(r">[^<]*<", "><", html) and "<b>" not in html
    text = " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())
    for expected in shown:
        assert " ".join(expected.split()) in text, expected


def caption(kind, text):
    """The HTML of the caption of a kind of figures, for a configuration with a text wherever one is allowed."""
    config = hostile(text)
    if kind in ("bandstop", "dynamics"):
        config["datasets"]["_set_"]["control_band"] = 1
    text = Caption(FIGURES[kind].caption, config, ["_set_"], {"band_edges": [], "percent": 5})
    return rendered(FIGURE, snakemake=SimpleNamespace(params=SimpleNamespace(caption=text)))


def main_results(text):
    """The HTML of the main results, with a text as the name of a class and in the sentence of a finding."""
    counts = {"n_strong": 1, "n_weak": 0, "n_none": 0, "n_without": 0, "n_low_frequency": 1}
    network = {
        "dataset": "_set_", "network": "__net_", "augmentation": "none", "seeds": 1, "test_accuracy": 0.9,
        "fill": "zeros", "strong": [{"class": text, "tpr_dfm": 0.9, "fpr_dfm": 0.1}], "more": 0, **counts,
    }  # fmt: skip
    page = headlines.fill_template(
        HEADLINES, percent=5, strong=0.6, most_fpr=0.1, answers=[f"It holds on _set_: {text}."], networks=[network],
        flips=f"Of 2 networks, {text}",
        picture={"dataset": "_set_", "result": "a.svg", "lines": []}, on_photographs=True, n_tested=1, **counts,
    )  # fmt: skip
    return html_of(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_the_configuration_are_shown_as_they_are(text):
    snakemake = SimpleNamespace(config=hostile(text))
    cover = rendered(COVER, snakemake=snakemake, categories=[SimpleNamespace(name="Findings")])
    assert_harmless(cover, ['study is "study_"', "__net_ is an external network", text])
    assert_harmless(caption("renditions", text), [text])
    assert_harmless(main_results(text), [text, "_set_", "__net_"])


def test_no_other_caption_holds_a_text_of_the_configuration():
    for kind in FIGURES:
        assert_harmless(caption(kind, HOSTILE[0]), [])
    snakemake = SimpleNamespace(config=hostile(HOSTILE[0]), output=["results/study_/explorer.html"])
    assert_harmless(rendered(EXPLORER, snakemake=snakemake), ["results/study_/explorer.html"])
    snakemake.input = {"table": "results/study_/tables/t.csv"}
    for table in SHOWN:
        snakemake.params = SimpleNamespace(caption=Caption(TABLES[table].caption, snakemake.config))
        assert_harmless(rendered(TABLE, snakemake=snakemake), ["results/study_/tables/t.csv"])
