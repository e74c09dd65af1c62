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
from study.figures import FIGURES
from study.report import TABLES

HOSTILE = [
    'a``\n\n.. raw:: html\n\n   <script>alert(1)</script>\n\nb',
    "`x <javascript:alert(1)>`_ |sub| *em* _ref_ [1]_ http://x.org",
    "<script>alert(1)</script>",
    "\\``a`` \\",
    " :raw-html:`<b>`  \u00e4 \u4e2d",
    "data/weights_.pt",
]  # fmt: skip
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
COVER, FIGURE, TABLE, EXPLORER = (
    (ROOT / "report" / name).read_text()
    for name in ("workflow.rst", "captions/figure.rst", "captions/table.rst", "captions/explorer.rst")
)
HEADLINES = (ROOT / "report" / "headlines.rst.jinja").read_text()
LINKS = {"Findings", *re.findall(r"`([\w.]+)`_", COVER + HEADLINES)}


def hostile(text):
    """The configuration of a network and images of the user, with a text wherever one is allowed, and odd names."""
    config = copy.deepcopy(CONFIG)
    update_config(config, yaml.safe_load((ROOT / "config" / "own.yaml").read_text()))
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
    for one in shown:
        assert " ".join(one.split()) in text, one


@pytest.mark.parametrize("text", HOSTILE)
def test_the_cover_shows_texts_of_the_configuration_as_they_are(text):
    categories = [SimpleNamespace(name="Findings")]
    snakemake = SimpleNamespace(config=hostile(text))
    html = rendered(COVER, snakemake=snakemake, categories=categories)
    assert_harmless(html, ['scale "study_"', "__net_ is an external network", text])


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", FIGURES)
def test_captions_of_figures_show_texts_of_the_configuration_as_they_are(kind, text):
    config = hostile(text)
    if kind in ("bandstop", "dynamics"):
        config["datasets"]["_set_"]["control_band"] = 1
    given = {"band_edges": [], "percent": 5}
    snakemake = SimpleNamespace(
        config=config,
        rule=f"figure_{kind}",
        params=SimpleNamespace(names=["_set_"], parameters={"figures": [given]}),
    )
    shown = [text] if kind == "renditions" else []
    assert_harmless(rendered(FIGURE, snakemake=snakemake), shown)


@pytest.mark.parametrize("table", TABLES)
def test_captions_of_tables_hold_no_text_of_the_configuration(table):
    snakemake = SimpleNamespace(
        config=hostile(HOSTILE[0]),
        wildcards=SimpleNamespace(table=table),
        input={"table": "results/study_/tables/t.csv"},
    )
    assert_harmless(rendered(TABLE, snakemake=snakemake), ["results/study_/tables/t.csv"])


def test_the_caption_of_the_explorer_holds_no_text_of_the_configuration():
    snakemake = SimpleNamespace(config=hostile(HOSTILE[0]), output=["results/study_/explorer.html"])
    assert_harmless(rendered(EXPLORER, snakemake=snakemake), ["results/study_/explorer.html"])


@pytest.mark.parametrize("text", HOSTILE)
def test_the_main_results_show_names_and_details_as_they_are(text):
    """Names of classes, data sets, networks, and the sentences of findings, which name classes."""
    counts = {"n_strong": 1, "n_weak": 0, "n_none": 0, "n_without": 0, "n_low_frequency": 1}
    network = {
        "dataset": "_set_", "network": "__net_", "augmentation": "none", "seeds": 1, "test_accuracy": 0.9,
        "fill": "zeros", "strong": [{"class": text, "tpr_dfm": 0.9, "fpr_dfm": 0.1}], "more": 0, **counts,
    }  # fmt: skip
    finding = {"finding": "a", "claim": "It is so", "verdict": "holds", "sentence": f"It holds on _set_: {text}."}
    page = headlines.fill_template(
        HEADLINES, percent=5, strong=0.6, findings=[finding], pictures=[], networks=[network], n_tested=1, **counts,
        judged_from=0.5, most_fpr=0.1, steps=[{"step": "train", "minutes": 1.0, "resumed": 1}],
    )  # fmt: skip
    assert_harmless(html_of(page), [text, "_set_", "__net_"])
