# Tests of networks on filtered images: band-stop, shortcuts, phases and amplitudes, other distributions, other networks, robustness.


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
        settings=plan.shortcut_settings(),
    message:
        "Testing the shortcuts of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_shortcuts.py"


rule phase:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        dfm=f"{RESULTS}/dfm/{RUN}.h5",
        code=code("measure_phase.py"),
    output:
        f"{RESULTS}/tests/{RUN}/phase.csv",
    log:
        f"{RESULTS}/logs/phase/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/phase/{RUN}.tsv"
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
        percent=lookup(dpath="shortcuts/percent", within=config),
        settings=plan.section("shortcuts", "negatives", "seed"),
    message:
        "Testing phases and amplitudes of {wildcards.dataset} for {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_phase.py"


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
        dataset=one_of(plan.datasets(*WITH_TRUTH)),
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        device=lookup(dpath="device", within=config),
        settings=plan.section("shortcuts", "split", "images_per_class", "seed"),
    message:
        "Testing whether {wildcards.network} uses the planted mask of {wildcards.dataset} (seed {wildcards.seed})"
    script:
        "../scripts/measure_planted_use.py"


rule published:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        maps=lambda wildcards: plan.published_file(wildcards.name, *(wildcards[key] for key in NETWORK)),
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
        settings=plan.shortcut_settings(),
        order=by_dataset(plan.folder_order),
    message:
        "Testing the maps {wildcards.name} on {wildcards.network}, {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_published.py"


rule ood:
    input:
        images=by_dataset(plan.rendition_files),
        # What all others were made from: they are only compared with it.
        photographs=f"{RESULTS}/data/{{dataset}}.h5",
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
        settings=plan.shortcut_settings(parts=["keep"], fills=config["ood"]["fills"]),
    message:
        "Testing {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed}) on renditions of {wildcards.dataset}"
    script:
        "../scripts/measure_ood.py"


rule transfer:
    input:
        images=[f"{RESULTS}/data/{tested['dataset']}.h5" for _, tested in plan.transfers()],
        dfm=[f"{RESULTS}/dfm/{RUN}.h5".format(**source) for source, _ in plan.transfers()],
        # Those of the maps: they are only compared with them.
        made_with=[f"{RESULTS}/networks/{RUN}/weights.safetensors".format(**source) for source, _ in plan.transfers()],
        weights=[f"{RESULTS}/networks/{RUN}/weights.safetensors".format(**tested) for _, tested in plan.transfers()],
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
        pairs=[(RUN.format(**source), RUN.format(**tested)) for source, tested in plan.transfers()],
        device=lookup(dpath="device", within=config),
        split=lookup(dpath="shortcuts/split", within=config),
        images_per_class=lookup(dpath="shortcuts/images_per_class", within=config),
        percent=lookup(dpath="shortcuts/percent", within=config),
        settings=plan.shortcut_settings(parts=["keep"]),
    message:
        "Testing the maps of one network on another"
    script:
        "../scripts/measure_transfer.py"


rule robustness:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("measure_robustness.py"),
    output:
        **{name: f"{RESULTS}/tests/{RUN}/{file}" for name, file in outputs.ROBUSTNESS.items()},
    log:
        f"{RESULTS}/logs/robustness/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/robustness/{RUN}.tsv"
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        device=lookup(dpath="device", within=config),
        settings=plan.section("robustness"),
    message:
        "Filtering, perturbing and corrupting {wildcards.dataset} for {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_robustness.py"


rule truth:
    input:
        dfm=plan.expand_runs(f"{RESULTS}/dfm/{RUN}.h5", *WITH_TRUTH),
        stores=plan.expand_runs(f"{RESULTS}/data/{{dataset}}.h5", *WITH_TRUTH),
        spectra=plan.expand_runs(f"{RESULTS}/adcs/{{dataset}}.h5", *WITH_TRUTH),
        weights=plan.expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", *WITH_TRUTH),
        use=f"{RESULTS}/tables/planted_use.csv",
        code=code("score_truth.py"),
    output:
        f"{RESULTS}/tables/truth.csv",
    log:
        f"{RESULTS}/logs/truth.log",
    conda:
        "../../envs/study.yaml"
    params:
        runs=[run for run in plan.runs() if run["dataset"] in plan.datasets(*WITH_TRUTH)],
        settings=plan.section("truth"),
    message:
        "Scoring maps and ADCS against the planted truth"
    script:
        "../scripts/score_truth.py"


rule stability:
    input:
        dfm=[
            file
            for name in plan.stability_datasets()
            for file in plan.expand_runs(f"{RESULTS}/dfm/{RUN}.h5", dataset=name)
        ],
        halves=plan.expand_halved(f"{RESULTS}/stability/{RUN}.h5"),
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.stability_datasets()],
        weights=[
            file
            for name in plan.stability_datasets()
            for file in plan.expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", dataset=name)
        ],
        code=code("compare_maps.py"),
    output:
        f"{RESULTS}/tables/stability.csv",
    log:
        f"{RESULTS}/logs/stability.log",
    conda:
        "../../envs/study.yaml"
    params:
        runs=[run for name in plan.stability_datasets() for run in plan.runs(dataset=name)],
        halved=plan.halved_runs(),
        settings=plan.section("dfm") | plan.section("stability", "draws", "seed"),
    message:
        "Comparing the maps of every two runs of a data set"
    script:
        "../scripts/compare_maps.py"
