# Loss increments and dominant frequency maps. Each network is culled on all images that rank its frequencies. The run
# with the smallest seed is also culled on each half of them. Every culling has `parts` jobs; one job merges the parts.


rule cull:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        # The script, too: Snakemake compares a script with outputs that are there, and these are temporary.
        code=["workflow/scripts/cull.py", *code("cull.py")],
    output:
        temp(f"{RESULTS}/dfm/{RUN}_{{images}}_part{{part}}.h5"),
    log:
        f"{RESULTS}/logs/cull/{RUN}_{{images}}_part{{part}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cull/{RUN}_{{images}}_part{{part}}.tsv"
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
        images=lambda wildcards: plan.culled_images(wildcards.images),
        parts=lookup(dpath="culling/parts", within=config),
        settings=plan.culling_settings(),
    message:
        "Culling the frequencies of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}), images {wildcards.images}, part {wildcards.part}"
    script:
        "../scripts/cull.py"


rule merge_parts:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        parts=expand(rules.cull.output[0], images="all", part=range(config["culling"]["parts"]), allow_missing=True),
        code=code("merge_parts.py"),
    output:
        f"{RESULTS}/dfm/{RUN}.h5",
    log:
        f"{RESULTS}/logs/merge_parts/{RUN}.log",
    conda:
        "../../envs/study.yaml"
    params:
        split=lookup(dpath="culling/split", within=config),
        percents=lookup(dpath="dfm/percents", within=config),
    message:
        "Writing the maps {output}"
    script:
        "../scripts/merge_parts.py"


use rule merge_parts as merge_halves with:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        half0=expand(rules.cull.output[0], images="half0", part=range(config["culling"]["parts"]), allow_missing=True),
        half1=expand(rules.cull.output[0], images="half1", part=range(config["culling"]["parts"]), allow_missing=True),
        code=code("merge_parts.py"),
    output:
        f"{RESULTS}/stability/{RUN}.h5",
    log:
        f"{RESULTS}/logs/merge_halves/{RUN}.log",
    params:
        split=lookup(dpath="culling/split", within=config),
        seed=lookup(dpath="stability/seed", within=config),
        percents=lookup(dpath="dfm/percents", within=config),


rule export_maps:
    input:
        dfm=f"{RESULTS}/dfm/{RUN}.h5",
        code=code("export_maps.py"),
    output:
        iccv2023=outputs.exported_maps(plan, "iccv2023"),
        hfss=outputs.exported_maps(plan, "hfss"),
        dfmx=outputs.exported_maps(plan, "dfmx"),
    log:
        f"{RESULTS}/logs/export_maps/{RUN}.log",
    conda:
        "../../envs/study.yaml"
    params:
        percents=lookup(dpath="dfm/percents", within=config),
        order=by_dataset(plan.folder_order),
    message:
        "Writing the maps of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}) for the published tools"
    script:
        "../scripts/export_maps.py"
