"""Write the explorer: one page to look at every class, network, method and size of map."""

from itertools import groupby
from pathlib import Path

from frequency_shortcuts.evaluation import examples
from frequency_shortcuts.figures import explorer
from frequency_shortcuts.figures.selection import clearest_shortcuts, evenly_spaced
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import RUN, read_table
from study.job import job, run_of_path


def main(snakemake):
    """Gather the files of each network, and write the page."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        compared = {key_of(path): path for path in given.rates}
        maps = {}
        for path in given.maps:
            maps.setdefault(key_of(path_of_run(path)), {})[Path(path).parts[-len(RUN) - 1]] = path
        networks = [
            examples.Network(
                run_of_path(hits), store, hits, {explorer.OWN: dfm, **maps.get(key_of(hits), {})},
                statistics=normalisation(weights), rates=compared.get(key_of(hits)), flips=flips,
            )
            for store, weights, dfm, hits, flips in zip(
                given.stores, given.weights, given.dfm, given.hits, given.flips, strict=True
            )
        ]  # fmt: skip
        verdicts, rates_of_flips = map(read_table, (given.shortcuts, given.flip_rates))
        sets = data_sets(networks, verdicts, params.tested, params.most, rates_of_flips)
        text = explorer.explorer_page(f"Explorer of the study {params.study}", sets, params.tested)
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(text, encoding="utf-8")


def data_sets(networks, verdicts, tested, most, flips=None):
    """What the page shows, one data set after the other; of many classes, at most so many of each."""
    by_name = [(name, list(members)) for name, members in groupby(networks, key=lambda network: network.run["dataset"])]
    sizes = [
        [examples.map_sizes(path) for network in members for path in network.maps.values()] for _, members in by_name
    ]
    # The pictures of the counterfactual test take as much as maps of one more size.
    cost = [
        (of_set[-1][1], len(members) + sum(len(percents) for percents, _ in of_set))
        for of_set, (_, members) in zip(sizes, by_name, strict=True)
    ]
    most = explorer.affordable(cost, len(tested["fills"]), most)
    for name, members in by_name:
        store, of_set = members[0].store, verdicts[verdicts["dataset"] == name]
        classes = read_classes(store)
        shown = clearest_shortcuts(of_set, classes, most) if len(of_set) else evenly_spaced(len(classes), most)
        pictures, _ = examples.first_test_images(store, shown.index, split=tested["split"])
        yield explorer.ExploredSet(
            name, shown.note, shown.names(classes), pictures,
            (examples.read_explored(network, shown.index, tested["fills"]) for network in members), of_set,
            **({} if flips is None else {"flips": flips[flips["dataset"] == name]}),
        )  # fmt: skip


def path_of_run(path):
    """The file of a run as a file in the folder of the run."""
    return Path(path).with_suffix("") / "maps.h5"


def key_of(path):
    """The run of a file in the folder of the run, as a key."""
    return tuple(run_of_path(path).values())


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
