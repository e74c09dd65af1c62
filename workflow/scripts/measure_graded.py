"""Draw graded sets, and train and test a network on each: are classes that stand out more learned earlier?"""

from pathlib import Path

from frequency_shortcuts.storage.journal import Work
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import log, script, stopping
from study.measures import graded
from study.trainings.training import protocol_of


@script
def main(snakemake, created_by):
    """Write a row for each set and class, and one for each test; until then, finished sets are stored beside them."""
    params, output = snakemake.params, snakemake.output
    settings = dict(params.settings)
    state = Path(f"{output.classes}.state")
    device = take_device(params.device)
    protocol = protocol_of(*(settings.pop(key) for key in ("network", "recipe", "geometry")))
    log.info("%d sets on %s: %s", len(params.seeds), device, protocol)
    with stopping() as stop:
        work = Work(state, str(params.code), stop, progress=True)
        table = graded.measure(params.seeds, protocol=protocol, device=device, work=work, **settings)
    write_table(graded.earliness(table), output.classes)
    write_table(table[["seed", "iteration", "class", *graded.SCORES]], output.dynamics)
    state.unlink(missing_ok=True)
