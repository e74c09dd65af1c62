"""Join the tests on filtered and corrupted images, and say which classes have a strong shortcut."""

from frequency_shortcuts.storage.tables import read_table, write_table
from make_tables import joined
from study.job import RUN, job


def with_verdicts(table, verdicts):
    """The rows of a table of tests with `strong_shortcut`: whether the class has one in that run, by the headline.

    A class without a verdict has none, and so has the neutral class, which has no headline.
    """
    headline = verdicts[verdicts["headline"]]
    judged = headline[[*RUN, "class"]].assign(strong_shortcut=headline["verdict"] == "strong")
    joined = table.merge(judged, on=[*RUN, "class"], how="left", validate="many_to_one")
    return joined.assign(strong_shortcut=joined["strong_shortcut"] == True)  # noqa: E712 (missing is no)


def main(snakemake):
    """Two CSVs, one row a run, view and class."""
    with job(snakemake):
        write_table(joined(snakemake.input.curves), snakemake.output.curves)
        verdicts = read_table(snakemake.input.shortcuts)
        write_table(with_verdicts(joined(snakemake.input.corruptions), verdicts), snakemake.output.corruptions)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
