"""The ledger of a study: what each result was when its step wrote it, and what it was made from.

`.ledger/<path>.json` in the folder of the study holds the SHA-256 of a result, and those of the results that were
inputs of its step. A step compares its inputs with their entries before it reads them. A file without an entry is
accepted: who edits a result by hand deletes its entry.
"""

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LARGE = 2**32  # bytes; of a larger file, its size and some blocks at equal distances are compared
BLOCK, BLOCKS = 2**20, 1024


def digest(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal; of a folder, of the names and digests of its files that are not hidden."""
    path, found = Path(path), hashlib.sha256()
    if path.is_dir():
        for file in sorted(each for each in path.rglob("[!.]*") if each.is_file() and each.name != "Thumbs.db"):
            found.update(f"{file.relative_to(path).as_posix()}\n{digest(file)}\n".encode())
        return found.hexdigest()
    with open(path, "rb") as opened:
        if (size := path.stat().st_size) <= LARGE:
            return hashlib.file_digest(opened, "sha256").hexdigest()
        found.update(f"{size}\n".encode())
        for i in range(BLOCKS):
            opened.seek((size - BLOCK) * i // (BLOCKS - 1))
            found.update(opened.read(BLOCK))
    return found.hexdigest()


def check(paths: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """The digests of those inputs of a step that are results of its study, by their paths in its folder.

    Raises ValueError, with the command that helps, for a result that is not what its step wrote; for one that was made
    from another file than an input of this step; for two that were made from different files of one path; and for a
    store of another data set or source than the configuration says.
    """
    folder = folder_of(config)
    found = {name: digest(folder / name) for name in _results(paths, folder)}
    entries = {name: _read(path) for name in found if (path := _entry(folder, name)).exists()}
    wrong = [name for name, about in entries.items() if (about.get("path"), about.get("sha256")) != (name, found[name])]
    if wrong:
        what = f"and {len(wrong) - 1} more are not what their steps" if wrong[1:] else "is not what its step"
        again = _again(*(folder / name for name in wrong))
        raise ValueError(f"{folder / wrong[0]} {what} wrote: {again}, or {_accept(folder, wrong)}")
    stated = {name: (own, "") for name, own in found.items()}  # digests, and the input that says so
    for name, entry in entries.items():
        for source, made_from in entry["made_from"].items():
            known, by = stated.setdefault(source, (made_from, name))
            if known != made_from:
                other = f"{folder / by} was" if by else "is there"
                again, accept = _again(folder / name, *([folder / by] if by else [])), _accept(folder, [name])
                raise ValueError(
                    f"{folder / name} was made from another {folder / source} than {other}: {again}, or {accept}"
                )
    for name in found:
        if Path(name).parent == Path("data") and name.endswith(".h5"):
            _check_store(folder / name, config["datasets"].get(Path(name).stem, {}))
    return found


def record(paths: Iterable[str], made_from: dict[str, str], config: Mapping[str, Any]) -> None:
    """Write the entries of the outputs of a step. made_from : what `check` returned for its inputs.

    Raises ValueError for an output that is not there.
    """
    folder = folder_of(config)
    for name in _results(paths, folder):
        if not (folder / name).exists():
            raise ValueError(f"the step ended without writing {folder / name}")
        entry, about = _entry(folder, name), {"path": name, "sha256": digest(folder / name), "made_from": made_from}
        entry.parent.mkdir(parents=True, exist_ok=True)
        partial = entry.with_suffix(".partial")
        partial.write_text(json.dumps(about, indent=0))
        partial.replace(entry)


def folder_of(config: Mapping[str, Any]) -> Path:
    """The folder of the results of a study."""
    return Path("results", config["study"])


def _results(paths: Iterable[str], folder: Path) -> list[str]:
    """Those of the paths that are in the folder of a study, from there, each once."""
    within = (Path(path) for path in paths if Path(path).is_relative_to(folder))
    return list(dict.fromkeys(path.relative_to(folder).as_posix() for path in within))


def _entry(folder: Path, name: str) -> Path:
    return folder / ".ledger" / f"{name}.json"


def _read(entry: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads(entry.read_text())
    except ValueError:  # it is damaged: then no file is what it says
        return {}
    return about


def _accept(folder: Path, names: Iterable[str]) -> str:
    return f"{shlex.join(['rm', *(str(_entry(folder, name)) for name in names)])}, to accept it"


def _again(*paths: Path) -> str:
    """What to type so that these are made again."""
    command = ["rm", *(["-r"] if any(path.is_dir() for path in paths) else []), *map(str, paths)]
    return f"{shlex.join(command)}, then the same command"


def _check_store(path: Path, described: Mapping[str, Any]) -> None:
    """Raise ValueError unless a store states the data set of its name, and the source of the configuration."""
    from frequency_shortcuts.storage.hdf5 import read_hdf5

    with read_hdf5(path) as file:
        for key, expected in (("dataset", path.stem), ("configured_source", described.get("source"))):  # drawn: none
            if expected and (stated := file.attrs.get(key, expected)) != expected:
                raise ValueError(f"{path} is of the {key.replace('_', ' ')} {stated}, not {expected}: {_again(path)}")
