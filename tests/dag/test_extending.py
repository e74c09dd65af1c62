"""An addition takes one file and one entry, as docs/development.md states."""

import json

ENTRY = """FIGURES["accuracy"] = Figure(
    Result("accuracy of the networks", "run"), lambda plan: ["all"], _table("networks"), lambda plan, name: {}
)
"""
CODE = """import seaborn

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table

for parameters in figures:
    axes = seaborn.barplot(read_table(parameters["table"]), x="test_accuracy", y="dataset")
    canvas.save(axes.figure, parameters["figure"])
"""


def cell(source, *tags):
    return {
        "cell_type": "code", "id": f"cell-{len(tags)}", "metadata": {"tags": list(tags)}, "source": source,
        "outputs": [], "execution_count": None,
    }  # fmt: skip


def test_a_figure_is_a_notebook_and_an_entry_in_the_table_of_figures(study):
    table, notebook = (study.root / "workflow" / name for name in ("study/figures.py", "notebooks/accuracy.ipynb"))
    before = table.read_text()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [cell("figures = []", "parameters"), cell(CODE)]
    try:
        notebook.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
        table.write_text(before + ENTRY)
        drawn = study.snakemake("results/test/figures/accuracy_all.svg", "--cores", "1")
        assert drawn.returncode == 0 and (study.results / "figures" / "accuracy_all.png").exists(), drawn.stdout
    finally:
        table.write_text(before)
        notebook.unlink()
        for path in [*study.results.rglob("accuracy_all.*"), *study.results.rglob("accuracy.*")]:
            path.unlink()
