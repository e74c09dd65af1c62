"""Folders of photographs: written into stores and read from them, beside torchvision's way and a step of training."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from frequency_shortcuts.data import folders
from frequency_shortcuts.data import stores as images
from frequency_shortcuts.data.stored_images import Stored
from frequency_shortcuts.networks import architectures

from .timing import by_turns, peak_mib, ratio, seconds

HEIGHT, WIDTH, QUALITY, CLASSES = 375, 500, 90, 10  # about as ImageNet's photographs
FIELDS = 24  # that photographs are mixed from: a Fourier transform for each would take longer than its JPEG
RESIZE, SIDE, BATCH = 256, 224, 64
REFERENCE = "ImageFolder and DataLoader"


def stores(
    folder: Path, device: torch.device, *, count: int = 5000, some: int = 640, size: tuple[int, int] = (RESIZE, SIDE)
) -> pd.DataFrame:
    """Images a second of every task, by turns on `some` photographs, and the memory that writing a store takes.

    `count` photographs are written below the folder, once. `size` is that of the short side, and of the crop.
    """
    root, cores = photographs(folder, count), os.cpu_count() or 1
    some_of_each = np.linspace(0, count - 1, some).astype(np.int64)  # the files are sorted by class
    batches = np.array_split(np.random.default_rng(0).permutation(count)[:some], max(1, some // BATCH))
    step, step_images = _step(device, size[1])
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "store.h5"
        job = partial(_in_a_process, root=str(root), path=str(path), size=size, workers=cores)
        written = {"folder to store": job(count=some), f"folder to store, all {count:,}": job(count=count)}
        tasks: dict[str, Callable[[], object]] = {
            REFERENCE: partial(_loader, root, some_of_each, size, cores),
            "folder to store": partial(_write, str(root), str(path.with_name("few.h5")), size, cores, some),
            "decoding, one thread": partial(_decode, root, some_of_each, size),
            "store at random, one thread": partial(_read, path, count, batches, 1),
            "store at random": partial(_read, path, count, batches, cores),
            "training step, ResNet18": step,
        }
        times = by_turns(tasks)
    work = {**dict.fromkeys(tasks, float(some)), "training step, ResNet18": float(step_images)}
    rows = [
        {
            "task": task,
            "images": work[task],
            "images_per_s": work[task] / times[task].median(),
            **{k.replace("ratio", "times_reference"): v for k, v in ratio(times, task, REFERENCE, work).items()},
            "memory_mib": written.get(task, {}).get("memory_mib", np.nan),
        }
        for task in tasks
    ]
    rows += [{"task": task, **row} for task, row in written.items() if task not in tasks]
    return pd.DataFrame(rows).assign(device=device.type, workers=cores)


def photographs(folder: Path, count: int) -> Path:
    """A folder of JPEG files in class folders, with the amplitude spectrum of photographs, 1/f; written once."""
    root = folder / f"photographs_{count}"
    if root.exists():
        return root
    unfinished = root.with_name(f".{root.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    for c in range(CLASSES):
        (unfinished / f"class_{c}").mkdir(parents=True)
    generator = np.random.default_rng(0)
    fields = [_field(generator) for _ in range(FIELDS)]

    def draw(i: int) -> None:
        path = unfinished / f"class_{i * CLASSES // count}" / f"{i:05d}.jpg"
        Image.fromarray(_photograph(fields, np.random.default_rng(i))).save(path, quality=QUALITY)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(draw, range(count)))
    return unfinished.rename(root)


def _field(generator: np.random.Generator) -> np.ndarray:
    """Noise [height, width] of amplitude 1/f, mean 0 and standard deviation 1."""
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(generator.standard_normal((HEIGHT, WIDTH))) / frequency, (HEIGHT, WIDTH))
    return (noise / noise.std()).astype(np.float32)


def _photograph(fields: list[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """Light and two weaker differences of colour, each one of the fields, shifted: uint8 [height, width, 3]."""
    light, warm, green = (
        np.roll(fields[i], generator.integers(0, (HEIGHT, WIDTH)), (0, 1))
        for i in generator.choice(len(fields), 3, replace=False)
    )
    pixels = np.empty((HEIGHT, WIDTH, 3), np.float32)
    for c, (share_of_warm, share_of_green) in enumerate(((12, -6), (0, 12), (-12, -6))):
        pixels[..., c] = 118 + 55 * light + share_of_warm * warm + share_of_green * green
    return pixels.clip(0, 255).astype(np.uint8)


def _pictures(root: str | Path, chosen: np.ndarray, size: tuple[int, int], workers: int) -> folders.ImageFiles:
    files, _, _ = folders.listing(root)
    return folders.ImageFiles([files[i] for i in chosen], (size[1], size[1]), resize=size[0], workers=workers)


def _decode(root: Path, chosen: np.ndarray, size: tuple[int, int]) -> None:
    for _ in _pictures(root, chosen, size, 1).decoded():
        pass


def _write(root: str, path: str, size: tuple[int, int], workers: int, count: int) -> None:
    """The whole job, from the listing of the folder to the finished store, with `count` of the photographs."""
    _, labels, classes = folders.listing(root)
    chosen = np.linspace(0, len(labels) - 1, count).astype(np.int64)
    splits = {"train": (_pictures(root, chosen, size, workers), labels[chosen])}
    images.write(path, splits, classes=classes, source="bench", created_by="bench")


def _in_a_process(**job: object) -> dict[str, float]:
    """Writing a store in a process of its own, for its memory."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.measure_stores", json.dumps(job)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def _loader(root: Path, chosen: np.ndarray, size: tuple[int, int], workers: int) -> None:
    """An epoch as it is usually read: every file decoded again, by processes."""
    see = transforms.Compose(
        [transforms.Resize(size[0]), transforms.CenterCrop(size[1]), transforms.PILToTensor()]
    )  # fmt: skip
    some = Subset(datasets.ImageFolder(root, see), chosen.tolist())
    for _ in DataLoader(some, BATCH, shuffle=True, num_workers=workers):
        pass


def _read(path: Path, count: int, batches: list[np.ndarray], workers: int) -> None:
    stored = Stored(path, "train", np.arange(count), workers=workers)
    for batch in batches:
        stored[batch]


def _step(device: torch.device, side: int) -> tuple[Callable[[], None], int]:
    """Forward, backward and step of a ResNet18 over one batch, and how many images a call takes."""
    batch, steps = (16, 1) if device.type == "cpu" else (BATCH, 20)
    network: nn.Module = architectures.build(architectures.Architecture("resnet18", CLASSES, 3, side), 0).to(device)
    network = network.to(memory_format=torch.channels_last).train()
    seen = torch.randn(batch, 3, side, side, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch, device=device) % CLASSES
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, fused=True)

    def step() -> None:
        for _ in range(steps):
            loss = functional.cross_entropy(network(seen), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return step, batch * steps


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    took = seconds(partial(_write, **job))
    rate = {"images": job["count"], "images_per_s": job["count"] / took}
    print(json.dumps({**rate, "memory_mib": peak_mib(torch.device("cpu"))}))
