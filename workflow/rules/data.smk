# Images, their renditions, and spectra.


# This takes seconds. The Snakefile runs it before all other jobs. It is not an input of other rules: then all of them
# would re-run after it, and with ancient() Snakemake would not see their other changes.
rule check:
    output:
        "<results>/checked.txt",
    log:
        "<logs>/check.log",
    localrule: True
    resources:
        scheduled=lambda wildcards: int(scheduled()),  # not a param, which would re-run this rule on another machine
    params:
        settings={name: part for name, part in config.items() if name not in dependencies.UNCHECKED},
        state=state_of_inputs,
    message:
        "Checking folders, stores, networks and checkpoints"
    script:
        "../scripts/check_inputs.py"


# Code is not an input: an edit must not fetch the files again. They are verified each time they are read.
rule fetched_files:
    output:
        directory("<results>/data/raw/{dataset}"),
    log:
        "<logs>/fetched_files/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(
            name for name, dataset in STUDY["datasets"].items() if dataset["source"] in DOWNLOADS
        ),
    localrule: True
    params:
        source=lambda wildcards: STUDY["datasets"][wildcards.dataset]["source"],
        folder=lambda wildcards: STUDY["datasets"][wildcards.dataset]["folder"],
    message:
        "Fetching the files of {wildcards.dataset}"
    script:
        "../scripts/fetch_images.py"


# Photographs in a folder for each class; backgrounds in a folder for each role.
rule pictures:
    output:
        directory("<results>/{pictures}"),
    log:
        "<logs>/{pictures}.log",
    wildcard_constraints:
        pictures="backgrounds|pictures",
    localrule: True
    message:
        "Laying out {wildcards.pictures}"
    script:
        "../scripts/fetch_images.py"


# The images of a data set, from any source: workflow/study/sources has a module for each.
rule images:
    input:
        unpack(of_source("files")),
    output:
        "<results>/data/{dataset}.h5",
    log:
        "<logs>/images/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(STUDY["datasets"]),
    threads: lambda wildcards: source_of(STUDY, wildcards.dataset).threads
    resources:
        mem_mb=growing(3000),
        runtime=lambda wildcards, attempt: source_of(STUDY, wildcards.dataset).minutes
        * 2 ** (attempt - 1),
    params:
        code=code_of_source,
        source=lambda wildcards: STUDY["datasets"][wildcards.dataset]["source"],
        settings=of_source("settings"),
        state=of_source("state"),
    message:
        "Storing the images of {wildcards.dataset}"
    script:
        "../scripts/build_store.py"


if config["ood"]["renditions"]:

    # One job for all renditions of a data set: each takes less time than the start of a job.
    rule rendition:
        input:
            images="<results>/data/{dataset}.h5",
        output:
            [f"<results>/data/ood/{{dataset}}/{name}.h5" for name in config["ood"]["renditions"]],
        log:
            "<logs>/rendition/{dataset}.log",
        wildcard_constraints:
            dataset=one_of(name for name in config["datasets"] if name not in WITH_TWIN),
        params:
            **section("ood", "images_per_class", "seed"),
        message:
            "Restyling {wildcards.dataset}"
        script:
            "../scripts/render.py"


rule twin:
    input:
        images="<results>/data/{dataset}.h5",
    output:
        "<results>/data/ood/{dataset}/{rendition}.h5",
    log:
        "<logs>/twin/{dataset}/{rendition}.log",
    wildcard_constraints:
        dataset=one_of(WITH_TWIN),
    threads: 4
    params:
        listing=lambda wildcards: dependencies.rendition_digest(
            config["datasets"][wildcards.dataset], wildcards.rendition
        ),
        settings=lambda wildcards: config["datasets"][wildcards.dataset],
    message:
        "Storing the rendition {wildcards.rendition} of {wildcards.dataset}"
    script:
        "../scripts/twin_store.py"


# Mean amplitude spectra, and what sets a class apart (ADCS).
rule adcs:
    input:
        images="<results>/data/{dataset}.h5",
    output:
        "<results>/adcs/{dataset}.h5",
    log:
        "<logs>/adcs/{dataset}.log",
    benchmark:
        "<benchmarks>/adcs/{dataset}.tsv"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **config["adcs"],
        statistics=common_normalisation,
    message:
        "Comparing the mean spectra of the classes of {wildcards.dataset}"
    script:
        "../scripts/measure_adcs.py"
