"""Join the networks of the benchmark, compute what each artefact costs, judge the aims, and draw the figure."""

from pathlib import Path

from matplotlib import pyplot as plt

from frequency_shortcuts.evaluation import leaks
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.leaks import leaks as draw
from frequency_shortcuts.storage.tables import write_table
from study.job import job


def main(snakemake):
    """Write one row a network and class, one an aim, and the sets of two classes and of crops apart."""
    output = snakemake.output
    with job(snakemake):
        tables = leaks.join_tables(snakemake.input, "networks.csv")
        clothing = tables[tables["suite"] == "clothing"].dropna(axis=1, how="all")
        table = leaks.with_harm(clothing, leaks.join_tables(snakemake.input, "clean.csv"))
        write_table(table, output.leaks)
        write_table(leaks.judge(table), output.aims)
        write_table(leaks.compare(table), output.compared)
        sets = tables[tables["suite"] != "clothing"].dropna(axis=1, how="all")
        write_table(sets, output.networks)
        write_table(leaks.judge_sets(sets), output.sets)
        figure = draw(table, leaks.HARMFUL)
        canvas.save(figure, Path(output.figure[0]).with_suffix(""))
        plt.close(figure)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
