"""Whether a network needs the frequencies of its maps: it is trained anew without them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.spectrum.fills import donors, donors_of_own_class

from ..description import Figure, NetworkTest, files_of_run
from ..job import FOLDER, log, stopping
from ..plan import Plan


def measure(step: Any, created_by: str) -> None:
    """One row for each removal and class; until then, the states of the trainings are stored beside the table."""
    from frequency_shortcuts.images import stores
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.networks.predictions import called, source_for
    from frequency_shortcuts.storage.journal import Work
    from frequency_shortcuts.storage.tables import write_table
    from study.measures import reliance
    from study.trainings.training import IN_MEMORY, architecture_of, train_anew
    from study.trainings.without import Exchanged

    from ..devices import take_device
    from ..tested_networks import read_inputs, with_names

    params, given, output = step.params, step.input, step.output[0]
    settings, store, workers = params.training, given.images, step.threads
    device = take_device(params.device)
    first, tested, run = read_inputs(step, params.split)
    removed = reliance.removed_masks(dfm.read_mask(given.dfm, params.percent), run["seed"])
    data = stores.read(store, "train", settings["images_per_class"], workers=workers, in_memory=IN_MEMORY)
    validation = stores.read(store, "validation", settings["validation_per_class"], workers=workers)
    architecture = architecture_of(params.architecture, len(data.classes), data.images.shape[1:])
    source = source_for(first, tested)
    others = donors(tested.labels, neutral=tested.neutral, seed=run["seed"])
    own_class = donors_of_own_class(tested.labels, seed=run["seed"])
    version, minutes = str(params.code), step.config["checkpoint_minutes"]
    as_they_are, called_so = called(first, tested), {}
    states = {name: Path(f"{output}.{name}.state") for name in removed}
    for name, mask in removed.items():
        log.info("without %s: %d of %d positions are removed", name, mask.sum(), mask.size)
        seed = reliance.seed_of(name, run["seed"])
        with stopping([output]) as stop:
            work = Work(states[name], version, stop, progress=True, checkpoint_minutes=minutes)
            network, _ = train_anew(
                architecture, params.recipe, settings["augmentation"], data, validation,
                seed=seed, device=device, removed=mask, work=work,
            )  # fmt: skip
        same, without = (called(first, Exchanged(source, mask, donor)) for donor in (own_class, others))
        views = as_they_are, same, without, called(network, tested)
        called_so[name] = dict(zip(reliance.VIEWS, views, strict=True))
    classes = len(tested.classes)
    table = reliance.losses(tested.labels, called_so, donors=tested.labels[others], n_classes=classes)
    table.insert(2, "positions", table["removed"].map({name: int(mask.sum()) for name, mask in removed.items()}))
    table = with_names(table, tested.classes).replace({"class": {reliance.ALL: reliance.ALL_IMAGES}})
    write_table(table, output, **run)
    for state in states.values():
        state.unlink(missing_ok=True)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """The means over seeds."""
    from study.measures.reliance import over_seeds

    return {"reliance": over_seeds(given["reliance"])}


TEST = NetworkTest(
    message="Training {wildcards.network} on {wildcards.dataset} anew without the frequencies of its maps (seed "
    "{wildcards.seed})",
    runs=lambda plan: plan.reliance_runs(),
    measure=measure,
    outputs={"reliance": f"tests/{FOLDER}/reliance.csv"},
    inputs=lambda plan: files_of_run(plan, maps=True),
    settings=lambda plan: {
        **plan.section("shortcuts", "split", "percent"),
        "architecture": lambda wildcards: plan.config["networks"][wildcards.network],
        "recipe": lambda wildcards: plan.recipe(wildcards.dataset, wildcards.network),
        "training": lambda wildcards: plan.training_settings(wildcards.dataset, wildcards.augmentation),
    },
    minutes=240,
    memory=8000,
    priority=2,
    resumes=True,
    tables={"reliance": None},
    join=join,
    figures={
        "reliance": Figure(
            lambda plan: list(dict.fromkeys(run["dataset"] for run in plan.reliance_runs())),
        )
    },
    order=9,
)
