# The claims of the published study, judged on this one; run times, the report.


rule measure_claims:
    input:
        tables=measured_in,
        spectra=lambda wildcards: (
            expand(rules.adcs.output[0], dataset=JUDGED_PHOTOGRAPHS)
            if wildcards.table == "dynamics"
            else []
        ),
    output:
        "<results>/claims/{table}.csv",
    log:
        "<logs>/claims/{table}.log",
    wildcard_constraints:
        table=one_of(MEASURED),
    params:
        study={
            "photographs": JUDGED_PHOTOGRAPHS,
            "first": FIRST_KINDS,
            "forms": {
                name: [config["networks"][name][key] for key in ("architecture", "width")]
                for name in TRAINED
            },
            "control_bands": {
                name: config["datasets"][name]["control_band"]
                for name in datasets_with("bandstop")
            },
        },
    message:
        "Measuring the claims that follow from the table {wildcards.table}"
    script:
        "../scripts/measure_claims.py"


rule judge_claims:
    input:
        numbers=[f"<results>/claims/{name}.csv" for name in MEASURED if name in NUMBERS],
        matrices=[f"<results>/claims/{name}.csv" for name in MEASURED if name in MATRICES],
        networks="<results>/tables/networks.csv",
    output:
        claims="<results>/tables/claims.csv",
        variants="<results>/tables/claim_variants.csv",
        classes="<results>/tables/claims_by_class.csv",
        numbers="<results>/tables/claim_numbers.csv",
        matrices="<results>/tables/claim_matrices.csv",
    log:
        "<logs>/judge_claims.log",
    params:
        figures=outputs.figures_of_claims(STUDY, RUNS),
    message:
        "Judging the claims"
    script:
        "../scripts/judge_claims.py"


rule show_notebooks:
    input:
        notebooks=[f"<results>/notebooks/{name}.ipynb" for name in NOTEBOOKS],
        template=source("report/notebooks.html.jinja"),
    output:
        report(
            "<results>/notebooks.html",
            caption="../../report/captions/notebooks.rst",
            category="9. How it was run",
            labels={"result": "the executed notebooks"},
        ),
    log:
        "<logs>/notebooks.log",
    message:
        "Showing the executed notebooks"
    script:
        "../scripts/show_notebooks.py"


rule runtimes:
    input:
        files(rules.train.benchmark, "trained"),
        expand(rules.adcs.benchmark, dataset=datasets_with("planned")),
        benchmarks_of_searches(),
        files(rules.bandstop.benchmark, "bandstop"),
        files(rules.shortcuts.benchmark, "maps"),
        files(rules.sizes.benchmark, "sizes"),
        files(rules.planted_use.benchmark, "planted_use"),
        files(rules.ood.benchmark, "ood"),
        files(rules.reliance.benchmark, "reliance"),
        rules.transfer.benchmark if len(TRANSFERS) else [],
    output:
        "<results>/tables/runtimes.csv",
    log:
        "<logs>/runtimes.log",
    message:
        "Joining the run times"
    script:
        "../scripts/join_benchmarks.py"


rule cover:
    input:
        **{"picture": f"<results>/figures/shortcut_{name}.png" for name in FIGURES["shortcut"]},
        claims="<results>/tables/claims.csv",
        variants="<results>/tables/claim_variants.csv",
        by_class="<results>/tables/claims_by_class.csv",
        template=source("report/cover.rst.jinja"),
    output:
        "<results>/tables/cover.rst",
    log:
        "<logs>/cover.log",
    params:
        percent=config["shortcuts"]["percent"],
        published=PUBLISHED_RATES["table_1"][0],
    message:
        "Writing the picture and the claims for the cover of the report"
    script:
        "../scripts/write_cover.py"


# All outputs of the study.
rule results:
    input:
        check_plan,
        "<results>/checked.txt",
        "<results>/config.yaml",
        "<results>/notebooks.html",
        "<results>/tables/cover.rst",
        expand(rules.images.output[0], dataset=datasets_with("planned")),
        expand(rules.adcs.output[0], dataset=datasets_with("planned")),
        [file for name in datasets_with("ood") for file in rendition_files(name)],
        files(rules.train.output.weights, "planned | graded"),
        all_tested_maps("maps"),
        maps_of_methods(),
        files(rules.bandstop.output.bandstop, "bandstop"),
        files(rules.planted_use.output.planted_use, "planted_use"),
        files(rules.shortcuts.output.shortcuts, "maps"),
        files(rules.sizes.output.sizes, "sizes"),
        files(rules.ood.output.ood, "ood"),
        files(rules.reliance.output.reliance, "reliance"),
        rules.transfer.output.transfer if len(TRANSFERS) else [],
        expand("<results>/tables/{table}.csv", table=TABLES),
        expand("<results>/tables/{table}.html", table=[name for name in TABLES if name in TYPESET]),
        expand("<results>/tables/{table}.tex", table=PAPER_TABLES),
        [pictures(kind) for kind in FIGURES],
        [
            f"<results>/figures/{kind}_{name}.svg"
            for kind, names in FIGURES.items()
            for name in names
        ],
    localrule: True


rule report:
    input:
        rules.results.input,
        captions=sorted(source(path.relative_to(ROOT)) for path in ROOT.glob("report/**/*.rst")),
        stylesheet=source("report/report.css"),
        script=source("report/report.js"),
    output:
        "<results>/report.html",
    log:
        "<logs>/report.log",
    localrule: True
    message:
        "Writing {output}"
    script:
        "../scripts/make_report.py"
