# Tables laid out as in the paper, published numbers compared with ours, provenance, and how all tables are shown.


rule paper_table:
    input:
        notebook="workflow/notebooks/table_{number}.ipynb",
        over_seeds=branch(lambda wildcards: wildcards.number != "3", then=f"{RESULTS}/tables/shortcuts_over_seeds.csv"),
        verdicts=branch(lambda wildcards: wildcards.number == "3", then=f"{RESULTS}/tables/shortcuts.csv"),
        ood=branch(lambda wildcards: wildcards.number == "3", then=f"{RESULTS}/tables/ood.csv"),
        code=code("draw_figure.py", *[f"table_{number}.ipynb" for number in (1, 2, 3)]),
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
        chosen=lambda wildcards: {"1": plan.baselines(), "2": plan.non_baselines(), "3": []}[wildcards.number],
    message:
        "Laying out table {wildcards.number} of the paper"
    script:
        "../scripts/draw_figure.py"


rule published_numbers:
    input:
        numbers="workflow/resources/published_numbers.csv",
        over_seeds=f"{RESULTS}/tables/shortcuts_over_seeds.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        published=f"{RESULTS}/tables/published.csv" if config["published"] else [],
        transfer=f"{RESULTS}/tests/transfer.csv" if config["transfer"] else [],
        weights=plan.expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", "photographs"),
        code=code("compare_published.py"),
    output:
        f"{RESULTS}/tables/published_numbers.csv",
    log:
        f"{RESULTS}/logs/published_numbers.log",
    conda:
        "../../envs/study.yaml"
    params:
        percent=lookup(dpath="shortcuts/percent", within=config),
    message:
        "Comparing published numbers with ours"
    script:
        "../scripts/compare_published.py"


rule provenance:
    input:
        # All that holds a result: it is written down again when any of these is made again, and only then.
        tables=[f"{RESULTS}/tables/{name}.csv" for name in (*plan.test_tables(), "runtimes")],
        weights=plan.expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors"),
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
        code=code("write_provenance.py"),
    output:
        table=f"{RESULTS}/tables/provenance.csv",
        config=report(f"{RESULTS}/config.yaml", **catalogue.marks(catalogue.CONFIGURATION)),
    log:
        f"{RESULTS}/logs/provenance.log",
    conda:
        "../../envs/study.yaml"
    resources:
        # No param: where Snakemake was started would make it another one, and this be written again.
        threads_of_networks=torch_threads,
    params:
        study=lookup(dpath="study", within=config),
        device=lookup(dpath="device", within=config),
        digest=digest(config),
    message:
        "Writing down versions, commit, device and seeds"
    script:
        "../scripts/write_provenance.py"


rule show_table:
    input:
        table=f"{RESULTS}/tables/{{table}}.csv",
        code=code("show_table.py"),
    output:
        tex=f"{RESULTS}/tables/{{table}}.tex",
        html=report(
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
