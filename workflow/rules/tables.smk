# Tables that are joined from the files of all runs, tables in the layout of the paper, provenance, typeset tables.


rule networks_tables:
    input:
        weights=files_of(rules.train.output.weights, plan.runs()),
        history=files_of(rules.train.output.history, plan.trained_runs()),
        dynamics=files_of(rules.train.output.dynamics, plan.trained_runs()),
    output:
        **({"dynamics": f"{RESULTS}/tables/dynamics.csv"} if plan.trained_runs() else {}),
        networks=f"{RESULTS}/tables/networks.csv",
    log:
        f"{RESULTS}/logs/tables/networks.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the trainings"
    script:
        "../scripts/join_networks.py"


rule graded_tables:
    input:
        dynamics=files_of(rules.train.output.dynamics, plan.graded_runs),
        stores=files_of(f"{RESULTS}/data/{{dataset}}.h5", plan.graded_runs),
    output:
        graded=f"{RESULTS}/tables/graded.csv",
        graded_dynamics=f"{RESULTS}/tables/graded_dynamics.csv",
    log:
        f"{RESULTS}/logs/tables/graded.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the trainings on graded sets"
    script:
        "../scripts/join_graded.py"


rule bandstop_tables:
    input:
        files_of(rules.bandstop.output.bandstop, TESTS["bandstop"].runs(plan)),
    output:
        bandstop=f"{RESULTS}/tables/bandstop.csv",
    log:
        f"{RESULTS}/logs/tables/bandstop.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the tests without bands"
    script:
        "../scripts/join_tables.py"


rule planted_use_tables:
    input:
        files_of(rules.planted_use.output.planted_use, TESTS["planted_use"].runs(plan)),
    output:
        planted_use=f"{RESULTS}/tables/planted_use.csv",
    log:
        f"{RESULTS}/logs/tables/planted_use.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the tests of planted masks"
    script:
        "../scripts/join_tables.py"


rule truth_tables:
    input:
        dfm=files_of(f"{RESULTS}/dfm/{RUN}.h5", TESTS["truth"].runs(plan)),
        stores=files_of(f"{RESULTS}/data/{{dataset}}.h5", TESTS["truth"].runs(plan)),
        spectra=files_of(rules.adcs.output[0], TESTS["truth"].runs(plan)),
        use=rules.planted_use_tables.output.planted_use,
    output:
        truth=f"{RESULTS}/tables/truth.csv",
    log:
        f"{RESULTS}/logs/tables/truth.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        settings=plan.section("truth"),
        percents=lookup(dpath="dfm/percents", within=config),
    message:
        "Scoring maps and ADCS against the planted truth"
    script:
        "../scripts/join_truth.py"


rule methods_tables:
    input:
        maps=plan.scored_maps(),
        stores=files_of(f"{RESULTS}/data/{{dataset}}.h5", plan.scored_runs()),
        use=files_of(rules.planted_use.output.planted_use, plan.scored_runs(*WITH_TRUTH)),
    output:
        methods=f"{RESULTS}/tables/methods.csv",
    log:
        f"{RESULTS}/logs/tables/methods.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        runs=plan.scored_runs(),
        methods=[plan.methods(**run) for run in plan.scored_runs()],
        settings=plan.section("truth"),
    message:
        "Scoring the methods against the planted truth"
    script:
        "../scripts/join_methods.py"


rule shortcuts_tables:
    input:
        files_of(rules.shortcuts.output.hits, plan.mapped_runs()),
    output:
        **({"phase": f"{RESULTS}/tables/phase.csv"} if plan.phase_runs() else {}),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        shortcuts_over_seeds=f"{RESULTS}/tables/shortcuts_over_seeds.csv",
        cross_matrix=f"{RESULTS}/tables/cross_matrix.csv",
        own_map_advantage=f"{RESULTS}/tables/own_map_advantage.csv",
    log:
        f"{RESULTS}/logs/tables/shortcuts.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        strong=lookup(dpath="shortcuts/strong", within=config),
    message:
        "Joining the tests of shortcuts"
    script:
        "../scripts/join_shortcuts.py"


rule exchange_tables:
    input:
        files_of(rules.shortcuts.output.flips, plan.mapped_runs()),
    output:
        flips=f"{RESULTS}/tables/flips.csv",
    log:
        f"{RESULTS}/logs/tables/exchange.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the exchange tests"
    script:
        "../scripts/join_tables.py"


rule sizes_tables:
    input:
        files_of(rules.sizes.output.sizes, TESTS["sizes"].runs(plan)),
    output:
        sizes=f"{RESULTS}/tables/sizes.csv",
    log:
        f"{RESULTS}/logs/tables/sizes.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the tests of maps of every size"
    script:
        "../scripts/join_tables.py"


rule ood_tables:
    input:
        hits=files_of(rules.ood.output.hits, plan.ood_runs()),
        ood=files_of(rules.ood.output.ood, plan.ood_runs()),
    output:
        ood=f"{RESULTS}/tables/ood.csv",
        ood_advantage=f"{RESULTS}/tables/ood_advantage.csv",
        ood_cross_matrix=f"{RESULTS}/tables/ood_cross_matrix.csv",
    log:
        f"{RESULTS}/logs/tables/ood.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the tests on renditions"
    script:
        "../scripts/join_ood.py"


rule transfer_tables:
    input:
        hits=rules.transfer.output.hits,
        transfer=rules.transfer.output.transfer,
    output:
        transfer=f"{RESULTS}/tables/transfer.csv",
        transfer_advantage=f"{RESULTS}/tables/transfer_advantage.csv",
        transfer_cross_matrix=f"{RESULTS}/tables/transfer_cross_matrix.csv",
    log:
        f"{RESULTS}/logs/tables/transfer.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the tests of maps on other networks"
    script:
        "../scripts/join_transfer.py"


rule reliance_tables:
    input:
        files_of(rules.reliance.output.reliance, plan.reliance_runs()),
    output:
        reliance=f"{RESULTS}/tables/reliance.csv",
    log:
        f"{RESULTS}/logs/tables/reliance.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Joining the trainings without the frequencies of maps"
    script:
        "../scripts/join_reliance.py"


rule leaks_tables:
    input:
        harm=files_of(rules.harm.output.harm, TESTS["leaks"].runs(plan)),
        flips=files_of(f"{RESULTS}/tests/{RUN}/flips.csv", TESTS["leaks"].runs(plan)),
        data=files_of(f"{RESULTS}/tests/{RUN}/data.csv", TESTS["leaks"].runs(plan)),
        version_2=[path for path in [config["harm"]["version_2"]] if path and os.path.exists(path)],
    output:
        leaks=f"{RESULTS}/tables/leaks.csv",
        leaks_aims=f"{RESULTS}/tables/leaks_aims.csv",
        leaks_sets=f"{RESULTS}/tables/leaks_sets.csv",
        leaks_data=f"{RESULTS}/tables/leaks_data.csv",
        leaks_data_aims=f"{RESULTS}/tables/leaks_data_aims.csv",
    log:
        f"{RESULTS}/logs/tables/leaks.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Judging the exchange test by what artefacts cost"
    script:
        "../scripts/join_leaks.py"


rule cure_tables:
    input:
        files_of(rules.harm.output.harm, TESTS["cure"].runs(plan)),
    output:
        cure=f"{RESULTS}/tables/cure.csv",
        cure_networks=f"{RESULTS}/tables/cure_networks.csv",
    log:
        f"{RESULTS}/logs/tables/cure.log",
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    message:
        "Judging the trainings by what is back of what artefacts cost"
    script:
        "../scripts/join_cure.py"


rule provenance:
    input:
        # All results: the provenance is written again if any of them changes, and only then.
        tables=[f"{RESULTS}/tables/{name}.csv" for name in targets.tables(plan) if name != "provenance"],
        weights=plan.files(f"networks/{RUN}/weights.safetensors", plan.runs()),
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
    output:
        table=f"{RESULTS}/tables/provenance.csv",
        config=report(
            f"{RESULTS}/config.yaml",
            caption="../../report/captions/config.rst",
            category="9. How it was run",
            labels={"result": "the configuration in use"},
        ),
    log:
        f"{RESULTS}/logs/provenance.log",
    resources:
        # Not a param: a param that depends on the machine would re-run this rule.
        threads_of_networks=torch_threads,
    params:
        study=lookup(dpath="study", within=config),
        device=lookup(dpath="device", within=config),
        digest=config_digest(config),
    message:
        "Recording versions, commit, device and seeds"
    script:
        "../scripts/write_provenance.py"


# Of each table in the report: its category and its title.
TYPESET = {
    "flips": ("8. Beyond the paper", "Table: what a network follows: fine, field, patch"),
    "shortcuts": ("4. Maps and shortcuts", "Table: verdict on every class, network and seed"),
    "shortcuts_over_seeds": ("4. Maps and shortcuts", "Table: mean and spread over seeds"),
    "own_map_advantage": ("6. Capacity and augmentation", "Table: own-map advantage of every network"),
    "phase": ("5. Texture or shape", "Table: texture or shape?"),
    "planted_use": ("8. Beyond the paper", "Table: is the planted mask used?"),
    "transfer_advantage": ("7. Other images and networks", "Table: own-map advantage with the maps of another network"),
    "reliance": ("8. Beyond the paper", "Table: are the frequencies of the maps needed?"),
    "networks": ("9. How it was run", "Table: networks and their accuracy"),
    "table_1": ("4. Maps and shortcuts", "Table 1 · TPR and FPR of the baseline"),
    "table_2": ("6. Capacity and augmentation", "Table 2 · TPR and FPR of other networks and augmentations"),
    "table_3": ("7. Other images and networks", "Table 3 · TPR and FPR by class and rendition"),
    "claims": ("0. The claims", "Table: the claims"),
    "claims_by_class": ("0. The claims", "Table: claims about some classes, class by class"),
    "claim_variants": ("0. The claims", "Table: variants of the claims"),
    "runtimes": ("9. How it was run", "Table: run times and memory"),
    "provenance": ("9. How it was run", "Table: versions, commit, device, seeds"),
}


rule show_table:
    input:
        table=f"{RESULTS}/tables/{{table}}.csv",
        # A note names the networks whose maps fail.
        verdicts=lambda wildcards: (
            f"{RESULTS}/tables/shortcuts.csv" if wildcards.table in ("table_1", "table_2") else []
        ),
        template="workflow/study/drawing/table.html.jinja",
        columns="workflow/study/columns.yaml",
    output:
        report(
            f"{RESULTS}/tables/{{table}}.html",
            caption="../../report/captions/table.rst",
            category=lambda wildcards: TYPESET[wildcards.table][0],
            labels=lambda wildcards: {"result": TYPESET[wildcards.table][1]},
        ),
    log:
        f"{RESULTS}/logs/tables/show_{{table}}.log",
    wildcard_constraints:
        table=one_of(TYPESET),
    params:
        title=lambda wildcards: TYPESET[wildcards.table][1].removeprefix("Table: "),
        published=PUBLISHED_RATES,
    message:
        "Typesetting the table {wildcards.table}"
    script:
        "../scripts/show_table.py"
