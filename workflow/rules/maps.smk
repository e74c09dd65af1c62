# The maps of each network, that is, the frequencies that rank highest for a class.


# {maps} is `dfm`, what the culling of the study finds, or `maps/<method>`. With `culling: parts` above 1, find_part finds
# those of some classes, and find_maps joins them.
rule find_maps:
    input:
        images="<results>/data/{dataset}.h5",
        weights=rules.train.output.weights,
        parts=parts_of,
    output:
        "<results>/{maps}/{dataset}/{run}.h5",
    log:
        "<logs>/find_maps/{maps}/{dataset}/{run}.log",
    benchmark:
        "<benchmarks>/find_maps/{maps}/{dataset}/{run}.tsv"
    priority: 2
    threads: torch_threads
    resources:
        gpu=lambda wildcards: 0 if parts_of(wildcards) else gpus(wildcards),
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        search=search_of_job,
        part=part_of_classes,
        code=code_of_search,
    message:
        "Finding the maps of {wildcards.run} on {wildcards.dataset}: {output}"
    script:
        "../scripts/find_maps.py"


use rule find_maps as find_part with:
    output:
        temp("<results>/dfm/{dataset}/{run}_part{part}.h5"),
    log:
        "<logs>/find_part/dfm/{dataset}/{run}_part{part}.log",
    benchmark:
        "<benchmarks>/find_part/dfm/{dataset}/{run}_part{part}.tsv"
