# Tests of networks: each has one job a network, and writes its files to tests/{run}. All random draws in them follow from
# the name of the run and the seed in the configuration.


# Syn_1 to Syn_4 without two of four bands of frequencies.
rule bandstop:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
    output:
        bandstop=f"{RESULTS}/tests/{RUN}/bandstop.csv",
    log:
        f"{RESULTS}/logs/bandstop/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/bandstop/{RUN}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        device=lookup(dpath="device", within=config),
        band_edges=lookup(dpath="synthesis/band_edges", within=config),
        seed=lookup(dpath="shortcuts/seed", within=config),
    message:
        "Removing bands from {wildcards.dataset} for {wildcards.network} (seed {wildcards.seed})"
    script:
        "../scripts/measure_bandstop.py"


# Whether the network uses what was planted.
rule planted_use:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
    output:
        planted_use=f"{RESULTS}/tests/{RUN}/planted_use.csv",
    log:
        f"{RESULTS}/logs/planted_use/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/planted_use/{RUN}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        **plan.section("shortcuts", "split", "images_per_class", "seed"),
        device=lookup(dpath="device", within=config),
    message:
        "Testing whether {wildcards.network} uses the planted mask of {wildcards.dataset} (seed {wildcards.seed})"
    script:
        "../scripts/measure_planted_use.py"


# What the network recognises from each map alone, and from images without it (`hits`, `shortcuts`); and what it calls
# images before and after they got a part that is not the object (`answers`, `flips`).
rule shortcuts:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        maps=lambda wildcards: plan.tested_maps(run_of(wildcards)),
    output:
        hits=f"{RESULTS}/tests/{RUN}/hits.h5",
        shortcuts=f"{RESULTS}/tests/{RUN}/shortcuts.csv",
        answers=f"{RESULTS}/tests/{RUN}/flips.h5",
        flips=f"{RESULTS}/tests/{RUN}/flips.csv",
    log:
        f"{RESULTS}/logs/shortcuts/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/shortcuts/{RUN}.tsv"
    priority: 1
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        **plan.section("shortcuts", "percent", "split", "images_per_class", "seed"),
        device=lookup(dpath="device", within=config),
        ranking=lookup(dpath="culling/split", within=config),
        settings=plan.shortcut_settings(),
        methods=lambda wildcards: plan.tested_methods(run_of(wildcards)),
        method_settings=plan.advantage_settings(fills=config["shortcuts"]["fills"]),
        phase=lambda wildcards: run_of(wildcards) in plan.phase_runs(),
    message:
        "Testing the shortcuts of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_shortcuts.py"


# The same for maps of every size.
rule sizes:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        dfm=f"{RESULTS}/dfm/{RUN}.h5",
    output:
        sizes=f"{RESULTS}/tests/{RUN}/sizes.csv",
    log:
        f"{RESULTS}/logs/sizes/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sizes/{RUN}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        **plan.section("shortcuts", "split", "images_per_class"),
        device=lookup(dpath="device", within=config),
        percents=lookup(dpath="dfm/percents", within=config),
        settings=plan.section("shortcuts", "negatives", "seed"),
    message:
        "Testing maps of every size of {wildcards.network} on {wildcards.dataset} (seed {wildcards.seed})"
    script:
        "../scripts/measure_sizes.py"


# The same on renditions of the test images.
rule ood:
    input:
        images=lambda wildcards: plan.rendition_files(wildcards.dataset),
        weights=rules.train.output.weights,
        maps=lambda wildcards: plan.tested_maps(run_of(wildcards)),
    output:
        hits=f"{RESULTS}/tests/{RUN}/ood_hits.h5",
        ood=f"{RESULTS}/tests/{RUN}/ood.csv",
    log:
        f"{RESULTS}/logs/ood/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ood/{RUN}.tsv"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        percent=lookup(dpath="shortcuts/percent", within=config),
        settings=plan.rendition_settings(),
        methods=lambda wildcards: plan.tested_methods(run_of(wildcards)),
        method_settings=plan.advantage_settings(fills=deciding(config["ood"]["fills"])),
    message:
        "Testing {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed}) on renditions of {wildcards.dataset}"
    script:
        "../scripts/measure_ood.py"


# The same with the maps of another network: all planned pairs in one job.
rule transfer:
    input:
        images=plan.files("data/{dataset}.h5", plan.transfer_targets()),
        made_with=plan.files(f"networks/{RUN}/weights.safetensors", plan.transfer_sources()),
        weights=plan.files(f"networks/{RUN}/weights.safetensors", plan.transfer_targets()),
        maps=[file for run in plan.transfer_sources() for file in plan.tested_maps(run)],
    output:
        hits=f"{RESULTS}/tests/transfer_hits.h5",
        transfer=f"{RESULTS}/tests/transfer.csv",
    log:
        f"{RESULTS}/logs/transfer/transfer.log",
    benchmark:
        f"{RESULTS}/benchmarks/transfer/transfer.tsv"
    priority: 1
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        **plan.section("shortcuts", "percent", "split", "images_per_class"),
        device=lookup(dpath="device", within=config),
        settings=plan.advantage_settings(),
        methods=[plan.tested_methods(run) for run in plan.transfer_sources()],
        method_settings=plan.advantage_settings(fills=deciding(config["shortcuts"]["fills"])),
    message:
        "Testing the maps of one network on another"
    script:
        "../scripts/measure_transfer.py"


# Whether the network needs the frequencies of its maps: it is trained anew without them.
rule reliance:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        dfm=f"{RESULTS}/dfm/{RUN}.h5",
    output:
        reliance=f"{RESULTS}/tests/{RUN}/reliance.csv",
    log:
        f"{RESULTS}/logs/reliance/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/reliance/{RUN}.tsv"
    priority: 2
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        **plan.section("shortcuts", "split", "percent"),
        device=lookup(dpath="device", within=config),
        architecture=lambda wildcards: config["networks"][wildcards.network],
        recipe=lambda wildcards: plan.recipe(wildcards.dataset, wildcards.network),
        training=lambda wildcards: plan.training_settings(wildcards.dataset, wildcards.augmentation),
    message:
        "Training {wildcards.network} on {wildcards.dataset} anew without the frequencies of its maps (seed {wildcards.seed})"
    script:
        "../scripts/measure_reliance.py"


ruleorder: harm > shortcuts


# What artefacts cost the networks of the benchmarks and, where the exchange test is judged, what it says of them. Before
# further trainings, so that stores of images are deleted soon.
rule harm:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        plain=lambda wildcards: f"{RESULTS}/data/{plan.plain_set(wildcards.dataset)}.h5",
    output:
        **judged_test_files(),
        harm=f"{RESULTS}/tests/{RUN}/harm.csv",
    log:
        f"{RESULTS}/logs/harm/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/harm/{RUN}.tsv"
    wildcard_constraints:
        dataset=one_of(dict.fromkeys(run["dataset"] for run in plan.drawn_runs)),
    priority: 4
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        device=lookup(dpath="device", within=config),
        artefacts=lambda wildcards: artefacts_of(plan, run_of(wildcards)),
        images_per_class=FEW if JUDGES_TEST else None,
        planted=lambda wildcards: planted_in(plan, run_of(wildcards)) if JUDGES_TEST else None,
    message:
        "Measuring what artefacts cost {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_harm.py"
