# What is still recognised on filtered images: band-stop, shortcuts, other distributions, other networks.


rule bandstop:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("measure_bandstop.py"),
    output:
        f"{RESULTS}/tests/{RUN}/bandstop.csv",
    log:
        f"{RESULTS}/logs/bandstop/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/bandstop/{RUN}.tsv"
    wildcard_constraints:
        dataset=from_source("synthetic"),
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        device=lookup(dpath="device", within=config),
        band_edges=lookup(dpath="synthesis/band_edges", within=config),
    message:
        "Removing bands from {wildcards.dataset} for {wildcards.network} (seed {wildcards.seed})"
    script:
        "../scripts/measure_bandstop.py"


rule shortcuts:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        dfm=f"{RESULTS}/dfm/{RUN}.h5",
        code=code("measure_shortcuts.py"),
    output:
        f"{RESULTS}/tests/{RUN}/shortcuts.csv",
    log:
        f"{RESULTS}/logs/shortcuts/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/shortcuts/{RUN}.tsv"
    priority: 1
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        split=lookup(dpath="shortcuts/split", within=config),
        images_per_class=lookup(dpath="shortcuts/images_per_class", within=config),
        percent=lookup(dpath="shortcuts/percent", within=config),
        settings=test_settings(),
    message:
        "Testing the shortcuts of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_shortcuts.py"


rule planted_use:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("measure_planted_use.py"),
    output:
        f"{RESULTS}/tests/{RUN}/planted_use.csv",
    log:
        f"{RESULTS}/logs/planted_use/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/planted_use/{RUN}.tsv"
    wildcard_constraints:
        dataset=one_of(datasets(*WITH_TRUTH)),
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        device=lookup(dpath="device", within=config),
        split=lookup(dpath="shortcuts/split", within=config),
        images_per_class=lookup(dpath="shortcuts/images_per_class", within=config),
        seed=lookup(dpath="shortcuts/seed", within=config),
        names=by_name("shortcuts/images_per_class", "shortcuts/seed"),
    message:
        "Testing whether {wildcards.network} uses what was planted in {wildcards.dataset} (seed {wildcards.seed})"
    script:
        "../scripts/measure_planted_use.py"


rule published:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        maps=published_file,
        code=code("measure_published.py"),
    output:
        f"{RESULTS}/tests/{RUN}/published_{{name}}.csv",
    log:
        f"{RESULTS}/logs/published/{RUN}/{{name}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/published/{RUN}/{{name}}.tsv"
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        split=lookup(dpath="shortcuts/split", within=config),
        images_per_class=lookup(dpath="shortcuts/images_per_class", within=config),
        settings=test_settings(),
        order=order_of_folders,
    message:
        "Testing the maps {wildcards.name} on {wildcards.network}, {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_published.py"


rule ood:
    input:
        images=renditions,
        weights=rules.train.output.weights,
        dfm=f"{RESULTS}/dfm/{RUN}.h5",
        code=code("measure_ood.py"),
    output:
        f"{RESULTS}/tests/{RUN}/ood.csv",
    log:
        f"{RESULTS}/logs/ood/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ood/{RUN}.tsv"
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        percent=lookup(dpath="shortcuts/percent", within=config),
        settings=test_settings(parts=["keep"], fills=config["ood"]["fills"]),
    message:
        "Testing {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed}) on renditions of {wildcards.dataset}"
    script:
        "../scripts/measure_ood.py"


rule transfer:
    input:
        images=[f"{RESULTS}/data/{target.split('/')[0]}.h5" for _, target in transfers()],
        dfm=[f"{RESULTS}/dfm/{source}.h5" for source, _ in transfers()],
        weights=[f"{RESULTS}/networks/{target}/weights.safetensors" for _, target in transfers()],
        code=code("measure_transfer.py"),
    output:
        f"{RESULTS}/tests/transfer.csv",
    log:
        f"{RESULTS}/logs/transfer.log",
    benchmark:
        f"{RESULTS}/benchmarks/transfer.tsv"
    priority: 1
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        pairs=transfers(),
        device=lookup(dpath="device", within=config),
        split=lookup(dpath="shortcuts/split", within=config),
        images_per_class=lookup(dpath="shortcuts/images_per_class", within=config),
        percent=lookup(dpath="shortcuts/percent", within=config),
        settings=test_settings(parts=["keep"]),
    message:
        "Trying the maps of one network on another"
    script:
        "../scripts/measure_transfer.py"
