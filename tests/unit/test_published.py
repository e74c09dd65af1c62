"""Maps of the published tools: files laid out as theirs, both ways, and pickles that are none."""

import os
import pickle
import pickletools
import subprocess
import sys

import numpy as np
import pytest
import torch

from frequency_shortcuts import dfm
from frequency_shortcuts.maps import exchange
from frequency_shortcuts.spectrum.filters import keep
from frequency_shortcuts.spectrum.masks import symmetric
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, mirror

PAIRS = ConjugatePairs(6, 5)


def some_masks(n_classes=3, pairs=PAIRS, percent=20):
    return dfm.dominant(np.random.default_rng(0).standard_normal((n_classes, len(pairs))), pairs, percent)


def dumped(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def iccv_planes(n_classes, size, percent):
    """As the ICCV 2023 script arrives at maps: one half scored and mirrored, but for the Nyquist row and column."""
    generator, planes = np.random.default_rng(1), {}
    for c in range(n_classes):
        plane = np.zeros((size, size), np.float32)
        for i in range(size):
            for j in range(size // 2 + 1):
                plane[i, j] = generator.uniform(1, 2)
                if i > 0 and j > 0:
                    plane[size - i, size - j] = plane[i, j]
        least = np.sort(plane, axis=None)[-int(percent / 100 * size * size)]
        planes[c] = (plane >= least).astype(np.float32)
    return planes


def hfss_plane(size, patches, seed):
    """As HFSS draws a map: patches of the upper half, turned about the centre of the array, not about frequency 0."""
    drawn = np.random.default_rng(seed).random((patches, patches)) < 0.4
    plane = np.kron(drawn.astype(np.float32), np.ones((size // patches, size // patches)))
    plane[size // 2 :] = plane[: size // 2][::-1, ::-1]
    return plane


def test_iccv_maps_are_read_and_lack_mirrors_in_the_nyquist_row_and_column_only(tmp_path):
    planes = iccv_planes(3, 12, 20)
    with pytest.warns(UserWarning, match="frequencies lacked their conjugate partner, which was added"):
        masks = exchange.read(dumped(tmp_path / "resnet18_DFM_20.pkl", planes))
    there = np.stack([planes[c] for c in range(3)]) > 0
    assert symmetric(masks) and np.array_equal(masks, there | mirror(there))
    added = masks & ~there
    assert added.any() and not added[:, 1:, 1:].any()


def test_iccv_maps_are_centred_as_ours(tmp_path):
    """Keeping what is read does to an image what their filter does: shift, multiply, shift back, real part."""
    planes = {0: np.zeros((8, 8), np.float32)}
    for i, j in ((4, 4), (3, 5), (5, 3), (4, 6), (4, 2)):  # symmetric about frequency 0 at (4, 4)
        planes[0][i, j] = 1
    image = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32))
    expected = np.fft.ifft2(np.fft.ifftshift(np.fft.fftshift(np.fft.fft2(image.numpy())) * planes[0])).real
    (mask,) = exchange.read(dumped(tmp_path / "a.pkl", planes))
    np.testing.assert_allclose(keep(image, mask).numpy(), expected, atol=1e-5)


def test_the_first_map_of_each_class_is_read_from_hfss_lists(tmp_path):
    lists = {c: [hfss_plane(16, 4, 10 * c + k) for k in range(10)] for c in range(3)}
    assert lists[0][0].dtype == np.float64
    with pytest.warns(UserWarning, match="frequencies lacked their conjugate partner"):
        masks = exchange.read(dumped(tmp_path / "saved_DFMs_stage1.pkl", lists))
    first = np.stack([lists[c][0] for c in range(3)]) > 0
    np.testing.assert_array_equal(masks, first | mirror(first))


@pytest.mark.parametrize("layout", exchange.LAYOUTS)
def test_what_is_written_comes_back(tmp_path, layout, recwarn):
    masks = some_masks()
    exchange.write(tmp_path / "a.pkl", masks, layout)
    np.testing.assert_array_equal(exchange.read(tmp_path / "a.pkl", (3, 6, 5)), masks)
    assert not recwarn.list


def test_the_iccv_layout_is_what_its_scripts_read(tmp_path):
    masks = some_masks()
    exchange.write(tmp_path / "a.pkl", masks)
    plain = pickle.loads((tmp_path / "a.pkl").read_bytes())
    assert list(plain) == [0, 1, 2] and all(type(c) is int for c in plain)
    for c, plane in plain.items():
        assert type(plane) is np.ndarray and plane.dtype == np.float32
        assert len(plane[plane == 1]) == masks[c].sum() and np.array_equal(plane, masks[c])


def test_the_hfss_layout_is_what_its_scripts_read(tmp_path):
    masks = some_masks()
    exchange.write(tmp_path / "a.pkl", masks, "hfss")
    plain = pickle.loads((tmp_path / "a.pkl").read_bytes())
    assert list(plain) == [0, 1, 2]
    for c, planes in plain.items():
        assert len(planes) == 10  # a further search draws one of them; the evaluation takes the first
        for plane in planes:
            assert type(plane) is np.ndarray and plane.dtype == np.float64 and np.array_equal(plane, masks[c])
    exchange.write(tmp_path / "b.pkl", masks[:, :, :4])
    assert (tmp_path / "a.pkl").stat().st_size < 4 * (tmp_path / "b.pkl").stat().st_size  # each map is there once


def test_the_dfmx_layout_is_what_its_scripts_read(tmp_path):
    """`np.asarray(masks[c])`, and no more: H lists of W floats."""
    masks = some_masks()
    exchange.write(tmp_path / "a.pkl", masks, "dfmx")
    plain = pickle.loads((tmp_path / "a.pkl").read_bytes())
    assert list(plain) == [0, 1, 2]
    for c, rows in plain.items():
        assert type(rows) is list and all(type(row) is list for row in rows)
        assert {type(value) for row in rows for value in row} == {float}
        np.testing.assert_array_equal(np.asarray(rows), masks[c])


def dfmx_plane(size, seed):
    """As DFM-X arrives at maps: pairs are removed at once, but for the Nyquist row and column, and the column v = 0."""
    drawn = np.random.default_rng(seed).random((size, size)) < 0.3
    plane = drawn | mirror(drawn)
    for single in (np.s_[0], np.s_[:, 0], np.s_[:, size // 2]):
        plane[single] = drawn[single]
    plane[0, size // 2 + 1 :] = False
    return plane.astype(float).tolist()


@pytest.mark.parametrize(("kind", "protocol"), [(float, 3), (int, 0), (bool, 5)])
def test_dfmx_maps_are_recognised_and_get_their_missing_partners(tmp_path, kind, protocol):
    lists = {c: [[kind(value) for value in row] for row in dfmx_plane(12, c)] for c in range(3)}
    with pytest.warns(UserWarning, match=r"\d+ frequencies lacked their conjugate partner, which was added"):
        masks = exchange.read(dumped(tmp_path / "resnet18.pkl", lists, protocol), (3, 12, 12))
    there = np.array([lists[c] for c in range(3)]) > 0
    np.testing.assert_array_equal(masks, there | mirror(there))


def test_rows_that_a_file_repeats_are_not_copied_before_their_size_is_checked(tmp_path):
    """A file of some kilobytes whose plane would take 2,000 gigabytes."""
    row = [0.0] * 500_000
    path = dumped(tmp_path / "a.pkl", {0: [row] * 500_000})
    assert path.stat().st_size < 10_000_000
    with pytest.raises(ValueError, match="holds maps of 1 classes at 500000 x 500000, but 1 classes at 4 x 4 are"):
        exchange.read(path, (1, 4, 4))


@pytest.mark.parametrize("layout", exchange.LAYOUTS)
def test_written_files_name_nothing_that_numpy_1_lacks(tmp_path, layout):
    exchange.write(tmp_path / "a.pkl", some_masks(), layout)
    operations = [*pickletools.genops((tmp_path / "a.pkl").read_bytes())]
    assert not any(operation.name in ("STACK_GLOBAL", "FRAME") for operation, _, _ in operations)
    named = {argument for operation, argument, _ in operations if operation.name == "GLOBAL"}
    arrays = {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
    assert named == (set() if layout == "dfmx" else arrays)


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


def test_the_loss_file_beside_the_iccv_maps_is_refused(tmp_path):
    """It is a pickle of torch tensors, whose storage would be unpickled without bounds."""
    path = dumped(tmp_path / "resnet18loss1.pkl", {0: torch.ones(4, 4)})
    with pytest.raises(ValueError, match=r"not a pickle of masks: it refers to torch.*, which masks do not need"):
        exchange.read(path)


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


def test_a_crafted_dtype_state_is_ignored_or_refused_and_does_not_crash(tmp_path):
    """One byte of a dtype's state replaced: numpy's own unpickling crashes on it, so a process of its own."""
    good = pickle.dumps({0: np.ones((4, 4), np.float32)}, 4)
    bad = good.replace(b"\x8c\x01<\x94NNN", b"\x8c\x01<\x94qNN", 1)
    assert bad != good
    (tmp_path / "a.pkl").write_bytes(bad)
    code = (
        "import sys; from frequency_shortcuts.maps import exchange\n"
        "try: print(exchange.read(sys.argv[1]).all())\nexcept ValueError as error: print('refused:', error)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.pkl"], capture_output=True, text=True)
    assert done.returncode == 0, f"the process died of signal {-done.returncode}"
    assert done.stdout == "True\n" or ("refused: " in done.stdout and "a.pkl" in done.stdout)


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
