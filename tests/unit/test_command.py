"""The command: analyse, maps, test and data; and its errors."""

import signal
import time
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from small_stores import class_folders
from torchvision import models
from waves_and_network import SIZE, images_and_labels

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.result import Analysis
from frequency_shortcuts.command import main
from frequency_shortcuts.command_options import outputs, settings
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks.pretrained import open_network, outputs_of

MODEL = "waves_and_network:WaveNetwork"
STATISTICS = ["--mean", "0.5", "--std", "0.25", "--size", str(SIZE)]


@pytest.fixture
def folder(tmp_path):
    class_folders(tmp_path / "images", *images_and_labels())
    return tmp_path / "images"


def run(*arguments):
    done = CliRunner().invoke(main, [str(part) for part in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_analyse_writes_a_page_and_says_what_came_out(folder, tmp_path, small_pictures):
    options = [
        "--maps",
        "--method",
        "gradient",
        "--percent",
        2,
        "--images-per-class",
        "2,1",
        "--out",
        tmp_path / "out",
    ]
    done = run("analyse", MODEL, "--images", folder, *STATISTICS, *options)
    assert done.exit_code == 0, done.output
    assert "Maps of 2 % of the frequencies, zeros elsewhere" in done.stdout
    assert "8 find maps, 4 test them" in done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "report.html",
        "exchanges.csv",
        "verdicts.csv",
        "rates.csv",
        "maps.h5",
        "cards.png",
    } <= names
    assert not [name for name in names if name.startswith("unfinished")]


def test_a_network_has_a_folder_in_which_another_command_needs_leave(
    folder, tmp_path, monkeypatch, small_pictures
):
    """The same command, and with maps, replaces its result; nothing is computed where that is refused."""
    monkeypatch.chdir(tmp_path)
    options = ["analyse", MODEL, "--images", "images", *STATISTICS]
    out = Path("results/waves_and_network_WaveNetwork")
    out.mkdir(parents=True)
    (out / "images.csv").write_text("path,label")
    assert (
        "holds images.csv, which no such result wrote: give another --out, or --over"
        in run(*options).output
    )
    (out / "images.csv").unlink()
    for more in ([], [], ["--maps"]):
        done = run(*options, *more)
        assert done.exit_code == 0 and f"The page: {out}/report.html" in done.stdout, done.output
    about = fs.load(out).about
    assert (about["network"], about["images"]) == (MODEL, "images") and (out / "maps.h5").exists()
    assert about["command"] == " ".join(map(str, [*options, "--maps"]))
    with monkeypatch.context() as patched:
        patched.setattr(fs, "analyse", pytest.fail)
        refused = run(*options, "--seed", 1)
    assert refused.exit_code == 1 and refused.output.endswith(
        f"Error: {out} holds the result of another command ({about['command']}): give another --out, or --overwrite\n"
    )
    assert (
        run(*options, "--seed", 1, "--overwrite").exit_code == 0 and not (out / "maps.h5").exists()
    )


def test_the_test_of_the_paper_prints_its_table_first(folder, tmp_path, small_pictures):
    options = [
        "analyse",
        MODEL,
        "--images",
        folder,
        *STATISTICS,
        "--as-published",
        "--out",
        tmp_path / "out",
    ]
    assert run(*options, "--images-per-class", "2,1").stdout.startswith(
        "Table 1 of the paper: TPR / FPR in %"
    )
    assert (
        "--percent is set by --as-published: give one or the other"
        in run(*options, "--percent", "2").output
    )


def test_maps_of_a_file_are_tested_and_a_terminal_shows_the_plan(folder, tmp_path, small_pictures):
    options = ["analyse", MODEL, "--images", folder, *STATISTICS, "--percent", "2"]
    settings = ["--settings", "patch=4", "--settings", "fill=zeros,patience=9"]
    search = ["--maps", "--method", "culling_swap", *settings, "--out", tmp_path / "first"]
    done = run(*options, *search)
    assert done.exit_code == 0, done.output
    assert (
        "accuracy without a filter: 100.0%" in done.stderr
        and "accuracy without a filter" not in done.stdout
    )
    assert "search by culling_swap: about 360 passes" in done.stderr  # 9 cells of 40 images
    masks = dfm.read_mask(file := tmp_path / "first" / "maps.h5", 2)
    done = run(*options, "--maps-file", file, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    size = float(
        f"{100 * masks.mean():.3g}"
    )  # of whole cells; which come first depends on the machine
    assert np.array_equal(dfm.read_mask(tmp_path / "out" / "maps.h5", size), masks)
    assert (tmp_path / "out" / "rates.csv").exists()


def test_the_state_of_a_search_is_deleted_once_the_result_is_saved(
    folder, tmp_path, monkeypatch, small_pictures
):
    """A result that cannot be saved leaves the state, from which the same command resumes."""
    out = tmp_path / "out"
    options = ["analyse", MODEL, "--images", folder, *STATISTICS, "--maps", "--out", out]
    with monkeypatch.context() as patched:
        patched.setattr(
            Analysis, "save", lambda *_: (_ for _ in ()).throw(OSError("the disk is full"))
        )
        done = run(*options)
        assert done.exit_code == 1 and "the disk is full" in done.output
    assert (out / "unfinished").exists()
    monkeypatch.setattr(
        "frequency_shortcuts.maps.methods.mixture._Mixtures.sums", pytest.fail
    )  # nothing is computed again
    assert run(*options).exit_code == 0
    assert not (out / "unfinished").exists() and (out / "maps.h5").exists()


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("maps.methods.mixture._Mixtures.sums", "resumes from what is stored"),
        ("analysis.analyse.collect", "begins anew, since nothing is stored yet"),
    ],
)
def test_a_stopped_command_says_whether_it_resumes(folder, tmp_path, monkeypatch, where, what):
    def stop(*_, **__):
        signal.raise_signal(signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr(f"frequency_shortcuts.{where}", stop)
    before = signal.getsignal(signal.SIGTERM)
    options = ["--maps", "--out", tmp_path / "out"]
    done = run("analyse", MODEL, "--images", folder, *STATISTICS, *options)
    assert (
        done.exit_code == 1
        and done.output.splitlines()[-1] == f"Error: stopped: the same command {what}"
    )
    is_tested = what.startswith("resumes")
    assert (tmp_path / "out" / "unfinished").exists() == is_tested
    assert (tmp_path / "out" / "exchanges.csv").exists() == is_tested  # what is done is a result
    assert signal.getsignal(signal.SIGTERM) == before


def test_settings_are_numbers_none_and_words():
    texts = ("masks=None, share=.5", "fill=swap", "a=true,b=1e3")
    expected = {"masks": None, "share": 0.5, "fill": "swap", "a": True, "b": 1000.0}
    assert settings(None, None, texts) == expected and settings(None, None, ()) == {}


def test_outputs_are_numbers_or_pairs():
    assert outputs(None, None, "94,277") == [94, 277] and outputs(None, None, None) is None
    assert outputs(None, None, "bird=94, red=fox=277") == {"bird": 94, "red=fox": 277}
    for text in ("bird=94,277", "bird=x", "a", "bird=1,bird=2", "=3", ""):
        with pytest.raises(
            click.BadParameter, match="expected whole numbers, such as 340,345, or zebra=340,ox=345"
        ):
            outputs(None, None, text)


def test_outputs_are_found_by_the_names_of_the_classes():
    names = (("n1", "n2", "n3"), ("tabby cat", "ox", "crane", "crane"))
    assert outputs_of(("ox", "Tabby_Cat"), names) == [1, 0]
    assert outputs_of(("n3", "n1"), names) == [2, 0]
    assert outputs_of(("ox", "crane"), names) is None and outputs_of(("ox", "n1"), names) is None


def test_published_weights_give_transform_and_names(monkeypatch):
    """Without a network connection: the weights are replaced by random ones."""
    for name in ("torch.hub", "torchvision.models._api"):
        load = f"{name}.load_state_dict_from_url"
        monkeypatch.setattr(load, lambda *_, **__: models.squeezenet1_1().state_dict())
    found = open_network("torchvision:squeezenet1_1", weights="DEFAULT")
    assert (
        found.categories[0][340] == "zebra"
        and found.transform.crop_size == [224]
        and not found.network.training
    )
