# Tests of networks: each has one job a network, and writes its files to tests/{run}. All random draws in them follow from
# the name of the run and the seed in the configuration.


# Syn_1 to Syn_4 without two of four bands of frequencies.
rule bandstop:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
    output:
        bandstop="<results>/tests/{dataset}/{run}/bandstop.csv",
    log:
        "<logs>/bandstop/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/bandstop/{dataset}/{run}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
    params:
        band_edges=config["synthesis"]["band_edges"],
        seed=config["shortcuts"]["seed"],
    message:
        "Removing bands from {wildcards.dataset} for {wildcards.run}"
    script:
        "../scripts/measure_bandstop.py"


# Whether the network uses what was planted.
rule planted_use:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
    output:
        planted_use="<results>/tests/{dataset}/{run}/planted_use.csv",
    log:
        "<logs>/planted_use/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/planted_use/{dataset}/{run}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
    params:
        **section("shortcuts", "split", "images_per_class", "seed"),
    message:
        "Testing whether {wildcards.run} uses the planted mask of {wildcards.dataset}"
    script:
        "../scripts/measure_planted_use.py"


# What the network recognises from each map alone, and from images without it (`hits`, `shortcuts`); and what it calls
# images before and after they got a part that is not the object (`answers`, `exchanges`).
rule shortcuts:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
        maps=maps_of_job,
    output:
        hits="<results>/tests/{dataset}/{run}/hits.h5",
        shortcuts="<results>/tests/{dataset}/{run}/shortcuts.csv",
        answers="<results>/tests/{dataset}/{run}/exchanges.h5",
        exchanges="<results>/tests/{dataset}/{run}/exchanges.csv",
    log:
        "<logs>/shortcuts/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/shortcuts/{dataset}/{run}.tsv"
    priority: 1
    threads: torch_threads
    resources:
        gpu=gpus,
        runtime=growing(120),
    params:
        **section("shortcuts", "percent", "split", "images_per_class", "seed"),
        ranking=config["culling"]["split"],
        settings=settings.trials(config),
        methods=methods_of_job,
        method_settings=settings.advantage_trials(config, fills=config["shortcuts"]["fills"]),
        phase=lambda wildcards: row_of_job(wildcards)["phase"],
    message:
        "Testing the shortcuts of {wildcards.run} on {wildcards.dataset}"
    script:
        "../scripts/measure_shortcuts.py"


# The shortcut test with maps of every size.
rule sizes:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
        dfm="<results>/dfm/{dataset}/{run}.h5",
    output:
        sizes="<results>/tests/{dataset}/{run}/sizes.csv",
    log:
        "<logs>/sizes/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/sizes/{dataset}/{run}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
    params:
        **section("shortcuts", "split", "images_per_class"),
        percents=config["dfm"]["percents"],
        settings=section("shortcuts", "negatives", "seed"),
    message:
        "Testing maps of every size of {wildcards.run} on {wildcards.dataset}"
    script:
        "../scripts/measure_sizes.py"


# The shortcut test on renditions of the test images: maps of the culling and of other methods, these with the
# deciding fill alone.
rule ood:
    input:
        images=lambda wildcards: rendition_files(wildcards.dataset),
        weights=rules.train.output.weights,
        maps=maps_of_job,
    output:
        hits="<results>/tests/{dataset}/{run}/ood_hits.h5",
        ood="<results>/tests/{dataset}/{run}/ood.csv",
    log:
        "<logs>/ood/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/ood/{dataset}/{run}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
        runtime=growing(120),
    params:
        percent=config["shortcuts"]["percent"],
        settings=settings.rendition_trials(config),
        methods=methods_of_job,
        method_settings=settings.advantage_trials(
            config, fills=settings.deciding(config["ood"]["fills"])
        ),
    message:
        "Testing {wildcards.run} on renditions of {wildcards.dataset}"
    script:
        "../scripts/measure_ood.py"


# The shortcut test with the maps of another network, of all planned pairs in one job; maps of other methods with the
# deciding fill alone.
rule transfer:
    input:
        images=transferred("<results>/data/{dataset}.h5"),
        weights=transferred("<results>/networks/{dataset}/{tested_on}/weights.safetensors"),
        maps=[
            file
            for pair in TRANSFERS.to_dict("records")
            for file in tested_maps(pair | {"run": pair["maps_of"]})
        ],
    output:
        hits="<results>/tests/transfer_hits.h5",
        transfer="<results>/tests/transfer.csv",
    log:
        "<logs>/transfer/transfer.log",
    benchmark:
        "<benchmarks>/transfer/transfer.tsv"
    priority: 1
    threads: torch_threads
    resources:
        gpu=gpus,
        runtime=growing(120),
    params:
        **section("shortcuts", "percent", "split", "images_per_class"),
        settings=settings.advantage_trials(config, fills=config["shortcuts"]["fills"]),
        pairs=TRANSFERS.to_dict("records"),
        method_settings=settings.advantage_trials(
            config, fills=settings.deciding(config["shortcuts"]["fills"])
        ),
    message:
        "Testing the maps of one network on another"
    script:
        "../scripts/measure_transfer.py"


# Whether the network needs the frequencies of its maps: it is trained anew without them.
rule reliance:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
        dfm="<results>/dfm/{dataset}/{run}.h5",
    output:
        reliance="<results>/tests/{dataset}/{run}/reliance.csv",
    log:
        "<logs>/reliance/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/reliance/{dataset}/{run}.tsv"
    priority: 2
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        **section("shortcuts", "split", "percent"),
        architecture=network_settings,
        recipe=recipe_of_job,
        training=training_of_job,
    message:
        "Training {wildcards.run} on {wildcards.dataset} anew without the frequencies of its maps"
    script:
        "../scripts/measure_reliance.py"
