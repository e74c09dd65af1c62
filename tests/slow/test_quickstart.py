"""The quickstart prints what it shows. `python tests/slow/test_quickstart.py` writes its outputs anew."""

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

PATH = Path(__file__).parents[2] / "docs" / "quickstart.ipynb"


def executed(folder):
    """The notebook after a run in a folder, without the plan and the progress of an analysis, which have times."""
    notebook = nbformat.read(PATH, as_version=4)
    NotebookClient(notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    return notebook


def printed(notebook):
    """The text that each code cell prints, or `figure` where it draws one."""
    data = [[output.get("data", {"text/plain": output.get("text")}) for output in cell.outputs]
            for cell in notebook.cells if cell.cell_type == "code"]  # fmt: skip
    return ["".join("figure" if "image/png" in one else one["text/plain"] for one in cell) for cell in data]


def test_the_quickstart_prints_what_it_shows(tmp_path):
    stored = nbformat.read(PATH, as_version=4)
    assert printed(executed(tmp_path)) == printed(stored), "run `python tests/slow/test_quickstart.py`"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(executed(folder), PATH)
