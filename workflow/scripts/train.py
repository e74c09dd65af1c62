"""Train one network."""

from pathlib import Path

from frequency_shortcuts.images import stores
from frequency_shortcuts.networks import architectures, predictions
from frequency_shortcuts.storage.journal import Work
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import log, run_of_path, script, stopping
from study.trainings.dynamics import Dynamics
from study.trainings.training import IN_MEMORY, architecture_of, train_anew


@script
def main(snakemake, created_by):
    """Train, and write weights, history and learning dynamics; until then, the state is stored beside them."""
    params, run = snakemake.params, run_of_path(snakemake.output.weights)
    settings = params.settings
    state = Path(snakemake.output.weights).with_name("state.pt")
    store, seed = snakemake.input.images, run["seed"]
    device = take_device(snakemake.config["device"])
    data = stores.read(
        store, "train", settings["images_per_class"], workers=snakemake.threads, in_memory=IN_MEMORY
    )
    dynamics = dict(settings["dynamics"])
    test = stores.read(store, "test", dynamics.pop("images_per_class"))
    architecture = architecture_of(params.architecture, len(data.classes), data.images.shape[1:])
    log.info("%s on %s, %d images", architecture, device, len(data))
    validation = stores.read(
        store, "validation", settings["validation_per_class"], workers=snakemake.threads
    )
    version, minutes = str(params.code), snakemake.config["checkpoint_minutes"]
    with stopping(snakemake.output) as stop:
        work = Work(state, version, stop, progress=True, checkpoint_minutes=minutes)
        how = {"seed": seed, "device": device, "dynamics": Dynamics(test, **dynamics), "work": work}
        network, done = train_anew(
            architecture, params.recipe, settings["augmentation"], data, validation, **how
        )
    write_table(done.history, snakemake.output.history, **run)
    write_table(done.dynamics, snakemake.output.dynamics, **run)
    tested = stores.read(store, "test", workers=snakemake.threads)
    accuracy = predictions.accuracy(network, tested)
    log.info("best epoch %d, accuracy %.3f on all test images", done.best_epoch, accuracy)
    facts = {
        "created_by": created_by,
        "best_epoch": done.best_epoch,
        "test_accuracy": accuracy,
        "parameters": architectures.parameters(network),
        "device": device.type,
    }
    architectures.save(snakemake.output.weights, done.weights, architecture, {**facts, **run})
    # At the end: if the disk is full while the results are written, the state is still there.
    state.unlink(missing_ok=True)
