"""The ledger: what a step reads is what another step wrote, made from what is there; and outputs that stay."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from study import kept_outputs, ledger
from study.job import job

CONFIG = {"study": "test", "datasets": {"d": {"source": "synthetic"}}}
STUDY = Path("results/test")
# Each step with its outputs and inputs: two seeds of a network.
STEPS = [
    (["data/d.h5"], []), (["networks/{seed}/w.safetensors"], ["data/d.h5"]),
    (["dfm/{seed}.h5"], ["networks/{seed}/w.safetensors"]), (["pictures"], []),
    (["tests/{seed}.csv", "tests/{seed}.svg"],
     ["networks/{seed}/w.safetensors", "dfm/{seed}.h5", "data/d.h5", "pictures"]),
]  # fmt: skip


def paths(names, seed):
    return [str(STUDY / name.format(seed=seed)) for name in names]


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """The finished study: a store, a folder, and files of bytes that differ."""
    monkeypatch.chdir(tmp_path)
    for seed in (0, 1):
        for outputs, inputs in STEPS:
            made_from = ledger.check(["src/code.py", *paths(inputs, seed)], CONFIG)
            for path in map(Path, paths(outputs, seed)):
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.name == "d.h5":
                    with h5py.File(path, "w") as file:
                        file.attrs.update(dataset="d", configured_source="synthetic")
                elif path.name == "pictures":
                    (path / "c").mkdir(parents=True, exist_ok=True)
                    (path / "c" / "0.png").write_bytes(b"picture")
                else:
                    path.write_bytes(f"{path} made".encode())
            ledger.record(paths(outputs, seed), made_from, CONFIG)
    return STUDY


def error_of(*names):
    with pytest.raises(ValueError, match=r"^results/test/") as caught:
        ledger.check(paths(names, 0), CONFIG)
    assert "\n" not in str(caught.value)
    return str(caught.value)


ALL = [name for outputs, _ in STEPS for name in outputs]


def test_whole_results_are_accepted_and_digests_are_those_of_the_files(results):
    for name in (".snakemake_timestamp", ".DS_Store", "Thumbs.db"):
        (results / "pictures" / name).touch()
    found = ledger.check(paths(ALL, 0), CONFIG)
    assert found["tests/0.csv"] == ledger.digest(results / "tests" / "0.csv") and len(found) == len(ALL)
    entry = json.loads((results / ".ledger" / "tests" / "0.csv.json").read_text())
    assert set(entry["made_from"]) == {"networks/0/w.safetensors", "dfm/0.h5", "data/d.h5", "pictures"}
    assert not list(results.rglob("*.partial"))


@pytest.mark.parametrize("name", ALL)
def test_a_flipped_bit_in_any_kind_of_file_is_refused_with_what_to_type(results, name):
    name = name.format(seed=0)
    path = results / name / "c" / "0.png" if name == "pictures" else results / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    command = f"rm {'-r ' if name == 'pictures' else ''}{STUDY / name}, then the same command"
    accepted = f"or rm {STUDY}/.ledger/{name}.json, to accept it"
    assert error_of(name) == f"{STUDY / name} is not what its step wrote: {command}, {accepted}"


@pytest.mark.parametrize("change", ["added", "renamed"])
def test_another_name_in_a_folder_is_refused(results, change):
    picture = results / "pictures" / "c" / "0.png"
    shutil.copy(picture, picture.with_name("1.png")) if change == "added" else picture.rename(picture.with_name("1"))
    assert "results/test/pictures is not what its step wrote" in error_of("pictures")


def test_the_file_of_another_run_is_refused_also_with_its_entry(results):
    shutil.copy(results / "dfm" / "1.h5", results / "dfm" / "0.h5")
    entry = results / ".ledger" / "dfm" / "0.h5.json"
    for text in (entry.read_text(), entry.with_name("1.h5.json").read_text(), "damaged"):
        entry.write_text(text)
        assert "results/test/dfm/0.h5 is not what its step wrote" in error_of("dfm/0.h5")


def test_what_was_made_from_another_file_than_is_there_is_refused(results):
    weights = paths(["networks/0/w.safetensors"], 0)
    Path(weights[0]).write_bytes(b"other")
    ledger.record(weights, {}, CONFIG)
    assert error_of("networks/0/w.safetensors", "dfm/0.h5") == (
        f"{STUDY}/dfm/0.h5 was made from another {weights[0]} than is there: "
        f"rm {STUDY}/dfm/0.h5, then the same command, or rm {STUDY}/.ledger/dfm/0.h5.json, to accept it"
    )
    ledger.check(paths(["dfm/0.h5"], 0), CONFIG)  # alone, it is what its step wrote


def test_results_of_different_files_of_one_path_are_refused(results):
    with h5py.File(results / "data" / "d.h5", "a") as file:
        file["x"] = 1
    ledger.record(["results/test/networks/1/w.safetensors"], {"data/d.h5": ledger.digest(STUDY / "data/d.h5")}, CONFIG)
    new, old = "networks/1/w.safetensors", "networks/0/w.safetensors"
    assert error_of(old, new) == (
        f"{STUDY / new} was made from another {STUDY}/data/d.h5 than {STUDY / old} was: "
        f"rm {STUDY / new} {STUDY / old}, then the same command, or rm {STUDY}/.ledger/{new}.json, to accept it"
    )


def test_of_several_wrong_files_one_command_accepts_all(results):
    for name in ("tests/0.csv", "tests/0.svg"):
        (results / name).write_text("edited by hand")
    entries = f"{STUDY}/.ledger/tests/0.csv.json {STUDY}/.ledger/tests/0.svg.json"
    sentence = error_of("tests/0.csv", "tests/0.svg")
    assert "0.csv and 1 more are not what their steps wrote: rm " in sentence
    assert sentence.endswith(f"or rm {entries}, to accept it")


def test_a_file_without_an_entry_is_accepted(results):
    path, entry = results / "tests" / "0.csv", results / ".ledger" / "tests" / "0.csv.json"
    path.write_text("edited by hand")
    entry.unlink()
    assert ledger.check(paths(ALL, 0), CONFIG)["tests/0.csv"] == ledger.digest(path)


@pytest.mark.parametrize(
    ("stated", "problem"),
    [({"dataset": "e"}, "dataset e, not d"), ({"configured_source": "folder"}, "configured source folder, not synth")],
)
def test_images_of_another_set_or_source_are_refused_also_without_an_entry(results, stated, problem):
    with h5py.File(results / "data" / "d.h5", "a") as file:
        file.attrs.update(stated)
    (results / ".ledger" / "data" / "d.h5.json").unlink()
    assert f"results/test/data/d.h5 is of the {problem}" in error_of("data/d.h5")


def test_of_a_large_file_its_size_and_some_blocks_count(tmp_path, monkeypatch):
    for name, value in (("LARGE", 1000), ("BLOCK", 10), ("BLOCKS", 11)):
        monkeypatch.setattr(ledger, name, value)
    content, path = bytearray(np.random.default_rng(0).bytes(1010)), tmp_path / "large"

    def digest_with(*places):
        changed = bytearray(content)
        for place in places:
            changed[place] ^= 1
        path.write_bytes(changed)
        return ledger.digest(path)

    first = digest_with()
    assert all(digest_with(place) != first for place in (0, 9, 100, 509, 1000, 1009))  # from 0, 100, ... on
    assert digest_with(10) == first == digest_with(999)
    path.write_bytes(content + b"x")
    assert ledger.digest(path) != first


def step(**parts):
    return SimpleNamespace(log=["log"], threads=1, config=CONFIG, rule="step", **parts)


def test_a_job_checks_its_inputs_first_and_records_its_outputs_at_its_end(results, capsys):
    output = results / "tables" / "t.csv"
    with job(step(input=paths(ALL, 0), output=[str(output)])):
        output.parent.mkdir()
        output.write_text("new")
    entry = results / ".ledger" / "tables" / "t.csv.json"
    assert json.loads(entry.read_text())["sha256"] == ledger.digest(output)
    (results / "dfm" / "0.h5").write_text("other")
    with pytest.raises(SystemExit), job(step(input=paths(ALL, 0), output=[str(output)])):
        raise AssertionError("it was not refused")
    assert "ERROR in step: results/test/dfm/0.h5 is not what its step wrote: rm" in capsys.readouterr().err


def test_a_job_that_fails_or_does_not_write_an_output_leaves_no_entry(results, capsys):
    missing = results / "tables" / "missing.csv"
    with pytest.raises(SystemExit), job(step(input=[], output=[str(missing)])):
        pass
    assert f"ERROR in step: the step ended without writing {missing}" in capsys.readouterr().err
    with pytest.raises(SystemExit), job(step(input=[], output=[str(missing)])):
        missing.parent.mkdir()
        missing.write_text("half")
        raise ValueError
    assert not (results / ".ledger" / "tables").exists()


class Jobs(list):
    """Jobs by their outputs; it notes those that are marked as incomplete."""

    def __init__(self, *outputs):
        super().__init__(SimpleNamespace(output=paths(names, 0)) for names in outputs)
        self.incomplete = []

    def started(self, job):
        self.incomplete.append(job)


def test_outputs_that_a_failed_run_deleted_are_given_back_and_marked(results):
    jobs = Jobs(["tests/{seed}.csv", "tests/{seed}.svg"], ["pictures"], ["data/d.h5"], ["tables/never.csv"])
    before = {path: path.read_bytes() for path in results.rglob("*.*") if path.is_file()}
    kept_outputs.keep(jobs, results)
    (results / "tests" / "0.csv").unlink()
    shutil.rmtree(results / "pictures")
    kept_outputs.give_back(jobs, results, jobs)
    assert {path: path.read_bytes() for path in results.rglob("*.*") if path.is_file()} == before
    assert jobs.incomplete == jobs[:2] and not (results / ".kept").exists()


def test_outputs_that_were_written_again_stay_and_second_names_go(results):
    jobs = Jobs(["tests/{seed}.csv"], ["pictures"])
    for _ in range(2):  # the first run was killed
        kept_outputs.keep(jobs, results)
    assert (results / ".kept" / "tests" / "0.csv").stat().st_nlink == 2
    (results / "tests" / "0.csv").unlink()
    (results / "tests" / "0.csv").write_text("new")
    kept_outputs.give_back(jobs, results, jobs)
    assert (results / "tests" / "0.csv").read_text() == "new" and not jobs.incomplete


def test_what_a_killed_run_left_stays_until_its_step_ends(results):
    jobs, before = Jobs(["tests/{seed}.csv"]), (results / "tests" / "0.csv").read_bytes()
    kept_outputs.keep(jobs, results)
    (results / "tests" / "0.csv").unlink()  # and the run is killed
    kept_outputs.keep(Jobs(["data/d.h5"]), results)
    kept_outputs.forget(paths(["data/d.h5"], 0), results)
    kept_outputs.keep(jobs, results)
    kept_outputs.give_back(jobs, results, jobs)
    assert (results / "tests" / "0.csv").read_bytes() == before and not (results / ".kept").exists()


def test_a_file_system_without_hard_links_keeps_nothing(results, monkeypatch):
    def refuse(*names):
        raise OSError("no links")

    monkeypatch.setattr("os.link", refuse)
    jobs = Jobs(["tests/{seed}.csv"])
    kept_outputs.keep(jobs, results)
    (results / "tests" / "0.csv").unlink()
    kept_outputs.give_back(jobs, results, jobs)
    assert not (results / "tests" / "0.csv").exists() and not jobs.incomplete
