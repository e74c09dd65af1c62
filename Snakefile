# The entry point of the workflow: configuration, rules and targets.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.19")  # for <results> in paths


# By default, paths are relative to this checkout, from wherever snakemake is started. --directory changes it.
workdir: str(workflow.current_basedir)


configfile: str(Path(workflow.current_basedir, "config", "config.yaml"))


report: "report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/maps.smk"
include: "workflow/rules/tests.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


onstart:
    check_first()
    kept_outputs.keep(workflow.dag.needrun_jobs(), Path(RESULTS))


onerror:
    kept_outputs.give_back(workflow.dag.needrun_jobs(), Path(RESULTS), workflow.persistence)


rule all:
    default_target: True
    input:
        rules.results.input,
        rules.report.output,
    localrule: True


# The same, if a network of the user is planned.
rule own:
    input:
        check_own_network,
        rules.all.input,
    localrule: True


# Every rule gets two params, by which a change re-runs it: `code`, a digest of its script and of what that imports of
# ours, and `numerics`. Every script gets its conda environment.
dependencies.complete(workflow.rules, config["numerics"])
