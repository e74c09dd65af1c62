# The benchmark of the exchange test: networks that are trained on images with artefacts, and what they cost. The benchmark
# of cures: networks that are trained in several ways on images with an artefact in one class.


rule leaks_of_seed:
    input:
        images=lambda wildcards: plan.leak_images(wildcards.part),
        deal=config["leaks"]["deal"] or [],
    output:
        networks=f"{RESULTS}/tests/leaks/{{part}}/seed{{seed}}/networks.csv",
        clean=f"{RESULTS}/tests/leaks/{{part}}/seed{{seed}}/clean.csv",
        answers=f"{RESULTS}/tests/leaks/{{part}}/seed{{seed}}/flips.h5",
        weights=directory(f"{RESULTS}/networks/leaks/{{part}}/seed{{seed}}"),
    log:
        f"{RESULTS}/logs/leaks/{{part}}_seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/leaks/{{part}}/seed{{seed}}.tsv"
    wildcard_constraints:
        part="clothing|crops|grain2|grain4|pairs|photographs|textures",
        seed="[0-9]+",
    priority: 3  # as trainings
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        part="{part}",
        seed="{seed}",
        settings=lambda wildcards: plan.leak_settings(),
    message:
        "Training and testing the networks of the benchmark: {wildcards.part}, seed {wildcards.seed}"
    script:
        "../scripts/measure_leaks.py"


rule leaks_table:
    input:
        [
            f"{RESULTS}/tests/leaks/{part}/seed{seed}/{kind}.csv"
            for part, seed in plan.leak_jobs()
            for kind in ("networks", "clean")
        ],
        version_2=plan.leak_version_2(),
    output:
        leaks=f"{RESULTS}/tables/leaks.csv",
        aims=f"{RESULTS}/tables/leaks_aims.csv",
        networks=f"{RESULTS}/tables/leaks_sets_networks.csv",
        sets=f"{RESULTS}/tables/leaks_sets.csv",
        figure=multiext(f"{RESULTS}/figures/leaks_all", ".svg", ".png"),
    log:
        f"{RESULTS}/logs/leaks/table.log",
    message:
        "Judging the benchmark of the exchange test"
    script:
        "../scripts/make_benchmark_tables.py"


rule leaks_data:
    input:
        images=f"{RESULTS}/data/{config['leaks']['of']}.h5",
        deal=config["leaks"]["deal"] or [],
    output:
        table=f"{RESULTS}/tables/leaks_data.csv",
        aims=f"{RESULTS}/tables/leaks_data_aims.csv",
    log:
        f"{RESULTS}/logs/leaks/data.log",
    benchmark:
        f"{RESULTS}/benchmarks/leaks/data.tsv"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=lambda wildcards: plan.leak_settings(),
    message:
        "Naming the artefacts of the benchmark by the images alone"
    script:
        "../scripts/measure_leaks_data.py"


rule cure_of_case:
    input:
        images=lambda wildcards: plan.leak_images(wildcards.part),
        deal=config["cure"]["deal"] or [],
    output:
        f"{RESULTS}/tests/cure/{{part}}/{{case}}/seed{{seed}}.csv",
    log:
        f"{RESULTS}/logs/cure/{{part}}_{{case}}_seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cure/{{part}}/{{case}}/seed{{seed}}.tsv"
    wildcard_constraints:
        part="clothing|crops|grain4",
        case="[a-z0-9_]+",
    priority: 3  # as trainings
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        part="{part}",
        case="{case}",
        seed="{seed}",
        settings=lambda wildcards: plan.cure_settings(),
    message:
        "Training and testing the networks of the benchmark of cures: {wildcards.part}, {wildcards.case}, seed {wildcards.seed}"
    script:
        "../scripts/measure_cure.py"


rule cure_table:
    input:
        networks=[f"{RESULTS}/tests/cure/{part}/{case}/seed{seed}.csv" for part, case, seed in plan.cure_jobs()],
    output:
        cure=f"{RESULTS}/tables/cure.csv",
        networks=f"{RESULTS}/tables/cure_networks.csv",
        figure=multiext(f"{RESULTS}/figures/cure_all", ".svg", ".png"),
    log:
        f"{RESULTS}/logs/cure/table.log",
    message:
        "Judging the trainings by what is back of what artefacts cost"
    script:
        "../scripts/make_benchmark_tables.py"
