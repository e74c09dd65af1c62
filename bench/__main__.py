"""`python -m bench` measures what is asked for, or everything, and renews the documents."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.networks.architectures import pick_device
from frequency_shortcuts.storage.tables import read_table, write_table

from . import (
    document,
    estimate,
    figures,
    measure_culling,
    measure_plan,
    measure_screening,
    measure_spectra,
    measure_stores,
    measure_training,
)
from .timing import machine

FOLDER = Path("results") / "bench"


def main() -> None:
    """Parse, measure, draw, document."""
    names = ["machine", "forward", "against_published", "screening", "scaling", "precision", "spectra", "stores",
             "training", "large", "plan"]  # fmt: skip
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="measure these; the others stay")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--threads", type=int, default=None, help="threads of PyTorch; by default as many as it takes")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    device = pick_device(asked.device)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in tqdm(asked.only, desc="bench", unit="part", disable=None):
        for table, content in measured(name, device).items():
            keep(table, content)
    if (FOLDER / "plan.csv").exists():
        document.write_plan(FOLDER)  # a page of its own, for it needs nothing else
    missing = [name for name in [*names, "screening_curve"] if not (FOLDER / f"{name}.csv").exists()]
    if missing:
        print(f"not measured yet: {', '.join(missing)}; the documents stay as they are")
        return
    drawings = {"scaling": figures.scaling, "screening_curve": figures.overlap}
    for name, draw in drawings.items():
        canvas.save(draw(read_table(FOLDER / f"{name}.csv")), FOLDER / name)
    document.write(FOLDER)
    estimate.renew()


def measured(name: str, device: torch.device) -> dict[str, pd.DataFrame]:
    """The tables of one part of the benchmark."""
    if name == "screening":
        curve, by_network = measure_screening.overlaps(FOLDER, device)
        return {"screening_curve": curve, "screening": by_network}
    parts: dict[str, Callable[[], pd.DataFrame]] = {
        "machine": lambda: pd.DataFrame([machine(device)]),
        "forward": lambda: measure_culling.forward(FOLDER, device),
        "against_published": lambda: measure_culling.against_published(FOLDER, device),
        "scaling": lambda: measure_culling.scaling(device),
        "precision": lambda: measure_culling.precision(FOLDER, device),
        "spectra": lambda: measure_spectra.spectra(FOLDER, device),
        "stores": lambda: measure_stores.stores(FOLDER, device),
        "training": lambda: measure_training.rates(FOLDER, device),
        "large": lambda: (
            measure_culling.large(FOLDER, device) if device.type == "cuda" else pd.DataFrame(columns=["device"])
        ),
        "plan": measure_plan.plan,
    }
    return {name: parts[name]()}


def keep(name: str, table: pd.DataFrame) -> None:
    """Write a table; rows of another device that an earlier run measured stay."""
    path = FOLDER / f"{name}.csv"
    if path.exists() and "device" in table and len(table):
        before = read_table(path)
        if "device" in before:
            table = pd.concat([before[before["device"] != table["device"].iloc[0]], table])
    write_table(table, path)


if __name__ == "__main__":
    main()
