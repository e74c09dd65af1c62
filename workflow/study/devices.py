"""The device of a job: the one that the scheduler assigned, or a GPU of this machine that no other job uses."""

from __future__ import annotations

import functools
import logging
import os
import tempfile
import time
from pathlib import Path

import torch

from frequency_shortcuts.networks.devices import pick_device

log = logging.getLogger("study")


def take_device(requested: str) -> torch.device:
    """The requested device, as `pick_device`; of several visible GPUs, one for this process alone.

    Snakemake counts GPUs but does not assign a certain GPU to a job. So a job locks the first GPU that no other job of
    this user has locked, and waits if all are locked. The lock ends with the process in any case. If a job sees only
    one GPU, as under SLURM, it uses this GPU without a lock. A second call returns the same device.
    """
    device = pick_device(requested)
    if requested == "auto" and device.type == "cpu" and (assigned := _assigned_by_slurm()):
        log.warning(
            "SLURM gave this job a GPU (%s), but PyTorch %s finds no CUDA device, so that it runs on the CPU: "
            "write device: cuda to make that an error",
            assigned,
            torch.__version__,
        )
    if device.type == "cuda" and device.index is None and torch.cuda.device_count() > 1:
        # With its number: each thread has its own current device, at first GPU 0.
        device = torch.device("cuda", _own_gpu())
        torch.cuda.set_device(device)
    return device


def _assigned_by_slurm() -> str:
    """The variable with the GPUs, or their number, that SLURM assigned to this job; "" if there are none."""
    nothing = {"CUDA_VISIBLE_DEVICES": ("", "-1", "NoDevFiles"), "SLURM_JOB_GPUS": ("",), "SLURM_GPUS": ("", "0")}
    values = {name: os.environ.get(name, "") for name in nothing if "SLURM_JOB_ID" in os.environ}
    return next((f"{name}={value}" for name, value in values.items() if value not in nothing[name]), "")


@functools.cache
def _own_gpu() -> int:
    """Lock the first visible GPU that is free, or becomes free; returns its number."""
    locks = [_lock_of(number) for number in range(torch.cuda.device_count())]
    waits = False
    while True:
        for number, lock in enumerate(locks):
            if _locked(lock):
                log.info("GPU %d of %d is this job's until it ends (%s)", number, len(locks), lock)
                return number
        if not waits:
            log.info("all %d GPUs are taken by other jobs: waiting for one", len(locks))
        waits = True
        time.sleep(1)


def _lock_of(number: int) -> Path:
    """The lock file of a visible GPU: the same in every job of this user, also if jobs see different GPUs."""
    uuid = torch.cuda.get_device_properties(number).uuid
    return Path(tempfile.gettempdir()) / f"frequency-shortcuts-{os.getuid()}-gpu-{uuid}.lock"


def _locked(path: Path) -> bool:
    """Whether this process could lock the file. It keeps the file open until it ends; then the kernel unlocks it."""
    import fcntl  # not on Windows, where a study on the CPU should still run

    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)  # programs that this one starts do not get it
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True
