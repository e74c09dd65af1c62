"""Maps of the published tools: files laid out as theirs, both ways, and pickles that are none."""

import os
import pickle

import numpy as np
import pytest
import torch

from frequency_shortcuts import dfm
from frequency_shortcuts.maps import exchange
from frequency_shortcuts.spectrum.filters import keep
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, mirror

PAIRS = ConjugatePairs(6, 5)


def some_masks(n_classes=3, pairs=PAIRS, percent=20):
    return dfm.dominant(np.random.default_rng(0).standard_normal((n_classes, len(pairs))), pairs, percent)


def dumped(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize(
    ("laid_out", "protocol"),
    [
        (lambda plane: plane.astype(np.float32), 4),  # ICCV 2023
        (lambda plane: [plane.astype(float), *np.random.default_rng(1).random((9, 12, 12)).round()], 4),  # HFSS
        (lambda plane: plane.astype(float).tolist(), 3),  # DFM-X, as are the next two
        (lambda plane: plane.astype(int).tolist(), 0),
        (lambda plane: plane.tolist(), 5),
    ],
    ids=["iccv2023", "hfss", "floats", "integers", "bools"],
)
def test_published_maps_of_each_layout_are_read_and_get_their_missing_partners(tmp_path, laid_out, protocol):
    """The first map of each class, where there are several."""
    there = np.random.default_rng(0).random((3, 12, 12)) < 0.3
    path = dumped(tmp_path / "a.pkl", {c: laid_out(plane) for c, plane in enumerate(there)}, protocol)
    with pytest.warns(UserWarning, match=r"\d+ frequencies lacked their conjugate partner, which was added"):
        masks = exchange.read(path, (3, 12, 12))
    np.testing.assert_array_equal(masks, there | mirror(there))


def test_iccv_maps_are_centred_as_ours(tmp_path):
    """Keeping what is read does to an image what their filter does: shift, multiply, shift back, real part."""
    planes = {0: np.zeros((8, 8), np.float32)}
    for i, j in ((4, 4), (3, 5), (5, 3), (4, 6), (4, 2)):  # symmetric about frequency 0 at (4, 4)
        planes[0][i, j] = 1
    image = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32))
    expected = np.fft.ifft2(np.fft.ifftshift(np.fft.fftshift(np.fft.fft2(image.numpy())) * planes[0])).real
    (mask,) = exchange.read(dumped(tmp_path / "a.pkl", planes))
    np.testing.assert_allclose(keep(image, mask).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("layout", exchange.LAYOUTS)
def test_what_is_written_comes_back(tmp_path, layout, recwarn):
    masks = some_masks()
    exchange.write(tmp_path / "a.pkl", masks, layout)
    np.testing.assert_array_equal(exchange.read(tmp_path / "a.pkl", (3, 6, 5)), masks)
    assert not recwarn.list


def test_each_layout_is_what_its_scripts_read(tmp_path):
    """Arrays of float32; ten of float64, of which the evaluation takes the first; H lists of W floats."""
    masks, path = some_masks(), tmp_path / "a.pkl"
    for layout in exchange.LAYOUTS:
        exchange.write(path, masks, layout)
        plain = pickle.loads(path.read_bytes())
        assert list(plain) == [0, 1, 2] and all(type(c) is int for c in plain)
        for c, maps in plain.items():
            planes = maps if layout == "hfss" else [maps]
            assert len(planes) == (10 if layout == "hfss" else 1)
            assert all(np.array_equal(np.asarray(plane), masks[c]) for plane in planes)
            if layout == "dfmx":
                assert type(maps) is list and {type(value) for row in maps for value in row} == {float}
            else:
                assert type(planes[0]) is np.ndarray
                assert planes[0].dtype == (np.float32 if layout == "iccv2023" else np.float64)


def test_an_unknown_layout_is_named_with_those_there_are(tmp_path):
    with pytest.raises(ValueError, match="unknown layout 'npy': choose from iccv2023, hfss, dfmx"):
        exchange.write(tmp_path / "a.pkl", some_masks(), "npy")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("layout", "shape"), [*zip(exchange.LAYOUTS, [(4, 6, 5), (3, 5, 6), (3, 6, 6)], strict=True)])
def test_maps_of_another_shape_are_refused_naming_both(tmp_path, layout, shape):
    exchange.write(tmp_path / "a.pkl", some_masks(), layout)
    message = "a.pkl holds maps of 3 classes at 6 x 5, but {} classes at {} x {} are expected".format(*shape)
    with pytest.raises(ValueError, match=message):
        exchange.read(tmp_path / "a.pkl", shape)


@pytest.mark.parametrize(("protocol", "dtype"), [*enumerate([bool, np.uint8, np.int64, np.float32, ">f8", float])])
def test_published_masks_of_every_protocol_and_dtype_are_read(tmp_path, protocol, dtype):
    masks = some_masks()
    path = dumped(
        tmp_path / "a.pkl", {c: np.asfortranarray(mask.astype(dtype)) for c, mask in enumerate(masks)}, protocol
    )
    np.testing.assert_array_equal(exchange.read(path), masks)


def test_published_masks_of_numpy_1_are_read(tmp_path):
    content = pickle.dumps({0: np.ones((2, 2))}, 2)
    (tmp_path / "a.pkl").write_bytes(content.replace(b"numpy._core", b"numpy.core"))
    assert exchange.read(tmp_path / "a.pkl").all()


class Malicious:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("protocol", "function"),
    [*enumerate([open, eval, exec, os.system, np.save])],
    ids=lambda f: getattr(f, "__name__", f),
)
def test_departure_a_malicious_pickle_is_refused_and_executes_nothing(tmp_path, protocol, function):
    victim, code = tmp_path / "victim", f"__import__('pathlib').Path({str(tmp_path / 'victim')!r}).touch()"
    arguments = {"open": (str(victim), "w"), "system": (f"touch {victim}",), "save": (str(victim) + ".npy", 0)}
    evil = Malicious(function, *arguments.get(function.__name__, (code,)))
    path = dumped(tmp_path / "a.pkl", {0: np.ones((2, 2)), 1: evil}, protocol)
    with pytest.raises(ValueError, match=f"not a pickle of masks: it refers to .*{function.__name__}, which masks do"):
        exchange.read(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.pkl"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "holds no dict with the classes 0, 1, 2, ... as keys"),
        ({1: np.ones((2, 2))}, "holds no dict with the classes"),
        ({0: np.ones((2, 2)), 1: np.ones((2, 3))}, r"expected one number array \[H, W\] of the same size"),
        ({0: np.ones(4)}, r"expected one number array \[H, W\]"),
        ({0: [[1.0, 0.0], 1.0]}, r"expected one number array \[H, W\].* or H lists of W numbers"),
        ({0: []}, r"expected one number array \[H, W\]"),
        ({0: [np.ones((2, 2))], 1: [np.ones((3, 2))]}, r"expected one number array \[H, W\] of the same size"),
        ({0: [[1.0, "1"]]}, "holds other values than 0 and 1"),
        ({0: [[0.0, float("nan")]]}, "holds other values than 0 and 1"),
        ({0: np.full((2, 2), 0.5)}, "holds other values than 0 and 1"),
        ({0: np.array([[None]])}, r"expected one number array \[H, W\]|not a pickle of masks"),
    ],
    ids=str,
)
def test_other_pickles_are_refused_naming_the_file(tmp_path, content, message):
    with pytest.raises(ValueError, match=f"a.pkl.*{message}"):
        exchange.read(dumped(tmp_path / "a.pkl", content))


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"no pickle at all", b"\x80\x04}\x94(K\x00"])
def test_files_that_are_no_pickle_are_refused(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.pkl is not a pickle of masks"):
        exchange.read(tmp_path / "a.pkl")
