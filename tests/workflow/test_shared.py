"""Synthetic sets share jobs where the same networks are planned on all of them, and get the same results as alone."""

import re

import h5py
import numpy as np
import pytest
import yaml

from conftest import checkout
from frequency_shortcuts.storage import read_table

PLAN = [{"datasets": ["syn_1", "syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0, 1]}]
ONE_MORE = {"datasets": ["syn_1"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [2]}
# What a job takes together, and so the number of jobs for two sets and two seeds, of which halves are culled of one.
SHARED = {"adcs": 1, "cull": 1, "cull_halves": 1, "bandstop": 1, "shortcuts": 1, "robustness": 2}
ALONE = {"adcs": 2, "cull": 4, "cull_halves": 2, "bandstop": 4, "shortcuts": 4, "robustness": 4}
TARGET = "results/test/tables/runtimes.csv"  # needs the run times of all of them


def configured(study, **changed):
    """Run times are wanted of this plan with something changed; returns the arguments for Snakemake."""
    config = {"plan": PLAN, "published": [], "transfer": [], **changed}
    (study.root / "changed.yaml").write_text(yaml.safe_dump(config))
    return {"extra": ["changed.yaml"]}


def planned(study, **changed):
    """Rule -> number of jobs of a dry run."""
    done = study.snakemake("-n", "--quiet", "rules", "-F", TARGET, **configured(study, **changed))
    assert done.returncode == 0, done.stdout
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.M)}


def contents(root):
    """Everything that the jobs wrote, but for who wrote it."""
    found = {}
    for path in sorted(path for folder in ("adcs", "dfm", "stability", "tests") for path in (root / folder).rglob("*")):
        name = str(path.relative_to(root))
        if path.suffix == ".csv":
            found[name] = path.read_text()
        elif path.suffix == ".h5":
            with h5py.File(path) as file:
                arrays = {}

                def keep(key, item, arrays=arrays):
                    if isinstance(item, h5py.Dataset):
                        arrays[key] = repr(item[()].tolist())  # in which NaN is NaN

                file.visititems(keep)
                attributes = {key: np.asarray(value).tolist() for key, value in file.attrs.items()}
            found[name] = arrays, {key: value for key, value in attributes.items() if key != "created_by"}
        else:
            assert path.is_dir(), path
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("shared"))


def test_shared_jobs_write_what_jobs_of_one_network_write(study):
    shared = configured(study)
    done = study.snakemake("--cores", "all", TARGET, **shared)
    assert done.returncode == 0, done.stdout
    jobs = read_table(study.root / TARGET)
    assert jobs.groupby("step").size().to_dict() == {"train": 4, **SHARED}
    assert jobs["start_up_s"].between(0, jobs["wall_s"]).all()
    assert set(jobs.query("step == 'cull'")["run"]) == {"all-synthetic/resnet18/none"}
    log = (study.results / "logs/cull/all-synthetic/resnet18/none.log").read_text()
    assert "2 of 4: results/test/dfm/syn_1/resnet18/none/seed1.h5" in log and "4 of 4: " in log
    assert not list(study.results.rglob("*.state"))
    assert "Nothing to be done" in study.snakemake("--cores", "all", TARGET, **shared).stdout
    found = contents(study.results)
    assert len(found) == 2 + 4 + 2 + 4 * 5

    made = {name: (study.results / name).stat().st_mtime_ns for name in found}
    # Files made alone are others, whose inputs are others: they are made again. Trainings are not.
    done = study.snakemake("--cores", "all", TARGET, **configured(study, shared_jobs=False))
    assert done.returncode == 0, done.stdout
    assert "rule train:" not in done.stdout and "Training" not in done.stdout
    assert read_table(study.root / TARGET).groupby("step").size().to_dict() == {"train": 4, **ALONE}
    assert contents(study.results) == found
    assert all((study.results / name).stat().st_mtime_ns > made[name] for name in found)


def test_what_is_shared_follows_from_the_plan(study):
    def named(shared, alone):
        return {**{f"{step}_shared": n for step, n in shared.items()}, **alone}

    def steps(found):
        return {rule: n for rule, n in found.items() if rule.removesuffix("_shared") in SHARED}

    assert steps(planned(study)) == named(SHARED, {})
    # A network that is not planned on all sets: the spectra do not ask for networks. A single set.
    one_more = planned(study, plan=[*PLAN, ONE_MORE])
    assert "cull" in one_more and [rule for rule in one_more if rule.endswith("_shared")] == ["adcs_shared"]
    alone = planned(study, plan=[{**PLAN[0], "datasets": ["syn_1"]}])
    assert "cull" in alone and not [rule for rule in alone if rule.endswith("_shared")]
    # A culling that is split is not shared, nor one that is compiled; all else is.
    shared = {step: n for step, n in SHARED.items() if not step.startswith("cull")}
    split = {"cull": 2 * ALONE["cull"], "cull_halves": 2 * ALONE["cull_halves"]}
    assert steps(planned(study, culling={"parts": 2})) == named(shared, split)
    compiled = {step: ALONE[step] for step in split}
    assert steps(planned(study, culling={"compiled": True})) == named(shared, compiled)
