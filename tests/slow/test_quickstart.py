"""The quickstart prints what quickstart.txt holds. `python tests/slow/test_quickstart.py` writes this file anew."""

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

PATH = Path(__file__).parents[2] / "docs" / "quickstart.ipynb"
STORED = Path(__file__).with_name("quickstart.txt")
BETWEEN = "\n=== the next cell ===\n"


def executed(folder):
    """The notebook after a run in a folder, without the plan and the progress of an analysis, which have times."""
    notebook = nbformat.read(PATH, as_version=4)
    NotebookClient(
        notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(folder)}}
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def printed(notebook):
    """The text that each code cell prints, or `figure` where it draws one."""
    data = [[output.get("data", {"text/plain": output.get("text")}) for output in cell.outputs]
            for cell in notebook.cells if cell.cell_type == "code"]  # fmt: skip
    return [
        "".join("figure" if "image/png" in one else one["text/plain"] for one in cell)
        for cell in data
    ]


def test_the_quickstart_prints_what_is_stored(tmp_path):
    assert BETWEEN.join(printed(executed(tmp_path))) == STORED.read_text(), (
        "run `python tests/slow/test_quickstart.py`"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        STORED.write_text(BETWEEN.join(printed(executed(folder))))
