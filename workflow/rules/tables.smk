# Joined tables, tables in the layout of the paper, provenance, typeset tables.


rule table:
    input:
        weights=expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", plan.runs()),
        history=expand_runs(f"{RESULTS}/networks/{RUN}/history.csv", plan.trained_runs()),
        dynamics=expand_runs(f"{RESULTS}/networks/{RUN}/dynamics.csv", plan.trained_runs()),
        hits=TESTS["shortcuts"].files(plan, "hits"),
        bandstop=TESTS["bandstop"].files(plan),
        planted_use=TESTS["planted_use"].files(plan),
        reliance=TESTS["reliance"].files(plan),
        harm=TESTS["harm"].files(plan),
        ood=TESTS["ood"].files(plan, "ood"),
        ood_hits=TESTS["ood"].files(plan, "hits"),
        transfer=TESTS["transfer"].files(plan, "transfer"),
        transfer_hits=TESTS["transfer"].files(plan, "hits"),
        code=code("make_tables.py"),
    output:
        [f"{RESULTS}/tables/{name}.csv" for name in outputs.test_tables(plan)],
    log:
        f"{RESULTS}/logs/tables.log",
    conda:
        "../../envs/study.yaml"
    resources:
        mem_mb=growing(3000),
        runtime=growing(30),
    params:
        strong=lookup(dpath="shortcuts/strong", within=config),
    message:
        "Joining the tests of all runs into tables"
    script:
        "../scripts/make_tables.py"


rule robustness_tables:
    input:
        curves=TESTS["robustness"].files(plan, "curves"),
        corruptions=TESTS["robustness"].files(plan, "corruptions"),
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


rule cure_table:
    input:
        networks=f"{RESULTS}/tables/networks.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        ood=f"{RESULTS}/tables/ood.csv" if plan.ood_datasets() else [],
        corruptions=f"{RESULTS}/tables/corruptions.csv",
        code=code("make_cure_table.py"),
    output:
        f"{RESULTS}/tables/cure.csv",
    log:
        f"{RESULTS}/logs/cure_table.log",
    conda:
        "../../envs/study.yaml"
    params:
        networks=plan.cure_networks(),
    message:
        "Comparing trainings that avoid shortcuts with training without augmentation"
    script:
        "../scripts/make_cure_table.py"


rule paper_table:
    input:
        notebook="workflow/notebooks/table_{number}.ipynb",
        over_seeds=branch(lambda wildcards: wildcards.number != "3", then=f"{RESULTS}/tables/shortcuts_over_seeds.csv"),
        verdicts=branch(lambda wildcards: wildcards.number == "3", then=f"{RESULTS}/tables/shortcuts.csv"),
        ood=branch(lambda wildcards: wildcards.number == "3", then=f"{RESULTS}/tables/ood.csv"),
        code=lambda wildcards: code("draw_figure.py", f"table_{wildcards.number}.ipynb"),
    output:
        csv=f"{RESULTS}/tables/table_{{number}}.csv",
        notebook=f"{RESULTS}/notebooks/table_{{number}}.ipynb",
    log:
        f"{RESULTS}/logs/tables/table_{{number}}.log",
    wildcard_constraints:
        number="[123]",
    conda:
        "../../envs/study.yaml"
    params:
        parameters=lambda wildcards, input, output: {
            "csv": output.csv,
            **{name: path for name, path in input.items() if name in ("over_seeds", "verdicts", "ood") and path},
            **({"chosen": plan.baselines()} if wildcards.number == "1" else {}),
            **({"chosen": plan.non_baselines()} if wildcards.number == "2" else {}),
        },
    message:
        "Building table {wildcards.number} of the paper"
    script:
        "../scripts/draw_figure.py"


rule provenance:
    input:
        # All results: the provenance is written again if any of them changes, and only then.
        tables=[f"{RESULTS}/tables/{name}.csv" for name in (*outputs.test_tables(plan), "runtimes")],
        weights=expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", plan.runs()),
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
        code=code("write_provenance.py"),
    output:
        table=f"{RESULTS}/tables/provenance.csv",
        config=report(f"{RESULTS}/config.yaml", **catalogue.marks(catalogue.CONFIGURATION, "config")),
    log:
        f"{RESULTS}/logs/provenance.log",
    conda:
        "../../envs/study.yaml"
    resources:
        # Not a param: a param that depends on the machine would re-run this rule.
        threads_of_networks=torch_threads,
    params:
        study=lookup(dpath="study", within=config),
        device=lookup(dpath="device", within=config),
        digest=digest(config),
    message:
        "Recording versions, commit, device and seeds"
    script:
        "../scripts/write_provenance.py"


rule show_table:
    input:
        table=f"{RESULTS}/tables/{{table}}.csv",
        template="src/frequency_shortcuts/figures/table.html.jinja",
        code=code("show_table.py"),
    output:
        report(
            f"{RESULTS}/tables/{{table}}.html",
            caption="../../report/captions/table.rst",
            category=lambda wildcards: catalogue.CATEGORIES[catalogue.TABLES[wildcards.table].category],
            labels=lambda wildcards: {"result": f"table: {catalogue.TABLES[wildcards.table].title}"},
        ),
    log:
        f"{RESULTS}/logs/tables/show_{{table}}.log",
    wildcard_constraints:
        table=one_of(catalogue.TABLES),
    conda:
        "../../envs/study.yaml"
    params:
        title=lambda wildcards: catalogue.TABLES[wildcards.table].title,
    message:
        "Typesetting the table {wildcards.table}"
    script:
        "../scripts/show_table.py"


use rule show_table as latex_table with:
    output:
        f"{RESULTS}/tables/{{table}}.tex",
    log:
        f"{RESULTS}/logs/tables/latex_{{table}}.log",
    wildcard_constraints:
        table="table_[123]",
