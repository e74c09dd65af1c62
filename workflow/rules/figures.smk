# Figures: a notebook draws all of a kind, in the order of the report. Titles, categories and captions stand here.


rule figure_samples:
    input:
        notebook="workflow/notebooks/samples.ipynb",
        images=files_of(rules.images.output[0], of_datasets(plan.datasets(*WITH_TRUTH))),
        spectra=files_of(rules.adcs.output[0], of_datasets(plan.datasets(*WITH_TRUTH))),
    output:
        svg=in_report("samples", "Figure 1 · images and spectra", "1. Data"),
        png=pictures("samples"),
        notebook=f"{RESULTS}/notebooks/samples.ipynb",
    log:
        f"{RESULTS}/logs/figures/samples.log",
    params:
        parameters={
            "results": RESULTS,
            "datasets": plan.datasets(*WITH_TRUTH),
            "band_edges": config["synthesis"]["band_edges"],
        },
        caption="report/captions/samples.rst",
    message:
        "Drawing images and spectra"
    script:
        "../scripts/run_notebook.py"


rule figure_dynamics:
    input:
        notebook="workflow/notebooks/dynamics.ipynb",
        images=files_of(rules.images.output[0], of_datasets(plan.trained_datasets())),
        dynamics=f"{RESULTS}/tables/dynamics.csv",
    output:
        svg=in_report("dynamics", "Figures 2 and 5 · when each class is learned", "2. What is learned first"),
        png=pictures("dynamics"),
        notebook=f"{RESULTS}/notebooks/dynamics.ipynb",
    log:
        f"{RESULTS}/logs/figures/dynamics.log",
    params:
        parameters={
            "results": RESULTS,
            "photographs": [name for name in FIGURES["dynamics"] if name != "synthetic"],
            "made": [name for name in plan.trained_datasets() if plan.kind_of(name) in WITH_TRUTH],
            "first": first_kinds(plan.trained_datasets()),
            "most": config["figures"]["classes"],
        },
        caption="report/captions/dynamics.rst",
    message:
        "Drawing when each class is learned"
    script:
        "../scripts/run_notebook.py"


rule figure_graded:
    input:
        notebook="workflow/notebooks/graded.ipynb",
        graded=f"{RESULTS}/tables/graded.csv",
    output:
        svg=in_report("graded", "Figure: gain and earliness", "2. What is learned first"),
        png=pictures("graded"),
        notebook=f"{RESULTS}/notebooks/graded.ipynb",
    log:
        f"{RESULTS}/logs/figures/graded.log",
    params:
        parameters={"results": RESULTS},
        caption="report/captions/graded.rst",
    message:
        "Drawing gain and earliness"
    script:
        "../scripts/run_notebook.py"


rule figure_bandstop:
    input:
        notebook="workflow/notebooks/bandstop.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["bandstop"])),
        bandstop=f"{RESULTS}/tables/bandstop.csv",
    output:
        svg=in_report("bandstop", "Figure 3 · classes without two bands", "2. What is learned first"),
        png=pictures("bandstop"),
        notebook=f"{RESULTS}/notebooks/bandstop.ipynb",
    log:
        f"{RESULTS}/logs/figures/bandstop.log",
    params:
        parameters={"results": RESULTS, "first": first_kinds(FIGURES["bandstop"]), "most": config["figures"]["classes"]},
        caption="report/captions/bandstop.rst",
    message:
        "Drawing classes without two bands"
    script:
        "../scripts/run_notebook.py"


rule figure_adcs:
    input:
        notebook="workflow/notebooks/adcs.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["adcs"])),
        spectra=files_of(rules.adcs.output[0], of_datasets(FIGURES["adcs"])),
    output:
        svg=in_report("adcs", "Figure 4 · ADCS", "3. What sets a class apart: ADCS"),
        png=pictures("adcs"),
        notebook=f"{RESULTS}/notebooks/adcs.ipynb",
    log:
        f"{RESULTS}/logs/figures/adcs.log",
    params:
        parameters={
            "results": RESULTS,
            "datasets": FIGURES["adcs"],
            "band_edges": config["synthesis"]["band_edges"],
            "most": config["figures"]["classes"],
        },
        caption="report/captions/adcs.rst",
    message:
        "Drawing ADCS"
    script:
        "../scripts/run_notebook.py"


rule figure_dfm:
    input:
        notebook="workflow/notebooks/dfm.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["dfm"])),
        maps=[file for run in plan.mapped_runs() for file in plan.tested_maps(run)],
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        own_map_advantage=f"{RESULTS}/tables/own_map_advantage.csv",
    output:
        svg=in_report("dfm", "Figure 6 · dominant frequency maps", "4. Maps and shortcuts"),
        png=pictures("dfm"),
        notebook=f"{RESULTS}/notebooks/dfm.ipynb",
    log:
        f"{RESULTS}/logs/figures/dfm.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["dfm"]),
            "percent": config["shortcuts"]["percent"],
            "band_edges": config["synthesis"]["band_edges"],
            "most": config["figures"]["classes"],
        },
        caption="report/captions/dfm.rst",
    message:
        "Drawing dominant frequency maps"
    script:
        "../scripts/run_notebook.py"


rule figure_cards:
    input:
        notebook="workflow/notebooks/cards.ipynb",
        images=files_of(rules.images.output[0], plan.first_seed_runs()),
        spectra=files_of(rules.adcs.output[0], plan.first_seed_runs()),
        weights=files_of(rules.train.output.weights, plan.first_seed_runs()),
        maps=files_of(f"{RESULTS}/dfm/{RUN}.h5", plan.first_seed_runs()),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("cards", "Figure 7 · class cards", "4. Maps and shortcuts"),
        png=pictures("cards"),
        notebook=f"{RESULTS}/notebooks/cards.ipynb",
    log:
        f"{RESULTS}/logs/figures/cards.log",
    params:
        parameters={
            "results": RESULTS,
            "datasets": plan.mapped_datasets(),
            "percent": config["shortcuts"]["percent"],
            "band_edges": config["synthesis"]["band_edges"],
            "most": min(config["figures"]["classes"], 4),
        },
        caption="report/captions/cards.rst",
    message:
        "Drawing class cards"
    script:
        "../scripts/run_notebook.py"


rule figure_shortcut:
    input:
        notebook="workflow/notebooks/shortcut.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["shortcut"])),
        spectra=files_of(rules.adcs.output[0], of_datasets(FIGURES["shortcut"])),
        weights=files_of(rules.train.output.weights, plan.first_seed_runs()),
        maps=files_of(f"{RESULTS}/dfm/{RUN}.h5", plan.first_seed_runs()),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("shortcut", "Figure 7 · one shortcut", "4. Maps and shortcuts"),
        png=pictures("shortcut"),
        notebook=f"{RESULTS}/notebooks/shortcut.ipynb",
    log:
        f"{RESULTS}/logs/figures/shortcut.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["shortcut"]),
            "percent": config["shortcuts"]["percent"],
        },
        caption="report/captions/shortcut.rst",
    message:
        "Drawing one shortcut"
    script:
        "../scripts/run_notebook.py"


rule figure_reduced:
    input:
        notebook="workflow/notebooks/reduced.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["reduced"])),
        weights=files_of(rules.train.output.weights, plan.first_seed_runs()),
        maps=files_of(f"{RESULTS}/dfm/{RUN}.h5", plan.first_seed_runs()),
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("reduced", "Figure 7 · images reduced to their maps", "4. Maps and shortcuts"),
        png=pictures("reduced"),
        notebook=f"{RESULTS}/notebooks/reduced.ipynb",
    log:
        f"{RESULTS}/logs/figures/reduced.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["reduced"]),
            "percent": config["shortcuts"]["percent"],
            "most": config["figures"]["classes"],
        },
        caption="report/captions/reduced.rst",
    message:
        "Drawing images reduced to their maps"
    script:
        "../scripts/run_notebook.py"


rule figure_cross:
    input:
        notebook="workflow/notebooks/cross.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["cross"])),
        cross_matrix=f"{RESULTS}/tables/cross_matrix.csv",
        own_map_advantage=f"{RESULTS}/tables/own_map_advantage.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("cross", "Figure: every class with every map", "4. Maps and shortcuts"),
        png=pictures("cross"),
        notebook=f"{RESULTS}/notebooks/cross.ipynb",
    log:
        f"{RESULTS}/logs/figures/cross.log",
    params:
        parameters={"results": RESULTS, "first": first_kinds(FIGURES["cross"]), "most": config["figures"]["classes"]},
        caption="report/captions/cross.rst",
    message:
        "Drawing every class with every map"
    script:
        "../scripts/run_notebook.py"


rule figure_texture:
    input:
        notebook="workflow/notebooks/texture.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["texture"])),
        weights=files_of(rules.train.output.weights, plan.first_seed_runs()),
        maps=files_of(f"{RESULTS}/dfm/{RUN}.h5", plan.first_seed_runs()),
        phase=f"{RESULTS}/tables/phase.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("texture", "Figure: texture or shape", "5. Texture or shape"),
        png=pictures("texture"),
        notebook=f"{RESULTS}/notebooks/texture.ipynb",
    log:
        f"{RESULTS}/logs/figures/texture.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["texture"]),
            "percent": config["shortcuts"]["percent"],
            "most": config["figures"]["classes"],
        },
        caption="report/captions/texture.rst",
    message:
        "Drawing texture or shape"
    script:
        "../scripts/run_notebook.py"


rule figure_shortcuts:
    input:
        notebook="workflow/notebooks/shortcuts.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["shortcuts"])),
        shortcuts_over_seeds=f"{RESULTS}/tables/shortcuts_over_seeds.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        networks=f"{RESULTS}/tables/networks.csv",
    output:
        svg=in_report("shortcuts", "Table 2 · the kinds of networks side by side", "6. Capacity and augmentation"),
        png=pictures("shortcuts"),
        notebook=f"{RESULTS}/notebooks/shortcuts.ipynb",
    log:
        f"{RESULTS}/logs/figures/shortcuts.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["shortcuts"]),
            "most": config["figures"]["classes"],
        },
        caption="report/captions/shortcuts.rst",
        published=PUBLISHED_RATES["table_2"],
    message:
        "Drawing the kinds of networks side by side"
    script:
        "../scripts/run_notebook.py"


rule figure_sizes:
    input:
        notebook="workflow/notebooks/sizes.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["sizes"])),
        sizes=f"{RESULTS}/tables/sizes.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("sizes", "Figure: maps by size", "4. Maps and shortcuts"),
        png=pictures("sizes"),
        notebook=f"{RESULTS}/notebooks/sizes.ipynb",
    log:
        f"{RESULTS}/logs/figures/sizes.log",
    params:
        parameters={"results": RESULTS, "first": first_kinds(FIGURES["sizes"]), "most": config["figures"]["classes"]},
        caption="report/captions/sizes.rst",
    message:
        "Drawing maps by size"
    script:
        "../scripts/run_notebook.py"


rule figure_renditions:
    input:
        notebook="workflow/notebooks/renditions.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["renditions"])),
        renditions=[file for name in FIGURES["renditions"] for file in plan.rendition_files(name)],
    output:
        svg=in_report("renditions", "Figure: the renditions", "7. Other images and networks"),
        png=pictures("renditions"),
        notebook=f"{RESULTS}/notebooks/renditions.ipynb",
    log:
        f"{RESULTS}/logs/figures/renditions.log",
    params:
        parameters={
            "results": RESULTS,
            "renditions": {name: plan.renditions(name) for name in FIGURES["renditions"]},
            "most": config["figures"]["classes"],
        },
        caption="report/captions/renditions.rst",
    message:
        "Drawing the renditions"
    script:
        "../scripts/run_notebook.py"


rule figure_ood:
    input:
        notebook="workflow/notebooks/ood.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["ood"])),
        ood=f"{RESULTS}/tables/ood.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("ood", "Table 3 · the maps in each rendition", "7. Other images and networks"),
        png=pictures("ood"),
        notebook=f"{RESULTS}/notebooks/ood.ipynb",
    log:
        f"{RESULTS}/logs/figures/ood.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["ood"]),
            "fill": deciding(config["ood"]["fills"])[0],
            "most": config["figures"]["classes"],
        },
        caption="report/captions/ood.rst",
    message:
        "Drawing the maps in each rendition"
    script:
        "../scripts/run_notebook.py"


rule figure_transfer:
    input:
        notebook="workflow/notebooks/transfer.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["transfer"])),
        transfer=f"{RESULTS}/tables/transfer.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
    output:
        svg=in_report("transfer", "Figure: maps of one network tried on another", "7. Other images and networks"),
        png=pictures("transfer"),
        notebook=f"{RESULTS}/notebooks/transfer.ipynb",
    log:
        f"{RESULTS}/logs/figures/transfer.log",
    params:
        parameters={"results": RESULTS, "first": first_kinds(FIGURES["transfer"]), "most": config["figures"]["classes"]},
        caption="report/captions/transfer.rst",
        published=PUBLISHED_RATES["transfer"],
    message:
        "Drawing maps of one network tried on another"
    script:
        "../scripts/run_notebook.py"


rule figure_flips:
    input:
        notebook="workflow/notebooks/flips.ipynb",
        images=files_of(rules.images.output[0], of_datasets(FIGURES["flips"])),
        flips=f"{RESULTS}/tables/flips.csv",
    output:
        svg=in_report("flips", "Figure: what a network follows", "8. Beyond the paper"),
        png=pictures("flips"),
        notebook=f"{RESULTS}/notebooks/flips.ipynb",
    log:
        f"{RESULTS}/logs/figures/flips.log",
    params:
        parameters={"results": RESULTS, "first": first_kinds(FIGURES["flips"]), "most": config["figures"]["classes"]},
        caption="report/captions/flips.rst",
    message:
        "Drawing what a network follows"
    script:
        "../scripts/run_notebook.py"


rule figure_reliance:
    input:
        notebook="workflow/notebooks/reliance.ipynb",
        reliance=f"{RESULTS}/tables/reliance.csv",
    output:
        svg=in_report("reliance", "Figure: are the frequencies of the maps needed?", "8. Beyond the paper"),
        png=pictures("reliance"),
        notebook=f"{RESULTS}/notebooks/reliance.ipynb",
    log:
        f"{RESULTS}/logs/figures/reliance.log",
    params:
        parameters={"results": RESULTS, "datasets": FIGURES["reliance"]},
        caption="report/captions/reliance.rst",
    message:
        "Drawing are the frequencies of the maps needed?"
    script:
        "../scripts/run_notebook.py"


rule figure_truth:
    input:
        notebook="workflow/notebooks/truth.ipynb",
        truth=f"{RESULTS}/tables/truth.csv",
    output:
        svg=in_report("truth", "Figure: maps against the planted truth", "8. Beyond the paper"),
        png=pictures("truth"),
        notebook=f"{RESULTS}/notebooks/truth.ipynb",
    log:
        f"{RESULTS}/logs/figures/truth.log",
    params:
        parameters={"results": RESULTS},
        caption="report/captions/truth.rst",
    message:
        "Drawing maps against the planted truth"
    script:
        "../scripts/run_notebook.py"


rule figure_claims:
    input:
        notebook="workflow/notebooks/claims.ipynb",
        claims=f"{RESULTS}/tables/claims.csv",
        claims_by_class=f"{RESULTS}/tables/claims_by_class.csv",
        claim_numbers=f"{RESULTS}/tables/claim_numbers.csv",
    output:
        svg=in_report("claims", "Figure: the claims and their intervals", "0. The claims"),
        png=pictures("claims"),
        notebook=f"{RESULTS}/notebooks/claims.ipynb",
    log:
        f"{RESULTS}/logs/figures/claims.log",
    params:
        parameters={"results": RESULTS},
        caption="report/captions/claims.rst",
    message:
        "Drawing the claims and their intervals"
    script:
        "../scripts/run_notebook.py"


rule figure_methods:
    input:
        notebook="workflow/notebooks/methods.ipynb",
        methods=f"{RESULTS}/tables/methods.csv",
    output:
        svg=in_report("methods", "Figure: methods against the planted truth", "8. Beyond the paper"),
        png=pictures("methods"),
        notebook=f"{RESULTS}/notebooks/methods.ipynb",
    log:
        f"{RESULTS}/logs/figures/methods.log",
    params:
        parameters={"results": RESULTS},
        caption="report/captions/methods.rst",
    message:
        "Drawing methods against the planted truth"
    script:
        "../scripts/run_notebook.py"


rule figure_leaks:
    input:
        notebook="workflow/notebooks/leaks.ipynb",
        leaks=f"{RESULTS}/tables/leaks.csv",
    output:
        svg=in_report("leaks", "Figure: what artefacts cost, and the test", "8. Beyond the paper"),
        png=pictures("leaks"),
        notebook=f"{RESULTS}/notebooks/leaks.ipynb",
    log:
        f"{RESULTS}/logs/figures/leaks.log",
    params:
        parameters={"results": RESULTS},
        caption="report/captions/leaks.rst",
    message:
        "Drawing what artefacts cost, and the test"
    script:
        "../scripts/run_notebook.py"


rule figure_cure:
    input:
        notebook="workflow/notebooks/cure.ipynb",
        cure=f"{RESULTS}/tables/cure.csv",
    output:
        svg=in_report("cure", "Figure: which trainings restore what artefacts cost", "8. Beyond the paper"),
        png=pictures("cure"),
        notebook=f"{RESULTS}/notebooks/cure.ipynb",
    log:
        f"{RESULTS}/logs/figures/cure.log",
    params:
        parameters={"results": RESULTS},
        caption="report/captions/cure.rst",
    message:
        "Drawing which trainings restore what artefacts cost"
    script:
        "../scripts/run_notebook.py"


rule paper_tables:
    input:
        notebook="workflow/notebooks/paper_tables.ipynb",
        over_seeds=f"{RESULTS}/tables/shortcuts_over_seeds.csv",
        verdicts=f"{RESULTS}/tables/shortcuts.csv",
        ood=f"{RESULTS}/tables/ood.csv" if "table_3" in PAPER_TABLES else [],
    output:
        csv=[f"{RESULTS}/tables/{name}.csv" for name in PAPER_TABLES],
        latex=[f"{RESULTS}/tables/{name}.tex" for name in PAPER_TABLES],
        notebook=f"{RESULTS}/notebooks/paper_tables.ipynb",
    log:
        f"{RESULTS}/logs/paper_tables.log",
    params:
        parameters={
            "results": RESULTS,
            "baselines": plan.baselines() if "table_1" in PAPER_TABLES else [],
            "others": plan.non_baselines() if "table_2" in PAPER_TABLES else [],
            "renditions": "table_3" in PAPER_TABLES,
        },
    message:
        "Building the tables of the paper"
    script:
        "../scripts/run_notebook.py"
