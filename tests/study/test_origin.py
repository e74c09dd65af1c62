"""Results say what they are of and what they were made from; a step refuses those of another run, set or origin."""

import ast
import contextlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import torch
from test_plan import PLAN, plan

from frequency_shortcuts.data import stores
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.fingerprint import weights_digest
from frequency_shortcuts.storage.checksums import DamagedFile
from frequency_shortcuts.storage.files import replacing_hdf5
from study import targets, tests
from study.dependencies import SCRIPTS
from study.job import job
from study.origin import check_origin, origin_of, place_of

ARCHITECTURE = architectures.Architecture("resnet18", n_classes=2, channels=1, size=8, width=2, stem="small")
RUN, SEED_1 = "d/n/none/seed0", "d/n/none/seed1"


def write_store(path, seed=0, created_by="frequency-shortcuts", **about):
    images = np.random.default_rng(seed).integers(0, 256, (4, 1, 8, 8), dtype=np.uint8)
    splits = {"test": (images, np.arange(4) % 2)}
    about |= origin_of(path)
    stores.write(
        path, splits, classes="ab", source="", statistics=([0.5], [0.2]), created_by=created_by, about=about
    )  # fmt: skip


def write_weights(path, seed=0, created_by="frequency-shortcuts", **made_from):
    network = architectures.build(ARCHITECTURE, seed)
    facts = {"created_by": created_by, **origin_of(path, **made_from)}
    architectures.save(path, network.state_dict(), ARCHITECTURE, facts)


def write_maps(path, seed=0, created_by="frequency-shortcuts", **made_from):
    with replacing_hdf5(path) as file:
        file["mask/top_5"] = np.random.default_rng(seed).random((2, 8, 8)) < 0.5
        file.attrs.update(created_by=created_by, **origin_of(path, **made_from))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Every kind of result of two data sets, and of two seeds of a network on each of them."""
    root, number = tmp_path_factory.mktemp("built"), 0
    with contextlib.chdir(root):
        for dataset in ("d", "e"):
            images = f"results/test/data/{dataset}.h5"
            write_store(images, number)
            for name in ("sketch", "noisy"):
                path = f"results/test/data/ood/{dataset}/{name}.h5"
                write_store(path, number, **origin_of(path, images=images))
            write_maps(f"results/test/adcs/{dataset}.h5", images=images)
            for run in (f"{dataset}/n/none/seed{seed}" for seed in (0, 1)):
                number += 1
                weights, maps = f"results/test/networks/{run}/weights.safetensors", f"results/test/dfm/{run}.h5"
                write_weights(weights, number, images=images)
                made_from = {"weights": weights, "images": images}
                write_maps(maps, number, **made_from)
                for place in (
                    f"stability/{run}", f"maps/rise/{run}", f"maps/greedy/{run}", f"tests/{run}/sensitivity",
                    *(f"dfm/{run}_part{part}" for part in (0, 1)),
                ):  # fmt: skip
                    write_maps(f"results/test/{place}.h5", number, **made_from)
                others = {"rise": f"results/test/maps/rise/{run}.h5"}
                write_maps(f"results/test/tests/{run}/hits.h5", number, **made_from, maps=maps, methods=others)
    return root


@pytest.fixture
def results(built, tmp_path, monkeypatch):
    """A copy of these results."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results" / "test"


def inputs(results):
    """All results, as a step is given them."""
    return sorted(str(path.relative_to(results.parents[1])) for path in results.rglob("*.*"))


def error_of(results, capsys):
    step = SimpleNamespace(log=[str(results.parents[1] / "log")], threads=1, config={}, rule="step")
    with pytest.raises(SystemExit), job(SimpleNamespace(**vars(step), input=inputs(results))):
        raise AssertionError("it was not refused")
    return capsys.readouterr().err


SOURCES = {
    "images": "results/test/data/d.h5", "weights": f"results/test/networks/{RUN}/weights.safetensors",
    "maps": f"results/test/dfm/{RUN}.h5",
}  # fmt: skip


def test_a_test_of_other_maps_of_a_method_is_refused(results, capsys):
    name, maps = f"results/test/tests/{RUN}/hits.h5", f"results/test/maps/rise/{RUN}.h5"
    write_maps(name, **SOURCES, methods={"rise": f"results/test/maps/greedy/{SEED_1}.h5"})
    assert f"{name}: it was made from other maps than those in {maps}; make it again: " in error_of(results, capsys)


def test_names_dtypes_shapes_and_values_change_the_identity_of_weights():
    weights = {"a": torch.zeros(2, 3), "b": torch.ones(2)}
    others = [
        {"a": torch.zeros(3, 2), "b": torch.ones(2)},
        {"a": torch.zeros(2, 3), "c": torch.ones(2)},
        {"a": torch.zeros(2, 3), "b": torch.tensor([1.0, 1 + 2**-23])},
        {"a": torch.zeros(2, 3), "b": torch.ones(2, dtype=torch.float64)},
        {"a": torch.zeros(2, 3)},
    ]
    assert len({weights_digest(changed) for changed in (weights, *others)}) == 6
    assert weights_digest(dict(reversed(weights.items()))) == weights_digest(weights)


def test_a_file_of_another_program_is_accepted_and_one_of_an_earlier_version_is_not(results):
    path = f"results/test/dfm/{RUN}.h5"
    with h5py.File(path, "w") as file:
        file["mask/top_5"] = np.ones((2, 8, 8), bool)
    check_origin(inputs(results)[:-1])  # without what was made from the maps that were there
    with replacing_hdf5(path) as file:
        file.attrs["created_by"] = "frequency-shortcuts 1"
    with pytest.raises(DamagedFile, match="its kind is not stated, not maps; make it again"):
        check_origin([path])


@pytest.mark.parametrize("path", ["data/d.h5", "/data/d.h5", "results/x/tables/d.csv", f"results/x/analysis/{RUN}.h5"])
def test_files_elsewhere_are_not_results(path):
    assert place_of(path) == {}


def test_every_hdf5_file_and_all_weights_of_a_plan_have_a_place():
    planned = plan(plan=[{**entry, "methods": ["rise"]} for entry in PLAN], culling={"parts": 2})
    parts = [f"{planned.results}/{search.partition('/')[2]}.h5" for search in planned.searches()]
    files = [*targets.of_study(planned), *planned.map_files(), *parts]
    kinds = {place_of(file).get("kind") for file in files if file.endswith((".h5", ".safetensors"))}
    assert kinds == {"images", "rendition", "spectra", "weights", "part", "maps", "halves", "method", "test"}


# What opens files in scripts and notebooks, by the last part of its name.
OPENING = {
    "File", "checksum", "compare_files", "first_test_images", "load", "load_network", "load_weights", "network_table",
    "normalisation", "open", "open_hdf5", "page", "planted_rows", "read", "read_bytes", "read_cards",
    "read_csv", "read_hdf5", "read_images", "read_joined", "read_mask", "read_metadata", "read_overall", "read_runs",
    "read_table", "read_text", "safe_open",
}  # fmt: skip


def opening(nodes):
    """The names of the calls among some nodes that open files."""
    names = [ast.unparse(node.func).rpartition(".")[2] for node in nodes if isinstance(node, ast.Call)]
    return OPENING.intersection(names)


def texts(tree):
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_a_script_opens_files_only_inside_a_job_which_checks_its_inputs(path):
    tree = ast.parse(path.read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    main = functions.pop("main")
    (block,) = [node for node in main.body if isinstance(node, ast.With) and "job(snakemake)" in ast.unparse(node)]
    before = set(ast.walk(main)) - set(ast.walk(block))
    called = {node.id for node in before if isinstance(node, ast.Name)} & set(functions)
    assert not opening(before) and not any(opening(ast.walk(functions[name])) for name in called)
    in_functions = {node for function in (*functions.values(), main) for node in ast.walk(function)}
    assert not opening(set(ast.walk(tree)) - in_functions)
    assert not [text for text in texts(tree) if text.startswith("results/")]  # paths come from Snakemake


def test_scripts_read_tables_for_the_plan():
    trees = {
        path: ast.parse(path.read_text()) for path in [*SCRIPTS.glob("*.py"), *Path(tests.__path__[0]).glob("*.py")]
    }
    assert not any(opening(ast.walk(tree)) & {"read_table", "read_csv"} for tree in trees.values())


@pytest.mark.parametrize("path", sorted((SCRIPTS.parent / "notebooks").glob("*.py")), ids=lambda path: path.stem)
def test_a_notebook_opens_its_parameters_alone_which_are_inputs_of_a_job(path):
    """`test_planned_outputs` compares the parameters with these inputs."""
    found = texts(ast.parse(path.read_text()))
    assert not [text for text in found if text.endswith((".h5", ".csv", ".safetensors")) or "results/" in text]


def test_results_that_belong_together_are_read(results):
    assert len(inputs(results)) == 2 * (4 + 2 * 9)
    check_origin(inputs(results))


@pytest.mark.parametrize(
    ("path", "other", "problem"),
    [
        ("data/d.h5", "data/e.h5", "its dataset is e, not d"),
        ("data/d.h5", "data/ood/d/sketch.h5", "its kind is rendition, not images"),
        ("data/ood/d/sketch.h5", "data/ood/d/noisy.h5", "its rendition is noisy, not sketch"),
        ("adcs/d.h5", "adcs/e.h5", "its dataset is e, not d"),
        *(
            (path.format(RUN), path.format(SEED_1), f"its run is {SEED_1}, not {RUN}")
            for path in (
                "networks/{}/weights.safetensors", "dfm/{}.h5", "maps/rise/{}.h5", "tests/{}/hits.h5",
            )
        ),
        (f"maps/rise/{RUN}.h5", f"maps/greedy/{RUN}.h5", "its name is greedy, not rise"),
        (f"dfm/{RUN}.h5", f"stability/{RUN}.h5", "its kind is halves, not maps"),
        (f"tests/{RUN}/sensitivity.h5", f"tests/{RUN}/hits.h5", "its test is hits, not sensitivity"),
        (f"dfm/{RUN}_half0_part1.h5", f"dfm/{RUN}_half1_part1.h5", "its images is half1, not half0"),
    ],
)  # fmt: skip
def test_each_kind_of_result_in_the_place_of_another_is_refused(results, capsys, path, other, problem):
    shutil.copy(results / other, results / path)
    name = f"results/test/{path}"
    sentence = f"ERROR in step: {name}: {problem}; make it again: rm {name}, then the same command (log"
    assert sentence in error_of(results, capsys)


OTHERS = {"images": "results/test/data/e.h5"} | {
    kind: SOURCES[kind].replace("seed0", "seed1") for kind in ("weights", "maps")
}


@pytest.mark.parametrize(
    ("path", "write", "made_from", "what"),
    [
        ("data/ood/d/sketch.h5", write_store, ["images"], "images"),
        (f"networks/{RUN}/weights.safetensors", write_weights, ["images"], "images"),
        (f"dfm/{RUN}.h5", write_maps, ["weights", "images"], "weights"),
        (f"maps/rise/{RUN}.h5", write_maps, ["weights", "images"], "images"),
        (f"tests/{RUN}/hits.h5", write_maps, ["weights", "images", "maps"], "maps"),
    ],
)
def test_a_result_of_the_right_run_that_was_made_from_other_files_is_refused(
    results, capsys, path, write, made_from, what
):
    """As if its weights, images or maps had been made again since."""
    name = f"results/test/{path}"
    of_others = {kind: (OTHERS if kind == what else SOURCES)[kind] for kind in made_from}
    write(name, **(origin_of(name, **of_others) if write is write_store else of_others))
    sentence = f"{name}: it was made from other {what} than those in {SOURCES[what]}; make it again: rm {name}, then"
    assert sentence in error_of(results, capsys)


@pytest.mark.parametrize(
    ("kind", "write", "places"),
    [
        ("images", write_store, ["data/d.h5", "data/other.h5"]),
        ("weights", write_weights, [f"networks/{run}/weights.safetensors" for run in (RUN, SEED_1)]),
        ("maps", write_maps, [f"dfm/{run}.h5" for run in (RUN, SEED_1)]),
    ],
)
def test_no_path_and_no_commit_changes_a_digest(results, kind, write, places):
    paths = [f"results/test/{place}" for place in places]
    for path, commit in zip(paths, ("1234", "abcd-dirty"), strict=True):
        write(path, seed=7, created_by=f"frequency-shortcuts 1, commit {commit}")
    first, second = (origin_of("", **{kind: path}) for path in paths)
    write(paths[1], seed=8)
    assert first == second != origin_of("", **{kind: paths[1]})
    assert list(first) == [f"{kind}_sha256"]
