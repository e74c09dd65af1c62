"""Where the time of a culling goes, before this culling was written for speed and now, by torch.profiler."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

import pandas as pd

REPEATS = 5
ROOT = Path(__file__).parents[1]
BEFORE = "4701c54"  # the last commit with the first culling

# Runs under either version of the library: exact culling of a width-16 ResNet18 on three channels of 32 x 32.
SCRIPT = """
import sys, json, torch
sys.path.insert(0, sys.argv[1])
from frequency_shortcuts import culling
from frequency_shortcuts.networks import architectures
torch.set_num_threads(int(sys.argv[3]))
device = torch.device(sys.argv[2])
network = architectures.build(architectures.Architecture("resnet18", 2, 3, 32, width=16), 0).to(device)
network.to(memory_format=torch.channels_last)
images = torch.randn(20, 3, 32, 32, generator=torch.Generator().manual_seed(0)).to(device)
labels = torch.arange(20) % 2
run = lambda: culling.cull(network, images, labels, 2, "exact")
run()
activities = [torch.profiler.ProfilerActivity.CPU]
if device.type == "cuda":
    activities.append(torch.profiler.ProfilerActivity.CUDA)
with torch.profiler.profile(activities=activities) as profile:
    run()
rows = [(e.key, e.count, e.self_device_time_total or e.self_cpu_time_total) for e in profile.key_averages()]
print(json.dumps(rows))
"""
KINDS = {
    "convolution": "conv",
    "batch normalisation": "batch_norm",
    "removing the pair": "addcmul",
    "copies and layout": "copy_|contiguous|clone|_to_copy|aten::cat",
    "Fourier transform": "fft",
    "activation": "relu|clamp",
    "addition": "aten::add",
    "allocation": "empty|resize",
}


def kinds(operations: pd.Series) -> pd.Series:
    """The kind of every operation, by its name."""
    found = pd.Series("other", operations.index)
    for kind, pattern in KINDS.items():
        found[(found == "other") & operations.str.contains(pattern)] = kind
    return found


def profile(device: str, threads: int) -> pd.DataFrame:
    """Time by kind of operation, before (where git has it) and now, by turns; the median of the runs."""
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        sources = {"now": ROOT / "src"}
        archive = subprocess.run(["git", "-C", str(ROOT), "archive", BEFORE, "src"], capture_output=True)
        if archive.returncode == 0:
            with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
                tar.extractall(scratch, filter="data")
            sources = {"before": Path(scratch) / "src", **sources}
        for _ in range(REPEATS):
            for version, source in sources.items():
                command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(source), device, str(threads)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                events = pd.DataFrame(json.loads(done.stdout.splitlines()[-1]), columns=["operation", "calls", "us"])
                by_kind = events.groupby(kinds(events["operation"]).rename("kind"))[["us", "calls"]].sum()
                runs.append(by_kind.reset_index().assign(version=version))
    table = pd.concat(runs).groupby(["version", "kind"], sort=False)[["us", "calls"]].median().reset_index()
    table["time_s"] = table.pop("us") / 1e6
    table["share"] = table["time_s"] / table.groupby("version")["time_s"].transform("sum")
    return table.assign(device=device)
