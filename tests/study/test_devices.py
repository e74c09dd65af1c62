"""The device of a job, without a GPU: torch.cuda is replaced. And its provenance."""

import platform

import h5py
import pytest
import torch

from study import devices, provenance


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


# Several GPUs


def test_the_number_of_a_process_picks_one_of_several_gpus(monkeypatch):
    current = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    for process in (5, 9, 9):
        monkeypatch.setattr(devices.os, "getpid", lambda number=process: number)
        assert devices.take_device("auto") == current[-1]
    assert current[1] == current[2]
    found = set()
    for process in range(0, 64, 4):  # jobs that start one after the other
        monkeypatch.setattr(devices.os, "getpid", lambda number=process: number)
        found.add(devices.take_device("auto").index)
    assert found == {0, 1, 2, 3}
    del current[3:]
    assert devices.take_device("cuda:3") == torch.device("cuda:3") and devices.take_device("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert devices.take_device("auto") == torch.device("cuda") and len(current) == 3


# Provenance: the actual versions, machine and device


def test_versions_are_those_that_run():
    found = provenance.versions()
    assert found["python"] == platform.python_version() and set(provenance.PACKAGES) < set(found)
    assert found["torch"] == torch.__version__.partition("+")[0] or found["torch"] == torch.__version__
    assert found["h5py"] == h5py.__version__
    assert provenance.versions(["no-such-package"])["no-such-package"] == "not installed"


def test_the_machine_and_the_device_are_described():
    found = provenance.machine()
    assert set(found) == {"platform", "processor", "processor cores", "memory, GiB"} and all(found.values())
    assert int(found["processor cores"]) >= 1 and float(found["memory, GiB"]) > 0.1
    of_torch = provenance.instructions()
    assert of_torch["instructions of PyTorch"] == torch.backends.cpu.get_cpu_capability()
    assert ("MKL-DNN v" in of_torch["libraries of PyTorch"]) == torch.backends.mkldnn.is_available()
    assert provenance.device("cpu") == f"cpu ({found['processor']})"
    assert provenance.device("auto").startswith("cuda (" if torch.cuda.is_available() else "cpu (")
