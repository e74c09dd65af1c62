"""Write Snakemake's own report of the study."""

from pathlib import Path

from frequency_shortcuts.storage.files import replacing
from study.job import job, run_snakemake

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
        style = ["--report-stylesheet", snakemake.input.stylesheet]
        run_snakemake(snakemake.config, "all", "--report", str(target), *style)
        if target.suffix == ".html":
            with replacing(target) as temporary:
                temporary.write_text(with_large_pages(target.read_text(encoding="utf-8")), encoding="utf-8")


def with_large_pages(text):
    """The text of the report, with a script at its end that makes large pages open in a frame."""
    before, end, after = text.rpartition("</body>")
    return before + LARGE_PAGES + end + after


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
