"""Train a network anew on images without the frequencies of its maps: does it need what it relies on?"""

from pathlib import Path

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import reliance
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.networks.predictions import called
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.networks.without import Without
from frequency_shortcuts.storage.files import delete_state
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import code_version, identity, job, log, stopping
from study.testing import load_network, read_images, with_names
from study.trainings import IN_MEMORY, architecture_of, augmentation_of


def main(snakemake):
    """One row for each removal and class; until then, the states of the trainings are stored beside the table."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    settings, store, workers = params.training, given.images, snakemake.threads
    with job(snakemake):
        device, run = take_device(params.device), identity(output)
        first = load_network(given.weights, params.device)
        maps = dfm.read_mask(given.dfm, params.percent)
        removed = reliance.removed_masks(maps, run["seed"])
        data = stores.read(store, "train", settings["images_per_class"], workers=workers, in_memory=IN_MEMORY)
        validation = stores.read(store, "validation", settings["validation_per_class"], workers=workers)
        tested = read_images(store, params.split, weights=given.weights, workers=workers)
        architecture = architecture_of(params.architecture, data, store)
        without, after = {}, {}
        for name, mask in removed.items():
            log.info("without %s: %d of %d positions are removed", name, mask.sum(), mask.size)
            seed = reliance.seed_of(name, run["seed"])
            network = Without(architectures.build(architecture, seed), mask)
            with stopping() as stop:
                training.train(
                    network,
                    data,
                    validation,
                    Recipe(epochs=settings["epochs"], **params.recipe),
                    seed=seed,
                    device=device,
                    augmentation=augmentation_of(run["augmentation"], settings),
                    state=state_of(output, name),
                    version=code_version(given.code),
                    checkpoint_minutes=snakemake.config["checkpoint_minutes"],
                    stop=stop,
                    progress=True,
                )
            without[name], after[name] = called(Without(first, mask), tested), called(network, tested)
        table = reliance.losses(tested.labels, called(first, tested), without, after, len(tested.classes))
        table.insert(2, "positions", table["removed"].map({name: int(mask.sum()) for name, mask in removed.items()}))
        table = with_names(table, tested.classes).replace({"class": {reliance.ALL: reliance.ALL_IMAGES}})
        write_table(table, output, **run)
        for name in removed:
            delete_state(state_of(output, name))


def state_of(output, name):
    """The file of the state of a training."""
    return Path(f"{output}.{name}.state")


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
