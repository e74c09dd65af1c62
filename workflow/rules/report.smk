# Run times, the cover page of the report, and the explorer.


rule runtimes:
    input:
        benchmarks=[
            *expand_runs(f"{RESULTS}/benchmarks/train/{RUN}.tsv", plan.trained_runs()),
            *[f"{RESULTS}/benchmarks/adcs/{name}.tsv" for name in plan.datasets()],
            *([f"{RESULTS}/benchmarks/graded.tsv"] if plan.graded_seeds() else []),
            *[f"{RESULTS}/benchmarks/{search}.tsv" for search in plan.searches()],
            *(file for test in TESTS.values() if test.in_study for file in test.benchmarks(plan)),
        ],
        code=code("join_benchmarks.py"),
    output:
        f"{RESULTS}/tables/runtimes.csv",
    log:
        f"{RESULTS}/logs/runtimes.log",
    conda:
        "../../envs/study.yaml"
    message:
        "Joining the run times"
    script:
        "../scripts/join_benchmarks.py"


rule headlines:
    input:
        networks=f"{RESULTS}/tables/networks.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        flips=f"{RESULTS}/tables/flips.csv",
        findings=targets.table_if_planned(plan, "findings"),
        picture=f"{RESULTS}/figures/{targets.cover_figure(plan)}.png",
        template="report/headlines.rst.jinja",
        code=code("write_headlines.py"),
    output:
        f"{RESULTS}/tables/headlines.rst",
    log:
        f"{RESULTS}/logs/headlines.log",
    conda:
        "../../envs/study.yaml"
    params:
        percent=lookup(dpath="shortcuts/percent", within=config),
        most=lookup(dpath="figures/classes", within=config),
        strong=lookup(dpath="shortcuts/strong", within=config),
        photographs=plan.mapped_datasets("photographs"),
    message:
        "Writing the main results for the cover of the report"
    script:
        "../scripts/write_headlines.py"


rule explorer:
    input:
        stores=[f"{RESULTS}/data/{run['dataset']}.h5" for run in targets.explored_runs(plan)],
        weights=expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", targets.explored_runs(plan)),
        dfm=expand_runs(f"{RESULTS}/dfm/{RUN}.h5", targets.explored_runs(plan)),
        maps=[path for run in targets.explored_runs(plan) for path in plan.all_maps(run)],
        hits=expand_runs(f"{RESULTS}/tests/{RUN}/hits.h5", targets.explored_runs(plan)),
        rates=[
            f"{RESULTS}/tests/{RUN}/method_rates.csv".format(**run)
            for run in targets.explored_runs(plan)
            if plan.compared_runs(**run)
        ],
        flips=expand_runs(f"{RESULTS}/tests/{RUN}/flips.h5", targets.explored_runs(plan)),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        flip_rates=f"{RESULTS}/tables/flips.csv",
        template="src/frequency_shortcuts/figures/explorer.html.jinja",
        code=code("write_explorer.py"),
    output:
        report(f"{RESULTS}/explorer.html", **marks(EXPLORER, "explorer")),
    log:
        f"{RESULTS}/logs/explorer.log",
    conda:
        "../../envs/study.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        study=lookup(dpath="study", within=config),
        most=lookup(dpath="figures/classes", within=config),
        tested=plan.section("shortcuts", "percent", "split", "fills", "strong"),
    message:
        "Writing the explorer: every class, network, method and size of map"
    script:
        "../scripts/write_explorer.py"
