"""The shortcut test, and the test of phases and amplitudes on the same images: hits of every mask and image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..categories import Result
from ..description import Figure, NetworkTest, Output, Table, files_of_run, of_dataset, run_of, store, store_and_table
from ..job import FOLDER
from ..shortcut_tests import HITS, HITS_FILE, METHODS, settings, settings_of_methods, tested_maps

if TYPE_CHECKING:
    import pandas as pd

    from ..plan import Plan


def measure(step: Any, created_by: str) -> None:
    """The class that the network names for every mask and image, and a table of rates."""
    from frequency_shortcuts.evaluation import phase
    from frequency_shortcuts.evaluation.phase_verdicts import write_phase_hits
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from .. import shortcut_tests
    from ..tested_networks import read_inputs

    params, given, output = step.params, step.input, step.output
    network, data, run = read_inputs(step, params.split, params.images_per_class)
    name, chosen = shortcut_tests.run_name(run), {key: params.settings[key] for key in ("negatives", "seed")}
    with replacing_hdf5(output.hits) as file:
        hits = shortcut_tests.measure(file, network, data, given.maps, name, params)
        about = {"split": params.split, "percent": params.percent, "seed": chosen["seed"], "created_by": created_by}
        file.attrs.update(about)
        if params.phase:
            masks = dfm.read_mask(given.maps[0], params.percent)
            phases = phase.collect(network, data, masks, run=name, hits=hits, progress=True, **chosen)
            write_phase_hits(file.create_group("phase"), phases)
    write_table(shortcut_tests.rates_of(hits, data.classes), output.shortcuts, **run)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """Verdicts, the cross matrix, the own-map advantage and phases, from the hits of all runs.

    One file is read at a time, since the hits of thousands of classes take gigabytes.
    """
    import pandas as pd

    from frequency_shortcuts.evaluation.cross import cross_matrix, own_map_advantage
    from frequency_shortcuts.evaluation.hits import read_hits_of_methods
    from frequency_shortcuts.evaluation.phase_verdicts import phase_verdicts, read_phase_hits
    from frequency_shortcuts.evaluation.verdicts import over_seeds, verdicts
    from frequency_shortcuts.findings import study_tables
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from frequency_shortcuts.storage.tables import CULLING

    from ..job import run_of_path

    strong = settings["strong"]
    parts: dict[str, list[pd.DataFrame]] = {}
    for path in given["hits"]:
        with read_hdf5(path) as file:
            classes, hits_of = list(file.attrs["classes"]), read_hits_of_methods(file)
            phases = read_phase_hits(file["phase"]) if "phase" in file else None
        run = run_of_path(path)
        found = [("shortcuts", run, verdicts(hits_of[CULLING], strong))]
        found += [("phase", run, phase_verdicts(phases, strong))] if phases else []
        for method, hits in hits_of.items():
            for measured in (cross_matrix, own_map_advantage):
                found.append((measured.__name__, {**run, "method": method}, measured(hits)))
        for name, about, table in found:
            parts.setdefault(name, []).append(study_tables.of_run(table, about, classes))
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    return {**tables, "shortcuts_over_seeds": over_seeds(tables["shortcuts"])}


TEST: NetworkTest = NetworkTest(
    message="Testing the shortcuts of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed "
    "{wildcards.seed})",
    runs=lambda plan: plan.mapped_runs(),
    measure=measure,
    outputs={
        "hits": Output(
            HITS_FILE,
            f"{HITS}; group `phase`, of the runs of `shortcuts.phase_seeds`: `named/{{region}}/{{kept}}` int16 [class "
            "or 1, image] of the test of phases, `judged` bool [class, image]; "
            f"{METHODS}",
        ),
        "shortcuts": Output(
            f"tests/{FOLDER}/shortcuts.csv",
            "one row a class, part, fill, filter and draw: `class`, `neutral` (whether it is the class without a cue "
            "of its own, if the set has one), `part` (keep: only the mask's frequencies of the image are kept; remove: "
            "only these are removed), `fill` (what stands at the other frequencies: zeros, swap: the coefficients of "
            "another image, its donor), `filter` (unfiltered, dfm, random, radial, low_pass: the lowest frequencies, "
            "other; of remove unfiltered, dfm and random), `draw` (number, or the other class), `positions` in the "
            "mask, `overlap` with the map (intersection over union), `images` of the class, `negatives` (images of "
            "other classes that `fpr` was measured on; of radial none), `tpr`, `fpr` and their 95 % intervals `_low`, "
            "`_high`. The neutral class has no rows with swap",
        ),
    },
    inputs=lambda plan: {**files_of_run(plan), "maps": tested_maps(plan)},
    settings=lambda plan: {
        **settings(plan),
        **settings_of_methods(plan, plan.config["shortcuts"]["fills"]),
        "phase": lambda wildcards: run_of(wildcards) in plan.phase_runs(),
    },
    minutes=120,
    priority=1,
    tables={
        "shortcuts": Table(
            Result("verdict on every class, network and seed", "shortcuts"),
            "True and false positive rates of every class (on {{ judged }}): unfiltered, with {{ maps }}, and with {{ "
            "controls }}, means over draws. ``part`` says whether these frequencies are kept or removed, ``fill`` {{ "
            "fill }}. ``margin`` is TPR - FPR of the map minus that of its closest control (``best_control``; "
            "``closest_class``: whose map), on the same images, with its 95 % interval. A shortcut is *strong* where "
            "the interval is above 0 for each other class's map, for the mean of the random masks, and for one more "
            "random mask with the map's radii (radial: TPR alone, the interval is of one more draw), and the whole "
            "intervals of TPR and FPR are at least {{ shortcuts.strong }} and at most 0.1, *weak* where only the "
            "former holds; a class whose unfiltered TPR is below 0.5 has no verdict. *Too few images*: not even a TPR "
            "of 1 against 0 would be clear. ``than_lowest``: the map is worse than as many of the lowest frequencies, "
            "as well (the whole interval of ``low_pass_margin`` is within 0.1 of 0), better, or this is undecided. "
            "``headline`` marks the row to quote: kept, with swap where the set has a neutral class, else with zeros.",
            "the verdicts, one row a network, seed, class, part and fill: `neutral`, `positions` of the map, "
            "`images`, `negatives`; TPR and FPR unfiltered (`tpr_unfiltered`, ...), with the map (`tpr_dfm`, "
            "`fpr_dfm` with `_low`, `_high`) and with each kind of control (mean over draws, or over the other "
            "classes' maps; no FPR of radial); `error_{kind}`, `draws_{kind}`: SD / sqrt(draws) of a control's TPR - "
            "FPR, and their number; `overlap_radial`: how much of the map its radial controls hold; `measure`: TPR - "
            "FPR of the map; "
            "`largest_other`, `largest_other_class`: the largest TPR - FPR with another class's map, and whose map it "
            "is; `margin`: TPR - FPR of the map minus that of the closest control, paired on the same images (for "
            "remove: control minus map; for radial: of TPR, over the mean of the draws, with the interval of one more "
            "draw), with its 95 % interval `margin_low`, `margin_high`; `best_control`: the kind "
            "of this control (random, radial, other), the one with the least lower end; `closest_class`: whose map, "
            "for other; `smallest_effect`: the least margin to it whose interval would be above 0 with so many "
            "images; `low_pass_margin`, `_low`, `_high`: to the lowest frequencies of the same number, and "
            "`than_lowest`: the map is worse, as well (the whole interval is within 0.1 of 0), better, or this is "
            "undecided; missing of remove; `verdict` (strong, weak, none; `too "
            "few images` where no result could have been positive; missing where unfiltered TPR is below 0.5); "
            "`headline`: whether this is the row to quote for its class (keep, with swap where the set has a neutral "
            "class, else zeros)",
        ),
        "shortcuts_over_seeds": Table(
            Result("mean and spread over seeds", "shortcuts"),
            "Mean ± standard deviation over seeds of the rates of every network and class (on {{ judged }}; filtered: "
            "with {{ maps }} or a control of equal size), by part (kept or removed) and by fill, which is {{ fill }}; "
            "and in how many seeds the shortcut is strong. ``measure`` is TPR - FPR of the map, with its 95 % "
            "interval over what ``interval`` says: networks from five of them on, else the images of these networks.",
            "one row a network, class, part and fill: `seeds`, `strong_seeds` (in how many the shortcut is strong), "
            "`headline`, mean and standard deviation over seeds of the rates, of `margin` and of `largest_other`, "
            "`_mean` and `_sd`; `measure_mean`, the mean TPR - FPR of the map, with the 95 % interval `measure_low`, "
            "`measure_high`; `interval`: of what it is, networks (Student's t over at least five seeds) or these "
            "networks (over their images)",
        ),
        "cross_matrix": Table(
            Result("every class with every map", "shortcuts"),
            "TPR and FPR of every class from the map of every class in every network (on {{ judged }}; maps of the "
            "top {{ shortcuts.percent }} %, kept), and ``measure``, their difference. ``fill`` is {{ fill }}; "
            "``headline`` marks the primary fill: swap where the set has a neutral class, else zeros. A neutral class "
            "has no row and no map; of more than 21 classes, each sees 20 other maps. ``method`` says which maps.",
            "every class with every map, of the part keep: one row a network, seed, `method` (whose maps: culling, or "
            "a method of `shortcuts: methods`), fill, class and map: `headline` (whether the fill is the one to "
            "quote), `class`, `map` (whose map is kept), `tpr`, `fpr`, `measure` (TPR - FPR). A neutral class has no "
            "row and no column. With more than 21 classes, 20 maps of other classes are tried on each",
        ),
        "own_map_advantage": Table(
            Result("own-map advantage of every network", "shortcuts"),
            "The own-map advantage of every network: the mean over ``classes`` of TPR - FPR from the own map "
            "(``own``) minus the mean from the maps of other classes (``others``), with a 95 % interval over images "
            "(bootstrap); ``low_pass_margin`` and ``best_other_margin``: TPR - FPR from the own map minus that from "
            "as many of the lowest frequencies, and from the best other map. ``fill`` is {{ fill }}; ``headline`` "
            "marks the primary fill: swap where the set has a neutral class, else zeros. ``method`` says which maps: "
            "of culling, or of a method of shortcuts: methods, on the same images.",
            "one row a network, seed, `method` (as in `tables/cross_matrix.csv`) and fill: `headline`, `classes`, "
            "`own` (mean TPR - FPR of the classes with their own map), `others` (with the maps of other classes), "
            "`advantage`, their difference; `low_pass_margin`, mean TPR - FPR with the own map minus that with as many "
            "of the lowest frequencies (missing where these have no FPR), and `best_other_margin`, minus that with the "
            "best other map, chosen on every second image of a class and compared on the others, both ways; each "
            "with its 95 % interval `_low`, `_high` over the images of this network (bootstrap)",
        ),
        "phase": Table(
            Result("phase or amplitude?", "beyond"),
            "Does the shortcut of a class sit in the amplitudes or in the phases of its frequencies? Rates on {{ "
            "judged }}. Inside {{ maps }} an image keeps both, only its amplitudes or only its phases; all else is "
            "that of its donor, another image (of the neutral class where the set has one). R is TPR - FPR with both, "
            "which is the test with the fill swap; ``share_amplitude`` and ``share_phase`` are TPR - FPR with one of "
            "the two as a share of R. ``margin_amplitude`` and ``margin_phase`` are TPR - FPR with one of the two "
            "minus half of R, with 95 % intervals ``_low`` to ``_high``. One suffices if its interval is above 0, and "
            "does not if it is below 0. ``verdict``: *amplitude* or *phase* where only this one suffices, *either* "
            "where each does, *both* where neither does, so that both are needed, *undecided* where an interval holds "
            "0. A class has a verdict if its TPR with both is at least {{ shortcuts.strong }} and R is above 0. "
            "Columns that end in ``_spectrum``: the same over the whole spectrum. At frequencies that are their own "
            "partner the sign counts as the phase.",
            "one row a network, seed and class: `positions` of the map, `images`, `negatives`; `tpr_both` with "
            "`_low`, `_high`, `fpr_both`, `tpr_amplitude`, ..., `fpr_phase` inside the map, and the same with "
            "`_spectrum` (without intervals) over the whole spectrum; `share_amplitude`, `share_phase`: TPR - FPR "
            "with only the image's amplitudes or phases inside the map, as a share of that with both; "
            "`margin_amplitude`, `margin_phase`: the same TPR - FPR minus half of that with both, on the same images, "
            "and its 95 % interval `_low`, `_high`; `verdict`: amplitude or phase (only this suffices: its interval "
            "is above 0, and that of the other below 0), either (each suffices), both (neither does), undecided (the "
            "interval of at least one margin holds 0). Shares, margins and verdict are missing where `tpr_both` is "
            "below `shortcuts: strong`, or not above `fpr_both`",
            lambda plan: plan.phase_runs(),
        ),
    },
    join=join,
    join_inputs=lambda plan: {"hits": TEST.files(plan, "hits")},
    join_settings=lambda plan: plan.section("shortcuts", "strong"),
    figures={
        "shortcuts": Figure(
            Result("TPR - FPR with controls", "shortcuts"),
            lambda plan: plan.mapped_datasets(),
            lambda plan, name: {
                **store(name),
                "table": "tables/shortcuts_over_seeds.csv",
                "verdicts": "tables/shortcuts.csv",
            },
            of_dataset,
            caption="{% set of = config.shortcuts -%} TPR - FPR (true minus false positive rate) of every class on {{ "
            "of.images_per_class or 'all' }} {{ of.split }} images a class, of which only the frequencies of the top "
            "{{ of.percent }} % map of the class are kept, mean over the networks (seeds) of the first kind that is "
            "planned; the tables hold the others. At the other frequencies stand zeros, as published, or, where the "
            "set has a neutral class, the coefficients of its images (swap). Beside the map, two controls of its size: "
            "the best map of another class, and the lowest frequencies. The title says in how many of all classes they "
            "do at least as well (means, without an interval). The bar is the 95 % interval of the map: Student's t "
            "over networks from five of them on, else over the images of these networks. Bold: a strong shortcut in "
            "most networks, by the rule in the caption of the table ``shortcuts``. The lowest frequencies are no part "
            "of the verdict; ``than_lowest`` in that table compares them. Grey: a class that the "
            "network does not recognise in unfiltered images, which has no verdict. Other fills are in the "
            "tables and in the explorer.{% if of.negatives %} False positive rates are from at "
            "most {{ of.negatives }} images of other classes.{% endif %}",
        ),
        "cross": Figure(
            Result("every class with every map", "shortcuts"),
            lambda plan: plan.mapped_datasets(),
            lambda plan, name: {
                **store(name),
                "table": "tables/cross_matrix.csv",
                "advantage": "tables/own_map_advantage.csv",
                "shortcuts": "tables/shortcuts.csv",
            },
            of_dataset,
            caption="{% set of = config.shortcuts -%} TPR - FPR of every class (a row) on {{ of.images_per_class or "
            "'all' }} {{ of.split }} images a class, of which only the frequencies of one class's top {{ of.percent }} "
            "% map (a column) are kept, with zeros or, where the set has a neutral class, the coefficients of its "
            "images (swap) elsewhere, mean over the networks (seeds) of the first kind that is planned; the tables "
            "hold the others. The diagonal, in black frames, holds the own maps. If maps were not specific to their "
            "class, each column would have one colour. Grey: not tested; a neutral class has no row. The *own-map "
            "advantage* of a network is the mean of its diagonal minus the mean of the rest, over all classes; above "
            "each panel stands its mean over networks with the 95 % interval, which is Student's t over networks from "
            "five of them on, else over the images of these networks.{% if config.shortcuts.methods %} A panel with "
            "the name of a method ({{ plain(config.shortcuts.methods | join(', ')) }}) is of the maps that it finds; "
            "the first one is of culling.{% endif %}",
        ),
        "phase": Figure(
            Result("phase or amplitude", "beyond"),
            lambda plan: plan.mapped_datasets(),
            store_and_table("phase"),
            of_dataset,
            caption="TPR - FPR of every class ({{ config.shortcuts.images_per_class or 'all' }} {{ "
            "config.shortcuts.split }} images a class) when images keep their amplitudes and phases, only their "
            "amplitudes, or only their phases, and another image, the donor, gives the rest. Left: this is done inside "
            "the top {{ config.shortcuts.percent }} % map of the class, and everything outside it is the donor's. "
            "Right: at all frequencies, so that the image with both is unfiltered. The tick marks half of the value "
            "with both: a part that is clearly above it, by its 95 % interval in the table ``phase``, suffices. The "
            "word beside a class is the verdict of most of its seeds (in brackets: of how many judged seeds); *both* "
            "means that neither part suffices, *undecided* that the interval of at least one part holds half of the "
            "value with both. A class has a verdict if its TPR with both is at least {{ config.shortcuts.strong }}. "
            "Means over seeds; small dots are the seeds.",
        ),
    },
    order=2,
)
