# All figures. The notebook of a kind draws its figures; `study.figures` lists the kinds.


rule figure:
    input:
        unpack(lambda wildcards: figure_inputs(plan, wildcards.kind, wildcards.name)),
        notebook="workflow/notebooks/{kind}.ipynb",
        code=lambda wildcards: code("draw_figure.py", f"{wildcards.kind}.ipynb"),
    output:
        svg=report(
            f"{RESULTS}/figures/{{kind}}_{{name}}.svg",
            caption="../../report/captions/figure.rst",
            category=lambda wildcards: catalogue.CATEGORIES[FIGURES[wildcards.kind].result.category],
            labels=lambda wildcards: catalogue.label(FIGURES[wildcards.kind].result, wildcards.name),
        ),
        png=f"{RESULTS}/figures/{{kind}}_{{name}}.png",
        notebook=f"{RESULTS}/notebooks/{{kind}}_{{name}}.ipynb",
    log:
        f"{RESULTS}/logs/figures/{{kind}}_{{name}}.log",
    wildcard_constraints:
        kind=one_of(FIGURES),
        name="[a-z0-9_-]+",
    conda:
        "../../envs/study.yaml"
    params:
        parameters=lambda wildcards: figure_parameters(plan, wildcards.kind, wildcards.name),
    message:
        "Drawing the figure {wildcards.kind} of {wildcards.name}"
    script:
        "../scripts/draw_figure.py"


rule rule_graph_figure:
    input:
        rules=["Snakefile", *sorted(str(path) for path in Path("workflow/rules").glob("*.smk"))],
        code=code("draw_rule_graph.py"),
    output:
        svg=report(f"{RESULTS}/figures/rule_graph.svg", **catalogue.marks(catalogue.RULE_GRAPH, "rule_graph")),
        png=f"{RESULTS}/figures/rule_graph.png",
    log:
        f"{RESULTS}/logs/figures/rule_graph.log",
    localrule: True
    conda:
        "../../envs/study.yaml"
    params:
        configuration=digest(config),  # any key may add a rule or take one away
    message:
        "Drawing the rules of the workflow"
    script:
        "../scripts/draw_rule_graph.py"
