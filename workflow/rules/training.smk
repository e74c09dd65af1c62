# Networks and their learning dynamics.


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
    conda:
        "../../envs/study.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPUS,
        mem_mb=4000,
        runtime=240,
    params:
        device=lookup(dpath="device", within=config),
        architecture=lookup(dpath="networks/{network}", within=config),
        recipe=lookup(dpath="training/recipe", within=config),
        checkpoint_minutes=lookup(dpath="training/checkpoint_minutes", within=config),
        epochs=settings_of_kind("epochs"),
        images_per_class=settings_of_kind("images_per_class"),
        validation_per_class=settings_of_kind("validation_per_class"),
        geometry=settings_of_kind("geometry"),
        dynamics=settings_of_kind("dynamics"),
    message:
        "Training {wildcards.network} on {wildcards.dataset} (augmentation {wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/train.py"
