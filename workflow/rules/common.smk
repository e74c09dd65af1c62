# All functions of the workflow. Nothing in here runs a job.
import functools
import gc
import hashlib
import os
import shutil
from itertools import product

from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
NOTEBOOKS = Path(workflow.basedir) / "workflow" / "notebooks"
LIBRARY = Path(workflow.basedir) / "src" / "frequency_shortcuts"
# A plan of thousands of jobs is made of objects that all stay: Python need not look for garbage among them so often.
gc.set_threshold(100_000)
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parent)]
# Jobs run the library of this checkout, the one whose files are their inputs, whatever else is installed.
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [*map(str, (LIBRARY.parent, SCRIPTS.parent)), os.getenv("PYTHONPATH")]))
)

import recipes
from check_config import mistakes, planting
from job import digest
from study.dependencies import code_of as code, code_of_entry_point

# Once: not again in every job.
if workflow.is_main_process and (found := mistakes(config)):
    raise WorkflowError("The configuration cannot be used.\n" + "\n".join(f"- {sentence}" for sentence in found))

STUDY = config["study"]
RESULTS = f"results/{STUDY}"
RUN = "{dataset}/{network}/{augmentation}/seed{seed}"
# The kinds of data sets whose truth is known.
WITH_TRUTH = ("synthetic", "planted")
# What a run's tests hold beyond those of the paper.
ROBUSTNESS = {"curves": "curves.csv", "sensitivity": "sensitivity.h5", "corruptions": "corruptions.csv"}
# Whether one job culls a network; else the jobs' files are told apart by PART.
WHOLE = config["culling"]["parts"] == 1
PART = "" if WHOLE else "_part{part}"


wildcard_constraints:
    dataset="[a-z0-9_]+",
    network="[a-z0-9_]+",
    augmentation="[a-z0-9_]+",
    seed=r"\d+",
    part=r"\d+",
    name="[a-z0-9_]+",
    table="[a-z0-9_]+",


# What is planned


# Asked for again and again, with a thousand networks in the plan: what the functions of this part give is kept, and
# may not be changed by who asks.


@functools.cache
def runs(**where):
    """Every planned training once, in order, as a dict of wildcards; `where` keeps those that match."""
    if where:
        return [run for run in runs() if all(run[key] == value for key, value in where.items())]
    keys = ("dataset", "network", "augmentation", "seed")
    planned = {}
    for entry in config["plan"]:
        for values in product(entry["datasets"], entry["networks"], entry["augmentations"], entry["seeds"]):
            planned[values] = dict(zip(keys, values))
    return list(planned.values())


@functools.cache
def datasets(*kinds):
    """The planned data sets of these kinds (synthetic, planted, photographs), in order."""
    names = dict.fromkeys(run["dataset"] for run in runs())
    return [name for name in names if not kinds or kind_of(name) in kinds]


def kind_of(dataset):
    """Whether a data set (a name, or wildcards with one) is synthetic, planted, or holds photographs."""
    name = dataset if isinstance(dataset, str) else dataset.dataset
    source = config["datasets"][name]["source"]
    return source if source in WITH_TRUTH else "photographs"


def one_of(names):
    """Wildcard constraint: one of these names."""
    return "|".join(names) or "(?!)"


def from_source(source):
    """Wildcard constraint: the data sets that come from a source."""
    return one_of(name for name, dataset in config["datasets"].items() if dataset["source"] == source)


@functools.cache
def brought():
    """The networks that are brought by the user, not trained."""
    return [name for name, network in config["networks"].items() if "source" in network]


def is_trained(run):
    """Whether the network of a run is trained."""
    return run["network"] not in brought()


def trained_runs():
    """The planned runs that are trained."""
    return list(filter(is_trained, runs()))


def of_runs(pattern, *kinds, trained=False, **where):
    """A pattern with the wildcards of every planned run (of those that are trained) filled in."""
    chosen = datasets(*kinds)
    planned = [run for run in runs(**where) if run["dataset"] in chosen]
    return [pattern.format(**run) for run in planned if not trained or is_trained(run)]


@functools.cache
def of_one_seed(**where):
    """One planned run of every network on every data set, that of its smallest seed; `where` keeps those that match."""
    least = {}
    for run in runs(**where):
        key = (run["dataset"], run["network"], run["augmentation"])
        if key not in least or run["seed"] < least[key]["seed"]:
            least[key] = run
    return list(least.values())


def first_seeds(pattern, **where):
    """A pattern with the wildcards of the runs of `of_one_seed` filled in; `where` keeps those that match."""
    return [pattern.format(**run) for run in of_one_seed(**where)]


def first_seed_of(pattern, wildcards):
    """A pattern with the run of `of_one_seed` of one network filled in."""
    (filled,) = first_seeds(pattern, **{key: getattr(wildcards, key) for key in ("dataset", "network", "augmentation")})
    return filled


def of_ood(pattern):
    """A pattern with the wildcards of every planned run that is tested out of distribution filled in."""
    return [file for name in with_ood() for file in of_runs(pattern, dataset=name)]


def renditions_of(dataset):
    """The renditions of a data set (a name, or wildcards with one): those that it brings, or the synthetic ones."""
    name = dataset if isinstance(dataset, str) else dataset.dataset
    twin = config["datasets"][name].get("ood")
    return twin["renditions"] if twin else config["ood"]["renditions"]


def renditions(dataset):
    """Input: the image stores of all renditions of a data set."""
    name = dataset if isinstance(dataset, str) else dataset.dataset
    return [f"{RESULTS}/data/ood/{name}/{rendition}.h5" for rendition in renditions_of(name)]


def halved():
    """The runs that are culled again on two halves of their images."""
    return of_one_seed() if config["stability"]["halves"] else []


def with_stability():
    """The planned data sets with maps to compare: of several runs, or of halves of the images."""
    names = {run["dataset"] for run in halved()}
    return [name for name in datasets() if name in names or len(runs(dataset=name)) > 1]


def with_ood():
    """The planned photographs that are tested out of distribution."""
    return [name for name in datasets("photographs") if renditions_of(name)]


def twins():
    """The data sets that bring an out-of-distribution twin in folders."""
    return [name for name, dataset in config["datasets"].items() if "ood" in dataset]


def transfers():
    """(maps of, tested on), two runs of one seed as paths without the results folder, for every planned transfer."""
    pairs = []
    for entry in config["transfer"]:
        ends = []
        for end in ("maps_of", "tested_on"):
            network, augmentation = entry[end].split("/")
            ends.append(runs(dataset=entry["dataset"], network=network, augmentation=augmentation))
        for source, target in product(*ends):
            if source["seed"] == target["seed"]:
                pairs.append((RUN.format(**source), RUN.format(**target)))
    return pairs


def baselines():
    """[data set, network, augmentation] of the baseline on every set of photographs: the first network that is planned
    for it, without augmentation if that is planned."""
    found = []
    for name in datasets("photographs"):
        network = runs(dataset=name)[0]["network"]
        augmentations = [run["augmentation"] for run in runs(dataset=name, network=network)]
        found.append([name, network, "none" if "none" in augmentations else augmentations[0]])
    return found


def baseline():
    """The wildcards of the first baseline, but for its seed; those of no run where there are no photographs."""
    keys = ("dataset", "network", "augmentation")
    return dict(zip(keys, baselines()[0])) if baselines() else {"dataset": None}


def larger():
    """[data set, network, augmentation] of everything on photographs that is not the baseline, in order."""
    keys = ("dataset", "network", "augmentation")
    planned = (tuple(run[key] for key in keys) for name in datasets("photographs") for run in runs(dataset=name))
    known = {tuple(key) for key in baselines()}
    return [list(key) for key in dict.fromkeys(planned) if key not in known]


def of_published(pattern):
    """A pattern with the wildcards of every brought-in map and planned run of its network filled in."""
    return [
        pattern.format(**run, name=entry["name"])
        for entry in config["published"]
        for run in runs(**{key: entry[key] for key in ("dataset", "network", "augmentation")})
    ]


# What a step needs


def scores_of_kind(wildcards):
    """What the learning dynamics are drawn by, as published: precision and recall on photographs, F1 on others."""
    return ["precision", "recall"] if kind_of(wildcards) == "photographs" else ["f1"]


def folder_listing(*keys):
    """Params: a digest of the names, sizes and times of the files in folders of a data set that keys name."""

    def listing(wildcards):
        dataset = config["datasets"][wildcards.dataset]
        roots = [Path(dataset[key]) for key in keys if key in dataset]
        return hashlib.sha256(repr([state_of_folder(root) for root in roots]).encode()).hexdigest()

    return listing


@functools.cache
def state_of_folder(root):
    """What changes when a file two levels below `root` does; of very many files only their names and folders' times."""
    names, times = [], []
    for folder in sorted(path for path in (root.iterdir() if root.is_dir() else ()) if path.is_dir()):
        times.append(folder.stat().st_mtime_ns)
        with os.scandir(folder) as entries:
            names += sorted(entry.path for entry in entries if entry.is_file())
    if len(names) > 50_000:
        return names, times
    return [(name, (about := os.stat(name)).st_size, about.st_mtime_ns) for name in names]


def rendition_listing(wildcards):
    """Params: a digest of the files of one rendition."""
    root = Path(config["datasets"][wildcards.dataset]["ood"]["root"]) / wildcards.rendition
    return hashlib.sha256(repr(state_of_folder(root)).encode()).hexdigest()


def state_of_inputs(wildcards):
    """Params: a digest of the folders and files that planned data sets and networks name."""
    states = []
    for name in datasets():
        dataset = config["datasets"][name]
        states += [state_of_folder(Path(dataset[key])) for key in ("root", "test_root", "stylised") if key in dataset]
        states += [
            state_of_folder(Path(dataset["ood"]["root"]) / rendition)
            for rendition in renditions_of(name)
            if "ood" in dataset
        ]
        states += [state_of_file(dataset[key]) for key in ("path",) if key in dataset]
        states += [state_of_file(path) for path in code_of_entry_point(dataset.get("entry_point", ""))]
    for name in dict.fromkeys(run["network"] for run in runs()):
        network = config["networks"][name]
        states += [
            state_of_file(path) for path in (network.get("checkpoint"), *code_of_entry_point(network.get("source", "")))
        ]
    return hashlib.sha256(repr(states).encode()).hexdigest()


def state_of_file(path):
    """Size and time of a file, if it is there."""
    return (os.stat(path).st_size, os.stat(path).st_mtime_ns) if path and Path(path).is_file() else None


def entry_point_files(dpath):
    """Input: the files of an entry point's module and of all that it imports, as far as they lie in the working folder."""
    return lambda wildcards: code_of_entry_point(named(dpath, wildcards))


def present(dpath):
    """Input: a file that the configuration names; where it is missing, `check` is to say so, in a better sentence."""

    def found(wildcards):
        path = named(dpath, wildcards)
        return path if path and Path(path).is_file() else []

    return found


def named(dpath, wildcards):
    """What the configuration holds at a path of keys with wildcards, or the {kind} of the data set, in it."""
    kind = {"kind": kind_of(wildcards)} if hasattr(wildcards, "dataset") else {}
    part = config
    for key in dpath.format(**dict(wildcards.items()), **kind).split("/"):
        part = part[key]
    return part


def setting(dpath):
    """Params: what the configuration holds there; as `lookup`, which searches all of it for every job."""
    return lambda wildcards: named(dpath, wildcards)


def optional(dpath, default=None):
    """Params: a key of the configuration that need not be there."""

    def value(wildcards):
        try:
            return named(dpath, wildcards)
        except (KeyError, TypeError):  # none, or nothing to look into
            return default

    return value


def by_name(*dpaths):
    """Params: values with their names. Snakemake compares the values of a rule's params alone, so that two of them,
    of one type, could be swapped without being noticed."""

    def values(wildcards):
        return repr({dpath: optional(dpath)(wildcards) for dpath in dpaths})

    return values


def state_of(dpath):
    """Params: size and time of a file that the configuration names: an older file in its place is a change, too."""
    return lambda wildcards: repr((dpath, state_of_file(named(dpath, wildcards))))


def seen_by(dataset):
    """Params: what the images are normalised with by the networks that are brought to a data set, if they agree on it."""
    mine = [config["networks"][run["network"]] for run in runs(dataset=dataset)]
    found = {(tuple(network.get("mean") or ()), tuple(network.get("std") or ())) for network in mine}
    mean, std = found.pop() if len(found) == 1 else ((), ())
    return {"mean": mean, "std": std} if mean else None


def order_of_folders(wildcards):
    """Params: the classes in the order of the names of their folders, in which the published tools number them."""
    folders = list((config["datasets"][wildcards.dataset].get("classes") or {}).values())
    return sorted(range(len(folders)), key=folders.__getitem__)


def published_file(wildcards):
    """The file of a brought-in map."""
    keys = ("name", "dataset", "network", "augmentation")
    for entry in config["published"]:
        if all(entry[key] == getattr(wildcards, key) for key in keys):
            return entry["file"]
    raise WorkflowError(f"The list `published` has no maps {wildcards.name} for this network.")


def cutoffs():
    """Params: the radius between low-pass and high-pass views of every planned data set."""
    return {name: config["training"][kind_of(name)]["dynamics"]["cutoff"] for name in datasets()}


def settings_of_kind(dpath):
    """Params: a part of the training settings of the data set's kind."""
    return setting(f"training/{{kind}}/{dpath}")


def recipe_of(wildcards):
    """Params: the recipe that a run is trained by."""
    return recipes.recipe_of(config, kind_of(wildcards), wildcards.network)


def culling_settings():
    """Params: what `culling.cull` is told, besides its images; what only screening reads is left out for exact."""
    culling = config["culling"]
    keys = ["method", "fill", "precision", "compiled", "memory_mib"]
    keys += ["percent", "target_recall", "patience"] if culling["method"] == "screened" else []
    return {key: culling[key] for key in keys}


def test_settings(**changes):
    """Params: the keyword arguments of `shortcuts.measure` that the configuration holds."""
    keys = ("parts", "fills", "controls", "radial", "others", "negatives", "seed")
    return {key: config["shortcuts"][key] for key in keys} | changes


def parts_of(pattern):
    """The files of all parts of a culling; the one file where it is whole."""
    return [pattern] if WHOLE else [pattern.replace("{part}", str(part)) for part in range(config["culling"]["parts"])]


def band_edges(dataset):
    """The band edges of a synthetic set (a name, or wildcards with one), none for others."""
    return config["synthesis"]["band_edges"] if kind_of(dataset) == "synthetic" else []


def planting_of(wildcards):
    """Params: the constants of a planted set."""
    return planting(config, config["datasets"][wildcards.dataset]["mechanism"])


# What a job gets


def on_gpu():
    """Whether jobs of this study will use a GPU: as asked, or, for auto, if this machine has one, or where the jobs
    are sent to others, whose GPUs cannot be seen from here: there GPU rules ask for one."""
    sent_away = workflow.non_local_exec or workflow.remote_exec
    return config["device"] == "cuda" or (config["device"] == "auto" and (sent_away or has_gpu()))


@functools.cache
def has_gpu():
    """Whether this machine has a GPU."""
    return shutil.which("nvidia-smi") is not None


# Functions, because how jobs are run is known only after the rules are read.


def torch_threads(wildcards):
    """Threads: on a CPU two jobs of one thread are faster than one of two; a GPU job needs threads to feed it."""
    return 4 if on_gpu() else 1


def gpus(wildcards):
    """Resources: the GPUs of a job that uses a network."""
    return 1 if on_gpu() else 0


def growing(amount):
    """Resources: this much, and twice as much with every retry (none, unless a profile says so)."""
    return lambda wildcards, attempt: amount * 2 ** (attempt - 1)


# What is made


def figures():
    """Names of all figures."""
    of_kind = {
        "samples": ["synthetic"] if datasets(*WITH_TRUTH) else [],
        "dynamics": list(dict.fromkeys(run["dataset"] for run in trained_runs())),
        "bandstop": datasets("synthetic"),
        "adcs": datasets(),
        "dfm": datasets(),
        "filtered": datasets(),
        "shortcuts": datasets(),
        "renditions": with_ood(),
        "ood": with_ood(),
        "truth": ["synthetic"] if datasets(*WITH_TRUTH) else [],
        "stability": with_stability(),
        "curves": datasets(),
        "sensitivity": datasets(),
        "corruptions": datasets() if config["robustness"]["corruptions"] else [],
    }
    cards = first_seeds("cards_{dataset}-{network}-{augmentation}")
    drawn = [f"{kind}_{name}" for kind, names in of_kind.items() for name in names]
    return [*drawn, *cards, "findings_all", "rule_graph"]


def tables():
    """Names of all tables that are made from the tests of all runs."""
    trained = ["dynamics"] if trained_runs() else []
    synthetic = ["bandstop"] if datasets("synthetic") else []
    photographs = ["ood"] if with_ood() else []
    transfer = ["transfer"] if config["transfer"] else []
    published = ["published"] if config["published"] else []
    planted = ["planted_use"] if datasets(*WITH_TRUTH) else []
    tests = ["shortcuts", "shortcuts_over_seeds", *planted, *photographs, *transfer, *published]
    return ["networks", *trained, *synthetic, *tests]


def paper_tables():
    """Numbers of the published study's tables that are rebuilt: those that there is something to put into.

    They are of the fill `zeros`, as published.
    """
    tested, in_renditions = ("zeros" in config[test]["fills"] for test in ("shortcuts", "ood"))
    return [
        *(["1"] if baselines() and tested else []),
        *(["2"] if larger() and tested else []),
        *(["3"] if with_ood() and tested and in_renditions else []),
    ]


def shown(files):
    """Of these files, the names of the tables that `TABLES` lists: what is typeset, and stands in the report."""
    there = {
        Path(file).stem for file in files if Path(file).parent == Path(RESULTS, "tables") and file.endswith(".csv")
    }
    return [name for name in TABLES if name in there]


@functools.cache
def made(table):
    """Input: a table of the study, if this study makes it."""
    path = f"{RESULTS}/tables/{table}.csv"
    return path if path in everything() else []


def key_figures():
    """The figures on the cover: maps and shortcut tests of the first photographs, ADCS of the first synthetic set."""
    photographs, synthetic = (datasets(kind)[:1] or datasets()[:1] for kind in ("photographs", "synthetic"))
    return [f"dfm_{photographs[0]}", f"shortcuts_{photographs[0]}", f"adcs_{synthetic[0]}"]


def handed_over(layout):
    """The maps of a run in a published layout, one file a percentage."""
    return [f"{RESULTS}/published/{RUN}/{layout}/top_{percent:g}.pkl" for percent in config["dfm"]["percents"]]


def scored():
    """The files of this part, short of its figures."""
    files = [f"{RESULTS}/stability/{RUN}.h5".format(**run) for run in halved()]
    files += [f"{RESULTS}/tables/truth.csv"] if datasets(*WITH_TRUTH) else []
    return files + ([f"{RESULTS}/tables/stability.csv"] if with_stability() else [])


def everything():
    """Every file of the study, short of the report."""
    files = [f"{RESULTS}/checked.txt", *[f"{RESULTS}/data/{name}.h5" for name in datasets()]]
    files += [f"{RESULTS}/adcs/{name}.h5" for name in datasets()]
    files += [file for name in with_ood() for file in renditions(name)]
    files += of_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors")
    files += of_runs(f"{RESULTS}/dfm/{RUN}.h5")
    files += of_runs(f"{RESULTS}/tests/{RUN}/bandstop.csv", "synthetic")
    files += of_runs(f"{RESULTS}/tests/{RUN}/shortcuts.csv")
    files += of_runs(f"{RESULTS}/tests/{RUN}/planted_use.csv", *WITH_TRUTH)
    files += of_ood(f"{RESULTS}/tests/{RUN}/ood.csv")
    files += [file for name in ROBUSTNESS.values() for file in of_runs(f"{RESULTS}/tests/{RUN}/{name}")]
    files += [f"{RESULTS}/tests/transfer.csv"] if config["transfer"] else []
    files += of_published(f"{RESULTS}/tests/{RUN}/published_{{name}}.csv")
    files += [f"{RESULTS}/figures/{name}.{suffix}" for name in figures() for suffix in ("svg", "png")]
    files += [f"{RESULTS}/tables/{name}.csv" for name in (*tables(), "curves", "corruptions")]
    files += scored()
    files += [f"{RESULTS}/tables/table_{number}.csv" for number in paper_tables()]
    files += [f"{RESULTS}/tables/{name}.csv" for name in ("findings", "published_numbers", "runtimes", "provenance")]
    # Below all that makes a table: those that `TABLES` lists are typeset.
    files += [f"{RESULTS}/tables/{name}.{suffix}" for name in shown(files) for suffix in ("tex", "html")]
    files += [f"{RESULTS}/config.yaml", f"{RESULTS}/tables/headlines.rst"]
    return files


def own():
    """Input: all there is, if the plan holds a network that the user brings."""

    def wanted(wildcards):
        if not any(run["network"] in brought() for run in runs()):
            raise WorkflowError("no network in the plan is your own: copy config/own.yaml and add --configfile")
        return [*everything(), f"{RESULTS}/report.html"]

    return wanted


# How figures and tables are filed in the report: what the study says first, then in the order of the paper.
CATEGORIES = {
    "findings": "0. Findings",
    "samples": "1. Synthetic data",
    "dynamics": "2. What is learned first",
    "bandstop": "3. Removing bands",
    "adcs": "4. What sets a class apart (ADCS)",
    "dfm": "5. Dominant frequencies",
    "shortcuts": "6. Shortcut tests",
    "ood": "7. Out of distribution",
    "beyond": "8. Beyond the paper",
    "run": "9. How it was run",
}


TITLES = {
    "samples": "images and spectra",
    "dynamics": "learning dynamics",
    "bandstop": "band-stop test",
    "adcs": "ADCS",
    "dfm": "dominant frequency maps",
    "cards": "class cards",
    "filtered": "images reduced to the maps",
    "findings": "findings and their intervals",
    "shortcuts": "TPR - FPR with controls",
    "renditions": "the renditions",
    "ood": "TPR by rendition",
    "truth": "maps against the planted truth",
    "stability": "stability of the maps",
    "curves": "recall without some frequencies",
    "sensitivity": "error under single plane waves",
    "corruptions": "recall under corruptions",
}


# The tables that are typeset and stand in the report, where the study makes them: title, and key of CATEGORIES.
TABLES = {
    "findings": ("the paper's findings, tested", "findings"),
    "published_numbers": ("published numbers beside ours", "findings"),
    "table_1": ("TPR and FPR of the baseline (table 1)", "shortcuts"),
    "table_2": ("larger networks and augmentations (table 2)", "shortcuts"),
    "shortcuts": ("verdict on every class, network and seed", "shortcuts"),
    "shortcuts_over_seeds": ("mean and spread over seeds", "shortcuts"),
    "transfer": ("maps of one network tried on another", "shortcuts"),
    "published": ("maps of the published tools beside ours", "shortcuts"),
    "table_3": ("TPR by class and rendition (table 3)", "ood"),
    "ood": ("every test on renditions", "ood"),
    "planted_use": ("is the planted mask used?", "beyond"),
    "truth": ("maps scored against what was planted", "beyond"),
    "stability": ("how stable the maps are", "beyond"),
    "curves": ("recall without some frequencies", "beyond"),
    "corruptions": ("recall under corruptions", "beyond"),
    "networks": ("networks and their accuracy", "run"),
    "runtimes": ("run times and memory", "run"),
    "provenance": ("versions, commit, device, seeds", "run"),
}


def filed(caption, title, category, name=""):
    """How a result stands in the report: its caption, its category (a key of CATEGORIES), and one label.

    One, because Snakemake makes a switch of a second label with two values, each on half of the results, and the page
    breaks where a result lacks its twin.
    """
    return {
        "caption": f"../../report/captions/{caption}.rst",
        "category": CATEGORIES[category],
        "labels": {"result": f"{title}: {name}" if name else title},
    }


def figure_files(kind, name="{dataset}", category=None):
    """Outputs of a figure rule: the drawing as SVG (in the report) and PNG, and the executed notebook."""
    stem = f"{kind}_{name}"
    return {
        "svg": report(f"{RESULTS}/figures/{stem}.svg", **filed(kind, TITLES[kind], category or kind, name)),
        "png": f"{RESULTS}/figures/{stem}.png",
        "notebook": f"{RESULTS}/notebooks/{stem}.ipynb",
    }
