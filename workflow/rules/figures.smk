# Figures: a notebook draws all of a kind, in the order of the report. Titles, categories and captions stand here.


rule figure_samples:
    input:
        notebook=source("workflow/notebooks/samples.ipynb"),
        caption=source("report/captions/samples.rst"),
        images=expand(rules.images.output[0], dataset=MADE),
        spectra=expand(rules.adcs.output[0], dataset=MADE),
    output:
        svg=in_report("samples", "Figure 1 · images and spectra", "1. Data"),
        png=pictures("samples"),
        notebook="<results>/notebooks/samples.ipynb",
    log:
        "<logs>/figures/samples.log",
    params:
        parameters={
            "results": RESULTS,
            "datasets": MADE,
            "band_edges": config["synthesis"]["band_edges"],
        },
    message:
        "Drawing images and spectra"
    script:
        "../scripts/run_notebook.py"


rule figure_dynamics:
    input:
        notebook=source("workflow/notebooks/dynamics.ipynb"),
        caption=source("report/captions/dynamics.rst"),
        images=expand(rules.images.output[0], dataset=TRAINED_ON),
        dynamics="<results>/tables/dynamics.csv",
    output:
        svg=in_report(
            "dynamics", "Figures 2 and 5 · when each class is learned", "2. What is learned first"
        ),
        png=pictures("dynamics"),
        notebook="<results>/notebooks/dynamics.ipynb",
    log:
        "<logs>/figures/dynamics.log",
    params:
        parameters={
            "results": RESULTS,
            "photographs": [name for name in FIGURES["dynamics"] if name != "synthetic"],
            "made": [name for name in TRAINED_ON if name in MADE],
            "first": first_kinds(TRAINED_ON),
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing when each class is learned"
    script:
        "../scripts/run_notebook.py"


rule figure_graded:
    input:
        notebook=source("workflow/notebooks/graded.ipynb"),
        caption=source("report/captions/graded.rst"),
        graded="<results>/tables/graded.csv",
    output:
        svg=in_report("graded", "Figure: gain and earliness", "2. What is learned first"),
        png=pictures("graded"),
        notebook="<results>/notebooks/graded.ipynb",
    log:
        "<logs>/figures/graded.log",
    params:
        parameters={"results": RESULTS},
    message:
        "Drawing gain and earliness"
    script:
        "../scripts/run_notebook.py"


rule figure_bandstop:
    input:
        notebook=source("workflow/notebooks/bandstop.ipynb"),
        caption=source("report/captions/bandstop.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["bandstop"]),
        bandstop="<results>/tables/bandstop.csv",
    output:
        svg=in_report(
            "bandstop", "Figure 3 · classes without two bands", "2. What is learned first"
        ),
        png=pictures("bandstop"),
        notebook="<results>/notebooks/bandstop.ipynb",
    log:
        "<logs>/figures/bandstop.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["bandstop"]),
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing classes without two bands"
    script:
        "../scripts/run_notebook.py"


rule figure_adcs:
    input:
        notebook=source("workflow/notebooks/adcs.ipynb"),
        caption=source("report/captions/adcs.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["adcs"]),
        spectra=expand(rules.adcs.output[0], dataset=FIGURES["adcs"]),
    output:
        svg=in_report("adcs", "Figure 4 · ADCS", "3. What sets a class apart: ADCS"),
        png=pictures("adcs"),
        notebook="<results>/notebooks/adcs.ipynb",
    log:
        "<logs>/figures/adcs.log",
    params:
        parameters={
            "results": RESULTS,
            "datasets": FIGURES["adcs"],
            "band_edges": config["synthesis"]["band_edges"],
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing ADCS"
    script:
        "../scripts/run_notebook.py"


rule figure_dfm:
    input:
        notebook=source("workflow/notebooks/dfm.ipynb"),
        caption=source("report/captions/dfm.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["dfm"]),
        maps=all_tested_maps("maps"),
        shortcuts="<results>/tables/shortcuts.csv",
        own_map_advantage="<results>/tables/own_map_advantage.csv",
    output:
        svg=in_report("dfm", "Figure 6 · dominant frequency maps", "4. Maps and shortcuts"),
        png=pictures("dfm"),
        notebook="<results>/notebooks/dfm.ipynb",
    log:
        "<logs>/figures/dfm.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["dfm"]),
            "percent": config["shortcuts"]["percent"],
            "band_edges": config["synthesis"]["band_edges"],
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing dominant frequency maps"
    script:
        "../scripts/run_notebook.py"


rule figure_cards:
    input:
        notebook=source("workflow/notebooks/cards.ipynb"),
        caption=source("report/captions/cards.rst"),
        images=files(rules.images.output[0], "first_seed"),
        spectra=files(rules.adcs.output[0], "first_seed"),
        weights=files(rules.train.output.weights, "first_seed"),
        maps=files("<results>/dfm/{dataset}/{run}.h5", "first_seed"),
        shortcuts="<results>/tables/shortcuts.csv",
    output:
        svg=in_report("cards", "Figure 7 · class cards", "4. Maps and shortcuts"),
        png=pictures("cards"),
        notebook="<results>/notebooks/cards.ipynb",
    log:
        "<logs>/figures/cards.log",
    params:
        parameters={
            "results": RESULTS,
            "datasets": datasets_with("maps"),
            "percent": config["shortcuts"]["percent"],
            "band_edges": config["synthesis"]["band_edges"],
            "most": min(config["figures"]["classes"], 4),
        },
    message:
        "Drawing class cards"
    script:
        "../scripts/run_notebook.py"


rule figure_shortcut:
    input:
        notebook=source("workflow/notebooks/shortcut.ipynb"),
        caption=source("report/captions/shortcut.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["shortcut"]),
        spectra=expand(rules.adcs.output[0], dataset=FIGURES["shortcut"]),
        weights=files(rules.train.output.weights, "first_seed & first_kind"),
        maps=files("<results>/dfm/{dataset}/{run}.h5", "first_seed & first_kind"),
        shortcuts="<results>/tables/shortcuts.csv",
    output:
        svg=in_report("shortcut", "Figure 7 · one shortcut", "4. Maps and shortcuts"),
        png=pictures("shortcut"),
        notebook="<results>/notebooks/shortcut.ipynb",
    log:
        "<logs>/figures/shortcut.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["shortcut"]),
            "percent": config["shortcuts"]["percent"],
        },
    message:
        "Drawing one shortcut"
    script:
        "../scripts/run_notebook.py"


rule figure_texture:
    input:
        notebook=source("workflow/notebooks/texture.ipynb"),
        caption=source("report/captions/texture.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["texture"]),
        weights=files(rules.train.output.weights, "first_seed & kind == 'photographs'"),
        maps=files("<results>/dfm/{dataset}/{run}.h5", "first_seed & kind == 'photographs'"),
        phase="<results>/tables/phase.csv",
        shortcuts="<results>/tables/shortcuts.csv",
    output:
        svg=in_report("texture", "Figure: texture or shape", "5. Texture or shape"),
        png=pictures("texture"),
        notebook="<results>/notebooks/texture.ipynb",
    log:
        "<logs>/figures/texture.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["texture"]),
            "percent": config["shortcuts"]["percent"],
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing texture or shape"
    script:
        "../scripts/run_notebook.py"


rule figure_shortcuts:
    input:
        notebook=source("workflow/notebooks/shortcuts.ipynb"),
        caption=source("report/captions/shortcuts.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["shortcuts"]),
        shortcuts_over_seeds="<results>/tables/shortcuts_over_seeds.csv",
        shortcuts="<results>/tables/shortcuts.csv",
        networks="<results>/tables/networks.csv",
    output:
        svg=in_report(
            "shortcuts",
            "Table 2 · the kinds of networks side by side",
            "6. Capacity and augmentation",
        ),
        png=pictures("shortcuts"),
        notebook="<results>/notebooks/shortcuts.ipynb",
    log:
        "<logs>/figures/shortcuts.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["shortcuts"]),
            "most": config["figures"]["classes"],
        },
        published=PUBLISHED_RATES["table_2"],
    message:
        "Drawing the kinds of networks side by side"
    script:
        "../scripts/run_notebook.py"


rule figure_sizes:
    input:
        notebook=source("workflow/notebooks/sizes.ipynb"),
        caption=source("report/captions/sizes.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["sizes"]),
        sizes="<results>/tables/sizes.csv",
        shortcuts="<results>/tables/shortcuts.csv",
    output:
        svg=in_report("sizes", "Figure: maps by size", "4. Maps and shortcuts"),
        png=pictures("sizes"),
        notebook="<results>/notebooks/sizes.ipynb",
    log:
        "<logs>/figures/sizes.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["sizes"]),
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing maps by size"
    script:
        "../scripts/run_notebook.py"


rule figure_renditions:
    input:
        notebook=source("workflow/notebooks/renditions.ipynb"),
        caption=source("report/captions/renditions.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["renditions"]),
        renditions=[file for name in FIGURES["renditions"] for file in rendition_files(name)],
    output:
        svg=in_report("renditions", "Figure: the renditions", "7. Other images and networks"),
        png=pictures("renditions"),
        notebook="<results>/notebooks/renditions.ipynb",
    log:
        "<logs>/figures/renditions.log",
    params:
        parameters={
            "results": RESULTS,
            "renditions": {
                name: datasets.renditions(STUDY, name) for name in FIGURES["renditions"]
            },
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing the renditions"
    script:
        "../scripts/run_notebook.py"


rule figure_ood:
    input:
        notebook=source("workflow/notebooks/ood.ipynb"),
        caption=source("report/captions/ood.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["ood"]),
        ood="<results>/tables/ood.csv",
        shortcuts="<results>/tables/shortcuts.csv",
    output:
        svg=in_report("ood", "Table 3 · the maps in each rendition", "7. Other images and networks"),
        png=pictures("ood"),
        notebook="<results>/notebooks/ood.ipynb",
    log:
        "<logs>/figures/ood.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["ood"]),
            "fill": settings.deciding(config["ood"]["fills"])[0],
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing the maps in each rendition"
    script:
        "../scripts/run_notebook.py"


rule figure_transfer:
    input:
        notebook=source("workflow/notebooks/transfer.ipynb"),
        caption=source("report/captions/transfer.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["transfer"]),
        transfer="<results>/tables/transfer.csv",
        shortcuts="<results>/tables/shortcuts.csv",
    output:
        svg=in_report(
            "transfer",
            "Figure: maps of one network tried on another",
            "7. Other images and networks",
        ),
        png=pictures("transfer"),
        notebook="<results>/notebooks/transfer.ipynb",
    log:
        "<logs>/figures/transfer.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["transfer"]),
            "most": config["figures"]["classes"],
        },
        published=PUBLISHED_RATES["transfer"],
    message:
        "Drawing maps of one network tried on another"
    script:
        "../scripts/run_notebook.py"


rule figure_exchanges:
    input:
        notebook=source("workflow/notebooks/exchanges.ipynb"),
        caption=source("report/captions/exchanges.rst"),
        images=expand(rules.images.output[0], dataset=FIGURES["exchanges"]),
        exchanges="<results>/tables/exchanges.csv",
    output:
        svg=in_report("exchanges", "Figure: what a network follows", "8. Beyond the paper"),
        png=pictures("exchanges"),
        notebook="<results>/notebooks/exchanges.ipynb",
    log:
        "<logs>/figures/exchanges.log",
    params:
        parameters={
            "results": RESULTS,
            "first": first_kinds(FIGURES["exchanges"]),
            "most": config["figures"]["classes"],
        },
    message:
        "Drawing what a network follows"
    script:
        "../scripts/run_notebook.py"


rule figure_reliance:
    input:
        notebook=source("workflow/notebooks/reliance.ipynb"),
        caption=source("report/captions/reliance.rst"),
        reliance="<results>/tables/reliance.csv",
    output:
        svg=in_report(
            "reliance", "Figure: are the frequencies of the maps needed?", "8. Beyond the paper"
        ),
        png=pictures("reliance"),
        notebook="<results>/notebooks/reliance.ipynb",
    log:
        "<logs>/figures/reliance.log",
    params:
        parameters={"results": RESULTS, "datasets": FIGURES["reliance"]},
    message:
        "Drawing are the frequencies of the maps needed?"
    script:
        "../scripts/run_notebook.py"


rule figure_truth:
    input:
        notebook=source("workflow/notebooks/truth.ipynb"),
        caption=source("report/captions/truth.rst"),
        truth="<results>/tables/truth.csv",
    output:
        svg=in_report("truth", "Figure: maps against the planted truth", "8. Beyond the paper"),
        png=pictures("truth"),
        notebook="<results>/notebooks/truth.ipynb",
    log:
        "<logs>/figures/truth.log",
    params:
        parameters={"results": RESULTS},
    message:
        "Drawing maps against the planted truth"
    script:
        "../scripts/run_notebook.py"


rule figure_claims:
    input:
        notebook=source("workflow/notebooks/claims.ipynb"),
        caption=source("report/captions/claims.rst"),
        claims="<results>/tables/claims.csv",
        claims_by_class="<results>/tables/claims_by_class.csv",
        claim_numbers="<results>/tables/claim_numbers.csv",
    output:
        svg=in_report("claims", "Figure: the claims and their intervals", "0. The claims"),
        png=pictures("claims"),
        notebook="<results>/notebooks/claims.ipynb",
    log:
        "<logs>/figures/claims.log",
    params:
        parameters={"results": RESULTS},
    message:
        "Drawing the claims and their intervals"
    script:
        "../scripts/run_notebook.py"


rule paper_tables:
    input:
        notebook=source("workflow/notebooks/paper_tables.ipynb"),
        over_seeds="<results>/tables/shortcuts_over_seeds.csv",
        verdicts="<results>/tables/shortcuts.csv",
        ood="<results>/tables/ood.csv" if "table_3" in PAPER_TABLES else [],
    output:
        csv=[f"<results>/tables/{name}.csv" for name in PAPER_TABLES],
        latex=[f"<results>/tables/{name}.tex" for name in PAPER_TABLES],
        notebook="<results>/notebooks/paper_tables.ipynb",
    log:
        "<logs>/paper_tables.log",
    params:
        parameters={
            "results": RESULTS,
            "baselines": kinds_of("table_1"),
            "others": kinds_of("table_2"),
            "renditions": "table_3" in PAPER_TABLES,
        },
    message:
        "Building the tables of the paper"
    script:
        "../scripts/run_notebook.py"
