"""Run times from Snakemake's benchmark files."""

import pytest

from study.run_times import run_times


@pytest.mark.parametrize("study", ["laptop", "benchmarks"])
def test_step_and_run_are_read_from_the_place_below_the_folder_of_benchmarks(tmp_path, study):
    folder = tmp_path / "results" / study / "benchmarks"
    paths = [folder / "train" / "photos" / "small" / "none" / "seed0.tsv", folder / "transfer.tsv"]
    for path, seconds in zip(paths, (2, "-"), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n{seconds}\t30\t1.5\n")
    table = run_times(paths, folder)
    assert list(table["step"]) == ["train", "transfer"] and list(table["run"]) == ["photos/small/none/seed0", "all"]
    assert table["wall_s"].iloc[0] == 2 and table["wall_s"].isna().iloc[1]
    assert list(table["processor_s"]) == [1.5, 1.5] and list(table["memory_mib"]) == [30, 30]
