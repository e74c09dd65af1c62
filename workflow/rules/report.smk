# The claims of the published study, judged on this one; figures, run times, the cover page of the report.


rule measure_claims:
    input:
        tables=lambda wildcards: claims.sources(plan)[wildcards.table],
        spectra=lambda wildcards: (
            [f"{RESULTS}/adcs/{name}.h5" for name in claims.photographs(plan)] if wildcards.table == "dynamics" else []
        ),
    output:
        f"{RESULTS}/claims/{{table}}.csv",
    log:
        f"{RESULTS}/logs/claims/{{table}}.log",
    wildcard_constraints:
        table=one_of(claims.sources(plan)),
    resources:
        mem_mb=growing(3000),
    params:
        study=claims.study(plan),
    message:
        "Measuring the claims that follow from the table {wildcards.table}"
    script:
        "../scripts/measure_claims.py"


rule judge_claims:
    input:
        numbers=claims.files(plan, *NUMBERS),
        matrices=claims.files(plan, *MATRICES),
        networks=f"{RESULTS}/tables/networks.csv",
    output:
        claims=f"{RESULTS}/tables/claims.csv",
        variants=f"{RESULTS}/tables/claim_variants.csv",
        classes=f"{RESULTS}/tables/claims_by_class.csv",
        numbers=f"{RESULTS}/tables/claim_numbers.csv",
        matrices=f"{RESULTS}/tables/claim_matrices.csv",
    log:
        f"{RESULTS}/logs/judge_claims.log",
    params:
        figures=claims.figures(plan),
    message:
        "Judging the claims"
    script:
        "../scripts/judge_claims.py"


# A notebook draws all figures of a kind; `study.figures` lists the kinds.
for kind in figures.kinds(plan):

    rule:
        name:
            f"figure_{kind}"
        input:
            figures.inputs(plan, kind),
            notebook=figures.NOTEBOOKS[kind],
        output:
            svg=[
                report(path, **marks("figures", kind, name)) if FIGURES[kind].shown(plan, name) else path
                for name in FIGURES[kind].names(plan)
                for path in [f"{RESULTS}/figures/{kind}_{name}.svg"]
            ],
            png=[f"{RESULTS}/figures/{kind}_{name}.png" for name in FIGURES[kind].names(plan)],
            notebook=f"{RESULTS}/notebooks/{kind}.ipynb",
        log:
            f"{RESULTS}/logs/figures/{kind}.log",
        # Like the groups in profiles/slurm: several kinds share a SLURM job.
        group:
            "drawing"
        params:
            parameters={"figures": figures.parameters(plan, kind)},
            call=f"from study.drawings.notebook import draw_all\n\ndraw_all(draw_{kind}, figures)",
            function=f"draw_{kind}",
            code=code_of_step("draw_figure", f"notebooks.{Path(figures.NOTEBOOKS[kind]).stem}"),
            caption=Caption(
                REPORT["figures"][kind]["caption"],
                config,
                FIGURES[kind].names(plan),
                figures.parameters(plan, kind)[0],
            ),
        message:
            f"Drawing {REPORT['figures'][kind]['title']}"
        script:
            "../scripts/draw_figure.py"


rule show_notebooks:
    input:
        notebooks=[f"{RESULTS}/notebooks/{name}.ipynb" for name in targets.notebooks(plan)],
        template="report/notebooks.html.jinja",
    output:
        report(f"{RESULTS}/notebooks.html", **marks("pages", "notebooks")),
    log:
        f"{RESULTS}/logs/notebooks.log",
    params:
        labels=list(targets.notebooks(plan).values()),
        caption=Caption(REPORT["pages"]["notebooks"]["caption"], config),
    message:
        "Showing the executed notebooks"
    script:
        "../scripts/show_notebooks.py"


rule runtimes:
    input:
        benchmarks=[
            *plan.files(f"benchmarks/train/{RUN}.tsv", [*plan.trained_runs(), *plan.graded_runs]),
            *[f"{RESULTS}/benchmarks/adcs/{name}.tsv" for name in plan.datasets()],
            *[f"{RESULTS}/benchmarks/{search}.tsv" for search in plan.searches()],
            *[
                file
                for name in ("bandstop", "shortcuts", "sizes", "planted_use", "ood", "reliance", "harm")
                for file in plan.files(f"benchmarks/{name}/{RUN}.tsv", TESTS[name].runs(plan))
            ],
            *([f"{RESULTS}/benchmarks/transfer/transfer.tsv"] if plan.transfers() else []),
        ],
    output:
        f"{RESULTS}/tables/runtimes.csv",
    log:
        f"{RESULTS}/logs/runtimes.log",
    message:
        "Joining the run times"
    script:
        "../scripts/join_benchmarks.py"


rule cover:
    input:
        **{"picture": f"{RESULTS}/figures/shortcut_{name}.png" for name in FIGURES["shortcut"].names(plan)[:1]},
        claims=f"{RESULTS}/tables/claims.csv",
        variants=f"{RESULTS}/tables/claim_variants.csv",
        by_class=f"{RESULTS}/tables/claims_by_class.csv",
    output:
        f"{RESULTS}/tables/cover.rst",
    log:
        f"{RESULTS}/logs/cover.log",
    params:
        percent=lookup(dpath="shortcuts/percent", within=config),
        published=PUBLISHED_RATES["table_1"][0],
    message:
        "Writing the picture and the claims for the cover of the report"
    script:
        "../scripts/write_cover.py"
