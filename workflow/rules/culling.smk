# Loss increments and dominant frequency maps: one job a network, or `parts` of them and one that puts them together.


rule cull:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("cull.py"),
    output:
        f"{RESULTS}/dfm/{RUN}.h5" if WHOLE else temp(f"{RESULTS}/dfm/{RUN}/part{{part}}.h5"),
    log:
        f"{RESULTS}/logs/cull/{RUN}{PART}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cull/{RUN}{PART}.tsv"
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
        images=plan.section("culling", "split", "images_per_class"),
        parts=lookup(dpath="culling/parts", within=config),
        settings=plan.culling_settings(),
        percents=lookup(dpath="dfm/percents", within=config) if WHOLE else [],  # those are for the joined file
    message:
        "Culling the frequencies of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
        + ("" if WHOLE else ", part {wildcards.part}")
    script:
        "../scripts/cull.py"


if not WHOLE:

    rule merge_parts:
        input:
            images=f"{RESULTS}/data/{{dataset}}.h5",
            weights=rules.train.output.weights,
            parts=expand(rules.cull.output[0], part=range(config["culling"]["parts"]), allow_missing=True),
            code=code("merge_parts.py"),
        output:
            f"{RESULTS}/dfm/{RUN}.h5",
        log:
            f"{RESULTS}/logs/merge_parts/{RUN}.log",
        conda:
            "../../envs/study.yaml"
        params:
            images=plan.section("culling", "split"),
            percents=lookup(dpath="dfm/percents", within=config),
        message:
            "Joining the parts of {output}"
        script:
            "../scripts/merge_parts.py"


rule hand_over:
    input:
        dfm=f"{RESULTS}/dfm/{RUN}.h5",
        code=code("hand_over.py"),
    output:
        iccv2023=plan.exported_maps("iccv2023"),
        hfss=plan.exported_maps("hfss"),
    log:
        f"{RESULTS}/logs/hand_over/{RUN}.log",
    conda:
        "../../envs/study.yaml"
    params:
        percents=lookup(dpath="dfm/percents", within=config),
        order=by_dataset(plan.folder_order),
    message:
        "Writing the maps of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}) for the published tools"
    script:
        "../scripts/hand_over.py"
