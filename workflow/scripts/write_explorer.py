"""Write the explorer: one page to look at every class, network and size of map."""

from itertools import groupby

from frequency_shortcuts.figures.selection import clearest_shortcuts, of_kind
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study import examples
from study.drawings import explorer
from study.job import run_of_path, script


def data_sets(networks, verdicts, first, tested, most):
    """What the page shows, one data set after the other; of many classes, at most so many of each.

    networks : of each its store, hits, maps and mean and std
    first : the first kind of networks of each data set
    """
    shapes, chosen = [examples.map_shape(maps) for _, _, maps, _ in networks], (tested["percents"], tested["fills"])
    most = explorer.affordable(shapes, *map(len, chosen), most)
    for store, members in groupby(networks, key=lambda network: network[0]):
        of_set = [(run_of_path(hits), (store, hits, maps), statistics) for _, hits, maps, statistics in members]
        name, classes = of_set[0][0]["dataset"], read_classes(store)
        of_first = of_kind(verdicts[verdicts["dataset"] == name], first[name])
        shown = clearest_shortcuts(of_first, classes, most)
        pictures, _ = examples.first_test_images(store, shown.index, split=tested["split"])
        reduced = [
            (run, examples.read_reduced(*files, shown.index, *chosen, statistics)) for run, files, statistics in of_set
        ]
        yield name, shown.names(classes), shown.note, pictures, reduced


@script
def main(snakemake, created_by):
    given, params = snakemake.input, snakemake.params
    verdicts, flips = map(read_table, (given.shortcuts, given.flips))
    networks = [*zip(given.stores, given.hits, given.dfm, map(normalisation, given.weights), strict=True)]
    sets = data_sets(networks, verdicts, params.first, params.tested, params.most)
    text = explorer.explorer_page(f"Explorer of the study {params.study}", sets, verdicts, flips, params.tested)
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(text, encoding="utf-8")
