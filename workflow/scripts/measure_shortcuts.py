"""Test the shortcuts of a network, and its phases and amplitudes, on other images than those that found the maps."""

from frequency_shortcuts.evaluation import phase
from frequency_shortcuts.evaluation.phase_verdicts import write_phase_hits
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import shortcut_tests
from study.job import identity, job
from study.origin import origin_of
from study.testing import load_network, read_images


def main(snakemake):
    """The class that the network names for every mask and image, and a table of rates."""
    params, given, output, settings = snakemake.params, snakemake.input, snakemake.output, snakemake.params.settings
    with job(snakemake) as created_by:
        network, run = load_network(given.weights, params.device), identity(output.hits)
        maps, name = dfm.read_mask(given.dfm, params.percent), shortcut_tests.run_name(run)
        data = read_images(
            given.images, params.split, params.images_per_class, weights=given.weights, workers=snakemake.threads
        )
        hits = shortcut_tests.collect(network, data, maps, name, settings)
        others = dict(zip(params.methods, given.methods, strict=True))
        origin = origin_of(output.hits, weights=given.weights, images=given.images, maps=given.dfm, methods=others)
        with replacing_hdf5(output.hits) as file:
            about = {"split": params.split, "percent": params.percent, "seed": settings["seed"], **origin}
            shortcut_tests.write(file, hits, data.classes, created_by=created_by, **about)
            if params.phase:
                chosen = {key: settings[key] for key in ("negatives", "seed")}
                phases = phase.collect(network, data, maps, run=name, hits=hits, progress=True, **chosen)
                write_phase_hits(file.create_group("phase"), phases)
            shortcut_tests.measure_methods(
                file, network, data, others, params.percent, run=name, settings=params.method_settings
            )
        write_table(shortcut_tests.rates_of(hits, data.classes), output.shortcuts, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
