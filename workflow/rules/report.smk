# The claims of the published study, judged on this one; run times, the cover page of the report.


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


rule show_notebooks:
    input:
        notebooks=[f"{RESULTS}/notebooks/{name}.ipynb" for name in targets.notebooks(plan)],
        template="report/notebooks.html.jinja",
    output:
        report(
            f"{RESULTS}/notebooks.html",
            caption="../../report/captions/notebooks.rst",
            category="9. How it was run",
            labels={"result": "the executed notebooks"},
        ),
    log:
        f"{RESULTS}/logs/notebooks.log",
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
        **{"picture": f"{RESULTS}/figures/shortcut_{name}.png" for name in FIGURES["shortcut"]},
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
