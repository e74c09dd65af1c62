# Methods that find maps, side by side: their maps; `testing.smk` tests them.


rule find_maps:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=lambda wildcards: code("find_maps.py", modules=plan.method_modules(wildcards.name)),
    output:
        f"{RESULTS}/maps/{{name}}/{RUN}.h5",
    log:
        f"{RESULTS}/logs/find_maps/{{name}}/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_maps/{{name}}/{RUN}.tsv"
    priority: 2
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        device=lookup(dpath="device", within=config),
        images=lambda wildcards: plan.method_images(wildcards.name),
        limits=plan.section("culling", "precision", "compiled", "memory_mib"),
        method=lambda wildcards: plan.method(wildcards.name)["method"],
        module=lambda wildcards: plan.method_modules(wildcards.name)[0],
        settings=lambda wildcards: plan.method_settings(wildcards.name),
        percents=lookup(dpath="dfm/percents", within=config),
    message:
        "Finding the maps of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}) by {wildcards.name}"
    script:
        "../scripts/find_maps.py"
