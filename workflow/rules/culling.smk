# Loss increments and dominant frequency maps.


rule cull:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("cull.py"),
    output:
        f"{RESULTS}/dfm/{RUN}.h5",
    log:
        f"{RESULTS}/logs/cull/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cull/{RUN}.tsv"
    conda:
        "../../envs/study.yaml"
    threads: TORCH_THREADS
    resources:
        gpu=GPUS,
        mem_mb=4000,
        runtime=240,
    params:
        device=lookup(dpath="device", within=config),
        split=lookup(dpath="culling/split", within=config),
        images_per_class=lookup(dpath="culling/images_per_class", within=config),
        method=lookup(dpath="culling/method", within=config),
        share=lookup(dpath="culling/share", within=config),
        batch_size=lookup(dpath="culling/batch_size", within=config),
        percents=lookup(dpath="dfm/percents", within=config),
    message:
        "Culling the frequencies of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/cull.py"
