"""Draw the dependencies between the rules."""

import re
from pathlib import Path

from frequency_shortcuts.figures.canvas import save
from frequency_shortcuts.figures.rule_graph import rule_graph
from study.job import job, run_snakemake


def read_dot(text):
    """Snakemake's rule graph in dot as a mapping: rule -> the rules that it needs; all kinds of figures are one."""
    labels = dict(re.findall(r'^\s*(\d+)\[label = "([^"]+)"', text, re.MULTILINE))
    names = {number: "figure" if label.startswith("figure_") else label for number, label in labels.items()}
    needs = {name: set() for name in names.values()}
    for before, after in re.findall(r"^\s*(\d+) -> (\d+)", text, re.MULTILINE):
        needs[names[after]].add(names[before])
    del needs["all"]  # it needs nearly every rule
    return {name: sorted(before) for name, before in needs.items()}


def main(snakemake):
    """Get the graph from Snakemake and draw it."""
    with job(snakemake):
        needs = read_dot(run_snakemake(snakemake.config, "all", "--rulegraph", "dot", "--forceall"))
        save(rule_graph(needs), Path(snakemake.output.svg).with_suffix(""))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
