"""Code of the user in a process of its own: whatever it does there, the caller gets a result or one sentence."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frequency_shortcuts.data.entry_points import first_line

LIMIT_S = 300  # seconds that a call may take, with its imports
LEAST_S = 60  # seconds after which a child process that its parent left behind ends itself, beyond the limit


def call(function: Callable[..., Any], *arguments: Any, what: str) -> Any:
    """The result of a function of a module, called in a child process.

    what : the name of the user's code, for the sentences

    Raises ValueError, with the message of an error in the child, or with a sentence if it called exit, crashed, or gave
    no result within `LIMIT_S`.

    >>> call(try_network, settings, 10, shape, what="entry point my_module:network")
    """
    with tempfile.TemporaryDirectory() as folder:
        request, answer = Path(folder, "request"), Path(folder, "answer")
        request.write_bytes(pickle.dumps((function, arguments)))
        paths = os.pathsep.join(filter(None, sys.path))
        # -P: no file of the working folder hides a module. The child has a session of its own, to end all of it.
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(request), str(answer), str(LIMIT_S + LEAST_S)],
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            status = child.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            raise ValueError(f"{what} gives no answer within {LIMIT_S} s: expected one in less") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if not answer.exists():
            how = f"crashes the interpreter ({signal.Signals(-status).name})" if status < 0 else "ends the program"
            raise ValueError(f"{what} {how}: expected a function that returns")
        kind, found = pickle.loads(answer.read_bytes())
    if kind == "result":
        return found
    raise ValueError(found if kind == "sentence" else f"{what} fails ({found})")


def _answer(request: Path, answer: Path) -> None:
    function, arguments = pickle.loads(request.read_bytes())
    try:
        found = pickle.dumps(("result", function(*arguments)))
    except (ValueError, OSError, RuntimeError) as error:
        found = pickle.dumps(("sentence", str(error)) if str(error) else ("error", first_line(error)))
    except BaseException as error:  # also KeyboardInterrupt, if the user's code raises it
        found = pickle.dumps(("error", first_line(error)))
    answer.write_bytes(found)


if __name__ == "__main__":
    signal.alarm(int(sys.argv[3]))
    _answer(Path(sys.argv[1]), Path(sys.argv[2]))
