# Tables that are joined from the files of all runs, tables in the layout of the paper, provenance, typeset tables.


rule networks_tables:
    input:
        weights=files(rules.train.output.weights, "planned"),
        history=files(rules.train.output.history, "planned & trained"),
        dynamics=files(rules.train.output.dynamics, "planned & trained"),
    output:
        **({"dynamics": "<results>/tables/dynamics.csv"} if "dynamics" in TABLES else {}),
        networks="<results>/tables/networks.csv",
    log:
        "<logs>/tables/networks.log",
    message:
        "Joining the trainings"
    script:
        "../scripts/join_networks.py"


rule graded_tables:
    input:
        dynamics=files(rules.train.output.dynamics, "graded"),
        stores=files("<results>/data/{dataset}.h5", "graded"),
    output:
        graded="<results>/tables/graded.csv",
        graded_dynamics="<results>/tables/graded_dynamics.csv",
    log:
        "<logs>/tables/graded.log",
    message:
        "Joining the trainings on graded sets"
    script:
        "../scripts/join_graded.py"


rule bandstop_tables:
    input:
        files(rules.bandstop.output.bandstop, "bandstop"),
    output:
        bandstop="<results>/tables/bandstop.csv",
    log:
        "<logs>/tables/bandstop.log",
    message:
        "Joining the tests without bands"
    script:
        "../scripts/join_tables.py"


rule planted_use_tables:
    input:
        files(rules.planted_use.output.planted_use, "planted_use"),
    output:
        planted_use="<results>/tables/planted_use.csv",
    log:
        "<logs>/tables/planted_use.log",
    message:
        "Joining the tests of planted masks"
    script:
        "../scripts/join_tables.py"


rule truth_tables:
    input:
        dfm=files("<results>/dfm/{dataset}/{run}.h5", "planted_use"),
        stores=files("<results>/data/{dataset}.h5", "planted_use"),
        spectra=files(rules.adcs.output[0], "planted_use"),
        use=rules.planted_use_tables.output.planted_use,
    output:
        truth="<results>/tables/truth.csv",
    log:
        "<logs>/tables/truth.log",
    params:
        settings=config["truth"],
    message:
        "Scoring maps and ADCS against the planted truth"
    script:
        "../scripts/join_truth.py"


rule shortcuts_tables:
    input:
        files(rules.shortcuts.output.hits, "maps"),
    output:
        **({"phase": "<results>/tables/phase.csv"} if "phase" in TABLES else {}),
        shortcuts="<results>/tables/shortcuts.csv",
        shortcuts_over_seeds="<results>/tables/shortcuts_over_seeds.csv",
        cross_matrix="<results>/tables/cross_matrix.csv",
        own_map_advantage="<results>/tables/own_map_advantage.csv",
    log:
        "<logs>/tables/shortcuts.log",
    params:
        strong=config["shortcuts"]["strong"],
    message:
        "Joining the tests of shortcuts"
    script:
        "../scripts/join_shortcuts.py"


rule exchange_tables:
    input:
        files(rules.shortcuts.output.exchanges, "maps"),
    output:
        exchanges="<results>/tables/exchanges.csv",
    log:
        "<logs>/tables/exchange.log",
    message:
        "Joining the exchange tests"
    script:
        "../scripts/join_tables.py"


rule sizes_tables:
    input:
        files(rules.sizes.output.sizes, "sizes"),
    output:
        sizes="<results>/tables/sizes.csv",
    log:
        "<logs>/tables/sizes.log",
    message:
        "Joining the tests of maps of every size"
    script:
        "../scripts/join_tables.py"


rule ood_tables:
    input:
        hits=files(rules.ood.output.hits, "ood"),
        rates=files(rules.ood.output.ood, "ood"),
    output:
        rates="<results>/tables/ood.csv",
        own_map_advantage="<results>/tables/ood_advantage.csv",
        cross_matrix="<results>/tables/ood_cross_matrix.csv",
    log:
        "<logs>/tables/ood.log",
    params:
        columns=[*RUN, "rendition"],
    message:
        "Joining the tests on renditions"
    script:
        "../scripts/join_hits.py"


rule transfer_tables:
    input:
        hits=[rules.transfer.output.hits],
        rates=[rules.transfer.output.transfer],
    output:
        rates="<results>/tables/transfer.csv",
        own_map_advantage="<results>/tables/transfer_advantage.csv",
        cross_matrix="<results>/tables/transfer_cross_matrix.csv",
    log:
        "<logs>/tables/transfer.log",
    params:
        columns=["dataset", "maps_of", "tested_on"],
    message:
        "Joining the tests of maps on other networks"
    script:
        "../scripts/join_hits.py"


rule reliance_tables:
    input:
        files(rules.reliance.output.reliance, "reliance"),
    output:
        reliance="<results>/tables/reliance.csv",
    log:
        "<logs>/tables/reliance.log",
    message:
        "Joining the trainings without the frequencies of maps"
    script:
        "../scripts/join_reliance.py"


rule provenance:
    input:
        # All results: the provenance is written again if any of them changes, and only then.
        tables=[f"<results>/tables/{name}.csv" for name in TABLES if name != "provenance"],
        weights=files(rules.train.output.weights, "planned"),
        stores=expand(rules.images.output[0], dataset=datasets_with("planned")),
    output:
        table="<results>/tables/provenance.csv",
        config=report(
            "<results>/config.yaml",
            caption="../../report/captions/config.rst",
            category="9. How it was run",
            labels={"result": "the configuration in use"},
        ),
    log:
        "<logs>/provenance.log",
    resources:
        # Not a param: a param that depends on the machine would re-run this rule.
        threads_of_networks=torch_threads,
    params:
        study=config["study"],
        digest=config_digest(config),
    message:
        "Recording versions, commit, device and configuration"
    script:
        "../scripts/write_provenance.py"


# Of each table in the report: its category and its title.
TYPESET = {
    "exchanges": ("8. Beyond the paper", "Table: what a network follows: fine, field, patch"),
    "shortcuts": ("4. Maps and shortcuts", "Table: verdict on every class, network and seed"),
    "shortcuts_over_seeds": ("4. Maps and shortcuts", "Table: mean and spread over seeds"),
    "own_map_advantage": (
        "6. Capacity and augmentation",
        "Table: own-map advantage of every network",
    ),
    "phase": ("5. Texture or shape", "Table: texture or shape?"),
    "planted_use": ("8. Beyond the paper", "Table: is the planted mask used?"),
    "transfer_advantage": (
        "7. Other images and networks",
        "Table: own-map advantage with the maps of another network",
    ),
    "reliance": ("8. Beyond the paper", "Table: are the frequencies of the maps needed?"),
    "networks": ("9. How it was run", "Table: networks and their accuracy"),
    "table_1": ("4. Maps and shortcuts", "Table 1 · TPR and FPR of the baseline"),
    "table_2": (
        "6. Capacity and augmentation",
        "Table 2 · TPR and FPR of other networks and augmentations",
    ),
    "table_3": ("7. Other images and networks", "Table 3 · TPR and FPR by class and rendition"),
    "claims": ("0. The claims", "Table: the claims"),
    "claims_by_class": ("0. The claims", "Table: claims about some classes, class by class"),
    "claim_variants": ("0. The claims", "Table: variants of the claims"),
    "runtimes": ("9. How it was run", "Table: run times and memory"),
    "provenance": ("9. How it was run", "Table: versions, commit, device"),
}


rule show_table:
    input:
        table="<results>/tables/{table}.csv",
        # A note names the networks whose maps fail.
        verdicts=lambda wildcards: (
            "<results>/tables/shortcuts.csv" if wildcards.table in ("table_1", "table_2") else []
        ),
        template=source("workflow/study/drawing/table.html.jinja"),
        columns=source("workflow/study/columns.yaml"),
    output:
        report(
            "<results>/tables/{table}.html",
            caption="../../report/captions/table.rst",
            category=lambda wildcards: TYPESET[wildcards.table][0],
            labels=lambda wildcards: {"result": TYPESET[wildcards.table][1]},
        ),
    log:
        "<logs>/tables/show_{table}.log",
    wildcard_constraints:
        table=one_of(TYPESET),
    params:
        title=lambda wildcards: TYPESET[wildcards.table][1].removeprefix("Table: "),
        published=PUBLISHED_RATES,
    message:
        "Typesetting the table {wildcards.table}"
    script:
        "../scripts/show_table.py"
