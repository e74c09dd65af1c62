"""Jobs on a machine with several GPUs: each takes one of its own. No GPU is needed: torch.cuda is replaced."""

import ast

import pytest
import torch

from conftest import ROOT
from frequency_shortcuts.networks.devices import pick_device
from study import devices

SCRIPTS = ROOT / "workflow" / "scripts"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "2", "SLURM_JOB_GPUS": "2"}, "CUDA_VISIBLE_DEVICES=2"),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "", "SLURM_GPUS": "1"}, "SLURM_GPUS=1"),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "NoDevFiles", "SLURM_GPUS": "0"}, None),
        ({"CUDA_VISIBLE_DEVICES": "0"}, None),
    ],
)
def test_a_job_warns_once_if_slurm_gave_it_a_gpu_that_pytorch_does_not_find(monkeypatch, caplog, environment, named):
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES", "SLURM_JOB_GPUS", "SLURM_GPUS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.take_device("auto") == torch.device("cpu")
    assert devices.take_device("cpu") == torch.device("cpu")
    with pytest.raises(RuntimeError, match="device cuda was requested"):
        devices.take_device("cuda")
    assert len(caplog.messages) == (named is not None)
    assert named is None or f"SLURM gave this job a GPU ({named})" in caplog.text


def test_every_script_takes_its_device_here():
    scripts = []
    for path in sorted(SCRIPTS.glob("*.py")):
        tree = ast.parse(path.read_text())
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert pick_device.__name__ not in names, path
        if "params.device" in ast.unparse(tree):
            scripts.append(path.stem)
            # The provenance says what a device is, and computes on none.
            assert bool({"take_device", "load_network"} & names) != (path.stem == "write_provenance"), path
    assert len(scripts) > 1


# The profiles
