# Networks that are trained on images with artefacts in some classes, as a table draws them, and what that costs. Needs
# DRAWS, the path of the table; SEEDS, the first and the last; TRAININGS, names of augmentations; EXCHANGE_TEST, the outputs of the exchange test, or {}
# where it is not judged. common.smk is included for its functions, which the rules here use, too.
import sys
from pathlib import Path

ROOT = Path(workflow.basedir).parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("src", "workflow", "")]

from benchmarks import draws
from frequency_shortcuts.storage.tables import RUN

DRAWN = draws.read(str(ROOT / DRAWS), SEEDS)  # the networks, without their trainings
config["drawn"] = dict(draws.datasets(DRAWN, config["datasets"]))
NETWORKS = draws.table(DRAWN, config["datasets"], TRAININGS)  # one row a network and training
DRAW_OF = {(row["dataset"], row["run"]): row for row in NETWORKS.to_dict("records")}


include: "../workflow/rules/common.smk"


module study:
    snakefile:
        "../Snakefile"
    config:
        config


use rule * from study


ruleorder: drawn_images > images
ruleorder: harm > shortcuts


# These sets are many and made within seconds: they are deleted as soon as nothing needs them.
use rule images from study as drawn_images with:
    output:
        temp("<results>/data/{dataset}.h5"),
    log:
        "<logs>/drawn_images/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(config["drawn"]),


# What artefacts cost the networks and, where the exchange test is judged, what it says of them. Before further
# trainings, so that stores of images are deleted soon.
rule harm:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
        plain=lambda wildcards: f"<results>/data/{DRAW_OF[wildcards.dataset, wildcards.run]['plain']}.h5",
    output:
        **EXCHANGE_TEST,
        harm="<results>/tests/{dataset}/{run}/harm.csv",
    log:
        "<logs>/harm/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/harm/{dataset}/{run}.tsv"
    wildcard_constraints:
        dataset=one_of(NETWORKS["dataset"].unique()),
    priority: 4
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        artefacts=lambda wildcards: draws.tested_artefacts(
            NETWORKS,
            DRAW_OF[wildcards.dataset, wildcards.run],
            alike="architecture" if EXCHANGE_TEST else "seed",
        ),
        planted=lambda wildcards: draws.of_one_class(DRAW_OF[wildcards.dataset, wildcards.run]),
    message:
        "Measuring what artefacts cost {wildcards.run} on {wildcards.dataset}"
    script:
        "measure_harm.py"
