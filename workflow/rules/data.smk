# Images, their renditions, and spectra.


# This takes seconds. The Snakefile runs it before all other jobs. It is not an input of other rules: then all of them
# would re-run after it, and with ancient() Snakemake would not see their other changes.
rule check:
    output:
        f"{RESULTS}/checked.txt",
    log:
        f"{RESULTS}/logs/check.log",
    localrule: True
    resources:
        scheduled=lambda wildcards: int(scheduled()),  # not a param, which would re-run this rule on another machine
    params:
        settings={name: config[name] for name in dependencies.CHECKED_SECTIONS},
        state=lambda wildcards: dependencies.inputs_digest(plan),  # a function, so that no other job reads the folders
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
        dataset=one_of(plan.from_source(*DOWNLOADS)),
    localrule: True
    params:
        source=lambda wildcards: plan.dataset(wildcards.dataset)["source"],
        folder=lambda wildcards: plan.dataset(wildcards.dataset)["folder"],
    message:
        "Fetching the files of {wildcards.dataset}"
    script:
        "../scripts/fetch_images.py"


# Photographs and textures, each in a folder for each class.
rule pictures:
    output:
        directory(f"{RESULTS}/{{pictures}}"),
    log:
        f"{RESULTS}/logs/{{pictures}}.log",
    wildcard_constraints:
        pictures="pictures|textures",
    localrule: True
    message:
        "Laying out {wildcards.pictures}"
    script:
        "../scripts/fetch_images.py"


# The images of a data set, from any source: workflow/study/sources has a module for each.
rule images:
    input:
        unpack(by_dataset(plan.files_of_source)),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/images/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(plan.kept_datasets()),
    threads: by_dataset(lambda dataset: plan.source(dataset).threads)
    resources:
        mem_mb=growing(3000),
        runtime=lambda wildcards, attempt: plan.source(wildcards.dataset).minutes * 2 ** (attempt - 1),
    params:
        code=by_dataset(lambda dataset: code_of("scripts.build_store", plan.source(dataset).module)),
        source=by_dataset(lambda dataset: plan.dataset(dataset)["source"]),
        settings=by_dataset(plan.settings_of_source),
        state=by_dataset(plan.state_of_source),
    message:
        "Storing the images of {wildcards.dataset}"
    script:
        "../scripts/build_store.py"


# Sets of the benchmarks are many and made within seconds: they are deleted as soon as nothing needs them.
use rule images as drawn_images with:
    output:
        temp(f"{RESULTS}/data/{{dataset}}.h5"),
    log:
        f"{RESULTS}/logs/drawn_images/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(plan.drawn_datasets()),


if config["ood"]["renditions"]:

    # One job for all renditions of a data set: each takes less time than the start of a job.
    rule rendition:
        input:
            images=f"{RESULTS}/data/{{dataset}}.h5",
        output:
            [f"{RESULTS}/data/ood/{{dataset}}/{name}.h5" for name in config["ood"]["renditions"]],
        log:
            f"{RESULTS}/logs/rendition/{{dataset}}.log",
        wildcard_constraints:
            dataset=one_of(name for name in config["datasets"] if name not in plan.twin_datasets()),
        params:
            **plan.section("ood", "images_per_class", "seed"),
        message:
            "Restyling {wildcards.dataset}"
        script:
            "../scripts/render.py"


rule twin:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
    output:
        f"{RESULTS}/data/ood/{{dataset}}/{{rendition}}.h5",
    log:
        f"{RESULTS}/logs/twin/{{dataset}}/{{rendition}}.log",
    wildcard_constraints:
        dataset=one_of(plan.twin_datasets()),
    threads: 4
    params:
        listing=lambda wildcards: dependencies.rendition_digest(plan.dataset(wildcards.dataset), wildcards.rendition),
        settings=by_dataset(plan.dataset),
    message:
        "Storing the rendition {wildcards.rendition} of {wildcards.dataset}"
    script:
        "../scripts/twin_store.py"


# Mean amplitude spectra, and what sets a class apart (ADCS).
rule adcs:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
    output:
        f"{RESULTS}/adcs/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/adcs/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/adcs/{{dataset}}.tsv"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **plan.section("adcs"),
        statistics=by_dataset(plan.common_normalisation),
    message:
        "Comparing the mean spectra of the classes of {wildcards.dataset}"
    script:
        "../scripts/measure_adcs.py"
