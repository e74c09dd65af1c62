"""The counterfactual test: what a network calls images before and after they got the fine spectrum of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..categories import Result
from ..description import Figure, NetworkTest, Output, Table, claims, of_first_kind, of_photographs, store
from ..job import FOLDER

if TYPE_CHECKING:
    import pandas as pd

    from frequency_shortcuts.data.splits import Split
    from frequency_shortcuts.evaluation.counterfactual import Flips


MOST_CALLED = 21  # in the table of cross flips, spectra for each class


def measure(step: Any, created_by: str) -> None:
    """The class that the network calls before and after each move, and two tables of rates."""
    from frequency_shortcuts.data.pixels import in_pixels
    from frequency_shortcuts.evaluation import counterfactual, flip_rates
    from frequency_shortcuts.evaluation.class_statistics import class_statistics
    from frequency_shortcuts.evaluation.data_check import name_causes
    from frequency_shortcuts.networks.predictions import device_of
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from ..tested_networks import read_images, read_inputs, with_names

    params, given, output, settings = step.params, step.input, step.output, counterfactual.Settings()
    network, test, run = read_inputs(step, params.split, settings.images)
    ranking = read_images(given.images, params.ranking, weights=given.weights, workers=step.threads)
    if _has_enough(ranking):
        pixels, _ = in_pixels(ranking, test, device_of(network))
        statistics = class_statistics(pixels, len(ranking.classes), ranking.classes)
        flips = counterfactual.collect(
            network, ranking, test, settings=settings, statistics=statistics, seed=params.seed, progress=True
        )
        rates = flip_rates.rates(flips)
        found = rates["verdict"].isin(flip_rates.FOUND)
        named = name_causes(pixels, statistics, seed=params.seed) if found.any() else {}
        causes = [named[k].name if of and k in named else "" for k, of in zip(rates["class"], found, strict=True)]
    else:
        flips = _unmeasured(network, test)
        rates = flip_rates.rates(flips)
        causes = [""] * len(rates)
    with replacing_hdf5(output.flip_hits) as file:
        counterfactual.write_flips(file, flips)
        about = {"split": params.split, "ranking": params.ranking, "seed_of_draws": params.seed}
        about |= {"classes": list(test.classes), "images_per_class": settings.images, "created_by": created_by}
        file.attrs.update(about, **run)
    write_table(with_names(rates.assign(cause=causes), test.classes), output.flips, **run)
    cross = _most_called(flip_rates.cross_flips(flips))
    write_table(with_names(cross, test.classes, "class", "spectrum_of"), output.cross_flips, **run)


def _has_enough(ranking: Split) -> bool:
    """Whether each class has enough ranking images for the statistics of its spectrum; if not, the log says so."""
    import numpy as np

    from frequency_shortcuts.evaluation.class_statistics import FEWEST

    from ..job import log

    counts = np.bincount(ranking.labels, minlength=len(ranking.classes))
    if (fewest := counts.min()) >= FEWEST:
        return True
    log.warning(
        "this data set is not tested: class %s has %d images for the statistics of its spectrum, expected at least %d",
        ranking.classes[counts.argmin()],
        fewest,
        FEWEST,
    )
    return False


def _unmeasured(network: Any, test: Any) -> Flips:
    """Flips of which nothing is known but what the network calls the test images as they are."""
    import numpy as np

    from frequency_shortcuts.evaluation.counterfactual import Flips
    from frequency_shortcuts.evaluation.flip_rates import AWAY
    from frequency_shortcuts.evaluation.hits import NOT_SHOWN
    from frequency_shortcuts.networks.predictions import called

    n, unknown = len(test.classes), np.full((1, len(test.classes), 1), NOT_SHOWN, np.int16)
    return Flips(
        labels=test.labels,
        unfiltered=called(network, test),
        columns=np.full((n, 1), -1),
        called=dict.fromkeys(("flip", "sham", "coarse", "part", "own_part"), unknown),
        own=np.full((n, 1), -1),
        own_called=dict.fromkeys(AWAY, unknown),
        comparable=np.zeros((n, n), bool),
        differences=np.full((n, *test.images.shape[-2:]), np.nan),
        neutral=test.neutral,
    )


def _most_called(cross: pd.DataFrame) -> pd.DataFrame:
    """Of many classes, for each the spectra that are called it most."""
    chosen = cross.sort_values("flip", ascending=False, kind="stable").groupby("class", sort=False).head(MOST_CALLED)
    return chosen.sort_index()


TEST: NetworkTest = NetworkTest(
    message="Giving images of {wildcards.dataset} the spectra of other classes for {wildcards.network} "
    "({wildcards.augmentation}, seed {wildcards.seed})",
    runs=lambda plan: plan.mapped_runs(),
    measure=measure,
    in_jobs_of="shortcuts",
    outputs={
        "flip_hits": Output(
            f"tests/{FOLDER}/flips.h5",
            "the class that the network names before and after images get the fine spectrum of each class, and lose "
            "that of their own",
        ),
        "flips": Output(f"tests/{FOLDER}/flips.csv"),
        "cross_flips": Output(f"tests/{FOLDER}/cross_flips.csv"),
    },
    settings=lambda plan: {
        **plan.section("shortcuts", "split", "seed"),
        "ranking": plan.config["culling"]["split"],
    },
    tables={
        "flips": Table(
            "one row a `class` but the neutral one, of test images of classes that the network hardly confuses with "
            "it: `flip`, the share that is called the class after they got its fine spectrum, minus before; `sham`, "
            "the same after a change of the same size at other frequencies, or with the finest part of another image "
            "of their class (the larger); `part`, with that of an image of the class, minus that with one of their own "
            "class; `need`, how much the recall of the class falls without its finest spectrum; each with its 90 % "
            "interval `_low`, `_high`; `coarse`, as `flip`, of all other frequencies; `recall` and `own_images` of the "
            "class, `images` of the others; `verdict`: follows (the lower end of flip, sham or part reaches its "
            "threshold), needs (that of need), follows and needs, not shown (all upper ends are below), cannot tell "
            "(else, or fewer than 10 ranking images of a class), not recognised (recall below 0.5); `by`, the number "
            "that it rests on; `cause`, what the spectrum of the class looks like",
            Result("what a network follows: flips, parts, needs", "beyond"),
            caption="Flip, sham, part and need of every class and network, each with its 90 % interval, and the "
            "verdict that follows from them. *Cannot tell*: no number reaches its threshold, and not all lie below.",
        ),
        "cross_flips": Table(
            "one row a `class` and the class whose fine spectrum is given, `spectrum_of`: `flip`, the share of images "
            "of neither, of classes hardly confused with the first, that are called it after the change, minus before; "
            f"`images`, their number; `flip_all`, of all images of neither; of more than {MOST_CALLED} classes, so "
            "many spectra of each that are called it most",
        ),
    },
    join_inputs=lambda plan: {name: TEST.files(plan, name) for name in ("flips", "cross_flips")},
    figures={
        "flips": Figure(
            Result("what a network follows", "beyond"),
            lambda plan: plan.mapped_datasets(),
            lambda plan, name: {
                **store(name),
                **claims(plan, name, "flips"),
                "table": "tables/flips.csv",
                "cross": "tables/cross_flips.csv",
            },
            of_first_kind,
            caption="Left: the share of {{ config.shortcuts.split }} images of neither class that are called one "
            "class (a row) after they got the fine spectrum of another (a column), minus before, mean over the "
            "networks of the first kind; black frames: the own spectrum. Right, a dot a network: this share (*flip*), "
            "the same after as great a change at other frequencies (*sham*) or with the finest part of an image of "
            "the class (*part*), and the recall that the class loses without its fine spectrum (*need*); the bar is "
            "the mean, the line the threshold. Coloured: the network follows or needs the fine spectrum; what lies in "
            "shape, brightness, place or colour is not seen.",
            shown=of_photographs,
        )
    },
    order=0,
)
