"""Write the RO-Crate metadata of a finished study into its folder of results."""

import json
from pathlib import Path

from frequency_shortcuts.storage.files import replacing
from study import crate
from study.job import job
from study.plan import Plan
from study.tables import read_joined


def main(snakemake):
    """Describe every file in the folder."""
    with job(snakemake):
        plan = Plan(snakemake.config)
        files = crate.files_of(Path(plan.results))
        facts = read_joined(snakemake.input.provenance, plan).set_index("key")["value"].dropna().to_dict()
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(json.dumps(crate.metadata(plan, files, facts), indent=1) + "\n")


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
