"""Check every folder, store, network and checkpoint that the plan names, before anything long begins."""

from frequency_shortcuts.storage.files import replacing
from study.inputs import check
from study.job import job, log
from study.plan import Plan


def main(snakemake):
    """Every mistake in one sentence, all of them at once; what was found goes to the output."""
    with job(snakemake):
        mistakes, found = check(Plan(snakemake.params.settings))
        if mistakes:
            raise ValueError("\n- ".join(["what the configuration names cannot be used:", *mistakes]))
        for line in found:
            log.info("%s", line)
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in found))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
