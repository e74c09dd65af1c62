"""Test what tells that a class hangs on the wave in its images: without it, and with its frequencies exchanged."""

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation.comparison import compare
from frequency_shortcuts.evaluation.shortcuts import FILLS
from frequency_shortcuts.evaluation.usage import WITHOUT_WAVE
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.networks.predictions import predict
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.checksums import DamagedFile, read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import run_name
from study.testing import load_network, read_images


def main(snakemake):
    """TPR of the class with the wave; without it (the photographs as they were); and with masks of it."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network, run = load_network(given.weights, params.device), identity(output)
        chosen = params.images["split"], params.images["images_per_class"]
        data = read_images(given.images, *chosen, weights=given.weights, workers=snakemake.threads)
        statistics = normalisation(given.weights)
        plain = stores.read(given.plain, *chosen, statistics=statistics, workers=snakemake.threads)
        with read_hdf5(given.images) as file:
            if file.attrs["made_from"] != stores.checksum(given.plain):
                raise DamagedFile(given.images, f"its images are not those of {given.plain}")
            wave, harmonics = file["planted/truth"][:], file["planted/harmonics"][:]
        label = int(np.flatnonzero(wave.any(axis=(1, 2)))[0])
        mine = plain.subset(np.flatnonzero(plain.labels == label))
        called = predict(network, mine.tensors(dtype=torch.float32)[0]).numpy()
        tpr, low, high = shares(int(np.sum(called == label)), len(called))
        without = {"test": WITHOUT_WAVE, "images": len(called), "tpr": tpr, "tpr_low": low, "tpr_high": high}
        tables = [pd.DataFrame([without])]
        for name, masks in {"wave": wave, "wave and harmonics": wave | harmonics}.items():
            percent = 100 * masks[label].mean()
            rates = compare(network, data, {name: {percent: masks}}, fills=FILLS, run=run_name(run), **params.settings)
            tables.append(rates[rates["class"] == label].assign(test=rates["method"]))
        table = pd.concat(tables)
        columns = ["test", "part", "fill", "draw", "positions", "images", "negatives"]
        columns += [f"{rate}{end}" for rate in ("tpr", "fpr") for end in ("", "_low", "_high")]
        table = table[columns].drop_duplicates(["test", "part", "fill", "draw", "positions"])
        write_table(table.assign(**{"class": data.classes[label]}), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
