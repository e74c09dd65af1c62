"""Cullings that are stopped or killed and resume, screenings with audits that fail, and a compiled network."""

import numpy as np
import pytest
import torch
from method_problems import LABELS, batch, same
from screening_problems import Problem

from frequency_shortcuts import culling
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.spectrum.masks import top_pairs
from frequency_shortcuts.storage.journal import Work


def test_a_device_that_rounds_differently_resumes_from_the_stored_results(small_network, tmp_path, caplog):
    def hooked(factor):
        network = small_network(2, 3)
        network.register_forward_hook(lambda module, images, logits: logits * factor)
        return network

    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    whole = culling.cull(hooked(1.0), Split(images, LABELS), "exact", work=Work(state))
    same(culling.cull(hooked(1 + 1e-5), Split(images, LABELS), "exact", work=Work(state)), whole)
    assert "another network" not in caplog.text
    other = culling.cull(hooked(3.0), Split(images, LABELS), "exact", work=Work(state))  # of the same weights
    same(other, culling.cull(hooked(3.0), Split(images, LABELS), "exact", work=Work(tmp_path / "new")))
    assert "the stored logits are those of another network" in caplog.text


def test_a_compiled_network_gives_the_same(small_network, monkeypatch):
    """The wiring alone, on the backend that needs no C++ compiler."""
    compile_, seen = torch.compile, []

    def eager(network, mode):
        seen.append(mode)
        return compile_(network, backend="eager")

    monkeypatch.setattr(torch, "compile", eager)
    images = batch((6, 6), dtype=torch.float32)
    plain = culling.cull(small_network(2, 3), Split(images, LABELS))
    other = culling.cull(small_network(2, 3), Split(images, LABELS), compiled=True)
    both = plain.evaluated & other.evaluated
    np.testing.assert_allclose(other.score[both], plain.score[both], rtol=0, atol=2e-6)
    assert seen == [None]  # the mode is for CUDA


# Screenings


@pytest.mark.parametrize(
    ("problem", "percent"),
    [(Problem(48), 5), (Problem(4), 5), (Problem(features="random"), 20), (Problem(features="random", seed=1), 20)],
)
def test_an_audit_fails_if_it_finds_more_than_the_target_allows_and_the_last_is_reported(
    monkeypatch, caplog, problem, percent
):
    """The share of the audited pairs in the top set, of all that were left out, against 2 % of the top set."""
    audits, tops = [], []
    draw, finish, cap = screening._Search.draw, screening._Search.finish, screening.cap_predictions

    def noting(search, candidates, count):
        audits.append((candidates.copy(), draw(search, candidates, count)))
        return audits[-1][1]

    def capped(increment, evaluated, size, wanted):
        tops.append(top_pairs(found := cap(increment, evaluated, size, wanted), size, wanted))
        return found

    monkeypatch.setattr(screening._Search, "draw", noting)
    monkeypatch.setattr(screening._Search, "finish", lambda search, chosen: 0 * finish(search, chosen))
    monkeypatch.setattr(screening, "cap_predictions", capped)
    with caplog.at_level("INFO", "frequency_shortcuts"):
        found = problem.screen(percent)
    problem.check(found)
    audits.pop(0)  # the pilot's
    failed = []
    for (candidates, drawn), top in zip(audits, tops, strict=True):
        assert len(drawn) == len(set(drawn)) == min(len(candidates), max(8, int(np.ceil(0.01 * len(candidates)))))
        assert np.isin(drawn, candidates).all() and found.evaluated[drawn].all()
        missed = np.isin(drawn, top)
        failed.append(missed.any() and missed.mean() * len(candidates) > 0.02 * len(top))
    assert failed == [True] * (len(failed) - 1) + [False]
    assert len(failed) > 1 or percent == 5
    assert caplog.text.count("pairs wrongly left out: the search goes on") == len(failed) - 1
    reported = found.audits, found.left_out, found.audited, found.missed
    assert reported == (len(audits), len(candidates), len(drawn), missed.sum())
