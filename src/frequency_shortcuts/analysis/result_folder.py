"""The folder of a result: how it was made, its page, pictures and tables; results do not mix in it."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.exchange.verdict import BOUND, PARTS
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.files import AnyPath, check_folder, write_text
from frequency_shortcuts.storage.tables import write_table

from .cells import percent

ABOUT = "about.json"  # how a result was made
UNFINISHED = "unfinished"  # of a search that was stopped
WIDE = 1400  # pixels of a picture on a page
# What may differ between two runs that make the same result.
CHANGING = {
    "seconds",
    "device",
    "network",
    "images",
    "remark",
    "passes of the search",
    "command",
    "files",
}
_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_PAGES.globals |= {"version": __version__, "parts": PARTS, "bound": BOUND, "percent": percent}


def about_of(folder: AnyPath) -> dict[str, Any]:
    """How the result in a folder was made; empty without one."""
    path = Path(folder) / ABOUT
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save_result(
    folder: AnyPath,
    about: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Callable[[], Figure]],
    others: Sequence[str],
    *,
    overwrite: bool,
) -> tuple[Path, dict[str, str]]:
    """Write the tables as CSV, the figures as SVG and PNG, and how they were made, to a folder, which is made.

    others : names of files that the caller writes there

    Returns the folder, and each figure for a page: name -> PNG of 1,400 pixels in base64. See `_make_room`.
    """
    files = [*others, *(f"{name}.csv" for name in tables)]
    files += [f"{name}.{end}" for name in figures for end in ("svg", "png")]
    folder = _make_room(folder, about, files, overwrite)
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    for name, draw in figures.items():
        figure = draw()
        canvas.save(figure, folder / name)
        plt.close(figure)
    stated = json.dumps({**about, "files": files}, indent=1, ensure_ascii=False)
    write_text(folder / ABOUT, f"{stated}\n")
    pictures = {name: canvas.reduced(folder / f"{name}.png", WIDE) for name in figures}
    return folder, {name: base64.b64encode(png).decode() for name, png in pictures.items()}


def _make_room(
    folder: AnyPath, about: Mapping[str, Any], files: Sequence[str], overwrite: bool
) -> Path:
    """The path of a folder, which is made; files that an earlier result alone wrote are removed, no others.

    Without `overwrite`, raises ValueError for another result, and for a file of these names that no result wrote.
    """
    folder = check_folder(folder)
    earlier = about_of(folder)
    written = earlier.get("files", [])
    differ = [name for name in earlier if name not in CHANGING and about.get(name) != earlier[name]]
    taken = [name for name in files if name not in written and (folder / name).exists()]
    if (differ or taken) and not overwrite:
        another = f"another result ({', '.join(differ)} differ)"
        holds = another if differ else f"{taken[0]}, which no such result wrote"
        raise ValueError(f"{folder} holds {holds}: choose another folder, or overwrite=True")
    for name in written:
        if differ or name not in files:
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check_command(folder: AnyPath, command: str) -> bool:
    """Whether a folder holds the result of a command, which may take its place.

    The same command without --maps counts. Raises ValueError, before anything is computed, for the result of another
    command and for other files.
    """
    folder = check_folder(folder)
    if not folder.exists():
        return False
    about = about_of(folder)
    if about:
        earlier = about.get("command", "not known")
        if earlier in (command, command.removesuffix(" --maps")):
            return True
        holds = f"the result of another command ({earlier})"
    else:
        strange = sorted(path.name for path in folder.iterdir() if path.name != UNFINISHED)
        if not strange:
            return False
        holds = f"{strange[0]}, which no such result wrote"
    raise ValueError(f"{folder} holds {holds}: give another --out, or --overwrite")


def fill_page(template: str, about: Mapping[str, Any], **content: Any) -> str:
    """A page as text; about : how it was made."""
    stated = {name: value for name, value in about.items() if value != ""}
    return _PAGES.get_template(template).render(about=stated, **content)
