"""Draw graded sets, and train and test a network on each: are classes that stand out more learned earlier?"""

from pathlib import Path

from frequency_shortcuts.evaluation import graded
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.storage.files import delete_state
from frequency_shortcuts.storage.journal import Work
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import code_version, log, script, stopping


@script
def main(snakemake, created_by):
    """Write a row for each set and class, and one for each test; until then, finished sets are stored beside them."""
    params, output = snakemake.params, snakemake.output
    settings = dict(params.settings)
    state = Path(f"{output.classes}.state")
    device = take_device(params.device)
    constants, recipe, geometry = (settings.pop(key) for key in ("constants", "recipe", "geometry"))
    protocol = graded.Protocol(recipe=Recipe(**recipe), augmentation=Augmentation(**geometry), **settings)
    log.info("%d sets on %s: %s", len(params.seeds), device, protocol)
    with stopping() as stop:
        table = graded.measure(
            params.seeds,
            constants,
            protocol,
            device=device,
            work=Work(state, code_version(snakemake.input.code), stop, progress=True),
        )
    write_table(graded.earliness(table), output.classes)
    write_table(table[["seed", "iteration", "class", *graded.SCORES]], output.dynamics)
    delete_state(state)
