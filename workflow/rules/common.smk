# One-line wrappers around workflow/study, for the rules. Nothing in this file runs a job.
import gc
import os
import shutil
from functools import partial
from importlib.util import find_spec

from snakemake.exceptions import WorkflowError

# A plan of thousands of jobs consists of many long-lived objects, so Python looks for garbage less often.
gc.set_threshold(100_000)
# Jobs run the library of this checkout, whose files are their inputs, also if another version is installed.
FOLDERS = [str(Path(workflow.basedir, folder)) for folder in ("src", "workflow")]
sys.path[:0] = FOLDERS
os.environ.update(PYTHONPATH=os.pathsep.join([*FOLDERS, *filter(None, [os.getenv("PYTHONPATH")])]))

from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.networks import instructions

if config["numerics"] == "portable":
    os.environ.update(instructions.variables())

from study import claims, dependencies, figures, kept_outputs, targets
from study.configuration import duplicate_keys, mistakes
from study.dependencies import code_of, code_of_notebook
from study.findings.definitions import PUBLISHED_RATES
from study.findings.matrices import MATRICES
from study.findings.numbers import NUMBERS
from study.job import FOLDER as RUN
from study.job import WITH_TRUTH, config_digest, run_of
from study.plan import Plan
from study.tests import TESTS
from study.tests.harm import FEW, THE_TEST, artefacts_of, planted_in
from study.tests.shortcuts import deciding
from study.sources.downloads import DOWNLOADS

# Only in the main process, not again in every job.
if workflow.is_main_process and (sentences := [*duplicate_keys(workflow.configfiles), *mistakes(config)]):
    raise WorkflowError("The configuration cannot be used.\n" + "\n".join(f"- {sentence}" for sentence in sentences))

plan = Plan(config)
RESULTS = plan.results
PARTS = config["culling"]["parts"]
FIGURES = figures.names(plan)  # the names of the figures of each kind
PAPER_TABLES = targets.paper_tables(plan)
JUDGES_TEST = config["harm"]["judge"] == THE_TEST  # where a benchmark is planned


wildcard_constraints:
    dataset="[a-z0-9_]+",
    network="[a-z0-9_]+",
    augmentation="[a-z0-9_]+",
    seed=r"\d+",
    part=r"\d+",
    maps="dfm|maps/[a-z0-9_]+",
    table="[a-z0-9_]+",


def one_of(names):
    """Wildcard constraint: one of these names."""
    return "|".join(names) or "(?!)"


def by_dataset(function):
    """Input or params: the result of a function for the data set."""
    return lambda wildcards: function(wildcards.dataset)


def files_of(pattern, runs):
    """Input: the files of some runs, from their pattern with the wildcards of a run."""
    return [pattern.format(**run) for run in runs]


def of_datasets(names):
    """The wildcards of some data sets, for `files_of`."""
    return [{"dataset": name} for name in names]


def first_kinds(names):
    """Params: the first kind of networks, [network, augmentation], of each of some data sets."""
    return {name: plan.first_kinds[name] for name in names if name in plan.first_kinds}


def pictures(kind):
    """Output: the figures of a kind as PNG."""
    return [f"{RESULTS}/figures/{kind}_{name}.png" for name in FIGURES[kind]]


def in_report(kind, title, category):
    """Output: the figures of a kind as SVG. The report shows those of photographs, or all where there are none.

    There is only one label: Snakemake turns a second label with two values, each on half of the results, into a switch,
    and the page breaks if a result has no counterpart.
    """
    shown = figures.shown(plan, kind)
    files = []
    for name in FIGURES[kind]:
        path = f"{RESULTS}/figures/{kind}_{name}.svg"
        label = {"result": title if name == "all" else f"{title}: {name}"}
        caption = f"../../report/captions/{kind}.rst"
        files.append(report(path, caption=caption, category=category, labels=label) if name in shown else path)
    return files


def code_of_step(script, *modules):
    """Params: the code of a script, and of modules that it imports by their names."""
    return lambda wildcards: code_of(f"scripts.{script}", *modules)


def code_of_figures(wildcards, input):
    """Params: the code of what draws the figures of a notebook."""
    return code_of_notebook(input.notebook)


def checkpoint(wildcards):
    """Input: the checkpoint of an external network. If it is missing, the rule `check` has a better error message."""
    path = config["networks"][wildcards.network]["checkpoint"]
    return path if path and os.path.isfile(path) else []


def check_first():
    """Check the inputs before the first job starts, if the rule `check` is due. Raises WorkflowError for mistakes."""
    due = any(job.rule.name == "check" for job in workflow.dag.needrun_jobs())
    if due and find_spec("torch"):  # if only the jobs have it, as with conda, the job alone checks
        from study.inputs import check  # here, since it takes seconds

        wrong, found = check(plan, scheduled=scheduled())
        if wrong:
            text = "\n".join(f"- {sentence}" for sentence in wrong)
            raise WorkflowError(f"The configuration names things that cannot be used. Nothing was started.\n{text}")
        print(*found, sep="\n", file=sys.stderr)


def of_plan(wildcards):
    """Input: all outputs of the study."""
    if not plan.runs():
        raise WorkflowError(f"the plan of {config['study']} is empty: a benchmark has no report, name no target")
    return targets.of_study(plan)


def everything(wildcards):
    """Input: all outputs of the study, and the report. It is made again if one of them is missing."""
    return [*of_plan(wildcards), f"{RESULTS}/report.html"]


def default_target():
    """What `snakemake` makes without a target: all of a study, or the tables and the figure of a benchmark."""
    return "all" if plan.runs() else {"test": "leaks", "trainings": "cure"}[config["harm"]["judge"]]


def own(wildcards):
    """Input: the same, if the plan holds a network of the user."""
    if not any(run["network"] in plan.external_networks for run in plan.runs()):
        raise WorkflowError("no network in the plan is your own: copy config/own.yaml and add --configfile")
    return everything(wildcards)


def judged_test_files():
    """Output: what the exchange test says of the networks of a benchmark that judges it."""
    files = {"answers": "flips.h5", "flips": "flips.csv", "data": "data.csv"} if JUDGES_TEST and plan.drawn_runs else {}
    return {name: f"{RESULTS}/tests/{RUN}/{file}" for name, file in files.items()}


def parts_of(wildcards):
    """Input: the parts of a culling that is divided."""
    divided = PARTS > 1 and wildcards.get("maps") == "dfm"
    return expand(rules.find_part.output[0], part=range(PARTS), **wildcards) if divided else []


# These are functions, since the way jobs are run is known only after the rules are read.


def scheduled():
    """Whether a scheduler runs the jobs. Its GPUs are not visible on this machine."""
    return bool(workflow.non_local_exec or workflow.remote_exec)


def on_gpu():
    """Whether jobs use a GPU. With device auto, jobs of a scheduler do."""
    return config["device"] == "cuda" or (
        config["device"] == "auto" and bool(scheduled() or shutil.which("nvidia-smi"))
    )


def torch_threads(wildcards):
    """Threads: on a CPU, two jobs of one thread are faster than one of two. On a GPU, threads prepare the images."""
    return 4 if on_gpu() else 1


def gpus(wildcards):
    """Resources: number of GPUs of a job that uses a network."""
    return 1 if on_gpu() else 0


def growing(amount):
    """Resources: this amount, doubled with every retry (only profiles set retries)."""
    return lambda wildcards, attempt: amount * 2 ** (attempt - 1)
