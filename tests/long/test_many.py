"""A thousand networks: their plan is made, and what each of them leaves on disk does not grow with their number."""

import re
import subprocess
import sys
from collections import Counter

import yaml

from conftest import checkout

SEEDS = 5
OF_A_RUN = ("train", "cull", "shortcuts", "ood")
OF_A_NETWORK = ("cull_halves", "robustness")  # of one of its seeds


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
    assert {rule: many.pop(rule) for rule in OF_A_RUN} == dict.fromkeys(OF_A_RUN, 1000)
    assert {rule: many.pop(rule) for rule in OF_A_NETWORK} == dict.fromkeys(OF_A_NETWORK, 1000 // SEEDS)
    # Of the data set, the tables and the figures: as many as with ten networks.
    few = jobs(planned(root, 10), root)
    assert many.pop("figure") - few.pop("figure") == (1000 - 10) // SEEDS  # the cards of a network
    assert many == Counter({rule: n for rule, n in few.items() if rule not in (*OF_A_RUN, *OF_A_NETWORK)})
    assert many.total() < 100
