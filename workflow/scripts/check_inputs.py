"""Check every folder, store, network, checkpoint and device that the plan names, before the first long job."""

from frequency_shortcuts.storage.files import write_text
from study.datasets import complete
from study.inputs import check
from study.job import log, script


@script
def main(snakemake, created_by):
    """Report every mistake in one sentence, all of them at once; the output lists what was found."""
    mistakes, lines = check(
        complete(snakemake.params.settings), scheduled=bool(snakemake.resources.scheduled)
    )
    if mistakes:
        raise ValueError(
            "\n- ".join(["the configuration names things that cannot be used:", *mistakes])
        )
    for line in lines:
        log.info("%s", line)
    write_text(snakemake.output[0], "".join(f"{line}\n" for line in lines))
