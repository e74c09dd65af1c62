"""Set published numbers beside ours, which are from the published test: maps kept, zeros elsewhere."""

import math

import h5py
import pandas as pd

from frequency_shortcuts.findings import published_numbers
from frequency_shortcuts.findings.paper_tables import as_published
from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import NETWORK, job

STANDARD = ("torchvision", "timm")  # whose names of architectures are those of the published networks


def architectures(weights):
    """Architecture, width and device of every network that has weights, by data set, network and augmentation."""
    rows = {}
    for path in weights:
        about = read_metadata(path)
        kind, key = about["architecture"], tuple(about[name] for name in NETWORK)
        where, _, name = kind.get("source", "").partition(":")
        architecture, width = (kind["name"], kind["width"]) if not where else (name, published_numbers.FULL_WIDTH)
        known = not where or where in STANDARD
        rows[key] = {
            "architecture": architecture if known else kind["source"],
            "width": width if known else 0,
            "device": about.get("device", "unknown"),
        }
    return rows


def own_maps(rates, images, known, percent):
    """Rates from each network's own maps, one row a network and class."""
    keys = [*NETWORK, "class"]
    table = rates.merge(images.groupby(keys, sort=False)["images"].mean().reset_index(), on=keys)
    return described(table.rename(columns={"tpr_dfm_mean": "TPR", "fpr_dfm_mean": "FPR"}), known, percent)


def brought_maps(published, known):
    """Rates from the maps of HFSS that were brought in: those whose name says so."""
    theirs = published[published["maps"].str.contains("hfss", case=False)]
    table = over_seeds(theirs, [*NETWORK, "class"], "tpr_dfm", "fpr_dfm")
    return described(table, known, math.nan, method="HFSS")


def foreign_maps(transfer, known, percent):
    """Rates of one network from the maps of another, one row a pair of networks and class."""
    table = transfer[transfer["filter"] == "dfm"].copy()
    table[["network", "augmentation", "seed"]] = table["tested_on"].str.split("/", expand=True)
    table["maps_of"] = table["maps_of"].str.rsplit("/", n=1).str[0]
    table = described(over_seeds(table, [*NETWORK, "maps_of", "class"], "tpr", "fpr"), known, percent)
    pairs = zip(table["dataset"], table["maps_of"], strict=True)
    source = [known[dataset, *maps.split("/")] for dataset, maps in pairs]
    table["width"] = [min(width, about["width"]) for width, about in zip(table["width"], source, strict=True)]
    table["maps_of"] = [
        f"{about['architecture']}/{maps.split('/')[1]}" for about, maps in zip(source, table["maps_of"], strict=True)
    ]
    return table


def over_seeds(table, keys, tpr, fpr):
    """Means over seeds."""
    means = {"TPR": (tpr, "mean"), "FPR": (fpr, "mean"), "images": ("images", "mean"), "seeds": ("seed", "nunique")}
    return table.groupby(keys, sort=False).agg(**means).reset_index()


def described(table, known, percent, method="culling"):
    """The rates with what their networks are."""
    about = [known[key] for key in table[NETWORK].itertuples(index=False, name=None)]
    own = {} if "maps_of" in table else {"maps_of": ""}
    built = {name: [each[name] for each in about] for name in ("architecture", "width")}
    return table.assign(method=method, percent=percent, **own, **built)


def culling_time(runtimes, dfm, store, key, known):
    """Hours that culling took for one network, mean over seeds, and what it worked on."""
    mine = runtimes[(runtimes["step"] == "cull") & runtimes["run"].str.startswith("/".join(key) + "/")]
    per_seed = mine.groupby(mine["run"].str.extract(r"/seed(\d+)")[0])["wall_s"].sum()
    with h5py.File(dfm) as maps, h5py.File(store) as file:
        count, method = maps.attrs["images_per_class"], maps.attrs["method"]
        classes, (height, width) = len(file.attrs["classes"]), maps["rank"].shape[-2:]
    about = known[key]
    told = (
        f"{key[0]}, {key[1]} of width {about['width']}, {method}: {int(count.sum())} images of {classes} classes, "
        f"{height} x {width} pixels, on a {'GPU' if about['device'].startswith('cuda') else 'CPU'}"
    )
    return pd.DataFrame([{"method": "culling", "hours": per_seed.mean() / 3600, "ours_from": told}])


def main(snakemake):
    """One row a published number."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        known = architectures(given.weights)
        photographs = [dataset for dataset, *_ in params.baselines]
        tables = {
            name: as_published(read_table(path)).loc[lambda table: table["dataset"].isin(photographs)]
            for name, path in given.items()
            if name in ("over_seeds", "shortcuts", "published", "transfer") and path
        }
        rates = [own_maps(tables["over_seeds"], tables["shortcuts"], known, params.percent)]
        if "published" in tables:
            rates.append(brought_maps(tables["published"], known))
        if "transfer" in tables:
            rates.append(foreign_maps(tables["transfer"], known, params.percent))
        times = pd.DataFrame(columns=["method", "hours", "ours_from"])
        if params.baselines:
            times = culling_time(
                read_table(given.runtimes), given.dfm[0], given.store, tuple(params.baselines[0]), known
            )
        published = read_table(given.numbers)
        write_table(
            published_numbers.beside(published, pd.concat(rates, ignore_index=True), times), snakemake.output[0]
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
