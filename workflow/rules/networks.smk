# Networks, trained (with their learning dynamics) or external, that is, provided by the user.


rule train:
    input:
        images="<results>/data/{dataset}.h5",
    output:
        weights="<results>/networks/{dataset}/{run}/weights.safetensors",
        history="<results>/networks/{dataset}/{run}/history.csv",
        dynamics="<results>/networks/{dataset}/{run}/dynamics.csv",
    log:
        "<logs>/train/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/train/{dataset}/{run}.tsv"
    wildcard_constraints:
        run=run_of_networks(with_source=False),
    priority: 3  # training runs first, then culling, then the long tests, since most other jobs depend on them
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        architecture=network_settings,
        recipe=recipe_of_job,
        settings=training_of_job,
    message:
        "Training {wildcards.run} on {wildcards.dataset}"
    script:
        "../scripts/train.py"


rule external_network:
    input:
        images="<results>/data/{dataset}.h5",
        checkpoint=checkpoint_file,
        module=module_of_user,
    output:
        rules.train.output.weights,
    log:
        "<logs>/external_network/{dataset}/{run}.log",
    wildcard_constraints:
        run=run_of_networks(with_source=True),
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=network_settings,
        split=config["shortcuts"]["split"],
        state=state_of_checkpoint,
    message:
        "Loading {wildcards.run} and checking it on {wildcards.dataset}"
    script:
        "../scripts/external_network.py"
