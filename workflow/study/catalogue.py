"""The tables of a study, those of its tests (see `tests`) and all others, and the captions of figures and tables.

A caption is a Jinja template that sees the configuration and some phrases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment

from frequency_shortcuts.spectrum.fills import ZEROS
from study.findings.definitions import PUBLISHED

from .description import Result, Table
from .plan import Plan
from .tests import TESTS

OTHERS = {
    "graded": Table(
        "the graded sets, one row a set and class: `seed` of the set, its cues, its images and its network; `class`; "
        "`gain` and `ring` (low, high), both empty for the class with nothing planted; `distinctiveness` of the "
        "training images, as in `adcs/`; `earliness`, the mean F1 over the tests after the first iteration; `recall` "
        "at the last test; `images`, test images of the class",
        planned=Plan.graded_seeds,
    ),
    "graded_dynamics": Table(
        "one row a set, test and class: `seed`, `iteration`, `class`, `precision`, `recall`, `f1`",
        planned=Plan.graded_seeds,
    ),
    "table_1": Table(
        "table 1 of the paper, one row a class, for the baseline (the first network planned for a set of photographs, "
        "without augmentation if that is planned), of the part keep and the fill zeros, without which there is no such "
        "table: `seeds`, `strong_seeds`; TPR and FPR `_unfiltered` and with the map (`_dfm`), `_mean` and `_sd` over "
        "seeds",
        Result("TPR and FPR of the baseline", "maps", "Table 1"),
        lambda plan: plan.baselines() and ZEROS.name in plan.config["shortcuts"]["fills"],
        caption="TPR and FPR of every class, unfiltered and with its top {{ config.shortcuts.percent }} % map alone "
        "(zeros elsewhere; {{ judged }}), mean and standard deviation over networks. The paper, on ImageNet-10: {{ "
        "published.table_1 | join('; ') }}.",
    ),
    "table_2": Table(
        "table 2 of the paper: as `table_1.csv`, for every other network and augmentation on photographs",
        Result("TPR and FPR of other networks and augmentations", "capacity", "Table 2"),
        lambda plan: plan.non_baselines() and ZEROS.name in plan.config["shortcuts"]["fills"],
        caption="As table 1, of every other network and augmentation. The paper, on ImageNet-10: {{ published.table_2 "
        "| join('; ') }}.",
    ),
    "table_3": Table(
        "table 3 of the paper, one row a network, class and `filter` (unfiltered, dfm, random, radial, low_pass, "
        "other), of the part keep and the fill zeros: TPR and FPR (not of radial) on the test images (`tpr_original`, "
        "`fpr_original`) and in each rendition (`tpr_{rendition}`, `fpr_{rendition}`), `_mean` and `_sd`",
        Result("TPR and FPR by class and rendition", "other", "Table 3"),
        lambda plan: (
            plan.ood_datasets() and all(ZEROS.name in plan.config[part]["fills"] for part in ("shortcuts", "ood"))
        ),
        caption="TPR and FPR of every class on the test images and in each rendition, unfiltered, with its top {{ "
        "config.shortcuts.percent }} % map alone, and with controls of its size (zeros elsewhere).",
    ),
    "claims": Table(
        "the claims, eight of the paper and four of ours, one row each: `claim`, `of` (paper, ours), `says`, "
        "`published` (the paper's number, if it has one); `value`, the mean over `networks`, or of (b) and (h) the "
        "share of them, with its 95 % interval `low`, `high` (of networks, from five on, or their images); `word`, "
        "from the interval alone: seen (above the threshold), not seen (below it, or within the bound), unclear, not "
        "measured; `decided`: of 15 networks or more, with a p of the word below 0.05 after Holm over the claims of "
        "the paper, or over ours; `figure`, which shows it. All are of the first photographs and kind of networks of "
        "the plan, maps of culling and zeros, but (a) of the graded sets, (b) of Syn_1 to Syn_4 with swap",
        Result("the claims", "claims"),
        caption="Each claim of the paper, and ours: the number that the paper gives, ours with its 95 % interval, the "
        "word that follows from it, and the figure that shows it. *Decided*: by 15 networks or more, and after Holm's "
        "correction.",
    ),
    "claim_variants": Table(
        "one row a `claim` and `variant`: `dataset`, `networks_of`; `value`, `low`, `high`, `networks`, `word` as in "
        "`claims.csv`, in no correction. The variants are other fills and maps, `other networks`, `one direction` of "
        "(e2), a rendition of (e1), the classes C1 and C3 of (b), the `low ring` of (a), and the differences of (f) "
        "and (g), seed by seed (better, worse, as well within 0.04, or undecided); without a `variant`: the claim on "
        "further data sets, or of further networks that it is about",
        Result("variants of the claims", "claims"),
        caption="The same for other fills, maps, networks and data sets, without a correction. Without a variant: the "
        "claim itself, on further data sets or networks.",
    ),
    "claim_numbers": Table(
        "the number of each network behind these rows: `claim`, `variant`, `dataset`, `networks_of`, `seed`, `value` "
        "(1 or 0 of (b) and (h)), `half_width` of its own 95 % interval over images"
    ),
    "runtimes": Table(
        "one row a heavy job: `step`, `run`; `wall_s` and `memory_mib`, as Snakemake measured them, `processor_s`, as "
        "the job did; `resumed`: it went on with what an earlier attempt had stored, and its times are those of the "
        "last attempt",
        Result("run times and memory", "run"),
        caption="Wall-clock time, processor time and memory of every heavy job. Of a resumed job, they are those of "
        "its last attempt.",
    ),
    "provenance": Table(
        "`key` and `value`: versions, commit, digest of the configuration, device, numerics and instructions, machine, "
        "seeds, data sets; written when results change",
        Result("versions, commit, device, seeds", "run"),
        caption="Versions, commit, digest of the configuration, device, numerics, machine, seeds and data sets.",
    ),
}
TABLES = {**{name: table for test in TESTS.values() for name, table in test.tables.items()}, **OTHERS}
SHOWN = {name: table.result for name, table in TABLES.items() if table.result}  # those in the report

PHRASES = r"""
{# A text as RST that shows it unchanged, on one line. -#}
{% macro plain(text) %}{% for letter in text.split() | join(" ") %}
{{ letter if letter.isalnum() or letter == " " else "\\" ~ letter }}{% endfor %}{% endmacro -%}
{# The kinds of these data sets; then the data sets with the numbers of their seeds, or with their control bands. -#}
{% set kinds %}{% for name in names if name in config.datasets %}{% set source = config.datasets[name].source %}
{{ source if source in ("synthetic", "planted") else "photographs" }} {% endfor %}{% endset -%}
{% macro seeds() %}{% for name in names %}
{% set of = namespace(seeds=[]) %}
{% for entry in config.plan if name in entry.datasets %}{% set of.seeds = of.seeds + entry.seeds %}{% endfor %}
{{ plain(name) }}: {{ of.seeds | unique | list | length }}{{ ", " if not loop.last }}{% endfor %}{% endmacro -%}
{% macro control_bands() %}{% for name in names if config.datasets[name].source == "synthetic" %}
{{ plain(name) }}: {{ config.datasets[name].control_band }}{{ ", " if not loop.last }}{% endfor %}{% endmacro -%}
{% set judged -%}
{{ config.shortcuts.images_per_class or "all" }} {{ config.shortcuts.split }} images a class
{%- endset -%}
"""


@dataclass(frozen=True)
class Caption:
    """The caption of a table, or of the figures of a kind; as a text, it is filled in.

    A param of this type re-runs nothing, since Snakemake compares only params of builtin types.

    template : it sees `config`, `names`, `parameters`, the rates that the paper gives as `published`, and `PHRASES`
    names, parameters : the names of the figures, and the parameters of the first one
    """

    template: str = field(repr=False)
    config: Mapping[str, Any] = field(repr=False)
    names: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        environment = Environment(trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(PHRASES + self.template)
        given = {"config": self.config, "names": self.names, "parameters": self.parameters, "published": PUBLISHED}
        return template.render(given).strip()
