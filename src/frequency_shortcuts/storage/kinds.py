"""What lies at a path: only regular files are read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def kind_of(path: str | os.PathLike[str]) -> str | None:
    """What a path is, in words, if it is no regular file, such as a FIFO, which may never end. None for a missing file.

    Raises OSError if that cannot be found out.
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a symbolic link that leads in a circle"
        raise
    if stat.S_ISREG(mode):
        return None
    return "a folder" if stat.S_ISDIR(mode) else "a FIFO" if stat.S_ISFIFO(mode) else "a device or socket"
