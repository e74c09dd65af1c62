"""A copy of the checkout with a study of its own: config/test.yaml, a folder of images, and a network of a user."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import yaml
from PIL import Image
from snakemake.utils import update_config

ROOT = Path(__file__).parents[1]
PARTS = [
    "Snakefile", "workflow", "benchmarks", "config", "profiles", "report", "envs", "src", "CITATION.cff", "LICENSE",
    "results/README.md", "results/README.md.jinja",
]  # fmt: skip
SIZE = 64  # pixels of the stored pictures
# The order of the classes is that of the network's outputs, not that of the folders.
CLASSES = {"spots": "dots", "bands": "bands", "checks": "checks"}
BRIGHTNESS = {"bands": 0, "checks": 80, "dots": 160}  # of the darkest pixel in each folder
NOISE = 90  # levels above it
# In addition to the sets of config/test.yaml: a folder of images with stylised twins and a twin of another
# distribution, and a network that was trained elsewhere, so that every rule runs.
PICTURES = {
    "plan": [
        *yaml.safe_load((ROOT / "config" / "test.yaml").read_text())["plan"],
        {"datasets": ["pictures"], "networks": ["my_network"], "augmentations": ["none"], "seeds": [0]},
        {"datasets": ["pictures"], "networks": ["resnet18"], "augmentations": ["sin"], "seeds": [0]},
    ],
    "networks": {
        "my_network": {
            "source": "my_package:network", "checkpoint": "my_network.pt", "mean": [0.5] * 3, "std": [0.25] * 3,
            "options": {"width": 8},
        }
    },
    "datasets": {
        "pictures": {
            "source": "folder", "root": "pictures", "size": SIZE, "channels": 3, "split_seed": 0, "on_error": "skip",
            "shares": {"train": 0.375, "validation": 0.375, "test": 0.25}, "stylised": "negatives",
            "classes": CLASSES,
            "ood": {
                "root": "twin", "renditions": ["grey"],
                "classes": {name: f"{folder}_grey" for name, folder in CLASSES.items()},
            },
        }
    },
    "transfer": [{"dataset": "pictures", "maps_of": "my_network/none", "tested_on": "resnet18/sin"}],
}  # fmt: skip
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())  # of this study
for changes in (yaml.safe_load((ROOT / "config" / "test.yaml").read_text()), PICTURES):
    update_config(CONFIG, changes)
# Its runs, and what holds for their data sets.
PLANTED = [f"plant_present/resnet18/none/seed{seed}" for seed in (0, 1)]
FASHION = "fashion_mnist/resnet18/none/seed0"
EXTERNAL = "pictures/my_network/none/seed0"
STYLISED = "pictures/resnet18/sin/seed0"
MAPPED = [*PLANTED, FASHION, EXTERNAL, STYLISED]  # with maps, in the order of the plan
TRAINED = ["syn_2/resnet18/none/seed0", *PLANTED, FASHION, STYLISED]
SHAPES = {
    "syn_2": (4, 3, 32),
    "plant_present": (4, 3, 32),
    "fashion_mnist": (10, 1, 32),
    "pictures": (3, 3, 64),
}
NEUTRAL = {"plant_present": "C0"}
# The network's module imports another, and that a third; nothing imports the last.
MODULES = {
    "my_package/__init__.py": "from .layers import network\n",
    "my_package/layers.py": '''
import my_helper
from torch import nn


def network(n_classes, width):
    """Far too small to be good at other images."""
    return nn.Sequential(
        nn.Conv2d(my_helper.CHANNELS, width, 8, stride=8), nn.BatchNorm2d(width), nn.ReLU(), nn.AvgPool2d(4),
        nn.Flatten(), nn.Linear(4 * width, n_classes),
    )
''',
    "my_helper.py": "CHANNELS = 3\n",
    "my_package/unused.py": "",
}  # fmt: skip


def shape_of(run):
    return SHAPES[dataset_of(run)]


def dataset_of(run):
    return run.split("/")[0]


class Study(NamedTuple):
    """A copy of the checkout in which Snakemake runs."""

    root: Path

    @property
    def results(self):
        return self.root / "results" / "test"

    def snakemake(
        self,
        *arguments,
        extra=(),
        configs=("config/test.yaml", "pictures.yaml"),
        program=("-m", "snakemake"),
    ):
        """Run Snakemake on the study; returns the finished process with its output as text."""
        # The end of Snakemake waits for the time span: see profiles/default.
        command = [sys.executable, *program, *arguments, "--max-jobs-per-timespan", "100/1s"]
        command += ["--configfile", *configs, *extra]
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def checkout(root):
    """Copy what the workflow needs, and write the pictures, the network of `PICTURES`."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (root / part).parent.mkdir(exist_ok=True)
            shutil.copy(source, root / part)
    for name, text in MODULES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    _draw_pictures(root)
    _save_network(root / "my_network.pt")
    (root / "pictures.yaml").write_text(yaml.safe_dump(PICTURES, sort_keys=False))
    return Study(root)


def _draw_pictures(root):
    """3 x 8 pictures and one that does not decode, their negatives, and 3 x 4 grey ones."""
    generator = np.random.default_rng(0)
    for name, darkest in BRIGHTNESS.items():
        for folder in (f"pictures/{name}", f"negatives/{name}", f"twin/grey/{name}_grey"):
            (root / folder).mkdir(parents=True)
        for i in range(8):
            pixels = generator.integers(
                darkest, darkest + NOISE, (SIZE + 6, SIZE + 16, 3), dtype=np.uint8
            )
            Image.fromarray(pixels).save(
                root / "pictures" / name / f"{i}.{'jpg' if i % 2 else 'png'}"
            )
            Image.fromarray(255 - pixels).save(root / "negatives" / name / f"{i}.png")
            if i < 4:
                Image.fromarray(pixels).convert("L").save(
                    root / "twin" / "grey" / f"{name}_grey" / f"{i}.png"
                )
    for folder in ("pictures", "negatives"):
        (root / folder / "dots" / "broken.png").write_bytes(b"no picture")


def _save_network(path):
    """Weights as of DataParallel: the first feature is the brightness of a patch, and the nearest class wins."""
    torch.manual_seed(0)
    width, means = (
        8,
        torch.tensor([4 * (BRIGHTNESS[folder] + NOISE / 2) / 255 for folder in CLASSES.values()]),
    )
    convolution, linear = torch.nn.Conv2d(3, width, 8), torch.nn.Linear(4 * width, len(CLASSES))
    with torch.no_grad():
        convolution.weight[0], convolution.bias[0] = 1 / convolution.weight[0].numel(), 2
        linear.weight *= 0.1
        linear.weight[:, :4], linear.bias[:] = means[:, None], -(means**2) * 2
        network = torch.nn.Sequential(
            convolution,
            torch.nn.BatchNorm2d(width),
            torch.nn.ReLU(),
            torch.nn.Identity(),
            torch.nn.Identity(),
            linear,
        )
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in network.state_dict().items()}},
        path,
    )
