"""The frame of a job: its log, errors of one sentence, threads, signals, and the provenance that it writes to files."""

import contextlib
import functools
import hashlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import kept_outputs

log = logging.getLogger("study")
ROOT = Path(__file__).resolve().parents[2]  # also for notebooks, which import by "../study"
NETWORK = ["dataset", "network", "augmentation"]
RUN = [*NETWORK, "seed"]  # the columns that identify the run of a row
WITH_TRUTH = ("synthetic", "planted")  # the kinds of data sets whose truth is known


@contextlib.contextmanager
def job(snakemake: Any) -> Iterator[str]:
    """Run a step, if no other process runs it: log, and turn any error into one sentence.

    Yields the text for `created_by`: version, commit and digest of the configuration.
    """
    handler = (
        logging.FileHandler(snakemake.log[0], mode="w")
        if snakemake.log
        else logging.StreamHandler()
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    if number := os.environ.get("SLURM_JOB_ID"):
        log.info("SLURM job %s on %s", number, socket.gethostname())
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(snakemake.threads)
    try:
        folder = Path("results", snakemake.config["study"])
        with _alone(snakemake.output, folder):
            yield created_by(snakemake.config)
        kept_outputs.forget(snakemake.output, folder)
    except (
        Exception,
        SystemExit,
        KeyboardInterrupt,
    ) as error:  # the user's code may call exit, also with status 0
        sentence = _sentence(error)
        log.exception("failed")
        log.error("ERROR: %s", sentence)
        print(
            f"ERROR in {snakemake.rule}: {sentence} (log: {', '.join(snakemake.log)})",
            file=sys.stderr,
        )
        raise SystemExit(1) from None
    finally:
        # With its child processes, since it started.
        log.info("processor time: %.2f s", sum(os.times()[:4]))
        root.removeHandler(handler)
        handler.close()


@contextlib.contextmanager
def _alone(outputs: Sequence[str], folder: Path) -> Iterator[None]:
    """Until the block ends, no other process can run the step with these outputs: a file in `.running` is locked.

    A step can outlive its Snakemake, which was killed. Raises RuntimeError if another process runs the step.
    """
    if not outputs:
        yield
        return
    from frequency_shortcuts.storage.journal import (
        locked,  # here, since Snakemake starts without h5py
    )

    path = folder / ".running" / str(outputs[0]).replace("/", ".")
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path, result=outputs[0]):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def script(main: Callable[[Any, str], None]) -> Callable[[Any], None]:
    """The function of a script, run in the frame of a job: at once if Snakemake runs the file, not if it is imported.

    main : takes Snakemake's object and the text for `created_by`
    """

    @functools.wraps(main)
    def in_frame(snakemake: Any) -> None:
        with job(snakemake) as text:
            main(snakemake, text)

    if main.__module__ == "__main__":
        in_frame(sys.modules["__main__"].snakemake)
    return in_frame


REPEAT_S = 2.0  # seconds in which the same signal counts once: a parent process may forward it


@contextlib.contextmanager
def stopping(outputs: Iterable[str] = ()) -> Iterator[Callable[[], bool]]:
    """Yields a function that returns whether the work in the block must store its state and end.

    outputs : what the step writes after the block. Raises RuntimeError if another process wrote one during the block,
        since its Snakemake was killed and a later one ran the step again on another machine

    It returns true after SIGTERM, which SLURM sends before it kills a job, or SIGINT. Outside the block, and for a
    second signal, signals have their usual effect. A signal that is ignored (SIGINT in the background of a shell
    script) stays ignored.
    """
    started = time.time()
    received: dict[int, float] = {}
    process = os.getpid()

    def receive(number: int, _: Any) -> None:
        first = received.setdefault(number, time.monotonic())
        if (
            time.monotonic() - first > REPEAT_S or os.getpid() != process
        ):  # a second signal, or in a forked child
            signal.signal(number, before[number])
            signal.raise_signal(number)

    handled = [
        number
        for number in (signal.SIGTERM, signal.SIGINT)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    before: dict[int, Any] = {number: signal.signal(number, receive) for number in handled}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # The work ended before it called the function: the signal takes effect now.
    for number in received:
        signal.raise_signal(number)
    newer = [
        path for path in outputs if Path(path).exists() and Path(path).stat().st_mtime > started
    ]
    if newer:
        raise RuntimeError(
            f"another process wrote {newer[0]} while this step ran: it stays as it is"
        )


def _sentence(error: BaseException) -> str:
    """The sentence of an error: its own message for errors of this repository, with the type for all others."""
    if isinstance(error, SystemExit):
        return f"code that this step runs called exit({error.code!r}): expected a network or data set that does not"
    if isinstance(error, KeyboardInterrupt):
        return "the step was interrupted"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    ours = isinstance(error, ValueError | OSError | RuntimeError)
    return str(error) if ours else f"{type(error).__name__}: {error}"


def created_by(config: Mapping[str, Any]) -> str:
    """Version, commit and digest of the configuration, for the attributes of a file."""
    from frequency_shortcuts import __version__

    return f"frequency-shortcuts {__version__}, commit {commit()}, config {config_digest(config)}"


def config_digest(config: Mapping[str, Any]) -> str:
    """A text that is equal for two configurations only if all their values are equal."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:12]


def commit() -> str:
    """The commit of this checkout, followed by `-dirty` if files differ from it."""
    return _git("describe", "--always", "--dirty", "--abbrev=12") or "unknown"


def commit_of(files: Iterable[str]) -> str:
    """The last commit that changed one of these files, followed by `-dirty` if they differ from it; "" without git.

    files : paths from the root of this checkout
    """
    last = _git("log", "-1", "--format=%h", "--abbrev=12", "--", *files)
    changed = _git("status", "-s", "--", *files)
    return f"{last}-dirty" if changed else last


def _git(*command: str) -> str:
    """What git says of this checkout; "" without git."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *command], capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()


def run_name(run: Mapping[str, Any]) -> str:
    """A run as one name: dataset/network/augmentation/seed."""
    return "/".join(str(run[key]) for key in RUN)


def run_of_path(path: str | Path) -> dict[str, Any]:
    """The columns `RUN` of a run, from the path of a file in {dataset}/{network}/{augmentation}/seed{seed}."""
    *names, seed = Path(path).parent.parts[-len(RUN) :]
    return {**dict(zip(NETWORK, names, strict=True)), "seed": int(seed.removeprefix("seed"))}
