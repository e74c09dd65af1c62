# A quick analysis of a network, with a page of its own: the same call that users of the library make.


rule analyse:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("analyse_network.py", modules=["frequency_shortcuts.maps.methods.mixture"]),
    output:
        [f"{RESULTS}/analysis/{RUN}/{name}" for name in targets.ANALYSIS],
    log:
        f"{RESULTS}/logs/analyse/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/analyse/{RUN}.tsv"
    conda:
        "../../envs/study.yaml"
    threads: analysis_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        device=lookup(dpath="device", within=config),
        splits=[config["culling"]["split"], config["shortcuts"]["split"]],
        percent=lookup(dpath="shortcuts/percent", within=config),
    message:
        "Analysing {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/analyse_network.py"
