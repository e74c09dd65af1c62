"""What every method must beat: rankings that do not look at the network, as maps on the images that rank its pairs."""

import time
from typing import Any

import numpy as np

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.adcs import class_spectra
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from study.job import run_of_path, script
from study.tested_networks import read_images


def energy(images: Split, pairs: ConjugatePairs, seed: int) -> FloatArray:
    """|log(mean amplitude of the class / mean over the classes)|, which also finds what a class lacks."""
    amplitude = class_spectra(images).mean_amplitude.mean(axis=1)
    of_classes = pairs.gather(amplitude)
    floor = np.finfo(np.float64).tiny  # a frequency can have no energy at all
    return np.abs(np.log(of_classes + floor) - np.log(of_classes.mean(axis=0) + floor))


def low_pass(images: Split, pairs: ConjugatePairs, seed: int) -> FloatArray:
    """The lowest frequencies first: the ranking that serves most photographs."""
    return np.tile(-pairs.radius, (len(images.classes), 1))


def random(images: Split, pairs: ConjugatePairs, seed: int) -> FloatArray:
    """Pairs in random order."""
    return np.random.default_rng([seed, 0]).random((len(images.classes), len(pairs)))


RANKINGS = {"energy": energy, "low_pass": low_pass, "random": random}


@script
def main(snakemake: Any, created_by: str) -> None:
    """Write the maps of each ranking in the order of RANKINGS."""
    given, params = snakemake.input, snakemake.params
    images = read_images(
        given.images,
        params.split,
        params.images_per_class,
        weights=given.weights,
        workers=snakemake.threads,
    )
    pairs = ConjugatePairs(*images.images.shape[-2:])
    run = run_of_path(given.weights)
    for path, (name, rank) in zip(snakemake.output, RANKINGS.items(), strict=True):
        begin = time.perf_counter()
        score = rank(images, pairs, run["seed"])
        seconds = time.perf_counter() - begin
        about = {"images_per_class": np.bincount(images.labels), "precision": "float32"}
        dfm.write(
            path,
            Found(score, 0, seconds, resumed=False, settings={}, about=about),
            pairs,
            classes=images.classes,
            method=name,
            split=params.split,
            created_by=created_by,
            **run,
        )
