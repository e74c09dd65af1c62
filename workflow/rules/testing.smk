# Tests of networks. A module of `study.tests` describes each, and here those with files of runs become rules; `tables.smk`
# joins these files.

for test in filter(lambda test: test.measure, TESTS.values()):

    rule:
        name:
            test.name
        input:
            **test.inputs(plan),
            code=code("run_test.py", modules=[test.module]),
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
            module=test.module,
            device=config["device"],
        message:
            test.message
        script:
            "../scripts/run_test.py"
