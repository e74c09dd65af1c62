"""Write the provenance of the study: versions, commit, devices, and the configuration with all seeds."""

import hashlib
import json
from datetime import UTC, datetime

import pandas as pd
import yaml

from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage.files import write_text
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import provenance
from study.findings.definitions import MODULES
from study.job import commit, commit_of, config_digest, script


def _sha256(path):
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@script
def main(snakemake, created_by):
    config, params = snakemake.config, snakemake.params
    used = sorted(
        {read_metadata(path).get("device", "unknown") for path in snakemake.input.weights}
    )
    facts = {
        "study": params.study,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "definitions of the claims": commit_of(MODULES),
        "configuration": f"digest {config_digest(config)}",
        "device requested": config["device"],
        "devices of the networks": ", ".join(used),
        "threads of a job": str(snakemake.resources.threads_of_networks),
        "numerics": params.numerics,
        **provenance.machine(),
    }
    for path in snakemake.input.stores:
        with read_hdf5(path) as file:
            name = path.rsplit("/", 1)[1].removesuffix(".h5")
            facts[f"data set {name}"] = f"{file.attrs['source']}, SHA-256 {_sha256(path)[:12]}"
    facts |= {f"version of {name}": number for name, number in provenance.versions().items()}
    write_table(
        pd.DataFrame({"key": list(facts), "value": list(facts.values())}), snakemake.output.table
    )
    plain = json.loads(json.dumps(config))
    write_text(snakemake.output.config, yaml.safe_dump(plain, sort_keys=False, width=120))
