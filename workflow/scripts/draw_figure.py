"""Execute a notebook that draws one figure or builds one table."""

import shutil
from pathlib import Path

import papermill
from papermill.exceptions import PapermillExecutionError

from frequency_shortcuts.storage.checksums import DamagedFile
from study.job import job
from study.plan import Plan
from study.tables import read_joined


def main(snakemake):
    """Run the notebook with its inputs and parameters; a failed notebook is kept beside the log."""
    inputs = {
        name: _plain(value) for name, value in snakemake.input.items() if value and name not in ("notebook", "code")
    }
    outputs = dict(snakemake.output.items())
    result = {"csv": outputs["csv"]} if "csv" in outputs else {"figure": str(Path(outputs["svg"]).with_suffix(""))}
    kept = Path(snakemake.log[0]).with_suffix(".ipynb")
    with job(snakemake):
        for path in snakemake.input:  # the notebook reads them again
            if path.endswith(".csv"):
                read_joined(path, Plan(snakemake.config))
        try:
            papermill.execute_notebook(
                snakemake.input.notebook,
                str(kept),
                parameters={**inputs, **snakemake.params.parameters, **result},
                progress_bar=False,
                kernel_name="python3",
                extra_arguments=["--log-level=ERROR"],
                shutdown_kernel="immediate",  # a graceful end interrupts the idle kernel, which then prints an error
            )
        except PapermillExecutionError as error:
            if error.ename == "DamagedFile":
                path, _, problem = error.evalue.removesuffix("; make it again").partition(": ")
                raise DamagedFile(path, problem) from error
            raise RuntimeError(f"{error.ename}: {error.evalue}; the partly executed notebook is {kept}") from error
        shutil.move(kept, snakemake.output.notebook)


def _plain(value):
    """Snakemake's lists of files as lists, single files as they are."""
    return str(value) if isinstance(value, str) else [str(entry) for entry in value]


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
