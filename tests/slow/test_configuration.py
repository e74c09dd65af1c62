"""Configurations: those that are shipped are right, and mistakes that several keys make together are named.

Sentences on mistakes of a single key stand in tests/trials/configuration.yaml."""

from conftest import checkout


def test_snakemake_stops_before_anything_runs(tmp_path):
    study = checkout(tmp_path)
    (tmp_path / "wrong.yaml").write_text("culling: {method: fast, parts: 1, parts: 2}\n")
    done = study.snakemake("--cores", "1", extra=["wrong.yaml"])
    assert done.returncode != 0 and "- culling.method: 'fast' is not allowed" in done.stdout
    assert "wrong.yaml: the key parts is there twice" in done.stdout
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["README.md"]  # that of the checkout
    assert "Traceback" not in done.stdout
