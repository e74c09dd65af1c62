# The benchmark of cures: networks that are trained in several ways on images with an artefact in one class.


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
