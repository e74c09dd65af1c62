"""ADCS beside the bare real FFT, and the rate at which image stores are read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts import adcs
from frequency_shortcuts.data import normalisation, stores

from .subjects import fashion
from .timing import by_turns, ratio

BATCHES = (8, 32, 128, 512)
LARGE = 1000  # images of 3 x 224 x 224


def spectra(folder: Path, device: torch.device) -> pd.DataFrame:
    """Images a second of mean spectra, from memory and from a store, beside torch.fft.rfft2 at its best batch size.

    On a CPU with one thread, as the jobs of the study have. As many images as a set has, so that what comes once, at
    the end, weighs no more than it does there.
    """
    (photographs, labels), _ = fashion(folder)
    large = np.random.default_rng(0).integers(0, 256, (LARGE, 3, 224, 224), dtype=np.uint8)
    cases = {
        "1 x 32 x 32": (photographs, labels),
        "3 x 32 x 32": (np.repeat(photographs, 3, axis=1), labels),
        "3 x 224 x 224": (large, np.arange(LARGE) % 10),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else threads)
    try:
        return pd.concat([_case(name, *case, device) for name, case in cases.items()], ignore_index=True)
    finally:
        torch.set_num_threads(threads)


def _case(name: str, pixels: np.ndarray, labels: np.ndarray, device: torch.device) -> pd.DataFrame:
    mean, std = normalisation.pixel_statistics(pixels)
    raw = torch.from_numpy(pixels).to(device)
    seen = normalisation.normalise(raw, mean, std)

    def transform(given: torch.Tensor, batch: int) -> None:
        for part in given.split(batch):
            torch.fft.rfft2(part)

    sizes = by_turns({str(batch): partial(transform, seen, batch) for batch in BATCHES}, 3).median()
    best = int(sizes.idxmin())
    splits, classes = {"train": (pixels, labels)}, [str(c) for c in range(10)]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "store.h5"
        stores.write(path, splits, classes=classes, source="bench", created_by="bench")
        whole = {"mean": mean, "std": std, "device": device}

        def stored() -> None:
            adcs.mean_amplitude(stores.read(path, "train", in_memory=0).images, labels, 10, **whole)

        def read() -> None:  # in batches as for ADCS: fresh memory for all images takes longer than reading them
            stored_images = stores.read(path, "train", in_memory=0).images
            size = max(1, adcs.CACHED // pixels[0].size)
            for start in range(0, len(stored_images), size):
                stored_images[start : start + size]

        tasks: dict[str, Callable[[], object]] = {
            "rfft2": partial(transform, seen, best),
            "rfft2 of uint8": partial(transform, raw, best),
            "float": partial(adcs.mean_amplitude, seen, labels, 10, device=device),
            "uint8": partial(adcs.mean_amplitude, pixels, labels, 10, **whole),
            "store": stored,
            "read": read,
        }
        times = by_turns(tasks)
    return pd.DataFrame(
        {
            "images": name,
            "device": device.type,
            "task": task,
            "batch_of_rfft2": best,
            "images_per_s": len(pixels) / times[task].median(),
            "mb_per_s": pixels.nbytes / 1e6 / times[task].median(),
            **{key.replace("ratio", "times_rfft2"): value for key, value in ratio(times, "rfft2", task).items()},
        }
        for task in tasks
    )
