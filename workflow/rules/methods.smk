# Methods that find maps, side by side: their maps, their tests on one network, and the tables of all networks.


rule find_maps:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=lambda wildcards: code("find_maps.py", modules=plan.method_modules(wildcards.name)),
    output:
        f"{RESULTS}/maps/{{name}}/{RUN}.h5",
    log:
        f"{RESULTS}/logs/find_maps/{{name}}/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_maps/{{name}}/{RUN}.tsv"
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
        images=lambda wildcards: plan.method_images(wildcards.name),
        limits=plan.section("culling", "precision", "compiled", "memory_mib"),
        method=setting("methods/{name}/method"),
        module=lambda wildcards: plan.method_modules(wildcards.name)[0],
        settings=lambda wildcards: plan.method_settings(wildcards.name),
        percents=lookup(dpath="dfm/percents", within=config),
    message:
        "Finding the maps of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}) by {wildcards.name}"
    script:
        "../scripts/find_maps.py"


rule compare_methods:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        maps=by_run(plan.map_files),
        code=code("compare_methods.py"),
    output:
        rates=f"{RESULTS}/tests/{RUN}/method_rates.csv",
        scores=f"{RESULTS}/tests/{RUN}/method_scores.csv",
    log:
        f"{RESULTS}/logs/compare_methods/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_methods/{RUN}.tsv"
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        images=plan.section("shortcuts", "split", "images_per_class"),
        names=by_run(plan.methods),
        settings=by_dataset(plan.comparison_settings),
    message:
        "Comparing the methods on {wildcards.network}, {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/compare_methods.py"


rule wave:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        plain=lambda wildcards: f"{RESULTS}/data/{config['datasets'][wildcards.dataset]['of']}.h5",
        weights=rules.train.output.weights,
        code=code("measure_wave.py"),
    output:
        f"{RESULTS}/tests/{RUN}/wave.csv",
    log:
        f"{RESULTS}/logs/wave/{RUN}.log",
    wildcard_constraints:
        dataset=from_source("waved"),
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        device=lookup(dpath="device", within=config),
        images=plan.section("shortcuts", "split", "images_per_class"),
        settings=plan.section("shortcuts", "controls", "seed"),
    message:
        "Testing whether {wildcards.network} needs the wave of {wildcards.dataset} (seed {wildcards.seed})"
    script:
        "../scripts/measure_wave.py"


rule wave_table:
    input:
        tables=plan.expand_waved(f"{RESULTS}/tests/{RUN}/wave.csv"),
        code=code("join_tables.py"),
    output:
        f"{RESULTS}/tables/wave.csv",
    log:
        f"{RESULTS}/logs/wave_table.log",
    conda:
        "../../envs/study.yaml"
    message:
        "Joining the tests of waves"
    script:
        "../scripts/join_tables.py"


rule method_tables:
    input:
        rates=plan.expand_compared(f"{RESULTS}/tests/{RUN}/method_rates.csv"),
        scores=plan.expand_compared(f"{RESULTS}/tests/{RUN}/method_scores.csv"),
        use=plan.expand_compared(f"{RESULTS}/tests/{RUN}/planted_use.csv", *WITH_TRUTH),
        waves=rules.wave_table.output if plan.expand_waved("") else [],
        maps=plan.map_files(),
        code=code("make_method_tables.py"),
    output:
        methods=f"{RESULTS}/tables/methods.csv",
        rates=f"{RESULTS}/tables/method_rates.csv",
        overlap=f"{RESULTS}/tables/method_overlap.csv",
    log:
        f"{RESULTS}/logs/method_tables.log",
    conda:
        "../../envs/study.yaml"
    message:
        "Joining the comparisons of methods into tables"
    script:
        "../scripts/make_method_tables.py"
