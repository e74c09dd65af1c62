# The entry point of the workflow: configuration, rules and targets.
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.6")


# Paths are relative to this checkout, from wherever snakemake is started.
workdir: workflow.basedir


configfile: "config/config.yaml"


report: "report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/tests.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


onstart:
    check_first()
    kept_outputs.keep(workflow.dag.needrun_jobs(), Path(RESULTS))


onerror:
    kept_outputs.give_back(workflow.dag.needrun_jobs(), Path(RESULTS), workflow.persistence)


for target, files in {
    "all": everything,
    "results": of_plan,
    "own": own,
    "methods": targets.of_methods(plan),
    **{name: targets.of_benchmark(plan, name) for name in ("cure", "leaks")},
}.items():

    rule:
        name:
            target
        default_target: target == default_target()
        input:
            files,
        localrule: True


rule report:
    input:
        of_plan,
        captions=sorted(str(path) for path in Path("report").rglob("*.rst")),
        stylesheet="report/report.css",
        script="report/report.js",
    output:
        f"{RESULTS}/report.html",
    log:
        f"{RESULTS}/logs/report.log",
    localrule: True
    message:
        "Writing {output}"
    script:
        "workflow/scripts/make_report.py"


# All jobs run in one environment. All results depend on the numerics and on the code of their step, so that a change
# makes them again. Files that are fetched do not.
for each in workflow.rules:
    if each.script:
        each.conda_env = str(Path("envs/study.yaml").absolute())
    if each.name != "fetched_files":
        each.set_params(numerics=config["numerics"])
        if each.script and "code" not in each.params.keys():
            script = Path(each.script).stem
            each.set_params(code=code_of_figures if script == "run_notebook" else code_of_step(script))
