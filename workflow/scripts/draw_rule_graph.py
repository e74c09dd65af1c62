"""Draw the dependencies between the wings of the workflow: which kind of rules needs the output of which."""

import re
from pathlib import Path

from frequency_shortcuts.figures.canvas import save
from frequency_shortcuts.figures.rule_graph import rule_graph
from study.job import job, run_snakemake

# The wings in order, each with the files of workflow/rules that hold its rules. An arrow back, as from maps to networks
# that are trained with them, is left out.
WINGS = {
    "data": ["data"],
    "networks": ["training", "graded"],
    "spectra": ["spectra"],
    "maps": ["culling", "methods"],
    "tests": ["testing", "analysis"],
    "findings": ["tables", "findings"],
    "figures": ["figures"],
    "report": ["report"],
}
TABLES = ("method_tables", "wave_table", "runtimes", "truth")  # tables that are made beside what they are about


def read_dot(text):
    """Snakemake's rule graph in dot as a mapping: rule -> the rules that it needs."""
    names = dict(re.findall(r'^\s*(\d+)\[label = "([^"]+)"', text, re.MULTILINE))
    needs = {name: set() for name in names.values()}
    for before, after in re.findall(r"^\s*(\d+) -> (\d+)", text, re.MULTILINE):
        needs[names[after]].add(names[before])
    del needs["all"]  # it needs nearly every rule
    return needs


def wing_of(rule, files):
    """The wing of a rule; files : rule -> the file that names it. Rules that a loop makes are figures or tests."""
    if rule.startswith("figure_"):
        return "figures"
    if rule in TABLES:
        return "findings"
    return next(wing for wing, names in WINGS.items() if files.get(rule, "testing") in names)


def read_files(folder):
    """Rule -> the file, without its ending, that names it."""
    return {
        name: path.stem
        for path in sorted(Path(folder).glob("*.smk"))
        for name in re.findall(r"^\s*(?:use )?rule (?:\w+ as )?(\w+)", path.read_text(), re.MULTILINE)
    }


def grouped(needs, files):
    """The same mapping of wings, and the number of rules of each."""
    wings = {rule: wing_of(rule, files) for rule in needs}
    order, members = list(WINGS), list(wings.values())
    between = {wing: set() for wing in WINGS if wing in members}
    for rule, before in needs.items():
        between[wings[rule]] |= {wings[name] for name in before}
    forward = {
        wing: sorted(name for name in before if order.index(name) < order.index(wing))
        for wing, before in between.items()
    }
    return forward, {wing: members.count(wing) for wing in forward}


def main(snakemake):
    """Get the graph from Snakemake and draw it."""
    with job(snakemake):
        text = run_snakemake(snakemake.config, "all", "--rulegraph", "dot", "--forceall")
        needs, counts = grouped(read_dot(text), read_files("workflow/rules"))
        labels = {wing: f"{wing}\n{count} rule{'s' if count > 1 else ''}" for wing, count in counts.items()}
        save(rule_graph(needs, labels), Path(snakemake.output.svg).with_suffix(""))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
