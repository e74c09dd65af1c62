"""Write Snakemake's own report of the study, with the configuration in use, and our script in it."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from frequency_shortcuts.storage.files import write_text
from study.job import ROOT, log, script

BEFORE = '<script id="runtimes">'  # what follows the results and the graph in Snakemake's page


@script
def main(snakemake, created_by):
    target = Path(snakemake.output[0])
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(json.loads(json.dumps(snakemake.config)), file, sort_keys=False)
        file.flush()
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "results",
            "--snakefile",
            str(ROOT / "Snakefile"),
            "--nolock",
        ]
        options = ["--report", str(target), "--report-stylesheet", snakemake.input.stylesheet]
        done = subprocess.run(
            [*command, *options, "--configfile", file.name], capture_output=True, text=True
        )
    log.info("%s", done.stderr)
    if done.returncode:
        raise RuntimeError(
            f"snakemake {' '.join(options)} failed: {done.stderr.strip().splitlines()[-1]}"
        )
    before, place, after = target.read_text(encoding="utf-8").partition(BEFORE)
    if not place:
        raise RuntimeError(f"this version of Snakemake has no {BEFORE} in its report")
    ours = Path(snakemake.input.script).read_text(encoding="utf-8")
    write_text(target, f"{before}<script>{ours}</script>\n{place}{after}")
