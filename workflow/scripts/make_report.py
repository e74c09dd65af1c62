"""Write Snakemake's own report of the study."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from frequency_shortcuts.storage.files import replacing
from study.job import ROOT, log, script

# In a frame, Chromium shows no page of more than 2 MiB that is given as a data address. The report opens large ones as
# blobs, which have no such limit and need no network.
LARGE_PAGES = """<script>
for (const result of Object.values(results)) {
  if (result.mime_type === "text/html" && result.data_uri.startsWith("data:") && result.data_uri.length > 2 ** 20)
    fetch(result.data_uri).then(answer => answer.blob()).then(page => { result.data_uri = URL.createObjectURL(page); });
}
</script>
"""


@script
def main(snakemake, created_by):
    """The report of `all`, with the configuration in use, and a script at its end that makes large pages open."""
    target = Path(snakemake.output[0])
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(json.loads(json.dumps(snakemake.config)), file, sort_keys=False)
        file.flush()
        command = [sys.executable, "-m", "snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--nolock"]
        options = ["--report", str(target), "--report-stylesheet", snakemake.input.stylesheet]
        done = subprocess.run([*command, *options, "--configfile", file.name], capture_output=True, text=True)
    log.info("%s", done.stderr)
    if done.returncode:
        raise RuntimeError(f"snakemake {' '.join(options)} failed: {done.stderr.strip().splitlines()[-1]}")
    before, end, after = target.read_text(encoding="utf-8").rpartition("</body>")
    with replacing(target) as temporary:
        temporary.write_text(before + LARGE_PAGES + end + after, encoding="utf-8")
