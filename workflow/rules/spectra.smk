# Mean amplitude spectra and ADCS.


rule adcs:
    input:
        images=[f"{RESULTS}/data/{{dataset}}.h5"],
        code=code("measure_adcs.py"),
    output:
        f"{RESULTS}/adcs/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/adcs/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/adcs/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=own_jobs("adcs"),
    conda:
        "../../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        split=lookup(dpath="adcs/split", within=config),
        channel_weights=lookup(dpath="adcs/channel_weights", within=config),
        statistics=lambda wildcards: [seen_by(wildcards.dataset)],
    message:
        "Comparing the mean spectra of the classes of {wildcards.dataset}"
    script:
        "../scripts/measure_adcs.py"


if shares("adcs"):

    use rule adcs as adcs_shared with:
        input:
            images=expand(rules.adcs.input.images, dataset=datasets("synthetic")),
            code=code("measure_adcs.py"),
        output:
            expand(rules.adcs.output, dataset=datasets("synthetic")),
        log:
            f"{RESULTS}/logs/adcs/{shared_job('adcs')}.log",
        benchmark:
            f"{RESULTS}/benchmarks/adcs/{shared_job('adcs')}.tsv"
        params:
            split=lookup(dpath="adcs/split", within=config),
            channel_weights=lookup(dpath="adcs/channel_weights", within=config),
            statistics=[seen_by(name) for name in datasets("synthetic")],
        message:
            "Comparing the mean spectra of the classes of all synthetic sets"
