"""Join the networks of the benchmark of cures, judge the trainings, and draw the figure."""

from pathlib import Path

from matplotlib import pyplot as plt

from frequency_shortcuts.evaluation.cure import LIMITS, judge
from frequency_shortcuts.evaluation.leaks import join_tables
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.cure import cure as draw
from frequency_shortcuts.storage.tables import write_table
from study.job import job


def main(snakemake):
    """Write one row a network and artefact, and one an artefact and training."""
    output = snakemake.output
    with job(snakemake):
        networks = join_tables(snakemake.input.networks)
        table = judge(networks)
        write_table(networks, output.networks)
        write_table(table, output.cure)
        figure = draw(table, LIMITS)
        canvas.save(figure, Path(output.figure[0]).with_suffix(""))
        plt.close(figure)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
