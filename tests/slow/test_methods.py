"""What all methods that find maps promise; what each of them finds is in other files."""

import itertools

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, Changed
from test_methods import CASES, NO_NETWORK, every_looking_case, run, watched

from conftest import StopAfter
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import Size
from frequency_shortcuts.maps.methods.workspace import Limits
from frequency_shortcuts.storage.journal import Stopped, Work

AT_MOST = ("culling screened",)  # `passes` gives a bound


@pytest.mark.parametrize(("case", "at_once"), [*zip(CASES, itertools.cycle([2, 512]), strict=False)])
def test_scores_are_finite_and_repeated_and_passes_are_the_images_that_reach_the_network(case, network, at_once):
    """Without those that are shown at the start, and the unfiltered ones of a culling of single pairs.

    A network is compared with its copy on two images; the first image of each class identifies it. A gradient counts
    two passes beside its forward pass.
    """
    again = run(case, network, seed=5)
    network, seen = watched(network)
    found = run(case, network, seed=5, limits=Limits(batch=at_once))
    assert found.score.shape == (3, len(PAIRS)) and found.score.dtype == np.float64
    assert np.isfinite(found.score).all()
    np.testing.assert_allclose(found.score, again.score, rtol=0, atol=1e-9 * max(1, np.abs(again.score).max()))
    assert found.passes == again.passes and not found.resumed and found.seconds > 0
    name, chosen = CASES[case]
    assert chosen.items() <= found.settings.items()
    culls = name == "culling" and "patch" not in chosen
    shown = 4 + (name not in NO_NETWORK) * 3 + culls * len(LABELS)
    assert sum(count * (3 if gradient else 1) for count, gradient in seen) == found.passes + shown
    assert max(count for count, _ in seen) <= max(2, at_once)
    method = registry.load(name)
    bound = method.passes(method.Settings(**chosen), Size(3, len(LABELS), PAIRS))
    assert found.passes <= bound if case in AT_MOST else found.passes == bound


def only_two(network, images):
    """As if the memory were enough for two images."""
    if len(images) > 2:
        raise torch.OutOfMemoryError
    return network(images)


@every_looking_case
def test_a_batch_that_does_not_fit_is_halved_and_single_images_give_the_same(case, network, caplog):
    tight = Changed(network, only_two)
    found, alone = run(case, tight, limits=Limits(batch=16)), run(case, network, limits=Limits(batch=1))
    expected = run(case, network)
    np.testing.assert_allclose(found.score, expected.score, rtol=0, atol=1e-9)
    np.testing.assert_allclose(alone.score, expected.score, rtol=0, atol=1e-9 * max(1, np.abs(expected.score).max()))
    assert found.passes == alone.passes == expected.passes
    assert "out of memory: going on with batches of 2" in caplog.text


@every_looking_case
@pytest.mark.usefixtures("small_blocks")
def test_a_method_that_is_stopped_again_and_again_ends_with_the_same(case, network, tmp_path):
    """Finished blocks are not computed again."""
    whole = run(case, network, limits=Limits(batch=2))
    network, seen = watched(network)
    stops, found = 0, None
    while found is None:
        try:
            found = run(case, network, work=Work(tmp_path / "state", stop=StopAfter(25)), limits=Limits(batch=2))
        except Stopped as stopped:
            assert str(tmp_path / "state") in str(stopped)
            stops += 1
            assert stops < 100
    assert stops or case in ("gradient", "culling patch")  # of few passes
    for one, other in ((found.score, whole.score), (found.evaluated, whole.evaluated), (found.about, whole.about)):
        np.testing.assert_equal(one, other)
    assert found.passes == whole.passes
    assert found.resumed or not stops
    seen.clear()
    again = run(case, network, work=Work(tmp_path / "state"), limits=Limits(batch=2))
    np.testing.assert_array_equal(again.score, whole.score)
    assert again.passes == whole.passes
    assert again.resumed
    assert sum(count for count, _ in seen) == 4 + 3
