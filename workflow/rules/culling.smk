# Loss increments and dominant frequency maps. Each network is culled on all images that rank its frequencies. The run
# with the smallest seed is also culled on each half of them. With `culling: parts: 1` the job that culls writes the maps;
# else every culling has so many jobs, and one more merges their parts.
PARTS = config["culling"]["parts"]
CULLED = RUN if PARTS == 1 else f"{RUN}_{{images}}_part{{part}}"


rule cull:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        # The script, too: Snakemake compares a script with outputs that are there, and parts are temporary.
        code=["workflow/scripts/cull.py", *code("cull.py")],
    output:
        f"{RESULTS}/dfm/{CULLED}.h5" if PARTS == 1 else temp(f"{RESULTS}/dfm/{CULLED}.h5"),
    log:
        f"{RESULTS}/logs/cull/{CULLED}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cull/{CULLED}.tsv"
    wildcard_constraints:
        images="all|half0|half1",
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
        subsets=lambda wildcards: [wildcards.get("images", "all")],
        images=lambda wildcards: plan.culled_images(wildcards.get("images", "all")),
        parts=PARTS,
        settings=plan.culling_settings(),
        percents=config["dfm"]["percents"] if PARTS == 1 else [],
    message:
        "Culling the frequencies of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}): {output}"
    script:
        "../scripts/cull.py"


if PARTS == 1:

    use rule cull as cull_halves with:
        output:
            f"{RESULTS}/stability/{RUN}.h5",
        log:
            f"{RESULTS}/logs/cull_halves/{RUN}.log",
        benchmark:
            f"{RESULTS}/benchmarks/cull_halves/{RUN}.tsv"
        params:
            device=lookup(dpath="device", within=config),
            subsets=["half0", "half1"],
            images=plan.culled_images("halves"),
            parts=PARTS,
            settings=plan.culling_settings(),
            percents=config["dfm"]["percents"],

else:

    rule merge_parts:
        input:
            images=f"{RESULTS}/data/{{dataset}}.h5",
            weights=rules.train.output.weights,
            all=expand(rules.cull.output[0], images="all", part=range(PARTS), allow_missing=True),
            code=code("merge_parts.py"),
        output:
            f"{RESULTS}/dfm/{RUN}.h5",
        log:
            f"{RESULTS}/logs/merge_parts/{RUN}.log",
        conda:
            "../../envs/study.yaml"
        params:
            subsets=["all"],
            images=plan.culled_images("all"),
            percents=lookup(dpath="dfm/percents", within=config),
        message:
            "Writing the maps {output}"
        script:
            "../scripts/merge_parts.py"

    use rule merge_parts as merge_halves with:
        input:
            images=f"{RESULTS}/data/{{dataset}}.h5",
            weights=rules.train.output.weights,
            half0=expand(rules.cull.output[0], images="half0", part=range(PARTS), allow_missing=True),
            half1=expand(rules.cull.output[0], images="half1", part=range(PARTS), allow_missing=True),
            code=code("merge_parts.py"),
        output:
            f"{RESULTS}/stability/{RUN}.h5",
        log:
            f"{RESULTS}/logs/merge_halves/{RUN}.log",
        params:
            subsets=["half0", "half1"],
            images=plan.culled_images("halves"),
            percents=lookup(dpath="dfm/percents", within=config),
