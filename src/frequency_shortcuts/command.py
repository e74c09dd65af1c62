"""The command `frequency-shortcuts`: parts that are followed, maps, tests and verdicts of a network from a shell."""

import functools
import logging
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from frequency_shortcuts import __version__

from .command_options import MODEL, NETWORK, READING, SEARCH, numbers, out_folder, several

# In what a result says of its command.
UNSAID = (
    "out",
    "overwrite",
    "fail_above",
    "device",
    "quick",
)
OF_MAPS = ("method", "settings", "percent", "precision", "images_per_class", "others", "negatives")


class _Commands(click.Group):
    """Shows an error of a command as one sentence, and leaves with status 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.exceptions.Exit, click.Abort):  # RuntimeErrors, with which click leaves
            raise
        except (ValueError, OSError, RuntimeError, MemoryError) as error:
            raise click.ClickException(" ".join(str(error).split())) from error


@contextmanager
def _resumable(state: Path) -> Iterator[None]:
    """Inside the block, Ctrl-C and SIGTERM end the command with one line that says whether it resumes.

    state : unfinished work of a search, which is deleted after the block: its result is saved
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
        state.unlink(missing_ok=True)
    except KeyboardInterrupt:
        resumes = (
            "resumes from what is stored"
            if state.exists()
            else "begins anew, since nothing is stored yet"
        )
        raise click.ClickException(f"stopped: the same command {resumes}") from None
    finally:
        signal.signal(signal.SIGTERM, before)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="frequency-shortcuts")
def main() -> None:
    """Does an image classifier follow something that is not the object, and which few frequencies are enough?

    \b
    Examples:
      frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/ --quick
      frequency-shortcuts analyse my_module:my_network --checkpoint mine.pt --images val/ --size 64 \\
          --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25
      frequency-shortcuts data train/
    """
    # A terminal shows bars; a log gets lines instead.
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    logging.basicConfig(level=level, format="%(message)s")


@main.command(
    short_help="Test a network, and write verdicts, pictures and a page.",
    help=f"""Give images of other classes parts of each class that are not the object: what is fine, the
illumination, a patch. What are they called? Then find a map of few frequencies for each class, and test it beside
controls.

{MODEL}
Writes report.html, flips.csv, flips.h5, and of maps verdicts.csv, rates.csv and maps.h5, with pictures
to a folder. A stopped search resumes with the same command.

\b
Examples:
  frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/ --quick
  frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/ --quick --fail-above 0.2
  frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/ --as-published
""",
)
@several(*NETWORK, *SEARCH)
@click.option("--quick", is_flag=True, help="Without maps: the fewest passes.")
@click.option(
    "--as-published",
    is_flag=True,
    help="The test of the ICCV 2023 paper: exact culling, the top 5 % of each class, zeros.",
)
@click.option(
    "--source",
    metavar="NAME",
    help="Column of the CSV, or a CSV with the columns path and source, for recall by source.",
)
@click.option("--swapped", is_flag=True, help="The network was trained with fs.Swap.")
@click.option(
    "--fail-above",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Leave with status 1 if the lower end of fine, field or patch is above X in a class.",
)
@out_folder("results/ and the name of the network.")
def analyse(out: Path | None, overwrite: bool, fail_above: float | None, **options: Any) -> None:  # noqa: D103
    if options["quick"]:
        _refuse(*OF_MAPS, "as_published", reason="is about maps, which --quick leaves out")
    if options["as_published"]:
        _refuse("method", "settings", "percent", "precision", reason="is set by --as-published")
    out, overwrite = _folder(out, _name(options), overwrite)
    with _resumable(state := out / "unfinished"):
        result = _analysis(options, state)
        result.save(out, overwrite)
    if options["as_published"]:
        from frequency_shortcuts.analysis.summary import rate_table

        click.echo(f"{rate_table(result)}\n")
    _show(result, out / "report.html", _reason_to_fail(result.flips, fail_above))


def _show(result: Any, page: Path, reason: str | None = None) -> None:
    """Print what came out, and leave with status 1 if there is a reason to."""
    click.echo(f"{result.summary()}\n\nThe page: {page}")
    if reason:
        click.echo(reason, err=True)
        raise SystemExit(1)


def _files(path: Path | None, options: dict[str, Any], table: Path | None = None) -> Any:
    """Pictures in files, by the options of the reading; None and the path of an HDF5 file stay as they are."""
    from frequency_shortcuts.analysis.images import as_files
    from frequency_shortcuts.images.folders import Files

    if path is None or not (table or as_files(path)):
        return path
    columns = {name: options[name] for name in ("path_column", "label_column")}
    return Files(path, table, **columns, on_error="skip" if options["skip_broken"] else "stop")


def _refuse(*names: str, reason: str) -> None:
    """Raise ValueError for one of these options on the command line."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise ValueError(f"--{name.replace('_', '-')} {reason}: give one or the other")


def _reason_to_fail(flips: Any, limit: float | None) -> str | None:
    """Which class has the largest lower end of all numbers, in words, if there is a limit and it is above it."""
    from frequency_shortcuts.exchange.answers import PARTS

    lows = flips.set_index("class")[[f"{part}_low" for part in PARTS]].stack()
    if limit is None or lows.empty or not lows.max() > limit:
        return None
    name, column = lows.idxmax()
    return f"{name}: the lower end of {column.removesuffix('_low')} is {lows.max():.2f}, above {limit:g}"


@main.command(short_help="Say what differs between the classes of a folder, without a network.")
@click.argument("folder", type=click.Path(path_type=Path))
@several(*READING)
@click.option(
    "--source",
    metavar="NAME",
    help="Column of the CSV with the source of each picture, such as hospital or camera; or another CSV, "
    "with the columns path and source.",
)
@click.option(
    "--size",
    callback=numbers(int, "one or two numbers, such as 224 or 224x320", 2),
    metavar="N",
    help="Side in pixels, or HxW, to which pictures are resized and cropped. Default: the most common one, "
    "or the median short side.",
)
@click.option(
    "--seed", default=0, show_default=True, help="Of the images that artefacts are put into."
)
@click.option(
    "--fail-above",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Leave with status 1 if more than the share X of the images of a class or source carry its likely "
    "cause, or share a fact of their files, beyond the share of the others.",
)
@click.option(
    "--match",
    "matched",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="In place of the check, write copies to a new folder, in which the other classes get what JPEG "
    "or resizing left in one class.",
)
@click.option(
    "--class",
    "name",
    metavar="NAME",
    help="Of --match: the class. Default: the one that the check finds.",
)
@click.option(
    "--quality",
    type=click.IntRange(1, 100),
    metavar="Q",
    help="Of --match: quality of JPEG. Default: of the files of the class.",
)
@click.option(
    "--scale",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="X",
    help="Of --match: share of its sides to which the class was resized, and back. Default: the sizes of "
    "files.",
)
@out_folder("results/ and the name of FOLDER.")
def data(
    folder: Path,
    fail_above: float | None,
    out: Path | None,
    overwrite: bool,
    matched: Path | None,
    **options: Any,
) -> None:
    """Say what differs between the classes of a FOLDER, which has a folder of pictures, at any depth, for each class.

    No network is needed: facts of the files, such as format and JPEG quality, the likely cause where the fine spectrum
    of a class differs as by an artefact, and the files that carry it. Writes data.html, data.json, classes.csv,
    facts.csv, files.csv and a picture. FOLDER may also be a CSV or an HDF5
    file, as in `analyse`.

    \b
    Examples:
      frequency-shortcuts data train/
      frequency-shortcuts data scans/ --csv scans.csv --source hospital --size 224
      frequency-shortcuts data scans.csv --path-column filename --label-column finding --skip-broken
      frequency-shortcuts data train/ --fail-above 0.9
      frequency-shortcuts data train/ --match matched/
    """
    import frequency_shortcuts as fs
    from frequency_shortcuts.analysis.matching import match

    images = _files(folder, options, options["csv"])
    changes = {name: options[name] for name in ("name", "quality", "scale")}
    options = {name: options[name] for name in ("source", "size", "seed")}
    if matched is not None:
        _refuse(
            "fail_above", "out", "overwrite", reason="is of the check, which --match leaves out"
        )
        click.echo(match(images, matched, **changes, **options)[1])
        return
    if any(changes.values()):
        raise ValueError("--class, --quality and --scale are of --match: give it, too")
    name = folder.resolve().name if folder.is_dir() else folder.stem
    out, overwrite = _folder(out, f"{name}_data", overwrite, of_data=True)
    found = fs.differences(images, **options)
    found.about["command"] = _typed()
    found.save(out, overwrite)
    _show(
        found, out / "data.html", None if fail_above is None else found.reason_to_fail(fail_above)
    )


@main.command(
    short_help="Find maps and store them, without tests.",
    help=f"""Find a map for each class and write it to an HDF5 file.

{MODEL}
\b
Example:
  frequency-shortcuts maps timm:vit_small_patch16_224 --weights pretrained --images val/ --method gradient --out vit.h5
""",
)
@several(*NETWORK, *SEARCH)
@click.option(
    "--out",
    default=Path("maps.h5"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="The file.",
)
def maps(out: Path, **options: Any) -> None:  # noqa: D103
    from frequency_shortcuts.analysis.result import check_maps_file
    from frequency_shortcuts.storage.files import check_folder

    state = out.with_name(f"{out.name}.unfinished")
    with _resumable(state):
        check_folder(out.parent)
        check_maps_file(out)
        result = _analysis(options, state, parts=())
        result.save_maps(out)
    click.echo(
        f"{len(result.classes)} maps of {100 * result.maps.mean():.3g} % of the frequencies: {out}"
    )


@main.command(
    short_help="Test maps of a file beside controls.",
    help=f"""Test the maps of a file on images, beside control masks of the same size.

{MODEL}
\b
Example:
  frequency-shortcuts test torchvision:resnet50 --weights DEFAULT --images val/ --maps maps.h5
""",
)
@several(*NETWORK)
@click.option(
    "--maps",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="HDF5 file of the command maps, or of the study.",
)
@click.option("--percent", default=5.0, show_default=True, help="Which of the maps.")
@out_folder("results/ and the name of the network.")
def test(file: Path, percent: float, out: Path | None, overwrite: bool, **options: Any) -> None:  # noqa: D103
    from frequency_shortcuts.images import stores
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.storage.hdf5 import read_hdf5

    out, overwrite = _folder(out, f"{_name(options)}_test", overwrite)
    with read_hdf5(file, own_data=True) as opened:
        if "mask" not in opened:
            raise ValueError(
                f"{file} holds no maps: expected the group mask, as the command maps writes it"
            )
        of_maps = stores.class_names(opened, file) if "classes" in opened.attrs else ()
    masks = dfm.read_mask(file, percent)
    result = _analysis(
        options,
        maps=dict(zip(of_maps, masks, strict=True)) if len(of_maps) == len(masks) else masks,
    )
    result.save(out, overwrite)
    _show(result, out / "report.html")


def _folder(
    out: Path | None, name: str, overwrite: bool, of_data: bool = False
) -> tuple[Path, bool]:
    """The folder of a result, and whether a result there may go: with --overwrite, and if the same command made it.

    Raises an error, before anything is computed, for the result of another command, for files of the names that a
    result can write, which no result wrote, and for a file in the place of the folder.
    """
    from frequency_shortcuts.analysis import differences, result, stored
    from frequency_shortcuts.storage.files import check_folder

    folder = check_folder(
        out or Path("results", re.sub(r"[^\w.-]+", "_", name).strip("._") or "network")
    )
    typed, about = _typed(), (differences if of_data else stored).about_of(folder)
    earlier = None if about is None else about.get("command", "not known")
    same = earlier in (None, typed, f"{typed} --quick")
    others = {*(differences if of_data else result).FILES}.difference(
        (about or {}).get("files", "").split(", ")
    )
    taken = sorted(file for file in others if (folder / file).exists())
    if not overwrite and (taken or not same):
        holds = (
            f"{taken[0]}, which no such result wrote"
            if same
            else f"the result of another command ({earlier})"
        )
        raise ValueError(f"{folder} holds {holds}: give another --out, or --overwrite")
    return folder, overwrite or (same and about is not None)


def _typed() -> str:
    """The command as it was typed, without options that do not change the result; --quick stands last."""
    context = click.get_current_context()
    words = [str(context.info_name)]
    for one in context.command.params:
        source, value = context.get_parameter_source(str(one.name)), context.params[str(one.name)]
        if source is ParameterSource.COMMANDLINE and one.name not in UNSAID:
            words += [] if isinstance(one, click.Argument) else [one.opts[-1]]
            if value is not True:
                words.append(
                    ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
                )
    return " ".join([*words, *(["--quick"] if context.params.get("quick") else [])])


def _name(options: dict[str, Any]) -> str:
    """The name of the network: that of its checkpoint, or as it was typed."""
    file = options["checkpoint"] or (
        options["model"] if options["model"].endswith(".safetensors") else None
    )
    return Path(file).stem if file else str(options["model"])


def _analysis(
    options: dict[str, Any], state: Path | None = None, *, maps: Any = None, **of_test: Any
) -> Any:
    """The analysis that the options of a command describe; state : of the search; of_test : see `fs.Test`."""
    import frequency_shortcuts as fs
    from frequency_shortcuts.analysis.images import class_names
    from frequency_shortcuts.images.preprocessing import normalisation_of
    from frequency_shortcuts.networks.pretrained import open_network, outputs_of

    images = _files(options["images"], options, options["csv"])
    names = class_names(images)
    mean, std, size, resize = (options[name] for name in ("mean", "std", "size", "resize"))
    preprocessing = fs.Preprocessing(mean, std, size, resize)
    quick, as_published = options.get("quick", False), options.get("as_published", False)
    named = open_network(
        options["model"],
        weights=options["weights"],
        checkpoint=options["checkpoint"],
        n_classes=1 if len(options["outputs"] or ()) == 1 else len(names),
        channels=preprocessing.channels,
        size=preprocessing.shape or (224, 224),
    )
    transform = named.transform
    if size is not None:
        of_weights = normalisation_of(transform)
        transform = (
            fs.Preprocessing(*of_weights, size, resize) if mean is std is None else preprocessing
        )
    elif isinstance(images, fs.Files) and (
        transform is None or isinstance(transform, fs.Preprocessing)
    ):
        raise ValueError("the network names no image size: give --size, --mean and --std")
    ranking, test = options["images_per_class"] or (None, None)
    if maps is None and not quick and not as_published:
        of_search = {name: options[name] for name in ("method", "settings", "percent", "precision")}
        maps = fs.Search(images_per_class=ranking, **of_search)
    of_test |= {
        name: options[name] for name in ("others", "negatives", "source") if name in options
    }
    make = (
        functools.partial(fs.Test.as_published, ranking)
        if as_published
        else functools.partial(fs.Test, maps)
    )
    result = fs.analyse(
        named.network,
        images,
        mean=mean,
        std=std,
        transform=transform,
        quick=quick,
        test=make(
            outputs=options["outputs"] or outputs_of(names, named.categories),
            images=_files(options["test_images"], options),
            images_per_class=test,
            **of_test,
        ),
        run=fs.Run(
            options["seed"],
            options["device"],
            state,
            _name(options),
            swapped=options.get("swapped", False),
            numerics=options["numerics"],
        ),
    )
    result.about["command"] = _typed()
    return result


if __name__ == "__main__":
    main()
