"""The command `frequency-shortcuts`: parts that are followed, maps, tests and verdicts of a network from a shell."""

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

from .command_options import MODEL, NETWORK_OPTIONS, READING, SEARCH, numbers, out_folder, several

# Options that do not change what is computed.
UNSAID = ("out", "overwrite", "fail_above", "device", "quick")
OF_MAPS = ("method", "settings", "percent", "precision", "others", "negatives")


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
      frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/
      frequency-shortcuts analyse my_module:my_network --checkpoint mine.pt --images val/ --size 64 \\
          --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25
      frequency-shortcuts data train/
    """
    # A terminal shows bars; a log gets lines instead.
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    logging.basicConfig(level=level, format="%(message)s")


@main.command(
    "analyse",
    short_help="Test a network, and write verdicts, pictures and a page.",
    help=f"""Give images of other classes parts of each class that are not the object: what is fine, the
illumination, a patch. What are they called? With --maps, then find a map of few frequencies for each class, and test it
beside controls.

{MODEL}
Writes report.html, exchanges.csv, exchanges.h5, and of maps verdicts.csv, rates.csv and maps.h5, with pictures
to a folder. A stopped search resumes with the same command.

\b
Examples:
  frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/
  frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/ --fail-above 0.2
  frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/ --maps --method hfss
  frequency-shortcuts analyse torchvision:resnet50 --weights DEFAULT --images val/ --as-published
""",
)
@several(*NETWORK_OPTIONS, *SEARCH)
@click.option("--maps", is_flag=True, help="Find maps and test them, too: most of the time.")
@click.option(
    "--maps-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Test the maps of --percent of this HDF5 file of an analysis or of the study.",
)
@click.option(
    "--as-published",
    is_flag=True,
    help="Maps by the test of the ICCV 2023 paper: exact culling, the top 5 % of each class, zeros.",
)
@click.option("--quick", is_flag=True, hidden=True)
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
def analyse_network(  # noqa: D103
    out: Path | None, overwrite: bool, fail_above: float | None, **options: Any
) -> None:
    _check_options_of_maps(options)
    out, overwrite = _folder(out, _name(options), overwrite)
    with _resumable(state := out / "unfinished"):
        result = _analysis(options, state)
        result.save(out, overwrite)
        if _wants_maps(options) and result.map_result is None:
            click.echo(f"{result.summary()}\n\nThe page, without maps: {out / 'report.html'}")
            raise KeyboardInterrupt
    if options["as_published"]:
        from frequency_shortcuts.analysis.summary import table_1_text

        click.echo(f"{table_1_text(result.table_1, result.about['percent'])}\n")
    _show(result, out / "report.html", _reason_to_fail(result.exchanges, fail_above))


def _wants_maps(options: dict[str, Any]) -> bool:
    return bool(options["maps"] or options["maps_file"] or options["as_published"])


def _check_options_of_maps(options: dict[str, Any]) -> None:
    """Raise ValueError for options that do not belong together."""
    if options["quick"]:
        click.echo("--quick is no longer needed: maps are found with --maps alone", err=True)
    searched = ("method", "settings", "precision")
    if options["as_published"]:
        _refuse(*searched, "percent", "maps_file", reason="is set by --as-published")
    elif options["maps_file"]:
        _refuse(*searched, reason="is of a search, and --maps-file names maps")
    elif not _wants_maps(options):
        _refuse(*OF_MAPS, reason="is about maps: add --maps, or leave it out")


def _show(result: Any, page: Path, reason: str | None = None) -> None:
    """Print what came out, and leave with status 1 if there is a reason to."""
    click.echo(f"{result.summary()}\n\nThe page: {page}")
    if reason:
        click.echo(reason, err=True)
        raise SystemExit(1)


def _given_files(path: Path | None, options: dict[str, Any], table: Path | None = None) -> Any:
    """Pictures in files, by the options of the reading; None and the path of an HDF5 file stay as they are."""
    from frequency_shortcuts.images.folders import Files
    from frequency_shortcuts.images.labelled import as_files

    if path is None or not (table or as_files(path)):
        return path
    columns = {name: options[name] for name in ("path_column", "label_column")}
    return Files(path, table, **columns, on_error="skip" if options["skip_broken"] else "stop")


def _refuse(*names: str, reason: str) -> None:
    """Raise ValueError for one of these options on the command line."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            end = "" if ":" in reason else ": give one or the other"
            raise ValueError(f"--{name.replace('_', '-')} {reason}{end}")


def _reason_to_fail(exchanges: Any, limit: float | None) -> str | None:
    """Which class has the largest lower end of all numbers, in words, if there is a limit and it is above it."""
    from frequency_shortcuts.exchange.verdict import MEASURED

    lows = exchanges.set_index("class")[[f"{name}_low" for name in MEASURED]].stack()
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
    of a class differs as by an artefact, the files that carry it, and the place of a tag, logo or frame. Writes
    data.html, data.json, classes.csv, facts.csv, files.csv and a picture. FOLDER may also be a CSV or an HDF5
    file, as in `analyse`.

    \b
    Examples:
      frequency-shortcuts data train/
      frequency-shortcuts data scans/ --csv scans.csv --source hospital --size 224
      frequency-shortcuts data scans.csv --path-column filename --label-column finding --skip-broken
      frequency-shortcuts data train/ --fail-above 0.9
      frequency-shortcuts data train/ --match matched/
    """
    of_check = ("fail_above", "out", "overwrite")
    if matched is not None:
        _refuse(*of_check, reason="is of the check, which --match leaves out")
    changes = {name: options[name] for name in ("name", "quality", "scale")}
    if matched is None and any(changes.values()):
        raise ValueError("--class, --quality and --scale are of --match: give it, too")
    images = _given_files(folder, options, options["csv"])
    options = {name: options[name] for name in ("source", "size", "seed")}
    if matched is not None:
        from frequency_shortcuts.analysis.matching import match

        click.echo(match(images, matched, **changes, **options)[1])
        return

    import frequency_shortcuts as fs

    name = folder.resolve().name if folder.is_dir() else folder.stem
    out, overwrite = _folder(out, f"{name}_data", overwrite)
    found = fs.differences(images, **options)
    found.about["command"] = _typed()
    found.save(out, overwrite)
    _show(
        found, out / "data.html", None if fail_above is None else found.reason_to_fail(fail_above)
    )


def _gone(instead: str) -> click.Command:
    """A command of older versions: it says what to type instead."""

    def say(**_: Any) -> None:
        raise ValueError(f"this command is now: frequency-shortcuts analyse ... {instead}")

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(None, callback=say, hidden=True, context_settings=settings)


main.add_command(_gone("--maps"), "maps")
main.add_command(_gone("--maps-file FILE"), "test")


def _folder(out: Path | None, name: str, overwrite: bool) -> tuple[Path, bool]:
    """The folder of a result, and whether a result there may go: with --overwrite, or if the same command made it."""
    from frequency_shortcuts.analysis.result_folder import check_command
    from frequency_shortcuts.storage.files import check_folder

    safe = re.sub(r"[^\w.-]+", "_", name).strip("._") or "network"
    folder = check_folder(out or Path("results", safe))
    return folder, overwrite or check_command(folder, _typed())


def _typed() -> str:
    """The command as it was typed, without options that do not change the result; --maps stands last."""
    context = click.get_current_context()
    words = [str(context.info_name)]
    for one in context.command.params:
        source, value = context.get_parameter_source(str(one.name)), context.params[str(one.name)]
        if source is ParameterSource.COMMANDLINE and one.name not in (*UNSAID, "maps"):
            words += [] if isinstance(one, click.Argument) else [one.opts[-1]]
            if value is not True:
                words.append(
                    ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
                )
    return " ".join([*words, *(["--maps"] if context.params.get("maps") else [])])


def _name(options: dict[str, Any]) -> str:
    """The name of the network: that of its checkpoint, or as it was typed."""
    file = options["checkpoint"] or (
        options["model"] if options["model"].endswith(".safetensors") else None
    )
    return Path(file).stem if file else str(options["model"])


def _analysis(options: dict[str, Any], state: Path) -> Any:
    """The analysis that the options of a command describe; state : of the search."""
    import frequency_shortcuts as fs
    from frequency_shortcuts.images.labelled import listed_classes
    from frequency_shortcuts.networks.pretrained import open_network, outputs_of

    images = _given_files(options["images"], options, options["csv"])
    names = listed_classes(images)
    preprocessing = fs.Preprocessing(
        options["mean"], options["std"], options["size"], options["resize"]
    )
    named = open_network(
        options["model"],
        weights=options["weights"],
        checkpoint=options["checkpoint"],
        n_classes=1 if len(options["outputs"] or ()) == 1 else len(names),
        channels=preprocessing.channels,
        size=preprocessing.shape or (224, 224),
    )
    ranking, test = options["images_per_class"] or (None, None)
    of_test = {
        "images": _given_files(options["test_images"], options),
        "images_per_class": test,
        **{name: options[name] for name in ("others", "negatives", "source")},
    }
    if options["as_published"]:
        chosen = fs.Evaluation.as_published(ranking, **of_test)
    else:
        chosen = fs.Evaluation(maps=_maps(options, ranking), **of_test)
    result = fs.analyse(
        named.network,
        images,
        mean=options["mean"],
        std=options["std"],
        transform=_transform(named.transform, preprocessing),
        outputs=options["outputs"] or outputs_of(names, named.categories),
        swapped=options["swapped"],
        test=chosen,
        run=fs.Run(
            options["seed"],
            options["device"],
            state,
            _name(options),
            numerics=options["numerics"],
        ),
    )
    result.about["command"] = _typed()
    return result


def _transform(of_weights: Any, preprocessing: Any) -> Any:
    """The transform of the weights, or that of the options."""
    import frequency_shortcuts as fs
    from frequency_shortcuts.images.preprocessing import normalisation_of

    if preprocessing.size is not None:
        if preprocessing.mean is not None or preprocessing.std is not None:
            return preprocessing
        statistics = normalisation_of(of_weights)
        return fs.Preprocessing(*statistics, preprocessing.size, preprocessing.resize)
    return of_weights


def _maps(options: dict[str, Any], images_per_class: int | None) -> Any:
    """How maps are searched for, or those of a file; None without maps."""
    import frequency_shortcuts as fs
    from frequency_shortcuts.images import stores
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.storage.hdf5 import read_hdf5

    if (file := options["maps_file"]) is not None:
        with read_hdf5(file, own_data=True) as opened:
            if "mask" not in opened:
                raise ValueError(
                    f"{file} holds no maps: expected the group mask, as --maps writes it"
                )
            classes = stores.stored_classes(opened, file) if "classes" in opened.attrs else ()
        masks = dfm.read_mask(file, options["percent"])
        return dict(zip(classes, masks, strict=True)) if len(classes) == len(masks) else masks
    if not options["maps"]:
        return None
    chosen = {name: options[name] for name in ("method", "settings", "percent", "precision")}
    return fs.Search(images_per_class=images_per_class, **chosen)


if __name__ == "__main__":
    main()
