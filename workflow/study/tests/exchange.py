"""The exchange test: what a network calls images before and after they got a part that is not the object."""

from typing import Any

from ..description import Figure, NetworkTest, Output, Result, Table, claims, of_first_kind, of_photographs, store
from ..job import FOLDER


def measure(step: Any, created_by: str) -> None:
    """The class that the network calls before and after, and the table of numbers and verdicts."""
    from frequency_shortcuts.analysis.counterfactuals import FlipTest
    from frequency_shortcuts.exchange.answers import write_answers
    from frequency_shortcuts.exchange.test import TESTED, collect
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from ..tested_networks import read_images, read_inputs

    params, given, output = step.params, step.input, step.output
    network, test, run = read_inputs(step, params.split, TESTED)
    ranking = read_images(given.images, params.ranking, weights=given.weights, workers=step.threads)
    answers = collect(network, ranking, test, seed=params.seed, progress=True)
    with replacing_hdf5(output.answers) as file:
        write_answers(file, answers)
        about = {"split": params.split, "ranking": params.ranking, "seed_of_draws": params.seed}
        file.attrs.update(about, classes=list(test.classes), images_per_class=TESTED, created_by=created_by, **run)
    write_table(FlipTest(network, ranking, test, answers, params.seed).table, output.flips, **run)


TEST: NetworkTest = NetworkTest(
    message="Giving images of {wildcards.dataset} parts of other classes for {wildcards.network} "
    "({wildcards.augmentation}, seed {wildcards.seed})",
    runs=lambda plan: plan.mapped_runs(),
    measure=measure,
    in_jobs_of="shortcuts",
    outputs={
        "answers": Output(
            f"tests/{FOLDER}/flips.h5",
            "the class that the network names before and after images got a part (fine, field, patch) of each class",
        ),
        "flips": Output(f"tests/{FOLDER}/flips.csv"),
    },
    settings=lambda plan: {
        **plan.section("shortcuts", "split", "seed"),
        "ranking": plan.config["culling"]["split"],
    },
    tables={
        "flips": Table(
            "one row a `class` but the neutral one: for each part (`fine`, `field`, `patch`), the share of test images "
            "of other classes, which the network hardly confuses with it, that are called the class after they got "
            "this part of its images, minus that before (of `patch`, minus that after the control), with its 90 % "
            "interval `_low`, `_high`; `_control`, the share after they got the part of their own class, minus that "
            "before; `recall`; `images` of other "
            "classes; `verdict`: follows (the lower end of a part reaches its threshold), not shown (all upper ends "
            "are below 0.2), cannot tell, not recognised (recall below 0.5); `follows`, the parts; of two classes, "
            "both have the verdict of the pair; `false_positives`; `reason` for no verdict; `cause`: "
            "what sets the images of a class that is followed apart",
            Result("what a network follows: fine, field, patch", "beyond"),
            caption="How many images are called each class once they got a part of its images, by network, with 90 % "
            "intervals, and the verdict that follows. *Cannot tell*: no part reaches its threshold, and not all "
            "intervals lie below 0.2.",
        ),
    },
    join_inputs=lambda plan: {"flips": TEST.files(plan, "flips")},
    figures={
        "flips": Figure(
            Result("what a network follows", "beyond"),
            lambda plan: plan.mapped_datasets(),
            lambda plan, name: {**store(name), **claims(plan, name, "flips"), "table": "tables/flips.csv"},
            of_first_kind,
            caption="The share of {{ config.shortcuts.split }} images of other classes that are called a class (a "
            "row) after they got a part of its images (a panel), minus that before (of a patch, minus the control). "
            "Dots: networks of the first kind; diamond: their mean; circles: their controls, the part of the images' "
            "own class, minus before; a network follows a part where the lower end of its 90 % interval reaches the "
            "threshold. Contrast, the shape, size and position of the object, and what lies at another place in each "
            "image are not seen.",
            shown=of_photographs,
        )
    },
    order=0,
)
