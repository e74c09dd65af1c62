# Images: synthetic and planted sets, photographs, and their out-of-distribution twins.


# This takes seconds. The Snakefile runs it before all other jobs. It is not an input of other rules: then all of them
# would re-run after it, and with ancient() Snakemake would not see their other changes.
rule check:
    input:
        code=code("check_inputs.py"),
    output:
        f"{RESULTS}/checked.txt",
    log:
        f"{RESULTS}/logs/check.log",
    localrule: True
    conda:
        "../../envs/study.yaml"
    params:
        settings={name: config[name] for name in states.CHECKED_SECTIONS},
        state=states.inputs_digest(plan, code_of_entry_point),
    message:
        "Checking folders, stores, networks and checkpoints"
    script:
        "../scripts/check_inputs.py"


# Code is not an input: an edit must not fetch the files again. They are verified each time they are read.
rule fetched_files:
    output:
        directory(f"{RESULTS}/data/raw/{{dataset}}"),
    log:
        f"{RESULTS}/logs/fetched_files/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source(*DOWNLOADS),
    localrule: True
    conda:
        "../../envs/study.yaml"
    params:
        source=setting("datasets/{dataset}/source"),
        folder=setting("datasets/{dataset}/folder"),
    message:
        "Fetching the files of {wildcards.dataset}"
    script:
        "../scripts/fetch_images.py"


rule fetched:
    input:
        files=rules.fetched_files.output[0],
        code=code("fetched_store.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/fetched/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source(*DOWNLOADS),
    conda:
        "../../envs/study.yaml"
    params:
        source=setting("datasets/{dataset}/source"),
        settings=lambda wildcards: {
            "validation_share": setting("datasets/{dataset}/validation_share")(wildcards),
            "seed": setting("datasets/{dataset}/split_seed")(wildcards),
            "test_images": setting("datasets/{dataset}/test_images", "all")(wildcards),
        },
    message:
        "Storing the photographs of {wildcards.dataset}"
    script:
        "../scripts/fetched_store.py"


rule folder:
    input:
        code=code("folder_store.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/folder/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source("folder"),
    conda:
        "../../envs/study.yaml"
    threads: 8
    resources:
        mem_mb=growing(3000),
        runtime=growing(240),
    params:
        settings=by_dataset(plan.store_settings),
        listing=lambda wildcards: states.folders_digest(config["datasets"][wildcards.dataset]),
    message:
        "Storing the images of {wildcards.dataset}"
    script:
        "../scripts/folder_store.py"


rule linked_store:
    input:
        store=present("datasets/{dataset}/path"),
        code=code("link_store.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/linked_store/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source("store"),
    localrule: True
    conda:
        "../../envs/study.yaml"
    params:
        state=state_of("datasets/{dataset}/path"),
    message:
        "Linking {output} to {input.store}"
    script:
        "../scripts/link_store.py"


rule dataset_store:
    input:
        module=entry_point_files("datasets/{dataset}/entry_point"),
        code=code("dataset_store.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/dataset_store/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source("dataset"),
    conda:
        "../../envs/study.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(240),
    params:
        settings=by_dataset(plan.store_settings),
    message:
        "Storing the images of {wildcards.dataset}"
    script:
        "../scripts/dataset_store.py"


rule synthesize:
    input:
        code=code("synthesize.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/synthesize/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source("synthetic"),
    conda:
        "../../envs/study.yaml"
    params:
        control_band=setting("datasets/{dataset}/control_band"),
        constants=lookup(dpath="synthesis", within=config),
    message:
        "Drawing the images of {wildcards.dataset}"
    script:
        "../scripts/synthesize.py"


rule plant:
    input:
        code=code("plant.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/plant/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source("planted"),
    conda:
        "../../envs/study.yaml"
    params:
        mechanism=setting("datasets/{dataset}/mechanism"),
        constants=lambda wildcards: plan.planting(config["datasets"][wildcards.dataset]["mechanism"]),
    message:
        "Drawing the images of {wildcards.dataset}"
    script:
        "../scripts/plant.py"


rule waved:
    input:
        images=lambda wildcards: f"{RESULTS}/data/{config['datasets'][wildcards.dataset]['of']}.h5",
        code=code("waved_store.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/waved/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source("waved"),
    conda:
        "../../envs/study.yaml"
    params:
        settings=by_dataset(plan.store_settings),
    message:
        "Adding a wave to a class of {input.images}"
    script:
        "../scripts/waved_store.py"


if config["ood"]["renditions"]:

    # One job for all renditions of a data set: each takes less time than the start of a job.
    rule rendition:
        input:
            images=f"{RESULTS}/data/{{dataset}}.h5",
            code=code("render.py"),
        output:
            expand(
                f"{RESULTS}/data/ood/{{{{dataset}}}}/{{rendition}}.h5",
                rendition=lookup(dpath="ood/renditions", within=config),
            ),
        log:
            f"{RESULTS}/logs/rendition/{{dataset}}.log",
        wildcard_constraints:
            dataset=one_of(name for name in config["datasets"] if name not in plan.twin_datasets()),
        conda:
            "../../envs/study.yaml"
        params:
            images_per_class=lookup(dpath="ood/images_per_class", within=config),
            seed=lookup(dpath="ood/seed", within=config),
        message:
            "Restyling {wildcards.dataset}"
        script:
            "../scripts/render.py"


rule twin:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        code=code("twin_store.py"),
    output:
        f"{RESULTS}/data/ood/{{dataset}}/{{rendition}}.h5",
    log:
        f"{RESULTS}/logs/twin/{{dataset}}/{{rendition}}.log",
    wildcard_constraints:
        dataset=one_of(plan.twin_datasets()),
    conda:
        "../../envs/study.yaml"
    threads: 4
    params:
        root=setting("datasets/{dataset}/ood/root"),
        classes=setting("datasets/{dataset}/ood/classes"),
        listing=lambda wildcards: states.rendition_digest(config["datasets"][wildcards.dataset], wildcards.rendition),
        resize=setting("datasets/{dataset}/resize", None),
        on_error=setting("datasets/{dataset}/on_error", "stop"),
    message:
        "Storing the rendition {wildcards.rendition} of {wildcards.dataset}"
    script:
        "../scripts/twin_store.py"
