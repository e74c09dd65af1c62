"""Outputs of earlier runs stay, also if the step that makes them again fails."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from study import kept_outputs

STUDY = Path("results/test")
FILES = ["tests/0.csv", "tests/0.svg", "pictures/c/0.png", "data/d.h5"]


def paths(names):
    return [str(STUDY / name) for name in names]


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """Files of bytes that differ."""
    monkeypatch.chdir(tmp_path)
    for path in map(Path, paths(FILES)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{path} made".encode())
    return STUDY


class Jobs(list):
    """Jobs by their outputs; it notes those that are marked as incomplete."""

    def __init__(self, *outputs):
        super().__init__(SimpleNamespace(output=paths(names)) for names in outputs)
        self.incomplete = []

    def started(self, job):
        self.incomplete.append(job)


def test_outputs_that_a_failed_run_deleted_are_given_back_and_marked(results):
    jobs = Jobs(["tests/0.csv", "tests/0.svg"], ["pictures"], ["data/d.h5"], ["tables/never.csv"])
    before = {path: path.read_bytes() for path in results.rglob("*.*") if path.is_file()}
    kept_outputs.keep(jobs, results)
    (results / "tests" / "0.csv").unlink()
    shutil.rmtree(results / "pictures")
    kept_outputs.give_back(jobs, results, jobs)
    assert {path: path.read_bytes() for path in results.rglob("*.*") if path.is_file()} == before
    assert jobs.incomplete == jobs[:2] and not (results / ".kept").exists()


def test_outputs_that_were_written_again_stay_and_second_names_go(results):
    jobs = Jobs(["tests/0.csv"], ["pictures"])
    for _ in range(2):  # the first run was killed
        kept_outputs.keep(jobs, results)
    assert (results / ".kept" / "tests" / "0.csv").stat().st_nlink == 2
    (results / "tests" / "0.csv").unlink()
    (results / "tests" / "0.csv").write_text("new")
    kept_outputs.give_back(jobs, results, jobs)
    assert (results / "tests" / "0.csv").read_text() == "new" and not jobs.incomplete


def test_what_a_killed_run_left_stays_until_its_step_ends(results):
    jobs, before = Jobs(["tests/0.csv"]), (results / "tests" / "0.csv").read_bytes()
    kept_outputs.keep(jobs, results)
    (results / "tests" / "0.csv").unlink()  # and the run is killed
    kept_outputs.keep(Jobs(["data/d.h5"]), results)
    kept_outputs.forget(paths(["data/d.h5"]), results)
    kept_outputs.keep(jobs, results)
    kept_outputs.give_back(jobs, results, jobs)
    assert (results / "tests" / "0.csv").read_bytes() == before and not (results / ".kept").exists()


def test_a_file_system_without_hard_links_keeps_nothing(results, monkeypatch):
    def refuse(*names):
        raise OSError("no links")

    monkeypatch.setattr("os.link", refuse)
    jobs = Jobs(["tests/0.csv"])
    kept_outputs.keep(jobs, results)
    (results / "tests" / "0.csv").unlink()
    kept_outputs.give_back(jobs, results, jobs)
    assert not (results / "tests" / "0.csv").exists() and not jobs.incomplete
