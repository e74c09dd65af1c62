"""The captions of figures and tables, for the report: Jinja templates that see the configuration and some phrases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment

from study.findings.definitions import PUBLISHED

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
