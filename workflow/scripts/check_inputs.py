"""Look at every folder, store, network and checkpoint that the plan names, before anything long begins."""

import warnings
from pathlib import Path

import numpy as np
import torch

import check_config
import dataset_store
import folder_store
from frequency_shortcuts.data import cifar10, folders, planted, stores
from frequency_shortcuts.maps import exchange
from frequency_shortcuts.networks import architectures, external
from frequency_shortcuts.storage.files import replacing
from job import job, log

LOOKED_AT = 20  # images of a split that are decoded


class Params(dict):
    """The settings of a data set, read as a script reads its params."""

    def __getattr__(self, name):
        return self.get(name, {"options": {}, "on_error": "stop", "keep": "images"}.get(name))


def main(snakemake):
    """Every mistake in one sentence, all of them at once; what was looked at goes to the output."""
    config, told, mistakes = snakemake.config, [], []
    with job(snakemake):
        planned = {}
        for entry in snakemake.params.plan:
            for name in entry["datasets"]:
                planned.setdefault(name, {}).update(dict.fromkeys(entry["networks"]))
        for name, wanted in planned.items():
            trains = any("source" not in config["networks"][network] for network in wanted)
            found = attempt(mistakes, f"datasets.{name}", look_at, config["datasets"][name], config, trains)
            if found is None:  # all that can be asked of its networks is whether their weights are there
                for network in wanted:
                    path = config["networks"][network].get("checkpoint")
                    if path and not Path(path).is_file():
                        mistakes.append(f"networks.{network}: no weights at {path}")
                continue
            classes, channels, size, words = found
            told.append(f"{name}: {len(classes)} classes, {channels} x {size[0]} x {size[1]}, {words}")
            for network in wanted:
                settings = config["networks"][network]
                about = attempt(mistakes, f"networks.{network}", try_out, settings, len(classes), channels, size)
                told += [f"{name}: {network} {about}"] if about else []
            for entry in config["published"]:
                if entry["dataset"] == name:
                    attempt(mistakes, f"published.{entry['name']}", maps_of, entry["file"], (len(classes), *size))
        if mistakes:
            raise ValueError("\n- ".join(["what the configuration names cannot be used:", *mistakes]))
        for line in told:
            log.info("%s", line)
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in told))


def attempt(mistakes, key, function, *arguments):
    """What a function returns, or None and a sentence more among the mistakes."""
    try:
        return function(*arguments)
    except (ValueError, OSError, RuntimeError) as error:
        sentence = f"{key}: {error}"
        if sentence not in mistakes:
            mistakes.append(sentence)
        return None


def maps_of(path, shape):
    """Read maps of a published tool, which must be of this shape."""
    if not Path(path).is_file():
        raise ValueError(f"no maps at {path}")
    with warnings.catch_warnings(action="ignore"):  # of what will be added to them, the job's log tells
        exchange.read(path, shape)


def look_at(dataset, config, trains):
    """(classes, channels, (height, width), words) of a data set, of which one image a class is read."""
    params = Params(dataset)
    match dataset["source"]:
        case "synthetic":
            size = config["synthesis"]["size"]
            return range(4), config["synthesis"]["channels"], (size, size), "synthetic"
        case "planted":
            constants = check_config.planting(config, dataset["mechanism"])
            del constants["images_per_class"], constants["seeds"]
            design = planted.Design(dataset["mechanism"], **constants)
            return design.classes, design.channels, (design.size, design.size), "planted"
        case "fashion_mnist":
            return range(10), 1, (32, 32), "Fashion-MNIST"
        case "cifar10":
            if params.folder:
                cifar10.check_folder(params.folder)
            return range(10), 3, (32, 32), "CIFAR-10"
        case "folder":
            roots = [params.root, params.test_root, params.stylised, dataset.get("ood", {}).get("root")]
            missing = [root for root in roots if root and not Path(root).is_dir()]
            if missing:
                raise ValueError(
                    f"no folder {' and no folder '.join(missing)}: expected class folders with image files"
                )
            splits, classes, _ = folder_store.planned(params, 1)
            if config["culling"]["split"] in splits:
                can_be_halved(splits[config["culling"]["split"]][1], classes, config)
            for pictures, labels in splits.values():
                some = pictures.subset(stores.first_of_each_class(labels, 1)[:LOOKED_AT])
                for _ in some.decoded():
                    pass
            size = folder_store.size_of(dataset["size"])
            channels = dataset["channels"]
            words = ", ".join(f"{len(labels)} {name}" for name, (_, labels) in splits.items())
        case "store":
            with stores.opened(dataset["path"]) as (store, classes, splits):
                channels, *size = store[splits[0]]["images"].shape[1:]
                words = ", ".join(f"{len(store[name]['labels'])} {name}" for name in splits)
                ranking = store[culling]["labels"][:] if (culling := config["culling"]["split"]) in splits else None
            needed = {config[part]["split"] for part in ("adcs", "culling", "shortcuts", "robustness")}
            needed |= {"train", "validation", "test"} if trains else set()
            needed |= {"test"} if config["ood"]["renditions"] and "ood" not in dataset else set()
            if lacking := sorted(needed.difference(splits)):
                raise ValueError(f"{dataset['path']} has no {' and no '.join(lacking)} split, which is needed")
            can_be_halved(ranking, classes, config)
        case "dataset":
            items, labels, classes = dataset_store.opened(params)
            parts = stores.stratified(labels, dataset["shares"], dataset["split_seed"], classes)
            if config["culling"]["split"] in parts:
                can_be_halved(labels[parts[config["culling"]["split"]]], classes, config)
            items[stores.first_of_each_class(labels, 1)[:LOOKED_AT]]
            channels, size = dataset["channels"], folder_store.size_of(dataset["size"])
            words = f"{len(labels)} items"
    if config["adcs"]["channel_weights"] == "luma" and channels != 3:
        raise ValueError(f"its images have {channels} channels, but adcs.channel_weights: luma needs three")
    for rendition in dataset.get("ood", {}).get("renditions", ()):
        root = f"{dataset['ood']['root']}/{rendition}"
        _, labels, _ = folders.listing(root, folders.matched(classes, root, dataset["ood"].get("classes")))
        words += f", {len(labels)} {rendition}"
    return classes, channels, tuple(size), words


def can_be_halved(labels, classes, config):
    """Raise ValueError where halves are asked for and a class has one image only, of the split that ranks the pairs."""
    few = [str(classes[c]) for c in np.flatnonzero(np.bincount(labels, minlength=len(classes)) < 2)]
    if config["stability"]["halves"] and few:
        raise ValueError(
            f"stability.halves needs two {config['culling']['split']} images of each class, but {few[0]} has one; "
            "write stability: {halves: false}"
        )


def try_out(network, n_classes, channels, size):
    """Show a network images of noise: one that is brought with its weights, one to be trained in outline only."""
    height, width = size
    if "source" in network:
        if network["mean"]:
            stores.check_statistics(network["mean"], network["std"], channels)
        built = architectures.build(
            external.Brought(network["source"], n_classes, channels, *size, network.get("options", {}))
        )
        if network["checkpoint"]:
            architectures.load_weights(built, network["checkpoint"])
        external.probe(built, n_classes, channels, height, width)
        return f"({network['source']}) takes its images"
    if height != width:
        raise ValueError(f"images are {height} x {width}, but networks are trained on square images only")
    name, slim, stem = (network[key] for key in ("architecture", "width", "stem"))
    form = architectures.Architecture(name, n_classes, channels, height, slim, stem)
    with torch.device("meta"):
        external.probe(architectures.build(form), n_classes, channels, height, width)
    return f"({name}) takes its images"


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
