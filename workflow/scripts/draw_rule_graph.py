"""Draw the dependencies between the rules."""

import re
from pathlib import Path

from frequency_shortcuts.figures.canvas import save
from frequency_shortcuts.figures.rule_graph import rule_graph
from study.job import job, run_snakemake


def read_dot(text):
    """Snakemake's rule graph in dot as a mapping: rule -> the rules that it needs."""
    names = dict(re.findall(r'^\s*(\d+)\[label = "([^"]+)"', text, re.MULTILINE))
    needs = {name: [] for name in names.values()}
    for before, after in re.findall(r"^\s*(\d+) -> (\d+)", text, re.MULTILINE):
        needs[names[after]].append(names[before])
    del needs["all"]  # it needs nearly every rule
    return needs


def main(snakemake):
    """Get the graph from Snakemake and draw it."""
    with job(snakemake):
        needs = read_dot(run_snakemake(snakemake.config, "all", "--rulegraph", "dot", "--forceall"))
        save(rule_graph(needs), Path(snakemake.output.svg).with_suffix(""))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
