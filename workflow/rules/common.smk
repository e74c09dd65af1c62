# What the rules ask of workflow/study. Nothing in here runs a job.
import gc
import os
import shutil

from snakemake.exceptions import WorkflowError

# A plan of thousands of jobs is made of objects that all stay: Python need not look for garbage among them so often.
gc.set_threshold(100_000)
sys.path.insert(0, str(Path(workflow.basedir, "workflow")))
# Jobs run the library of this checkout, the one whose files are their inputs, whatever else is installed.
FOLDERS = [str(Path(workflow.basedir, folder)) for folder in ("src", "workflow")]
os.environ.update(PYTHONPATH=os.pathsep.join([*FOLDERS, *filter(None, [os.getenv("PYTHONPATH")])]))

from study import report as catalogue
from study import states
from study.configuration import mistakes
from study.dependencies import code_of as code, code_of_entry_point
from study.figures import FIGURES
from study.figures import inputs as figure_inputs
from study.figures import parameters as figure_parameters
from study.job import NETWORK, digest, run_snakemake
from study.plan import FOLDER as RUN
from study.plan import ROBUSTNESS, WITH_TRUTH, Plan

# Once: not again in every job.
if workflow.is_main_process and (found := mistakes(config)):
    raise WorkflowError("The configuration cannot be used.\n" + "\n".join(f"- {sentence}" for sentence in found))

plan = Plan(config)
RESULTS = plan.results


wildcard_constraints:
    dataset="[a-z0-9_]+",
    network="[a-z0-9_]+",
    augmentation="[a-z0-9_]+",
    seed=r"\d+",
    part=r"\d+",
    name="[a-z0-9_]+",
    table="[a-z0-9_]+",


def one_of(names):
    """Wildcard constraint: one of these names."""
    return "|".join(names) or "(?!)"


def from_source(source):
    """Wildcard constraint: the data sets that come from a source."""
    return one_of(plan.from_source(source))


def by_dataset(function):
    """Input or params: what a function gives for the data set."""
    return lambda wildcards: function(wildcards.dataset)


def first_seed(pattern):
    """Input: a file of the run with the smallest seed of a network."""
    return lambda wildcards: plan.expand_first_seeds(pattern, **{key: wildcards[key] for key in NETWORK})[0]


def setting(dpath, *default):
    """Params: what the configuration holds there, or the default; as `lookup`, which searches all of it for every job."""
    return lambda wildcards: plan.setting(dpath.format(**dict(wildcards.items())), *default)


def present(dpath):
    """Input: a file that the configuration names; where it is missing, the rule `check` says so in a better sentence."""

    def found(wildcards):
        path = setting(dpath)(wildcards)
        return path if path and Path(path).is_file() else []

    return found


def state_of(dpath):
    """Params: size and time of a file that the configuration names: an older file in its place is a change, too."""
    return lambda wildcards: repr(states.file_state(setting(dpath)(wildcards)))


def entry_point_files(dpath):
    """Input: the files of an entry point's module and of all that it imports, as far as they lie in the working folder."""
    return lambda wildcards: code_of_entry_point(setting(dpath)(wildcards))


def check_first():
    """Run the rule `check` where it is due, before the first job starts or is submitted. Raises WorkflowError if it fails."""
    if any(job.rule.name == "check" for job in workflow.dag.needrun_jobs()):
        methods = [method.item_to_choice() for method in workflow.deployment_settings.deployment_method]
        deployment = ["--software-deployment-method", *methods] if methods else []
        try:
            run_snakemake(config, "check", "--cores", "1", "--no-hooks", *deployment, captured=False)
        except RuntimeError as error:
            raise WorkflowError("Nothing was started: mend what the check says first.") from error


def own():
    """Input: all there is, if the plan holds a network that the user provides."""

    def outputs(wildcards):
        if not any(run["network"] in plan.external_networks for run in plan.runs()):
            raise WorkflowError("no network in the plan is your own: copy config/own.yaml and add --configfile")
        return [*plan.outputs(), f"{RESULTS}/report.html"]

    return outputs


# Functions, because how jobs are run is known only after the rules are read.


def on_gpu():
    """Whether jobs use a GPU. With device auto, those that a scheduler starts do: its GPUs cannot be seen from here."""
    scheduled = workflow.non_local_exec or workflow.remote_exec
    return config["device"] == "cuda" or (config["device"] == "auto" and bool(scheduled or shutil.which("nvidia-smi")))


def torch_threads(wildcards):
    """Threads: on a CPU two jobs of one thread are faster than one of two; a GPU job needs threads to feed it."""
    return 4 if on_gpu() else 1


def gpus(wildcards):
    """Resources: the GPUs of a job that uses a network."""
    return 1 if on_gpu() else 0


def growing(amount):
    """Resources: this much, and twice as much with every retry (none, unless a profile says so)."""
    return lambda wildcards, attempt: amount * 2 ** (attempt - 1)
