# Tables that are joined from the files of all runs, tables in the layout of the paper, provenance, typeset tables.

# The tables of a test are joined by a rule of their own, so that another result of one test makes no table of others.
for test in TESTS.values():
    if tables := test.planned_tables(plan):

        rule:
            name:
                f"{test.name}_tables"
            input:
                **test.joined_files(plan),
            output:
                [f"{RESULTS}/tables/{name}.csv" for name in tables],
            log:
                f"{RESULTS}/logs/tables/{test.name}.log",
            # Like the groups in profiles/slurm: those of several tests share a SLURM job.
            group:
                "tables"
            resources:
                mem_mb=growing(3000),
                runtime=growing(30),
            params:
                test=test.name,
                code=code_of_step("make_tables", f"study.tests.{test.name}"),
                settings=test.join_settings(plan),
            message:
                f"Making the tables {', '.join(tables)}"
            script:
                "../scripts/make_tables.py"


rule paper_tables:
    input:
        notebook="workflow/notebooks/paper_tables.py",
        over_seeds=f"{RESULTS}/tables/shortcuts_over_seeds.csv",
        verdicts=f"{RESULTS}/tables/shortcuts.csv",
        ood=f"{RESULTS}/tables/ood.csv" if "ood" in targets.tables(plan) else [],
    output:
        csv=[f"{RESULTS}/tables/{name}.csv" for name in targets.paper_tables(plan)],
        latex=[f"{RESULTS}/tables/{name}.tex" for name in targets.paper_tables(plan)],
        notebook=f"{RESULTS}/notebooks/paper_tables.ipynb",
    log:
        f"{RESULTS}/logs/paper_tables.log",
    params:
        parameters=lambda wildcards, input, output: {
            "tables": [
                {
                    "path": path,
                    "title": SHOWN[name]["title"],
                    "chosen": {"table_1": plan.baselines(), "table_2": plan.non_baselines()}.get(name, []),
                    **{key: input[key] or "" for key in ("over_seeds", "verdicts", "ood")},
                }
                for path, name in zip(output.csv, targets.paper_tables(plan))
            ]
        },
        function="build",
        code=code_of_step("draw_figure", "notebooks.paper_tables"),
        call="for table in tables:\n    build(**table)",
        caption=Caption("\n\n".join(SHOWN[name]["caption"] for name in targets.paper_tables(plan)), config),
    message:
        "Building the tables of the paper"
    script:
        "../scripts/draw_figure.py"


rule provenance:
    input:
        # All results: the provenance is written again if any of them changes, and only then.
        tables=[f"{RESULTS}/tables/{name}.csv" for name in targets.tables(plan) if name != "provenance"],
        weights=plan.files(f"networks/{RUN}/weights.safetensors", plan.runs()),
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
    output:
        table=f"{RESULTS}/tables/provenance.csv",
        config=report(f"{RESULTS}/config.yaml", **marks("pages", "config")),
    log:
        f"{RESULTS}/logs/provenance.log",
    resources:
        # Not a param: a param that depends on the machine would re-run this rule.
        threads_of_networks=torch_threads,
    params:
        study=lookup(dpath="study", within=config),
        device=lookup(dpath="device", within=config),
        digest=config_digest(config),
        caption=Caption(REPORT["pages"]["config"]["caption"], config),
    message:
        "Recording versions, commit, device and seeds"
    script:
        "../scripts/write_provenance.py"


rule show_table:
    input:
        table=f"{RESULTS}/tables/{{table}}.csv",
        # A note names the networks whose maps fail.
        verdicts=lambda wildcards: (
            f"{RESULTS}/tables/shortcuts.csv" if wildcards.table in ("table_1", "table_2") else []
        ),
        template="workflow/study/drawings/table.html.jinja",
        columns="workflow/study/columns.yaml",
    output:
        report(
            f"{RESULTS}/tables/{{table}}.html",
            caption="../../report/captions/table.rst",
            category=lambda wildcards: marks("tables", wildcards.table)["category"],
            labels=lambda wildcards: marks("tables", wildcards.table)["labels"],
        ),
    log:
        f"{RESULTS}/logs/tables/show_{{table}}.log",
    wildcard_constraints:
        table=one_of(SHOWN),
    params:
        title=lambda wildcards: marks("tables", wildcards.table)["labels"]["result"].removeprefix("Table: "),
        caption=lambda wildcards: Caption(SHOWN[wildcards.table]["caption"], config),
    message:
        "Typesetting the table {wildcards.table}"
    script:
        "../scripts/show_table.py"
