"""What all methods that find maps promise, cullings that resume, and the published procedure."""

import itertools

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, Changed, Problem, batch, same
from test_methods import CASES, every_looking_case, run, watched

from bench import published
from conftest import StopAfter
from frequency_shortcuts import culling
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.spectrum.masks import top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Stopped, Work


@pytest.mark.parametrize(
    ("case", "at_once"), [*zip(CASES, itertools.cycle([2, 512]), strict=False)]
)
def test_scores_are_finite_and_repeated_and_passes_are_the_images_that_reach_the_network(
    case, network, at_once
):
    """Without those that are shown at the start, and the unfiltered ones of a culling of single pairs.

    A network is compared with its copy on two images; the first image of each class identifies it. A gradient counts
    two passes beside its forward pass.
    """
    again = run(case, network, seed=5)
    network, seen = watched(network)
    found = run(case, network, seed=5, batch=at_once)
    assert found.score.shape == (3, len(PAIRS)) and found.score.dtype == np.float64
    assert np.isfinite(found.score).all()
    np.testing.assert_allclose(
        found.score, again.score, rtol=0, atol=1e-9 * max(1, np.abs(again.score).max())
    )
    assert found.passes == again.passes and not found.resumed and found.seconds > 0
    name, chosen = CASES[case]
    assert chosen.items() <= found.settings.items()
    culls = name == "culling" and "patch" not in chosen
    shown = 4 + (name != "adcs") * 3 + culls * len(LABELS)
    assert sum(count * (3 if gradient else 1) for count, gradient in seen) == found.passes + shown
    assert max(count for count, _ in seen) <= max(2, at_once)
    method = registry.load(name)
    bound = method.passes(method.Settings(**chosen), len(LABELS), PAIRS)
    assert found.passes == bound or (case == "culling screened" and found.passes < bound)


@every_looking_case
def test_a_batch_that_does_not_fit_is_halved_and_single_images_give_the_same(case, network, caplog):
    def only_two(network, images):
        if len(images) > 2:
            raise torch.OutOfMemoryError
        return network(images)

    tight = Changed(network, only_two)
    found, alone = (
        run(case, tight, batch=16),
        run(case, network, batch=1),
    )
    expected = run(case, network)
    np.testing.assert_allclose(found.score, expected.score, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        alone.score, expected.score, rtol=0, atol=1e-9 * max(1, np.abs(expected.score).max())
    )
    assert found.passes == alone.passes == expected.passes
    assert "out of memory: going on with batches of 2" in caplog.text


@every_looking_case
@pytest.mark.usefixtures("small_blocks")
def test_a_method_that_is_stopped_again_and_again_ends_with_the_same(case, network, tmp_path):
    whole = run(case, network, batch=2)
    network, seen = watched(network)
    stops, found = 0, None
    while found is None:
        try:
            found = run(
                case,
                network,
                work=Work(tmp_path / "state", stop=StopAfter(25)),
                batch=2,
            )
        except Stopped as stopped:
            assert str(tmp_path / "state") in str(stopped)
            stops += 1
            assert stops < 100
    assert stops or case in ("gradient", "culling patch")  # of few passes
    for one, other in (
        (found.score, whole.score),
        (found.evaluated, whole.evaluated),
        (found.about, whole.about),
    ):
        np.testing.assert_equal(one, other)
    assert found.passes == whole.passes
    assert found.resumed or not stops
    seen.clear()
    again = run(case, network, work=Work(tmp_path / "state"), batch=2)
    np.testing.assert_array_equal(again.score, whole.score)
    assert again.passes == whole.passes
    assert again.resumed
    assert sum(count for count, _ in seen) == 4 + 3


def test_a_device_that_rounds_differently_resumes_from_the_stored_results(
    small_network, tmp_path, caplog
):
    def hooked(factor):
        network = small_network(2, 3)
        network.register_forward_hook(lambda module, images, logits: logits * factor)
        return network

    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    whole = culling.cull(hooked(1.0), Split(images, LABELS), "exact", work=Work(state))
    same(culling.cull(hooked(1 + 1e-5), Split(images, LABELS), "exact", work=Work(state)), whole)
    assert "another network" not in caplog.text
    other = culling.cull(
        hooked(3.0), Split(images, LABELS), "exact", work=Work(state)
    )  # of the same weights
    same(
        other,
        culling.cull(hooked(3.0), Split(images, LABELS), "exact", work=Work(tmp_path / "new")),
    )
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


@pytest.mark.parametrize(
    ("problem", "percent"),
    [
        (Problem(48), 5),
        (Problem(4), 5),
        (Problem(features="random"), 20),
        (Problem(features="random", seed=1), 20),
    ],
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
    monkeypatch.setattr(
        screening._Search, "finish", lambda search, chosen: 0 * finish(search, chosen)
    )
    monkeypatch.setattr(screening, "cap_predictions", capped)
    with caplog.at_level("INFO", "frequency_shortcuts"):
        found = problem.screen(percent)
    problem.check(found)
    audits.pop(0)  # the pilot's
    failed = []
    for (candidates, drawn), top in zip(audits, tops, strict=True):
        assert (
            len(drawn)
            == len(set(drawn))
            == min(len(candidates), max(8, int(np.ceil(0.01 * len(candidates)))))
        )
        assert np.isin(drawn, candidates).all() and found.evaluated[drawn].all()
        missed = np.isin(drawn, top)
        failed.append(missed.any() and missed.mean() * len(candidates) > 0.02 * len(top))
    assert failed == [True] * (len(failed) - 1) + [False]
    assert len(failed) > 1 or percent == 5
    assert caplog.text.count("the search goes on: an audit found") == len(failed) - 1
    reported = found.audits, found.left_out, found.audited, found.missed
    assert reported == (len(audits), len(candidates), len(drawn), missed.sum())


def test_the_published_procedure_finds_the_same_increments(small_network):
    """Tolerance 5e-6: float32, and pixels that passed through a picture file."""
    channels, labels = 3, np.array([0, 1, 2, 0, 1, 2, 1])
    pixels = np.random.default_rng(0).integers(0, 256, (7, channels, 8, 6), dtype=np.uint8)
    split = Split(pixels, labels, mean=np.full(channels, 0.45), std=np.full(channels, 0.3))
    network, pairs, device = (
        small_network(channels, 3).eval(),
        ConjugatePairs(8, 6),
        torch.device("cpu"),
    )
    culled, files = culling.cull(network, split, "exact"), published.encoded(pixels)

    def loss(c, mask):
        return published.class_loss(network, files, split, c, device, mask)

    for c in range(3):
        assert loss(c, None) == pytest.approx(culled.about["baseline_loss"][c], abs=5e-6)
        for p in range(len(pairs)):
            slow = loss(c, published.mask_without(pairs, p, device)) - loss(c, None)
            assert slow == pytest.approx(culled.score[c, p], abs=5e-6)
