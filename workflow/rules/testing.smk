# Tests of networks on filtered images. `study.network_tests` describes each test, and here each becomes a rule; then come the
# comparison of maps with what was planted, and of maps with each other.

for test in TESTS.values():

    rule:
        name:
            test.name
        input:
            **test.inputs(plan),
            code=code(test.script),
        output:
            **{key: f"{RESULTS}/{output.path}" for key, output in test.outputs.items()},
        log:
            f"{RESULTS}/logs/{test.name}/{test.place}.log",
        benchmark:
            f"{RESULTS}/benchmarks/{test.name}/{test.place}.tsv"
        wildcard_constraints:
            dataset=one_of(dict.fromkeys(run["dataset"] for run in test.runs(plan))),
        priority: test.priority
        conda:
            "../../envs/study.yaml"
        threads: torch_threads
        resources:
            gpu=gpus,
            mem_mb=growing(test.memory),
            runtime=growing(test.minutes),
        params:
            **test.settings(plan),
            script=test.script,
            device=config["device"],
        message:
            test.message
        script:
            "../scripts/{params.script}"


rule truth:
    input:
        dfm=expand_runs(f"{RESULTS}/dfm/{RUN}.h5", plan.mapped_runs(*WITH_TRUTH)),
        stores=expand_runs(f"{RESULTS}/data/{{dataset}}.h5", plan.mapped_runs(*WITH_TRUTH)),
        spectra=expand_runs(f"{RESULTS}/adcs/{{dataset}}.h5", plan.mapped_runs(*WITH_TRUTH)),
        weights=expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", plan.mapped_runs(*WITH_TRUTH)),
        use=f"{RESULTS}/tables/planted_use.csv",
        code=code("score_truth.py"),
    output:
        f"{RESULTS}/tables/truth.csv",
    log:
        f"{RESULTS}/logs/truth.log",
    conda:
        "../../envs/study.yaml"
    params:
        runs=plan.mapped_runs(*WITH_TRUTH),
        settings=plan.section("truth"),
    message:
        "Scoring maps and ADCS against the planted truth"
    script:
        "../scripts/score_truth.py"


rule stability:
    input:
        dfm=expand_runs(f"{RESULTS}/dfm/{RUN}.h5", plan.stability_runs()),
        halves=expand_runs(f"{RESULTS}/stability/{RUN}.h5", plan.halved_runs()),
        stores=[f"{RESULTS}/data/{name}.h5" for name in plan.stability_datasets()],
        weights=expand_runs(f"{RESULTS}/networks/{RUN}/weights.safetensors", plan.stability_runs()),
        code=code("compare_maps.py"),
    output:
        f"{RESULTS}/tables/stability.csv",
    log:
        f"{RESULTS}/logs/stability.log",
    conda:
        "../../envs/study.yaml"
    params:
        runs=plan.stability_runs(),
        halved=plan.halved_runs(),
        settings=plan.section("dfm") | plan.section("stability", "draws", "seed"),
    message:
        "Comparing the maps of every two runs of a data set"
    script:
        "../scripts/compare_maps.py"
