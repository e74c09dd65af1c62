# The findings of the published study, tested on this one.


rule findings:
    input:
        networks=f"{RESULTS}/tables/networks.csv",
        advantages=f"{RESULTS}/tables/own_map_advantage.csv",
        shortcuts=f"{RESULTS}/tables/shortcuts.csv",
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.datasets()],
        spectra=[f"{RESULTS}/adcs/{name}.h5" for name in plan.datasets()],
        dynamics=f"{RESULTS}/tables/dynamics.csv" if plan.trained_runs() else [],
        bandstop=f"{RESULTS}/tables/bandstop.csv" if plan.datasets("synthetic") else [],
        ood=f"{RESULTS}/tables/ood_advantage.csv" if plan.ood_datasets() else [],
        transfer=f"{RESULTS}/tables/transfer_advantage.csv" if config["transfer"] else [],
        graded=f"{RESULTS}/tables/graded.csv" if plan.graded_seeds() else [],
        code=code("judge_findings.py"),
    output:
        findings=f"{RESULTS}/tables/findings.csv",
        numbers=f"{RESULTS}/tables/finding_numbers.csv",
    log:
        f"{RESULTS}/logs/findings.log",
    conda:
        "../../envs/study.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        kinds={name: plan.kind_in_findings(name) for name in plan.datasets()},
        control_bands={name: config["datasets"][name]["control_band"] for name in plan.datasets("synthetic")},
    message:
        "Testing the findings of the published study"
    script:
        "../scripts/judge_findings.py"
