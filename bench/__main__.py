"""`python -m bench` measures the parts that are named, or all, and renews docs/performance.md."""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from frequency_shortcuts.networks.numerics import keep_freed_memory, pick_device
from frequency_shortcuts.storage.tables import read_table, write_table

from . import gallery, measure_culling, timing

FOLDER = Path("results") / "bench"
PARTS: dict[str, Callable[[Path, torch.device], pd.DataFrame]] = {
    "machine": timing.machine,
    "forward": measure_culling.forward,
    "against_published": measure_culling.against_published,
    "screening": measure_culling.screened,
    "precision": measure_culling.precision,
}


def main() -> None:
    """Parse, measure, draw, document."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        help="measure these; the others stay",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument(
        "--threads", type=int, help="threads of PyTorch; by default as many as PyTorch takes"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    device = pick_device(options.device)
    keep_freed_memory()  # as in the jobs of a study
    if options.threads:
        torch.set_num_threads(options.threads)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in tqdm(options.only, desc="bench", unit="part", disable=None):
        table, path = PARTS[name](FOLDER, device), FOLDER / f"{name}.csv"
        if path.exists():  # rows of another device, which an earlier call measured, stay
            before = read_table(path)
            table = pd.concat([before[before["device"] != device.type], table])
        write_table(table, path)
    gallery.main("bench")


if __name__ == "__main__":
    main()
