"""The device of a job."""

import os
from zlib import crc32

import torch

from frequency_shortcuts.networks import instructions
from frequency_shortcuts.networks.numerics import keep_freed_memory, pick_device

from .job import log


def take_device(requested: str) -> torch.device:
    """The requested device, as `pick_device`. Of several visible GPUs, the number of the process picks one.

    Snakemake counts GPUs but does not assign a certain GPU to a job. The memory of a batch is kept for the next one.
    """
    keep_freed_memory()
    device = pick_device(requested)
    if requested == "auto" and device.type == "cpu" and (assigned := _assigned_by_slurm()):
        log.warning(
            "SLURM gave this job a GPU (CUDA_VISIBLE_DEVICES=%s), but PyTorch %s finds no CUDA device, so that it "
            "runs on the CPU: write device: cuda to make that an error",
            assigned,
            torch.__version__,
        )
    if device.type == "cpu" and instructions.chosen() == instructions.AS_PORTABLE:
        torch.set_num_threads(1)  # a job that expected a GPU has more
    if device.type == "cuda" and device.index is None and torch.cuda.device_count() > 1:
        # With its number: each thread has its own current device, at first GPU 0.
        # Jobs that start one after the other have numbers at equal distances, so that a hash spreads them.
        device = torch.device("cuda", crc32(str(os.getpid()).encode()) % torch.cuda.device_count())
        torch.cuda.set_device(device)
    return device


def _assigned_by_slurm() -> str:
    """The GPUs that SLURM assigned to this job; "" if there are none."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if "SLURM_JOB_ID" in os.environ and visible not in ("-1", "NoDevFiles"):
        return visible
    return ""
