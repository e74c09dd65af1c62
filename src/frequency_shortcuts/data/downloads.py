"""Fetching of published files: from the first source that works, verified, each whole or not at all."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from frequency_shortcuts.storage.files import replacing

TIMEOUT = 20.0  # seconds to wait for a silent server

# A name, and a function that takes an empty scratch folder and returns the folder of the files.
Source = tuple[str, Callable[[Path], Path]]


class NotFound(RuntimeError):
    """No source had the files; the message lists what was tried and says what to do."""


def fetch(
    destination: str | os.PathLike[str],
    sources: Sequence[Source],
    *,
    files: Iterable[str],
    verify: Callable[[Path], None],
    title: str,
    advice: str,
) -> str:
    """Copy verified files into a folder; returns the name of their source.

    The sources are tried in order. `verify` raises an error for a folder that does not hold the published `files`.
    Raises NotFound if no source works, with what was tried and the `advice`.
    """
    destination = Path(destination)
    tried = []
    for name, locate in sources:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                folder = locate(Path(scratch))
                verify(folder)
            except Exception as error:  # after any error of one source, the next one is tried
                tried.append(f"{name} ({_reason(error)})")
                continue
            for file in files:
                with replacing(destination / file) as temporary:
                    shutil.copyfile(folder / file, temporary)
            return name
    raise NotFound(f"{title} was not found; tried {'; '.join(tried)}. {advice}")


@contextmanager
def server_timeout(seconds: float = TIMEOUT) -> Iterator[None]:
    """Inside the block, a connection ends with an error after the server is silent for this long."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error: BaseException) -> str:
    text = error.stderr if isinstance(error, subprocess.CalledProcessError) and error.stderr else str(error)
    lines = text.strip().splitlines()
    return lines[-1] if lines else type(error).__name__
