# Networks, trained (with their learning dynamics) or external, that is, provided by the user, and their maps.


rule train:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
    output:
        weights=f"{RESULTS}/networks/{RUN}/weights.safetensors",
        history=f"{RESULTS}/networks/{RUN}/history.csv",
        dynamics=f"{RESULTS}/networks/{RUN}/dynamics.csv",
    log:
        f"{RESULTS}/logs/train/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{RUN}.tsv"
    wildcard_constraints:
        network=one_of(plan.trained_networks),
    priority: 3  # training runs first, then culling, then the long tests, since most other jobs depend on them
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        device=lookup(dpath="device", within=config),
        architecture=lambda wildcards: config["networks"][wildcards.network],
        recipe=lambda wildcards: plan.recipe(wildcards.dataset, wildcards.network),
        settings=lambda wildcards: plan.training_settings(wildcards.dataset, wildcards.augmentation),
    message:
        "Training {wildcards.network} on {wildcards.dataset} (augmentation {wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/train.py"


rule external_network:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        checkpoint=checkpoint,
        module=lambda wildcards: dependencies.code_of_entry_point(config["networks"][wildcards.network]["source"]),
    output:
        rules.train.output.weights,
    log:
        f"{RESULTS}/logs/external_network/{RUN}.log",
    wildcard_constraints:
        network=one_of(plan.external_networks),
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        device=lookup(dpath="device", within=config),
        settings=lambda wildcards: config["networks"][wildcards.network],
        split=lookup(dpath="shortcuts/split", within=config),
        # Its size and time, so that an older file also counts as a change.
        state=lambda wildcards: repr(dependencies.file_state(config["networks"][wildcards.network]["checkpoint"])),
    message:
        "Loading {wildcards.network} and checking it on {wildcards.dataset}"
    script:
        "../scripts/external_network.py"


# The maps of each network: in `maps/{name}` what a method finds; in `dfm` what the culling of the study finds. With
# `culling: parts` above 1, jobs find those in `dfm` for some classes each, and one more joins them.
rule find_maps:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        parts=parts_of,
    output:
        f"{RESULTS}/{{maps}}/{RUN}.h5",
    log:
        f"{RESULTS}/logs/find_maps/{{maps}}/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_maps/{{maps}}/{RUN}.tsv"
    priority: 2
    threads: torch_threads
    resources:
        gpu=lambda wildcards: 0 if parts_of(wildcards) else gpus(wildcards),
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        device=lookup(dpath="device", within=config),
        search=lambda wildcards: plan.search(wildcards.get("maps", "dfm")),
        part=lambda wildcards: [int(wildcards.part), PARTS] if "part" in wildcards.keys() else [0, 1],
        code=lambda wildcards: code_of(
            "scripts.find_maps", registry.module_of(plan.search(wildcards.get("maps", "dfm"))["method"])
        ),
    message:
        "Finding the maps of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}): {output}"
    script:
        "../scripts/find_maps.py"


use rule find_maps as find_part with:
    output:
        temp(f"{RESULTS}/dfm/{RUN}_part{{part}}.h5"),
    log:
        f"{RESULTS}/logs/find_part/dfm/{RUN}_part{{part}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_part/dfm/{RUN}_part{{part}}.tsv"
