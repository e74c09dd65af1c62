"""Results say what they are of and what they were made from; a step refuses those of another run, set or origin."""

import shutil

import pytest
from test_origin import (
    RUN,
    SEED_1,
    SOURCES,
    built,  # noqa: F401 (the fixture `results` needs it)
    error_of,
    inputs,
    results,  # noqa: F401 (fixtures)
    write_maps,
    write_store,
    write_weights,
)

from study.origin import check_origin, origin_of


def test_results_that_belong_together_are_read(results):
    assert len(inputs(results)) == 2 * (4 + 2 * 11)
    check_origin(inputs(results))


@pytest.mark.parametrize(
    ("path", "other", "problem"),
    [
        ("data/d.h5", "data/e.h5", "its dataset is e, not d"),
        ("data/d.h5", "data/ood/d/sketch.h5", "its kind is rendition, not images"),
        ("data/ood/d/sketch.h5", "data/ood/d/noisy.h5", "its rendition is noisy, not sketch"),
        ("adcs/d.h5", "adcs/e.h5", "its dataset is e, not d"),
        *(
            (path.format(RUN), path.format(SEED_1), f"its run is {SEED_1}, not {RUN}")
            for path in (
                "networks/{}/weights.safetensors", "dfm/{}.h5", "maps/rise/{}.h5", "tests/{}/hits.h5",
            )
        ),
        (f"maps/rise/{RUN}.h5", f"maps/greedy/{RUN}.h5", "its name is greedy, not rise"),
        (f"dfm/{RUN}.h5", f"stability/{RUN}.h5", "its kind is halves, not maps"),
        (f"tests/{RUN}/sensitivity.h5", f"tests/{RUN}/hits.h5", "its test is hits, not sensitivity"),
        (f"dfm/{RUN}_half0_part1.h5", f"dfm/{RUN}_half1_part1.h5", "its images is half1, not half0"),
    ],
)  # fmt: skip
def test_each_kind_of_result_in_the_place_of_another_is_refused(results, capsys, path, other, problem):
    shutil.copy(results / other, results / path)
    name = f"results/test/{path}"
    sentence = f"ERROR in step: {name}: {problem}; make it again: rm {name}, then the same command (log"
    assert sentence in error_of(results, capsys)


OTHERS = {"images": "results/test/data/e.h5"} | {
    kind: SOURCES[kind].replace("seed0", "seed1") for kind in ("weights", "maps")
}


@pytest.mark.parametrize(
    ("path", "write", "made_from", "what"),
    [
        ("data/ood/d/sketch.h5", write_store, ["images"], "images"),
        (f"networks/{RUN}/weights.safetensors", write_weights, ["images"], "images"),
        (f"dfm/{RUN}.h5", write_maps, ["weights", "images"], "weights"),
        (f"maps/rise/{RUN}.h5", write_maps, ["weights", "images"], "images"),
        (f"tests/{RUN}/hits.h5", write_maps, ["weights", "images", "maps"], "maps"),
    ],
)
def test_a_result_of_the_right_run_that_was_made_from_other_files_is_refused(
    results, capsys, path, write, made_from, what
):
    """As if its weights, images or maps had been made again since."""
    name = f"results/test/{path}"
    of_others = {kind: (OTHERS if kind == what else SOURCES)[kind] for kind in made_from}
    write(name, **(origin_of(name, **of_others) if write is write_store else of_others))
    sentence = f"{name}: it was made from other {what} than those in {SOURCES[what]}; make it again: rm {name}, then"
    assert sentence in error_of(results, capsys)


@pytest.mark.parametrize(
    ("kind", "write", "places"),
    [
        ("images", write_store, ["data/d.h5", "data/other.h5"]),
        ("weights", write_weights, [f"networks/{run}/weights.safetensors" for run in (RUN, SEED_1)]),
        ("maps", write_maps, [f"dfm/{run}.h5" for run in (RUN, SEED_1)]),
    ],
)
def test_no_path_and_no_commit_changes_a_digest(results, kind, write, places):
    paths = [f"results/test/{place}" for place in places]
    for path, commit in zip(paths, ("1234", "abcd-dirty"), strict=True):
        write(path, seed=7, created_by=f"frequency-shortcuts 1, commit {commit}")
    first, second = (origin_of("", **{kind: path}) for path in paths)
    write(paths[1], seed=8)
    assert first == second != origin_of("", **{kind: paths[1]})
    assert list(first) == [f"{kind}_sha256"]
