# The findings of the published study, tested on this one.


rule findings:
    input:
        networks=f"{RESULTS}/tables/networks.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        spectra=[f"{RESULTS}/adcs/{name}.h5" for name in plan.datasets()],
        dynamics=f"{RESULTS}/tables/dynamics.csv" if plan.trained_runs() else [],
        bandstop=f"{RESULTS}/tables/bandstop.csv" if plan.datasets("synthetic") else [],
        ood=f"{RESULTS}/tables/ood.csv" if plan.ood_datasets() else [],
        transfer=f"{RESULTS}/tables/transfer.csv" if config["transfer"] else [],
        code=code("judge_findings.py"),
    output:
        f"{RESULTS}/tables/findings.csv",
    log:
        f"{RESULTS}/logs/findings.log",
    conda:
        "../../envs/study.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        cutoffs={name: config["training"][plan.kind_of(name)]["dynamics"]["cutoff"] for name in plan.datasets()},
    message:
        "Testing the findings of the published study"
    script:
        "../scripts/judge_findings.py"
