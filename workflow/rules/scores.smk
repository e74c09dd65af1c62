# Beyond the paper: maps scored against the planted truth, and how stable they are.


rule truth:
    input:
        dfm=plan.expand_runs(f"{RESULTS}/dfm/{RUN}.h5", *WITH_TRUTH),
        stores=plan.expand_runs(f"{RESULTS}/data/{{dataset}}.h5", *WITH_TRUTH),
        spectra=plan.expand_runs(f"{RESULTS}/adcs/{{dataset}}.h5", *WITH_TRUTH),
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
        "Scoring maps and ADCS against what was planted"
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


rule truth_figure:
    input:
        notebook="workflow/notebooks/truth.ipynb",
        table=f"{RESULTS}/tables/truth.csv",
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
        spectra=[f"{RESULTS}/adcs/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
        maps=plan.expand_runs(f"{RESULTS}/dfm/{RUN}.h5", *WITH_TRUTH),
        code=code("draw_figure.py", "truth.ipynb"),
    output:
        **figure_files("truth", "synthetic"),
    log:
        f"{RESULTS}/logs/figures/truth.log",
    conda:
        "../../envs/study.yaml"
    params:
        names=plan.datasets(*WITH_TRUTH),
        datasets=plan.expand_runs("{dataset}", *WITH_TRUTH),
        percent=lookup(dpath="shortcuts/percent", within=config),
        band_edges={name: plan.band_edges(name) for name in plan.datasets(*WITH_TRUTH)},
    message:
        "Drawing the scores of maps and ADCS against what was planted"
    script:
        "../scripts/draw_figure.py"


rule stability_figure:
    input:
        notebook="workflow/notebooks/stability.ipynb",
        table=f"{RESULTS}/tables/stability.csv",
        code=code("draw_figure.py", "stability.ipynb"),
    output:
        **figure_files("stability"),
    log:
        f"{RESULTS}/logs/figures/stability_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        percent=lookup(dpath="shortcuts/percent", within=config),
    message:
        "Drawing how much the maps of {wildcards.dataset} overlap"
    script:
        "../scripts/draw_figure.py"
