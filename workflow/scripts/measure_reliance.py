"""Whether a network needs the frequencies of its maps: it is trained anew without them."""

from pathlib import Path

from frequency_shortcuts.images import stores
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks.predictions import called, source_for
from frequency_shortcuts.spectrum.fills import donors, donors_of_own_class
from frequency_shortcuts.storage.journal import Work
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import script, stopping
from study.measures import reliance
from study.tested_networks import read_inputs
from study.trainings.training import IN_MEMORY, architecture_of, train_anew
from study.trainings.without import Exchanged


@script
def main(snakemake, created_by):
    """One row for each removal and class; until then, the states of the trainings are stored beside the table."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    settings, workers = params.training, snakemake.threads
    device = take_device(snakemake.config["device"])
    first, tested, run = read_inputs(snakemake, params.split)
    removed = reliance.removed_masks(dfm.read_mask(given.dfm, params.percent), run["seed"])
    data = stores.read(
        given.images, "train", settings["images_per_class"], workers=workers, in_memory=IN_MEMORY
    )
    validation = stores.read(
        given.images, "validation", settings["validation_per_class"], workers=workers
    )
    architecture = architecture_of(params.architecture, len(data.classes), data.images.shape[1:])
    source = source_for(first, tested)
    others = donors(tested.labels, neutral=tested.neutral, seed=run["seed"])
    own_class = donors_of_own_class(tested.labels, seed=run["seed"])
    version, minutes = str(params.code), snakemake.config["checkpoint_minutes"]
    as_they_are, called_so = called(first, tested), {}
    states = {name: Path(f"{output}.{name}.state") for name in removed}
    for name, mask in removed.items():
        with stopping(snakemake.output) as stop:
            work = Work(states[name], version, stop, progress=True, checkpoint_minutes=minutes)
            network, _ = train_anew(
                architecture,
                params.recipe,
                settings["augmentation"],
                data,
                validation,
                seed=reliance.seed_of(name, run["seed"]),
                device=device,
                removed=mask,
                work=work,
            )
        same = called(first, Exchanged(source, mask, own_class))
        without = called(first, Exchanged(source, mask, others))
        views = as_they_are, same, without, called(network, tested)
        called_so[name] = dict(zip(reliance.VIEWS, views, strict=True))
    table = reliance.losses(
        tested.labels,
        called_so,
        {name: mask.sum() for name, mask in removed.items()},
        donors=tested.labels[others],
        classes=tested.classes,
    )
    write_table(table, output, **run)
    for state in states.values():
        state.unlink(missing_ok=True)
