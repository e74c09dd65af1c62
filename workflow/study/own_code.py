"""Code of the user in a process of its own, so that neither a crash nor an endless loop there ends the caller."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

LIMIT_S = 300  # seconds that a call may take, with its imports


def call(function: Callable[..., Any], *arguments: Any, what: str) -> Any:
    """The result of a function of a module, called in a child process, which raises the errors of the function.

    what : the name of the user's code, for the sentence

    Raises ValueError if the child ended without a result: it crashed, called `os._exit`, or took more than `LIMIT_S`.

    >>> call(try_network, settings, 10, shape, what="entry point my_module:network")
    """
    spawn = multiprocessing.get_context("spawn")  # a forked child of a process with threads may hang
    with ProcessPoolExecutor(1, spawn, initializer=signal.alarm, initargs=(LIMIT_S,)) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise ValueError(
                f"{what} crashes, ends the program, or takes more than {LIMIT_S} s: expected a function that returns"
            ) from None
