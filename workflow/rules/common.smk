# The configuration, the table of runs, and short functions for the rules. Nothing in this file runs a job.
import gc
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

# A study of thousands of jobs consists of many long-lived objects, so Python looks for garbage less often.
gc.set_threshold(100_000)
# Jobs run the code of this checkout, also if another version is installed.
ROOT = Path(workflow.current_basedir).parents[1]
FOLDERS = [str(ROOT / folder) for folder in ("src", "workflow", "")]
sys.path[:0] = FOLDERS
os.environ.update(PYTHONPATH=os.pathsep.join([*FOLDERS, *filter(None, [os.getenv("PYTHONPATH")])]))

from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.networks import instructions

if config["numerics"] == "portable":
    os.environ.update(instructions.variables())

from study import datasets, dependencies, kept_outputs, outputs, runs, settings
from study.configuration import mistakes, typed
from study.dependencies import code_of
from study.findings.definitions import PUBLISHED_RATES
from study.findings.matrices import MATRICES
from study.findings.numbers import NUMBERS
from study.job import NETWORK, RUN, WITH_TRUTH, config_digest
from study.sources import source_of
from study.sources.downloads import DOWNLOADS

update_config(config, typed(workflow.config_settings.config))
# Only in the main process, not again in every job.
if workflow.is_main_process and (sentences := mistakes(config)):
    raise WorkflowError(
        "The configuration cannot be used.\n" + "\n".join(f"- {sentence}" for sentence in sentences)
    )

RESULTS = f"results/{config['study']}"


# <results>, <logs> and <benchmarks> in the paths of the rules.
pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",


wildcard_constraints:
    dataset="[a-z0-9_]+",
    run=r"[a-z0-9_]+/[a-z0-9_]+/seed\d+",
    part=r"\d+",
    maps="dfm|maps/[a-z0-9_]+",
    rendition="[a-z0-9_]+",
    table="[a-z0-9_]+",


STUDY = datasets.complete(config)  # the configuration with the data sets that it does not list
RUNS = runs.table(STUDY)  # the sample sheet: one row a network, with a truth value for each step
TRANSFERS = runs.transfers(STUDY, RUNS)  # pairs of runs
RUN_OF = {(run["dataset"], run["run"]): run for run in RUNS.to_dict("records")}
FIRST_KINDS = runs.first_kinds(RUNS)
TABLES = outputs.tables(STUDY, RUNS)  # names
FIGURES = outputs.figures(RUNS)  # the names of the figures of each kind
WITH_TWIN = [name for name, dataset in config["datasets"].items() if "ood" in dataset]
PARTS = {name: datasets.parts_of_culling(STUDY, name) for name in STUDY["datasets"]}


# Runs and their files


def files(pattern, where):
    """Input: the files of the runs for which a condition holds."""
    return [pattern.format(**run) for run in RUNS.query(where).to_dict("records")]


def transferred(pattern):
    """Input: the files of the pairs of runs of which one's maps are tested on the other."""
    return [pattern.format(**pair) for pair in TRANSFERS.to_dict("records")]


def datasets_with(where):
    """The data sets of the runs for which a condition holds."""
    return list(RUNS.query(where)["dataset"].unique())


def network_of(wildcards):
    """The name of the network of a job."""
    return wildcards.run.split("/")[0]


def augmentation_of(wildcards):
    """The augmentation of the training of the network of a job."""
    return wildcards.run.split("/")[1]


def tested_maps(run):
    """The files of the maps of a run that are tested: of the culling, then one a method."""
    folders = ["dfm", *(f"maps/{name}" for name in run["tested_methods"])]
    return [f"<results>/{folder}/{run['dataset']}/{run['run']}.h5" for folder in folders]


def all_tested_maps(where):
    """The same of the runs for which a condition holds."""
    return [file for run in RUNS.query(where).to_dict("records") for file in tested_maps(run)]


def row_of_job(wildcards):
    """The row of the run of a job. Raises WorkflowError for a run that is not planned."""
    key = wildcards.dataset, wildcards.run
    if key not in RUN_OF:
        raise WorkflowError(
            f"{wildcards.dataset}/{wildcards.run} is not planned: add it to the plan of the configuration"
        )
    return RUN_OF[key]


def maps_of_job(wildcards):
    """Input: the maps that a job tests."""
    return tested_maps(row_of_job(wildcards))


def maps_of_methods(where="planned"):
    """The files of the maps of the methods that the plan names, of the runs for which a condition holds."""
    return [
        f"<results>/maps/{name}/{run['dataset']}/{run['run']}.h5"
        for run in RUNS.query(where).to_dict("records")
        for name in run["methods"]
    ]


def methods_of_job(wildcards):
    """Params: the methods of these maps beside the culling."""
    return row_of_job(wildcards)["tested_methods"]


def rendition_files(dataset):
    """The image stores of all renditions of a data set."""
    return [
        f"<results>/data/ood/{dataset}/{rendition}.h5"
        for rendition in datasets.renditions(STUDY, dataset)
    ]


def one_of(names):
    """Wildcard constraint: one of these names."""
    return "|".join(names) or "(?!)"


def run_of_networks(with_source):
    """Wildcard constraint: the runs of networks that have, or lack, a source."""
    names = [
        name for name, network in config["networks"].items() if ("source" in network) == with_source
    ]
    return rf"({one_of(names)})/[a-z0-9_]+/seed\d+"


# Data sets, networks and tables of the study
MADE = datasets_with(f"planned & kind in {WITH_TRUTH}")  # data sets
TRAINED_ON = datasets_with("planned & trained")  # data sets
PAPER_TABLES = [name for name in TABLES if name.startswith("table_")]
TRAINED = list(RUNS.query("planned & trained")["network"].unique())  # networks
JUDGED_PHOTOGRAPHS = outputs.judged_photographs(STUDY, RUNS)  # data sets
MEASURED = [name for name in (*NUMBERS, *MATRICES) if name in TABLES]  # claims follow from these
NOTEBOOKS = [kind for kind, names in FIGURES.items() if names] + (
    ["paper_tables"] if PAPER_TABLES else []
)


# Params


def section(name, *keys):
    """Params: some keys of a section of the configuration."""
    return settings.section(config, name, *keys)


def of_source(name):
    """Input or params: what the source of the data set of a job says of it; `name` of its method."""
    return lambda wildcards: getattr(source_of(STUDY, wildcards.dataset), name)()


def search_of_job(wildcards):
    """Params: how the maps of a job are found."""
    return settings.search(config, wildcards.get("maps", "dfm"))


def code_of_search(wildcards):
    """Params: the code that finds them."""
    return code_of("scripts.find_maps", registry.module_of(search_of_job(wildcards)["method"]))


def parts_of(wildcards):
    """Input: the parts of a culling that is divided."""
    parts = PARTS[wildcards.dataset] if wildcards.get("maps") == "dfm" else 1
    return expand(rules.find_part.output[0], part=range(parts), **wildcards) if parts > 1 else []


def part_of_classes(wildcards):
    """Params: which part of the classes, of how many."""
    return [int(wildcards.part), PARTS[wildcards.dataset]] if "part" in wildcards.keys() else [0, 1]


def recipe_of_job(wildcards):
    """Params: how the network of a job is trained."""
    return settings.recipe(STUDY, wildcards.dataset, network_of(wildcards))


def training_of_job(wildcards):
    """Params: the settings of the training of the network of a job besides its recipe."""
    return settings.training(STUDY, wildcards.dataset, augmentation_of(wildcards))


def network_settings(wildcards):
    """Params: the network of a job as the configuration describes it."""
    return config["networks"][network_of(wildcards)]


def first_kinds(names):
    """Params: the first kind of networks, [network, augmentation], of each of some data sets."""
    return {name: FIRST_KINDS[name] for name in names}


# Figures


def kinds_of(table):
    """Params: [data set, network, augmentation] of the networks in a table of the paper, if there is one."""
    if table not in TABLES:
        return []
    kinds = RUNS.query(outputs.TABLES[table])[NETWORK].drop_duplicates()
    in_order = kinds.sort_values("dataset", key=lambda names: names.factorize()[0], kind="stable")
    return in_order.values.tolist()


def pictures(kind):
    """Output: the figures of a kind as PNG."""
    return [f"<results>/figures/{kind}_{name}.png" for name in FIGURES[kind]]


def in_report(kind, title, category):
    """Output: the figures of a kind as SVG. The report shows those of photographs, or all where there are none.

    There is only one label: Snakemake turns a second label with two values, each on half of the results, into a switch,
    and the page breaks if a result has no counterpart.
    """
    shown = outputs.shown(RUNS, kind, FIGURES[kind])
    found = []
    for name in FIGURES[kind]:
        path = f"<results>/figures/{kind}_{name}.svg"
        label = {"result": title if name == "all" else f"{title}: {name}"}
        caption = f"../../report/captions/{kind}.rst"
        if name in shown:
            path = report(path, caption=caption, category=category, labels=label)
        found.append(path)
    return found


# Claims and run times


def measured_in(wildcards):
    """Input: the table that claims follow from; of `reliance` those of runs, not their means."""
    if wildcards.table == "reliance":
        return files(rules.reliance.output.reliance, "reliance")
    return [f"<results>/tables/{wildcards.table}.csv"]


def benchmarks_of_searches():
    """Input: run times of the searches for maps: the culling, or its parts, and other methods."""
    found = []
    for run in RUNS.query("maps").to_dict("records"):
        wildcards = {"dataset": run["dataset"], "run": run["run"]}
        parts = PARTS[run["dataset"]]
        own = rules.find_part.benchmark if parts > 1 else rules.find_maps.benchmark
        found += expand(own, maps="dfm", part=range(parts), **wildcards)
        found += expand(
            rules.find_maps.benchmark,
            maps=[f"maps/{name}" for name in run["tested_methods"]],
            **wildcards,
        )
    return found


# Code and files of the user


def code_of_source(wildcards):
    """Params: the code that builds the store of a data set."""
    return code_of("scripts.build_store", source_of(STUDY, wildcards.dataset).__module__)


def state_of_inputs(wildcards):
    """Params: the state of the files of the user. A function, so that no other job reads the folders."""
    planned = RUNS.query("planned")
    return dependencies.inputs_digest(
        STUDY, planned["dataset"].unique(), planned["network"].unique()
    )


def common_normalisation(wildcards):
    """Params: mean and std of the networks on a data set, if the user gives the same for all."""
    networks = RUNS["network"][RUNS["planned"] & RUNS["dataset"].eq(wildcards.dataset)]
    return datasets.normalisation_of(config, set(networks))


def source(path):
    """Input: a file of this checkout."""
    return os.path.relpath(ROOT / path)


def checkpoint_file(wildcards):
    """Input: the checkpoint of an external network. If it is missing, the rule `check` has a better error message."""
    path = network_settings(wildcards)["checkpoint"]
    return path if path and os.path.isfile(path) else []


def module_of_user(wildcards):
    """Input: the code of an external network, as far as it lies in the working folder."""
    return dependencies.code_of_entry_point(network_settings(wildcards)["source"])


def state_of_checkpoint(wildcards):
    """Params: the size and the time of a checkpoint, so that an older file also counts as a change."""
    return repr(dependencies.file_state(network_settings(wildcards)["checkpoint"]))


def check_first():
    """Check the inputs before the first job starts, if the rule `check` is due. Raises WorkflowError for mistakes."""
    due = any(job.rule.name == "check" for job in workflow.dag.needrun_jobs())
    if due and find_spec("torch"):  # if only the jobs have it, as with conda, the job alone checks
        from study.inputs import check  # here, since it takes seconds

        wrong, found = check(STUDY, scheduled=scheduled())
        if wrong:
            text = "\n".join(f"- {sentence}" for sentence in wrong)
            raise WorkflowError(
                f"The configuration names things that cannot be used. Nothing was started.\n{text}"
            )
        print(*found, sep="\n", file=sys.stderr)


def check_plan(wildcards):
    """Input: nothing. Raises WorkflowError if no network is planned."""
    if not RUNS["planned"].any():
        raise WorkflowError(
            f"the plan of {config['study']} is empty: name the networks to train, or a target"
        )
    return []


def check_own_network(wildcards):
    """Input: nothing. Raises WorkflowError if no network of the user is planned."""
    if not (RUNS["planned"] & RUNS["external"]).any():
        raise WorkflowError(
            "no network in the plan is your own: copy config/own.yaml and add --configfile"
        )
    return []


# How jobs run. These are functions, since the way jobs are run is known only after the rules are read.


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
