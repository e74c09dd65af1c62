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
        split=lookup(dpath="robustness/split", within=config),
        images_per_class=lookup(dpath="robustness/images_per_class", within=config),
        cutoffs=lookup(dpath="robustness/cutoffs", within=config),
        band_width=lookup(dpath="robustness/band_width", within=config),
        corruptions=lookup(dpath="robustness/corruptions", within=config),
        sensitivity=lookup(dpath="robustness/sensitivity", within=config),
        seed=lookup(dpath="robustness/seed", within=config),
        names=by_name(*[f"robustness/{key}" for key in ("images_per_class", "band_width", "seed", "sensitivity")]),
    message:
        "Filtering, perturbing and corrupting {wildcards.dataset} for {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/measure_robustness.py"


rule robustness_tables:
    input:
        curves=of_runs(f"{RESULTS}/tests/{RUN}/curves.csv"),
        corruptions=of_runs(f"{RESULTS}/tests/{RUN}/corruptions.csv"),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
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
        **figure_files("curves", category="beyond"),
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
        maps=lambda wildcards: of_runs(f"{RESULTS}/tests/{RUN}/sensitivity.h5", dataset=wildcards.dataset),
        code=code("draw_figure.py", "sensitivity.ipynb"),
    output:
        **figure_files("sensitivity", category="beyond"),
    log:
        f"{RESULTS}/logs/figures/sensitivity_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        labels=lambda wildcards: of_runs("{network}, {augmentation}", dataset=wildcards.dataset),
        band_edges=band_edges,
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
        **figure_files("corruptions", category="beyond"),
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
