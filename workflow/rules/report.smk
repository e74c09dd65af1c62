# The findings of the published study, tested on this one; figures, run times, the cover page of the report, the explorer.


rule judge_findings:
    input:
        networks=f"{RESULTS}/tables/networks.csv",
        advantages=f"{RESULTS}/tables/own_map_advantage.csv",
        flips=f"{RESULTS}/tables/flips.csv",
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
        spectra=[f"{RESULTS}/adcs/{name}.h5" for name in plan.datasets()],
        dynamics=f"{RESULTS}/tables/dynamics.csv" if plan.trained_runs() else [],
        band_stop=f"{RESULTS}/tables/bandstop.csv" if plan.datasets("synthetic") else [],
        ood=f"{RESULTS}/tables/ood_advantage.csv" if plan.ood_datasets() else [],
        transfer=f"{RESULTS}/tables/transfer_advantage.csv" if config["transfer"] else [],
        graded=f"{RESULTS}/tables/graded.csv" if plan.graded_seeds() else [],
        code=code("judge_findings.py"),
    output:
        findings=f"{RESULTS}/tables/findings.csv",
        numbers=f"{RESULTS}/tables/finding_numbers.csv",
    log:
        f"{RESULTS}/logs/judge_findings.log",
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        kinds={name: plan.kind_in_findings(name) for name in plan.datasets()},
        control_bands={name: config["datasets"][name]["control_band"] for name in plan.datasets("synthetic")},
    message:
        "Testing the findings"
    script:
        "../scripts/judge_findings.py"


# The notebook of a kind draws all figures of the kind; `study.figures` lists the kinds.
for kind in figures.kinds(plan):

    rule:
        name:
            f"figure_{kind}"
        input:
            figures.inputs(plan, kind),
            notebook=f"workflow/notebooks/{kind}.py",
            code=code("draw_figure.py", modules=[f"notebooks.{kind}"]),
        output:
            svg=[
                report(f"{RESULTS}/figures/{kind}_{name}.svg", **marks(FIGURES[kind].result, "figure", name))
                for name in FIGURES[kind].names(plan)
            ],
            png=[f"{RESULTS}/figures/{kind}_{name}.png" for name in FIGURES[kind].names(plan)],
            notebook=f"{RESULTS}/notebooks/{kind}.ipynb",
        log:
            f"{RESULTS}/logs/figures/{kind}.log",
        # Like the groups in profiles/slurm: several kinds share a SLURM job.
        group:
            "drawing"
        params:
            names=FIGURES[kind].names(plan),
            parameters={"figures": figures.parameters(plan, kind)},
            call="from frequency_shortcuts.figures import canvas\n\ncanvas.draw_all(draw, figures)",
            caption=Caption(FIGURES[kind].caption, config, FIGURES[kind].names(plan), figures.parameters(plan, kind)[0]),
        message:
            f"Drawing {FIGURES[kind].result.title}"
        script:
            "../scripts/draw_figure.py"


rule runtimes:
    input:
        benchmarks=[
            *expand_runs(f"{RESULTS}/benchmarks/train/{RUN}.tsv", plan.trained_runs()),
            *[f"{RESULTS}/benchmarks/adcs/{name}.tsv" for name in plan.datasets()],
            *([f"{RESULTS}/benchmarks/graded.tsv"] if plan.graded_seeds() else []),
            *[f"{RESULTS}/benchmarks/{search}.tsv" for search in plan.searches()],
            *(file for test in TESTS.values() for file in test.benchmarks(plan)),
        ],
        code=code("join_benchmarks.py"),
    output:
        f"{RESULTS}/tables/runtimes.csv",
    log:
        f"{RESULTS}/logs/runtimes.log",
    message:
        "Joining the run times"
    script:
        "../scripts/join_benchmarks.py"


rule headlines:
    input:
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        flips=f"{RESULTS}/tables/flips.csv",
        findings=f"{RESULTS}/tables/findings.csv",
        picture=f"{RESULTS}/figures/{targets.cover_figure(plan)}.png",
        code=code("write_headlines.py"),
    output:
        f"{RESULTS}/tables/headlines.rst",
    log:
        f"{RESULTS}/logs/headlines.log",
    params:
        percent=lookup(dpath="shortcuts/percent", within=config),
    message:
        "Writing the tables for the cover of the report"
    script:
        "../scripts/write_headlines.py"


rule explorer:
    input:
        stores=[f"{RESULTS}/data/{run['dataset']}.h5" for run in targets.explored_runs(plan)],
        weights=expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", targets.explored_runs(plan)),
        dfm=expand_runs(f"{RESULTS}/dfm/{RUN}.h5", targets.explored_runs(plan)),
        hits=expand_runs(f"{RESULTS}/tests/{RUN}/hits.h5", targets.explored_runs(plan)),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        flips=f"{RESULTS}/tables/flips.csv",
        template="src/frequency_shortcuts/figures/explorer.html.jinja",
        code=code("write_explorer.py"),
    output:
        report(f"{RESULTS}/explorer.html", **marks(EXPLORER, "explorer")),
    log:
        f"{RESULTS}/logs/explorer.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        study=lookup(dpath="study", within=config),
        most=lookup(dpath="figures/classes", within=config),
        tested=plan.section("shortcuts", "percent", "split", "fills", "strong"),
    message:
        "Writing the explorer: every class, network and size of map"
    script:
        "../scripts/write_explorer.py"


# A quick analysis of a network, with a page of its own: the same call that users of the library make.
rule analyse:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        code=code("analyse_network.py", modules=["frequency_shortcuts.maps.methods.mixture"]),
    output:
        [f"{RESULTS}/analysis/{RUN}/{name}" for name in targets.ANALYSIS],
    log:
        f"{RESULTS}/logs/analyse/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/analyse/{RUN}.tsv"
    threads: analysis_threads
    resources:
        gpu=gpus,
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        device=lookup(dpath="device", within=config),
        splits=[config["culling"]["split"], config["shortcuts"]["split"]],
        percent=lookup(dpath="shortcuts/percent", within=config),
    message:
        "Analysing {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed})"
    script:
        "../scripts/analyse_network.py"
