# Networks, trained (with their learning dynamics) or brought.


rule train:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        code=code("train.py"),
    output:
        weights=f"{RESULTS}/networks/{RUN}/weights.safetensors",
        history=f"{RESULTS}/networks/{RUN}/history.csv",
        dynamics=f"{RESULTS}/networks/{RUN}/dynamics.csv",
    log:
        f"{RESULTS}/logs/train/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{RUN}.tsv"
    wildcard_constraints:
        network=one_of(name for name in config["networks"] if name not in brought()),
    priority: 3  # what most waits for goes first (then culling, then the long tests): short jobs are left for the end
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        device=lookup(dpath="device", within=config),
        architecture=setting("networks/{network}"),
        recipe=recipe_of,
        stylised_share=lookup(dpath="training/stylised_share", within=config),
        epochs=settings_of_kind("epochs"),
        images_per_class=settings_of_kind("images_per_class"),
        validation_per_class=settings_of_kind("validation_per_class"),
        geometry=settings_of_kind("geometry"),
        dynamics=settings_of_kind("dynamics"),
        names=by_name("training/{kind}", "training/stylised_share"),
    message:
        "Training {wildcards.network} on {wildcards.dataset} (augmentation {wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/train.py"


rule bring:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        checkpoint=present("networks/{network}/checkpoint"),
        module=entry_point_files("networks/{network}/source"),
        code=code("bring.py"),
    output:
        rules.train.output.weights,
    log:
        f"{RESULTS}/logs/bring/{RUN}.log",
    wildcard_constraints:
        network=one_of(brought()),
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        device=lookup(dpath="device", within=config),
        source=setting("networks/{network}/source"),
        options=optional("networks/{network}/options", {}),
        mean=setting("networks/{network}/mean"),
        std=setting("networks/{network}/std"),
        split=lookup(dpath="shortcuts/split", within=config),
        names=by_name("networks/{network}"),
        state=state_of("networks/{network}/checkpoint"),
    message:
        "Bringing {wildcards.network} to {wildcards.dataset}"
    script:
        "../scripts/bring.py"
