"""More views of a network: filtered images, single plane waves, common corruptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..categories import Result
from ..description import Figure, NetworkTest, Output, Table, of_dataset, store_and_table, table
from ..job import FOLDER

if TYPE_CHECKING:
    import pandas as pd

    from ..plan import Plan


def measure(step: Any, created_by: str) -> None:
    """Recall on filtered images, the error under single plane waves, and recall under corruptions."""
    import math

    from frequency_shortcuts.evaluation import recall, sensitivity, wave_errors
    from frequency_shortcuts.storage.tables import write_table

    from ..tested_networks import read_images, read_inputs, with_names

    given, outputs, settings = step.input, step.output, step.params.settings
    waves, seed = settings["sensitivity"], settings["seed"]
    network, data, run = read_inputs(step, settings["split"], settings["images_per_class"])
    fewer = read_images(
        given.images, settings["split"], waves["images_per_class"], weights=given.weights, workers=step.threads
    )
    table = recall.filtered_recall(
        network, data, cutoffs=settings["cutoffs"], band_width=settings["band_width"], progress=True
    )
    write_table(with_names(table, data.classes), outputs.curves, **run)
    norm = waves["rms"] * math.sqrt(math.prod(data.images.shape[-2:]))
    errors = sensitivity.fourier_sensitivity(
        network, fewer, norm=norm, radius=waves["radius"], seed=seed, progress=True
    )
    wave_errors.write_sensitivity(
        outputs.sensitivity, errors, classes=data.classes, split=settings["split"], created_by=created_by,
    )  # fmt: skip
    table = recall.corrupted_recall(network, data, names=settings["corruptions"], seed=seed, progress=True)
    write_table(with_names(table, data.classes), outputs.corruptions, **run)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """The recall of all runs; under corruptions, with the classes that have a strong shortcut."""
    from frequency_shortcuts.findings.study_tables import with_strong_shortcuts

    corruptions = with_strong_shortcuts(given["corruptions"], given["shortcuts"])
    return {"curves": given["curves"], "corruptions": corruptions}


def _on(plan: Plan, pattern: str, dataset: str) -> list[str]:
    """A pattern filled in with the tested runs on a data set."""
    return [pattern.format(**run) for run in plan.robustness_runs() if run["dataset"] == dataset]


TEST: NetworkTest = NetworkTest(
    message="Filtering, perturbing and corrupting {wildcards.dataset} for {wildcards.network} "
    "({wildcards.augmentation}, seed {wildcards.seed})",
    runs=lambda plan: plan.robustness_runs(),
    measure=measure,
    outputs={
        "curves": Output(
            f"tests/{FOLDER}/curves.csv",
            "recall on filtered images, one row a filter and class: `filter` (unfiltered, low-pass, high-pass, "
            "band-stop), `low`, `high` (cycles per image: low-pass keeps r < high, high-pass r >= low, band-stop "
            "removes low <= r < high; empty where there is no limit), `class`, `images`, `tpr` (the recall) with its "
            "95 % interval `tpr_low`, `tpr_high`, `fpr`, `accuracy` (over all classes, the same in all rows of a "
            "filter)",
        ),
        "corruptions": Output(
            f"tests/{FOLDER}/corruptions.csv",
            "as `curves.csv`, under corruptions: `corruption` (`none`, noise, blur, contrast, jpeg, pixelation) and "
            "`strength` (0 for `none`, else 1 to 5) instead of the filter",
        ),
        "sensitivity": Output(
            f"tests/{FOLDER}/sensitivity.h5",
            "`error` float32 [class, H, W] under the plane wave of each frequency (NaN where it was not evaluated), "
            "`unperturbed_error` [class], `count` [class]; attributes `norm` and `rms` of the wave (pixels from 0 to "
            "1), `split`, `classes`",
        ),
    },
    settings=lambda plan: {
        "settings": {key: value for key, value in plan.section("robustness").items() if key != "seeds"}
    },
    minutes=240,
    memory=4000,
    tables={
        "curves": Table(
            Result("recall without some frequencies", "beyond"),
            "Recall of every class on {{ config.robustness.images_per_class or 'all' }} {{ config.robustness.split }} "
            "images a class under radial low-pass, high-pass and band-stop filters, with Wilson's 95 % intervals over "
            "images. Limits ``low`` and ``high`` are in cycles per image.",
            "the tests of all runs joined",
        ),
        "corruptions": Table(
            Result("recall under corruptions", "beyond"),
            "Recall of every class on {{ config.robustness.images_per_class or 'all' }} {{ config.robustness.split }} "
            "images a class under each corruption at five strengths (0: as they are), with Wilson's 95 % intervals "
            "over images, and whether the class has a strong shortcut in that run, by the headline.",
            "the tests of all runs joined; `strong_shortcut` says whether the class has one in that run (`headline` "
            "rows of `tables/shortcuts.csv`)",
        ),
    },
    join=join,
    join_inputs=lambda plan: {
        **{name: TEST.files(plan, name) for name in ("curves", "corruptions")},
        "shortcuts": f"{plan.results}/tables/shortcuts.csv",
    },
    rule="robustness_tables",
    figures={
        "curves": Figure(
            Result("recall without some frequencies", "beyond"),
            lambda plan: plan.mapped_datasets(),
            store_and_table("curves"),
            of_dataset,
            caption="{% set of = config.robustness -%} Share of {{ of.images_per_class or 'all' }} {{ of.split }} "
            "images a class that are recognised under a radial filter of all of them: low-pass and high-pass at {{ "
            "of.cutoffs | join(', ') }} cycles per image, and band-stops that remove {{ of.band_width }} cycles per "
            "image at a time. The mean brightness is kept by low-pass and band-stop filters and removed by high-pass "
            "ones. Coloured: recall of a class; black: accuracy over all classes; dotted: accuracy on unfiltered "
            "images. Means over seeds; bands are a standard deviation over seeds to either side (none for one seed). "
            "If the recall of one class is 1 and accuracy is at chance, the network assigns every image to this class: "
            "tables/curves.csv has the false positive rates.",
        ),
        "sensitivity": Figure(
            Result("error under single plane waves", "beyond"),
            lambda plan: plan.mapped_datasets(),
            lambda plan, name: {"maps": _on(plan, f"tests/{FOLDER}/sensitivity.h5", name)},
            lambda plan, name: {
                "labels": _on(plan, "{network}, {augmentation}", name),
                "band_edges": plan.band_edges(name),
            },
            caption="{% set of = config.robustness -%} Fourier heat map (Yin et al. 2019): share of {{ "
            "of.sensitivity.images_per_class or 'all' }} {{ of.split }} images a class that are assigned to another "
            "class when the plane wave of one frequency is added to every channel, with a random sign and a root mean "
            "square of {{ of.sensitivity.rms }} in units in which pixels span 0 to 1. Zero frequency is in the "
            "centre{% if of.sensitivity.radius is not none %}; waves of up to {{ of.sensitivity.radius }} cycles per "
            "image were tried{% endif %}. The error of the same images without a wave stands above each panel. One "
            "scale for all; means over seeds.",
        ),
        "corruptions": Figure(
            Result("recall under corruptions", "beyond"),
            lambda plan: plan.mapped_datasets() if plan.setting("robustness/corruptions") else [],
            table("corruptions"),
            lambda plan, name: {"dataset": name},
            caption="{% set of = config.robustness -%} Recall on {{ of.images_per_class or 'all' }} {{ of.split }} "
            "images a class under {{ of.corruptions | join(', ') }}, against the strength (0: the images as they are). "
            "Classes with a strong shortcut in that run (by the headline of the test of the top {{ "
            "config.shortcuts.percent }} % map: TPR clearly at least {{ config.shortcuts.strong }}, and clearly above "
            "every control) are drawn separately from the others; beside each row is the number of both, counted "
            "once per seed. Lines are means over the classes of a group and over seeds, bands a standard error of that "
            "mean to either side. The groups may differ even without corruption: compare how far they fall.",
        ),
    },
    order=6,
)
