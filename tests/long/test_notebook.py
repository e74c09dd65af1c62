"""The notebook in docs/ runs unchanged, and no notebook is stored with outputs."""

import nbformat
import papermill

from conftest import ROOT


def test_the_notebook_of_the_docs_runs_from_top_to_bottom(tmp_path):
    done = tmp_path / "done.ipynb"
    papermill.execute_notebook(
        str(ROOT / "docs" / "own_network.ipynb"),
        str(done),
        parameters={"epochs": 1, "per_class": 40},
        kernel_name="python3",
        progress_bar=False,
    )
    cells = [cell for cell in nbformat.read(done, 4).cells if cell.cell_type == "code"]
    pictures = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
    assert all(cell.execution_count for cell in cells) and len(pictures) == 3
    assert any("verdict" in str(output.get("data", {})) for output in cells[-2].outputs)


def test_notebooks_are_stored_without_outputs():
    for path in (ROOT / "docs" / "own_network.ipynb", *(ROOT / "workflow" / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, 4).cells
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path
