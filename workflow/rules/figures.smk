# All figures. The notebook of a kind draws all figures of the kind; `study.figures` lists the kinds.

for kind in figures.kinds(plan):

    rule:
        name:
            f"figure_{kind}"
        input:
            figures.inputs(plan, kind),
            notebook=f"workflow/notebooks/{kind}.py",
            code=code("draw_figure.py", modules=[f"notebooks.{kind}"]),
        output:
            svg=[
                report(f"{RESULTS}/figures/{kind}_{name}.svg", **marks(FIGURES[kind].result, "figure", name))
                for name in FIGURES[kind].names(plan)
            ],
            png=[f"{RESULTS}/figures/{kind}_{name}.png" for name in FIGURES[kind].names(plan)],
            notebook=f"{RESULTS}/notebooks/{kind}.ipynb",
        log:
            f"{RESULTS}/logs/figures/{kind}.log",
        # Like the groups in profiles/slurm: several kinds share a SLURM job.
        group:
            "drawing"
        conda:
            "../../envs/study.yaml"
        params:
            names=FIGURES[kind].names(plan),
            parameters={"figures": figures.parameters(plan, kind)},
            caption=Caption(FIGURES[kind].caption, config, FIGURES[kind].names(plan), figures.parameters(plan, kind)[0]),
        message:
            f"Drawing {FIGURES[kind].result.title}"
        script:
            "../scripts/draw_figure.py"
