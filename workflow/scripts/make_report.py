"""Write Snakemake's own report of the study."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from frequency_shortcuts.storage.files import replacing
from study.job import ROOT, job, log

# In a frame, Chromium shows no page of more than 2 MiB that is given as a data address. The report opens large ones as
# blobs, which have no such limit and need no network.
LARGE_PAGES = """<script>
for (const result of Object.values(results)) {
  if (result.mime_type === "text/html" && result.data_uri.startsWith("data:") && result.data_uri.length > 2 ** 20)
    fetch(result.data_uri).then(answer => answer.blob()).then(page => { result.data_uri = URL.createObjectURL(page); });
}
</script>
"""


def main(snakemake):
    """The report of `all`, with the configuration in use."""
    target = Path(snakemake.output[0])
    with job(snakemake):
        run_snakemake(snakemake.config, "--report", str(target), "--report-stylesheet", snakemake.input.stylesheet)
        with replacing(target) as temporary:
            temporary.write_text(with_large_pages(target.read_text(encoding="utf-8")), encoding="utf-8")


def run_snakemake(config, *arguments):
    """Run Snakemake on the target `all` from inside the study. Raises RuntimeError if it fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(json.loads(json.dumps(config)), file, sort_keys=False)
        file.flush()
        command = [sys.executable, "-m", "snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--nolock"]
        done = subprocess.run([*command, *arguments, "--configfile", file.name], capture_output=True, text=True)
    log.info("%s", done.stderr)
    if done.returncode:
        raise RuntimeError(f"snakemake {' '.join(arguments)} failed: {done.stderr.strip().splitlines()[-1]}")


def with_large_pages(text):
    """The text of the report, with a script at its end that makes large pages open in a frame."""
    before, end, after = text.rpartition("</body>")
    return before + LARGE_PAGES + end + after


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
