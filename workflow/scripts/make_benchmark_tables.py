"""Join the networks of a benchmark, judge them, and draw the figure."""

from pathlib import Path

from matplotlib import pyplot as plt

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import write_table
from study.drawings import benchmarks
from study.job import script
from study.measures import cure, leaks


@script
def main(snakemake, created_by):
    """Write a row for each network, one for each aim, or artefact and training; sets of two classes and crops apart."""
    output = snakemake.output
    if hasattr(output, "cure"):
        networks = leaks.join_tables(snakemake.input.networks)
        judged = cure.judge(networks)
        tables = {"networks": networks, "cure": judged}
        figure = benchmarks.cure(judged, cure.LIMITS, cure.OF_PHOTOGRAPHS)
    else:
        joined = leaks.join_tables(snakemake.input, "networks.csv").fillna({"follows": ""})
        version_2 = leaks.join_tables(snakemake.input.version_2) if snakemake.input.version_2 else None
        in_deal = joined["architecture"].notna()
        dealt, sets = (joined[chosen].dropna(axis=1, how="all") for chosen in (in_deal, ~in_deal))
        table = leaks.with_harm(dealt, leaks.join_tables(snakemake.input, "clean.csv"))
        table = leaks.with_version_2(table, version_2)
        tables = {"leaks": table, "aims": leaks.judge(table), "networks": sets, "sets": leaks.judge_sets(sets)}
        figure = benchmarks.leaks(table, leaks.HARMFUL)
    for name, table in tables.items():
        write_table(table, getattr(output, name))
    canvas.save(figure, Path(output.figure[0]).with_suffix(""))
    plt.close(figure)
