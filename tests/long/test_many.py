"""A thousand networks: their plan is made, and what each of them leaves on disk does not grow with their number."""

import base64
import json
import re
import subprocess
import sys
from collections import Counter

import pytest
import yaml

from conftest import checkout

SEEDS = 5
# Jobs of a run; some are of one of the seeds of a network. Maps are found by culling and by mixture, and on halves.
JOBS = {"train": 1, "shortcuts": 1, "ood": 1, "find_maps": 2 + 1 / SEEDS, "robustness": 1 / SEEDS}


def planned(root, networks):
    """A configuration of so many networks on Fashion-MNIST, a multiple of `SEEDS`, written into a checkout."""
    names = [f"network_{number:03d}" for number in range(networks // SEEDS)]
    entry = {"datasets": ["fashion_mnist"], "networks": names, "augmentations": ["none"], "seeds": list(range(SEEDS))}
    form = {"architecture": "resnet18", "width": 16, "stem": "small"}
    config = {"plan": [entry], "networks": {name: dict(form) for name in names}, "transfer": []}
    path = root / f"many_{networks}.yaml"
    path.write_text(yaml.safe_dump({"study": path.stem, **config}))
    return path


def snakemake(*arguments, root):
    """What Snakemake prints in a checkout."""
    command = [sys.executable, "-m", "snakemake", "--nolock", *map(str, arguments)]
    done = subprocess.run(command, cwd=root, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def jobs(config, root):
    """How many jobs of each rule a study is, by a dry run that takes nothing for finished."""
    text = snakemake("-nF", "--quiet", "rules", "--configfile", config, root=root)
    return Counter({rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE) if rule != "total"})


def test_a_thousand_networks_are_planned(tmp_path):
    root = checkout(tmp_path).root
    many = jobs(planned(root, 1000), root)
    assert {rule: many.pop(rule) for rule in JOBS} == {rule: 1000 * count for rule, count in JOBS.items()}
    # Of the data set, the tables and the figures: as many as with ten networks.
    few = jobs(planned(root, 10), root)
    assert many.pop("figure") - few.pop("figure") == (1000 - 10) // SEEDS  # the cards of a network
    assert many == Counter({rule: n for rule, n in few.items() if rule not in JOBS})
    assert many.total() < 100


def files(config, root):
    """The rule of every file (or folder) that a study's jobs write, besides logs and benchmarks."""
    lines = snakemake("--summary", "--configfile", config, root=root).splitlines()
    cells = [line.split("\t") for line in lines]
    return {row[0]: row[2] for row in cells if len(row) == 6 and row[0] != "output_file"}


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """What 10 and 20 networks leave: their files, and the size of every record of a file by its rule.

    No job runs: `--touch` takes files for results, empty ones here, and records them as those of a job that ran.
    """
    root, written = checkout(tmp_path_factory.mktemp("many")).root, {}
    for networks in (10, 20):
        config = planned(root, networks)
        results = root / "results" / config.stem
        for name, rule in files(config, root).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if rule == "fetched_files":
                (root / name).mkdir()
            else:
                (root / name).touch()
        snakemake("--touch", "-F", "--cores", "1", "--configfile", config, root=root)
        records = {}
        for path in (root / ".snakemake" / "metadata").rglob("*"):
            name = base64.urlsafe_b64decode(path.name).decode() if path.is_file() else ""
            if name.startswith(f"results/{results.name}/"):
                records.setdefault(json.loads(path.read_text())["rule"], []).append(path.stat().st_size)
        written[networks] = [path for path in results.rglob("*") if path.is_file()], records
    return written


def test_files_grow_with_the_networks_alone(left):
    (few, _), (many, _) = left[10], left[20]
    # Of a run nine results and five logs; of a network three files of its card, its halves, and two logs. --touch makes
    # no benchmarks: five a run, one a network.
    assert len(many) - len(few) == 10 * (9 + 5) + 2 * (3 + 1 + 2)
    assert len(few) - 10 * (9 + 5) - 2 * (3 + 1 + 2) < 300


def test_records_of_files_stay_small(left):
    (_, few), (_, many) = left[10], left[20]
    assert few.keys() == many.keys() >= {*JOBS, "table", "report"}
    for rule in JOBS:
        assert len(many[rule]) == 2 * len(few[rule])
        assert abs(max(many[rule]) - max(few[rule])) < 100 and max(many[rule]) < 10_000  # bytes
    # What joins all runs is recorded with the names of all that it reads: so many bytes for each of them.
    for rule in many.keys() - JOBS.keys():
        assert len(many[rule]) == len(few[rule]) + (2 * 3 if rule == "figure" else 0)  # the files of two more cards
        assert (max(many[rule]) - max(few[rule])) / 10 < 3000
    added = sum(map(sum, many.values())) - sum(map(sum, few.values()))
    assert added / 10 < 100_000  # a tenth of a gigabyte for a thousand networks
