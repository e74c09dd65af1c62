# The maps of each network: in `maps/{name}` what a method finds; in `dfm` what the culling of the study finds. With
# `culling: parts` above 1, jobs find those in `dfm` for some classes each, and one more joins them.


rule find_maps:
    input:
        images=f"{RESULTS}/data/{{dataset}}.h5",
        weights=rules.train.output.weights,
        parts=parts_of,
    output:
        f"{RESULTS}/{{maps}}/{RUN}.h5",
    log:
        f"{RESULTS}/logs/find_maps/{{maps}}/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_maps/{{maps}}/{RUN}.tsv"
    priority: 2
    threads: torch_threads
    resources:
        gpu=lambda wildcards: 0 if parts_of(wildcards) else gpus(wildcards),
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        device=lookup(dpath="device", within=config),
        search=lambda wildcards: plan.search(wildcards.get("maps", "dfm")),
        part=lambda wildcards: [int(wildcards.part), PARTS] if "part" in wildcards.keys() else [0, 1],
    message:
        "Finding the maps of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed {wildcards.seed}): {output}"
    script:
        "../scripts/find_maps.py"


use rule find_maps as find_part with:
    output:
        temp(f"{RESULTS}/dfm/{RUN}_part{{part}}.h5"),
    log:
        f"{RESULTS}/logs/find_part/dfm/{RUN}_part{{part}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_part/dfm/{RUN}_part{{part}}.tsv"
