# Tables from the tests of all runs, and figures from the tables.


rule table:
    input:
        weights=plan.expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors"),
        history=plan.expand_runs(f"{RESULTS}/networks/{RUN}/history.csv", trained=True),
        dynamics=plan.expand_runs(f"{RESULTS}/networks/{RUN}/dynamics.csv", trained=True),
        bandstop=plan.expand_runs(f"{RESULTS}/tests/{RUN}/bandstop.csv", "synthetic"),
        shortcuts=plan.expand_runs(f"{RESULTS}/tests/{RUN}/shortcuts.csv"),
        planted_use=plan.expand_runs(f"{RESULTS}/tests/{RUN}/planted_use.csv", *WITH_TRUTH),
        ood=plan.expand_ood(f"{RESULTS}/tests/{RUN}/ood.csv"),
        transfer=f"{RESULTS}/tests/transfer.csv" if config["transfer"] else [],
        published=plan.expand_published(f"{RESULTS}/tests/{RUN}/published_{{name}}.csv"),
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
        code=code("make_tables.py"),
    output:
        [f"{RESULTS}/tables/{name}.csv" for name in plan.test_tables()],
    log:
        f"{RESULTS}/logs/tables.log",
    conda:
        "../../envs/study.yaml"
    params:
        strong=lookup(dpath="shortcuts/strong", within=config),
    message:
        "Joining the tests of all runs into tables"
    script:
        "../scripts/make_tables.py"


rule samples_figure:
    input:
        notebook="workflow/notebooks/samples.ipynb",
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
        spectra=[f"{RESULTS}/adcs/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
        code=code("draw_figure.py", "samples.ipynb"),
    output:
        **figure_files("samples", "synthetic"),
    log:
        f"{RESULTS}/logs/figures/samples.log",
    conda:
        "../../envs/study.yaml"
    params:
        names=plan.datasets(*WITH_TRUTH),
        band_edges={name: plan.band_edges(name) for name in plan.datasets(*WITH_TRUTH)},
    message:
        "Drawing images and spectra of the synthetic and planted sets"
    script:
        "../scripts/draw_figure.py"


rule dynamics_figure:
    input:
        notebook="workflow/notebooks/dynamics.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        table=f"{RESULTS}/tables/dynamics.csv",
        code=code("draw_figure.py", "dynamics.ipynb"),
    output:
        **figure_files("dynamics"),
    log:
        f"{RESULTS}/logs/figures/dynamics_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        scores=lambda wildcards: (
            ["precision", "recall"] if plan.kind_of(wildcards.dataset) == "photographs" else ["f1"]  # as published
        ),
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing the learning dynamics on {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule bandstop_figure:
    input:
        notebook="workflow/notebooks/bandstop.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        table=f"{RESULTS}/tables/bandstop.csv",
        code=code("draw_figure.py", "bandstop.ipynb"),
    output:
        **figure_files("bandstop"),
    log:
        f"{RESULTS}/logs/figures/bandstop_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing the band-stop test on {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule adcs_figure:
    input:
        notebook="workflow/notebooks/adcs.ipynb",
        spectra=rules.adcs.output[0],
        code=code("draw_figure.py", "adcs.ipynb"),
    output:
        **figure_files("adcs"),
    log:
        f"{RESULTS}/logs/figures/adcs_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        band_edges=by_dataset(plan.band_edges),
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing ADCS of {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule dfm_figure:
    input:
        notebook="workflow/notebooks/dfm.ipynb",
        maps=lambda wildcards: plan.expand_runs(f"{RESULTS}/dfm/{RUN}.h5", dataset=wildcards.dataset),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        code=code("draw_figure.py", "dfm.ipynb"),
    output:
        **figure_files("dfm"),
    log:
        f"{RESULTS}/logs/figures/dfm_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        labels=lambda wildcards: plan.expand_runs("{network}/{augmentation}", dataset=wildcards.dataset),
        percent=lookup(dpath="shortcuts/percent", within=config),
        band_edges=by_dataset(plan.band_edges),
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing the dominant frequencies on {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule cards_figure:
    input:
        notebook="workflow/notebooks/cards.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        weights=first_seed(f"{RESULTS}/networks/{RUN}/weights.safetensors"),
        spectra=rules.adcs.output[0],
        maps=first_seed(f"{RESULTS}/dfm/{RUN}.h5"),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        code=code("draw_figure.py", "cards.ipynb"),
    output:
        **figure_files("cards", "{dataset}-{network}-{augmentation}"),
    log:
        f"{RESULTS}/logs/figures/cards_{{dataset}}-{{network}}-{{augmentation}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        network="{network}",
        augmentation="{augmentation}",
        percent=lookup(dpath="shortcuts/percent", within=config),
        control_seed=lookup(dpath="shortcuts/seed", within=config),
        band_edges=by_dataset(plan.band_edges),
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing the class cards of {wildcards.network} ({wildcards.augmentation}) on {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule filtered_figure:
    input:
        notebook="workflow/notebooks/filtered.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        weights=lambda wildcards: plan.expand_first_seeds(
            f"{RESULTS}/networks/{RUN}/weights.safetensors", dataset=wildcards.dataset
        ),
        maps=lambda wildcards: plan.expand_first_seeds(f"{RESULTS}/dfm/{RUN}.h5", dataset=wildcards.dataset),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        code=code("draw_figure.py", "filtered.ipynb"),
    output:
        **figure_files("filtered"),
    log:
        f"{RESULTS}/logs/figures/filtered_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        labels=lambda wildcards: plan.expand_first_seeds("{network}/{augmentation}", dataset=wildcards.dataset),
        percent=lookup(dpath="shortcuts/percent", within=config),
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing images of {wildcards.dataset} reduced to the maps"
    script:
        "../scripts/draw_figure.py"


rule shortcuts_figure:
    input:
        notebook="workflow/notebooks/shortcuts.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        table=f"{RESULTS}/tables/shortcuts.csv",
        code=code("draw_figure.py", "shortcuts.ipynb"),
    output:
        **figure_files("shortcuts"),
    log:
        f"{RESULTS}/logs/figures/shortcuts_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing the shortcut tests on {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule renditions_figure:
    input:
        notebook="workflow/notebooks/renditions.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        renditions=by_dataset(plan.rendition_files),
        code=code("draw_figure.py", "renditions.ipynb"),
    output:
        **figure_files("renditions"),
    log:
        f"{RESULTS}/logs/figures/renditions_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        names=by_dataset(plan.renditions),
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing the renditions of {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"


rule ood_figure:
    input:
        notebook="workflow/notebooks/ood.ipynb",
        store=f"{RESULTS}/data/{{dataset}}.h5",
        table=f"{RESULTS}/tables/ood.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        code=code("draw_figure.py", "ood.ipynb"),
    output:
        **figure_files("ood"),
    log:
        f"{RESULTS}/logs/figures/ood_{{dataset}}.log",
    conda:
        "../../envs/study.yaml"
    params:
        dataset="{dataset}",
        most=lookup(dpath="figures/classes", within=config),
    message:
        "Drawing the tests on renditions of {wildcards.dataset}"
    script:
        "../scripts/draw_figure.py"
