# Mean amplitude spectra and ADCS.


rule adcs:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        code=code("measure_adcs.py"),
    output:
        f"{RESULTS}/adcs/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/adcs/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/adcs/{{dataset}}.tsv"
    conda:
        "../../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        split=lookup(dpath="adcs/split", within=config),
        channel_weights=lookup(dpath="adcs/channel_weights", within=config),
        variant=lookup(dpath="adcs/variant", within=config),
        statistics=by_dataset(plan.common_normalisation),
    message:
        "Comparing the mean spectra of the classes of {wildcards.dataset}"
    script:
        "../scripts/measure_adcs.py"
