"""Join the comparisons of methods of all networks."""

from collections import defaultdict
from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.method_scores import (
    CONTROL,
    UNFILTERED,
    overlap_over_seeds,
    with_best_control,
)
from frequency_shortcuts.evaluation.usage import WITHOUT_WAVE, only_where_used, wave_use
from frequency_shortcuts.maps import scores
from frequency_shortcuts.storage.tables import NETWORK, RUN, write_table
from study.job import identity, job
from study.plan import Plan
from study.tables import read_joined, read_runs

LOW_PASS = "low_pass"  # the method that is a control of the others


def main(snakemake):
    """Scores and cost of every method; its rates beside those of the best control; the overlap of its maps."""
    given, output = snakemake.input, snakemake.output
    with job(snakemake):
        table = read_runs(given.scores)
        use = [read_runs(given.use)[[*RUN, "class", "uses"]]] if given.use else []
        if given.waves:
            use.append(use_of_waves(read_joined(given.waves[0], Plan(snakemake.config))))
        if use:
            use = pd.concat(use)
            table = only_where_used(table.merge(use, on=[*RUN, "class"], how="left", validate="many_to_one"))
        write_table(table, output.methods)

        rates = read_runs(given.rates)
        keys = [*RUN, "part", "fill", "percent", "class", "method"]
        means = rates.groupby(keys, sort=False, as_index=False)[["positions", "images", "tpr", "fpr"]].mean()
        margins = with_best_control(rates, CONTROL, LOW_PASS)
        columns = [key for key in keys if key != "part"]
        margins = margins[[*columns, "measure", "best_control", "margin"]].assign(part="keep")
        write_table(means.merge(margins, on=keys, how="left", validate="one_to_one"), output.rates)

        of_network = defaultdict(list)
        for path in given.maps:
            run, method = identity(Path(path).with_suffix("") / "maps"), Path(path).parts[-len(RUN) - 1]
            of_network[method, *(run[key] for key in NETWORK)].append(path)
        overlaps = []
        for (method, *network), paths in of_network.items():
            classes = scores.read_scores(paths[0])[1]["classes"]
            overlap = overlap_over_seeds(map(scores.read_masks, paths), classes)
            overlaps.append(overlap.assign(**dict(zip(NETWORK, network, strict=True)), method=method))
        write_table(pd.concat(overlaps)[[*NETWORK, "method", "class", "percent", "overlap", "seeds"]], output.overlap)


def use_of_waves(tests):
    """Whether each network uses the wave of its class, from the table of the tests of waves."""
    rates = tests.pivot_table("tpr", [*RUN, "class"], "test", aggfunc="first")
    return rates.assign(uses=wave_use(rates[UNFILTERED], rates[WITHOUT_WAVE]))["uses"].reset_index()


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
