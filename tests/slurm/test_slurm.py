"""Jobs through a real SLURM: six targets of the study; the resources of all rules by a dry run."""

import re

import pytest
import torch
import yaml
from cluster import GPUS, NEEDS_SLURM, RUN, Head, requested

from checkouts import CONFIG, ROOT, checkout
from study.network_tests import MEASURED, TESTS
from study.plan import Plan

# One network: the rules of the others ask for what they need in the same way.
SMALL = {"plan": [{"datasets": ["syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0]}]}
TARGETS = [
    f"results/test/{file}"
    for file in (
        "data/syn_2.h5", "adcs/syn_2.h5", f"tests/{RUN}/bandstop.csv", f"dfm/{RUN}.h5", "tables/stability.csv",
        "figures/adcs_syn_2.svg",
    )
]  # fmt: skip
# What the jobs of the rules that are not grouped ask for: cores, MB, minutes, GPUs.
ON_A_CORE = {
    "synthesize": (1, 2000, 10, 0),
    "plant": (1, 2000, 10, 0),
    "fetched": (1, 2000, 10, 0),
    "folder": (8, 3000, 240, 0),
    "twin": (4, 2000, 10, 0),
    "rendition": (1, 2000, 10, 0),
    "adcs": (1, 2000, 60, 0),
}
ON_A_GPU = {
    "train": (4, 8000, 240, 1),
    "external_network": (4, 4000, 60, 1),
    "find_maps": (4, 4000, 240, 1),
    "graded": (4, 4000, 120, 1),
}
PLAN = Plan(CONFIG)
ON_A_GPU |= {name: (4, test.memory, test.minutes, 1) for name, (test, *_) in MEASURED.items() if test.runs(PLAN)}
REQUESTED = ON_A_CORE | ON_A_GPU
LOCAL = {"check", "fetched_files", "report"}
# Snakemake prints the resources of a job in a dry run only if its rule has no message.
WITHOUT_MESSAGES = "from snakemake import cli, jobs; jobs.Job.message = property(lambda job: None); cli.main()"
BLOCK = re.compile(r"^ *(?:local)?rule (\w+):\n((?:^ +\w+: .*\n)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def sent(cluster, tmp_path_factory):
    """Six targets of one network, made through SLURM: head, and the jobs that SLURM knew of."""
    root = checkout(tmp_path_factory.mktemp("sent")).root
    (root / "small.yaml").write_text(yaml.safe_dump(SMALL))
    head = Head(cluster, root, "config/test.yaml", "small.yaml")
    done = head.run(*TARGETS)
    assert done.returncode == 0, done.stdout
    return head, head.jobs()


@NEEDS_SLURM
def test_every_job_went_through_slurm_with_what_its_rule_asks_for(sent):
    _, jobs = sent
    assert {job["JobState"] for job in jobs} == {"COMPLETED"} and {job["Partition"] for job in jobs} == {"study"}
    alone = [job for job in jobs if job["rule"] in REQUESTED]
    assert sorted(job["rule"] for job in alone) == ["adcs", "bandstop", "find_maps", "find_maps", "synthesize", "train"]
    for job in alone:
        assert requested(job) == REQUESTED[job["rule"]], job["rule"]
    shared = [job for job in jobs if job["rule"] not in REQUESTED]
    assert {job["rule"].split("_")[0] for job in shared} == {"tables", "drawing"} and len(shared) == 2
    for job in shared:
        cores, memory, _, gpus = requested(job)
        assert cores == 1 and memory <= 4000 and gpus == 0


@NEEDS_SLURM
def test_the_log_of_every_step_names_its_slurm_job_and_the_gpu_that_it_got(sent):
    head, jobs = sent
    numbers = {job["JobId"]: job["rule"] for job in jobs}
    logs = head.root / "results/test/logs"
    for rule, name in (("train", RUN), ("bandstop", RUN), ("adcs", "syn_2"), ("synthesize", "syn_2")):
        text = (logs / rule / f"{name}.log").read_text()
        assert numbers[re.search(r"SLURM job (\d+) on localhost", text)[1]] == rule
        if not torch.cuda.is_available():  # else a GPU of this machine is used instead of the counted ones
            gpu = re.search(r"SLURM gave this job a GPU \(CUDA_VISIBLE_DEVICES=(\d)\), but PyTorch", text)
            assert bool(gpu) == (rule in ON_A_GPU) and (not gpu or int(gpu[1]) < GPUS)


def test_every_rule_asks_for_what_it_needs(tmp_path):
    """By a dry run of the study with GPUs."""
    study = checkout(tmp_path)
    (study.root / "cuda.yaml").write_text("device: cuda\n")
    options = ("--dry-run", "--cores", "8", "--profile", "profiles/slurm")
    planned = study.snakemake(*options, extra=["cuda.yaml"], program=["-c", WITHOUT_MESSAGES])
    assert planned.returncode == 0, planned.stdout
    jobs = dict(BLOCK.findall(planned.stdout))
    assert REQUESTED.keys() | LOCAL <= jobs.keys() and len(jobs.keys() - REQUESTED.keys() - LOCAL) > 20
    for rule in jobs.keys() - LOCAL:
        numbers = re.findall(r"\b(threads|mem_mb|runtime|gpu)[:=] ?(\d+)", jobs[rule])
        number = {name: int(value) for name, value in numbers}
        asked = number.get("threads", 1), number["mem_mb"], number["runtime"], number.get("gpu", 0)
        if rule in REQUESTED:
            assert asked == REQUESTED[rule], rule
        else:
            assert asked[0] == 1 and asked[1] <= 4000 and asked[3] == 0, rule


def test_the_profile_names_every_rule_that_uses_a_gpu_and_groups_only_rules_that_do_not():
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    blocks_of_rules = re.findall(r"^ *rule ?(\w*):\n(.*?)(?=^ *rule ?\w*:|\Z)", rules, re.MULTILINE | re.DOTALL)
    unnamed = [block for name, block in blocks_of_rules if not name]  # sources, tests, joined tables, figures
    assert len(unnamed) == 4 and ["gpu" in block for block in unnamed].count(True) == 1
    blocks = {name: block for name, block in blocks_of_rules if name}
    tests = set(MEASURED)
    joins = {test.rule for test in TESTS.values()}
    copies = re.findall(r"use rule (\w+) as (\w+) with", rules)
    on_gpu = {name for name, block in blocks.items() if re.search("gpu=.*gpus", block)} | tests
    on_gpu |= {name for of, name in copies if of == "find_maps"}
    assert set(profile["set-resources"]) == on_gpu
    assert not on_gpu & set(profile["groups"])
    assert set(profile["groups"]) <= {*blocks, *joins, *(name for _, name in copies)}
    assert "drawing" in profile["group-components"]
