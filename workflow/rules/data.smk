# Images: synthetic sets, photographs, and their out-of-distribution twins.


# No code among its inputs: an edit must not fetch again what is verified each time it is read.
rule fashion_mnist_files:
    output:
        directory(f"{RESULTS}/data/raw/{{dataset}}"),
    log:
        f"{RESULTS}/logs/fashion_mnist_files/{{dataset}}.log",
    localrule: True
    conda:
        "../../envs/study.yaml"
    params:
        folder=lookup(dpath="datasets/{dataset}/folder", within=config),
    message:
        "Fetching the files of {wildcards.dataset}"
    script:
        "../scripts/fetch_fashion_mnist.py"


rule fashion_mnist:
    input:
        files=rules.fashion_mnist_files.output[0],
        code=code("fashion_mnist_store.py"),
    output:
        f"{RESULTS}/data/{{dataset}}.h5",
    log:
        f"{RESULTS}/logs/fashion_mnist/{{dataset}}.log",
    wildcard_constraints:
        dataset=from_source("fashion_mnist"),
    conda:
        "../../envs/study.yaml"
    params:
        validation_share=lookup(dpath="datasets/{dataset}/validation_share", within=config),
        seed=lookup(dpath="datasets/{dataset}/split_seed", within=config),
    message:
        "Storing the photographs of {wildcards.dataset}"
    script:
        "../scripts/fashion_mnist_store.py"


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
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        root=lookup(dpath="datasets/{dataset}/root", within=config),
        listing=folder_listing,
        size=lookup(dpath="datasets/{dataset}/size", within=config),
        channels=lookup(dpath="datasets/{dataset}/channels", within=config),
        shares=lookup(dpath="datasets/{dataset}/shares", within=config),
        seed=lookup(dpath="datasets/{dataset}/split_seed", within=config),
        on_error=lookup(dpath="datasets/{dataset}/on_error", within=config),
    message:
        "Storing the images below {params.root}"
    script:
        "../scripts/folder_store.py"


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
        control_band=lookup(dpath="datasets/{dataset}/control_band", within=config),
        constants=lookup(dpath="synthesis", within=config),
    message:
        "Drawing the images of {wildcards.dataset}"
    script:
        "../scripts/synthesize.py"


# All of a data set's in one job: each takes less time than a job's start.
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
    conda:
        "../../envs/study.yaml"
    params:
        images_per_class=lookup(dpath="ood/images_per_class", within=config),
        seed=lookup(dpath="ood/seed", within=config),
    message:
        "Restyling {wildcards.dataset}"
    script:
        "../scripts/render.py"
