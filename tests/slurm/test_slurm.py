"""Jobs through a real SLURM: six targets of the study; the resources of all rules by a dry run."""

import re

import torch
import yaml
from cluster import GPUS, NEEDS_SLURM, RUN, Head, requested

from checkouts import ROOT, checkout

# Two seeds of one network: the rules of the others ask for what they need in the same way.
SMALL = {
    "plan": [
        {
            "datasets": ["syn_2"],
            "networks": ["resnet18"],
            "augmentations": ["none"],
            "seeds": [0, 1],
        }
    ]
}
FILES = ["data/syn_2.h5", "adcs/syn_2.h5", f"tests/{RUN}/bandstop.csv", f"dfm/{RUN}.h5", "tables/bandstop.csv",
         "figures/adcs_syn_2.svg"]  # fmt: skip
# What the jobs of some rules ask for: cores, MB, minutes, GPUs.
REQUESTED = {
    "images": (1, 3000, 10, 0),
    "adcs": (1, 2000, 60, 0),
    "train": (4, 8000, 240, 1),
    "find_maps": (4, 4000, 240, 1),
    "bandstop": (4, 3000, 30, 1),
}
ON_A_GPU = {
    "train", "external_network", "find_maps", "bandstop", "planted_use", "shortcuts", "sizes", "ood", "transfer",
}  # fmt: skip
# Snakemake prints the resources of a job in a dry run only if its rule has no message.
WITHOUT_MESSAGES = (
    "from snakemake import cli, jobs; jobs.Job.message = property(lambda job: None); cli.main()"
)
BLOCK = re.compile(r"^ *rule (\w+):\n((?:^ +\w+: .*\n)+)", re.MULTILINE)


@NEEDS_SLURM
def test_every_job_goes_through_slurm_with_what_its_rule_asks_for_and_logs_its_gpu(
    cluster, tmp_path
):
    """Six targets; a table compares the maps of two seeds."""
    root = checkout(tmp_path).root
    (root / "small.yaml").write_text(yaml.safe_dump(SMALL))
    head = Head(cluster, root, "config/test.yaml", "small.yaml")
    assert head.start(*(f"results/test/{file}" for file in FILES)).wait(800) == 0, head.log()
    jobs = head.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"} and {
        job["Partition"] for job in jobs
    } == {"study"}
    alone = [job for job in jobs if job["rule"] in REQUESTED]
    of_seeds = ["bandstop", "train"] * 2
    assert sorted(job["rule"] for job in alone) == sorted(
        ["adcs", "find_maps", "images", *of_seeds]
    )
    assert all(requested(job) == REQUESTED[job["rule"]] for job in alone)
    shared = [job for job in jobs if job["rule"] not in REQUESTED]
    assert {job["rule"].split("_")[0] for job in shared} == {"tables", "drawing"} and len(
        shared
    ) == 2
    for cores, memory, _, gpus in map(requested, shared):
        assert cores == 1 and memory <= 4000 and gpus == 0
    numbers = {job["JobId"]: job["rule"] for job in jobs}
    for rule, name in (("train", RUN), ("bandstop", RUN), ("adcs", "syn_2"), ("images", "syn_2")):
        text = (root / "results/test/logs" / rule / f"{name}.log").read_text()
        assert numbers[re.search(r"SLURM job (\d+) on localhost", text)[1]] == rule
        if (
            not torch.cuda.is_available()
        ):  # else a GPU of this machine is used instead of the counted ones
            gpu = re.search(
                r"SLURM gave this job a GPU \(CUDA_VISIBLE_DEVICES=(\d)\), but PyTorch", text
            )
            assert bool(gpu) == (rule in ON_A_GPU) and (not gpu or int(gpu[1]) < GPUS)


def test_rules_that_use_a_gpu_ask_for_one_and_for_four_cores(tmp_path):
    """By a dry run of the study with GPUs."""
    study = checkout(tmp_path)
    (study.root / "cuda.yaml").write_text("device: cuda\n")
    options = ("--dry-run", "--cores", "8", "--profile", "profiles/slurm")
    planned = study.snakemake(*options, extra=["cuda.yaml"], program=["-c", WITHOUT_MESSAGES])
    assert planned.returncode == 0, planned.stdout
    resources = {}
    for rule, text in BLOCK.findall(planned.stdout):
        number = {
            name: int(value)
            for name, value in re.findall(r"\b(threads|mem_mb|runtime|gpu)[:=] ?(\d+)", text)
        }
        resources[rule] = (
            number.get("threads", 1),
            number["mem_mb"],
            number["runtime"],
            number.get("gpu", 0),
        )
    assert (
        len(resources) > 30 and {rule for rule, (*_, gpus) in resources.items() if gpus} == ON_A_GPU
    )
    assert {rule: resources[rule] for rule in REQUESTED} == REQUESTED
    assert all(resources[rule][0] == 4 for rule in ON_A_GPU)
    assert all(
        resources[rule][:2] <= (1, 4000)
        for rule in resources.keys() - ON_A_GPU - {"images", "twin"}
    )


def test_the_profile_names_every_rule_that_uses_a_gpu_and_groups_only_rules_that_do_not():
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    files = [*ROOT.glob("workflow/rules/*.smk"), *ROOT.glob("benchmarks/*.smk")]
    rules = "\n".join(path.read_text() for path in files)
    blocks = dict(
        re.findall(
            r"^ *rule (\w+):\n(.*?)(?=^ *(?:use )?rule \w+|\Z)", rules, re.MULTILINE | re.DOTALL
        )
    )
    copies = re.findall(r"use rule (\w+)(?: from study)? as (\w+) with", rules)
    on_gpu = {name for name, block in blocks.items() if re.search("gpu=.*gpus", block)}
    on_gpu |= {name for of, name in copies if of == "find_maps"}
    assert set(profile["set-resources"]) == on_gpu
    assert not on_gpu & set(profile["groups"])
    assert set(profile["groups"]) <= {*blocks, *(name for _, name in copies)}
    assert "drawing" in profile["group-components"]
