# Graded sets: small planted sets with gains and rings drawn at random, and a network on each. One job makes them all.


rule graded:
    input:
        code=code("measure_graded.py"),
    output:
        classes=f"{RESULTS}/tables/graded.csv",
        dynamics=f"{RESULTS}/tables/graded_dynamics.csv",
    log:
        f"{RESULTS}/logs/graded.log",
    benchmark:
        f"{RESULTS}/benchmarks/graded.tsv"
    priority: 3  # as trainings
    conda:
        "../../envs/study.yaml"
    threads: torch_threads
    resources:
        gpu=gpus,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        device=lookup(dpath="device", within=config),
        seeds=plan.graded_seeds(),
        settings=plan.graded_settings() if plan.graded_seeds() else {},
    message:
        "Training networks on {config[graded][sets]} graded sets"
    script:
        "../scripts/measure_graded.py"
