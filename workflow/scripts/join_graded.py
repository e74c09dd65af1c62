"""Graded sets: is a class that stands out more learned earlier, where we made it stand out?"""

import pandas as pd

from frequency_shortcuts.images import stores
from frequency_shortcuts.maps import adcs
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import RUN, read_tables, write_table
from study.job import script

SCORES = ["precision", "recall", "f1"]


def classes_of(store, seed):
    """The gain, ring and distinctiveness of each class of a set; the neutral one has no gain."""
    train = stores.read(store, "train")
    spectra = adcs.class_spectra(train)
    distinctiveness = adcs.distinctiveness(spectra.mean_amplitude, spectra.standard_error)
    with read_hdf5(store) as file:
        about = file["planted"].attrs
        table = pd.DataFrame({"gain": about["gains"], "ring": about["rings"]})
    table = table.where(table["ring"] != "")
    table.insert(0, "seed", seed)
    table.insert(1, "class", train.classes)
    return table.assign(distinctiveness=distinctiveness)


@script
def main(snakemake, created_by):
    """A row a set and class, with its earliness, the mean F1 over the tests of its network; and a row a test."""
    given, output = snakemake.input, snakemake.output
    dynamics = read_tables(given.dynamics).drop(columns=[*RUN[:-1], "view", "called"])
    seeds = dynamics["seed"].unique()
    classes = pd.concat(
        [classes_of(store, seed) for store, seed in zip(given.stores, seeds, strict=True)]
    )
    tests = dynamics[dynamics["iteration"] > 0].groupby(
        ["seed", "class"], sort=False, as_index=False
    )
    learned = tests.agg(
        earliness=("f1", "mean"), recall=("recall", "last"), images=("images", "last")
    )
    write_table(classes.merge(learned, on=["seed", "class"]), output.graded)
    write_table(dynamics[["seed", "iteration", "class", *SCORES]], output.graded_dynamics)
