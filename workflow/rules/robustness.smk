# More views of the same networks: filtered images, single plane waves, common corruptions.


rule robustness:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("measure_robustness.py"),
    output:
        **{name: f"{RESULTS}/tests/{RUN}/{file}" for name, file in ROBUSTNESS.items()},
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


rule robustness_tables:
    input:
        curves=plan.expand_runs(f"{RESULTS}/tests/{RUN}/curves.csv"),
        corruptions=plan.expand_runs(f"{RESULTS}/tests/{RUN}/corruptions.csv"),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
        code=code("make_robustness_tables.py"),
    output:
        curves=f"{RESULTS}/tables/curves.csv",
        corruptions=f"{RESULTS}/tables/corruptions.csv",
    log:
        f"{RESULTS}/logs/robustness_tables.log",
    conda:
        "../../envs/study.yaml"
    message:
        "Joining the tests on filtered and corrupted images into tables"
    script:
        "../scripts/make_robustness_tables.py"


rule curves_figure:
    input:
        notebook="workflow/notebooks/curves.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        table=f"{RESULTS}/tables/curves.csv",
        code=code("draw_figure.py", "curves.ipynb"),
    output:
        **figure_files("curves"),
    log:
        f"{RESULTS}/logs/figures/curves_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing recall on filtered images of {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule sensitivity_figure:
    input:
        notebook="workflow/notebooks/sensitivity.ipynb",
        maps=lambda wildcards: plan.expand_runs(f"{RESULTS}/tests/{RUN}/sensitivity.h5", dataset=wildcards.dataset),
        code=code("draw_figure.py", "sensitivity.ipynb"),
    output:
        **figure_files("sensitivity"),
    log:
        f"{RESULTS}/logs/figures/sensitivity_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        labels=lambda wildcards: plan.expand_runs("{network}, {augmentation}", dataset=wildcards.dataset),
        band_edges=by_dataset(plan.band_edges),
    message:
        "Drawing the errors under plane waves of {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule corruptions_figure:
    input:
        notebook="workflow/notebooks/corruptions.ipynb",
        table=f"{RESULTS}/tables/corruptions.csv",
        code=code("draw_figure.py", "corruptions.ipynb"),
    output:
        **figure_files("corruptions"),
    log:
        f"{RESULTS}/logs/figures/corruptions_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
    message:
        "Drawing recall on corrupted images of {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"
