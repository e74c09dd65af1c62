"""How a job runs: its log, errors of one sentence, threads, signals, and the mark that it leaves in files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

log = logging.getLogger("study")
ROOT = Path(__file__).parents[2]
NETWORK = ["dataset", "network", "augmentation"]
RUN = [*NETWORK, "seed"]  # the columns that say which run a row belongs to
FOLDER = "{dataset}/{network}/{augmentation}/seed{seed}"  # of a run, below networks/, dfm/, tests/ and others
WITH_TRUTH = ("synthetic", "planted")  # the kinds of data sets whose truth is known


@contextlib.contextmanager
def job(snakemake: Any) -> Iterator[str]:
    """Run a step: log to the rule's log, and end with one sentence when something is wrong.

    Yields the mark for `created_by`: version, commit and digest of the configuration.
    """
    handler = logging.FileHandler(snakemake.log[0], mode="w") if snakemake.log else logging.StreamHandler()
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
        yield created_by(snakemake.config)
    except Exception as error:
        sentence = _sentence(error)
        log.exception("failed")
        log.error("ERROR: %s", sentence)
        print(f"ERROR in {snakemake.rule}: {sentence} (log: {', '.join(snakemake.log)})", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        root.removeHandler(handler)
        handler.close()


REPEAT_S = 2.0  # within which the same signal counts once: a parent process hands it on


@contextlib.contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether the work in the block should store its state and end: after SIGTERM, which
    SLURM sends before it kills, or SIGINT.

    This holds in the block alone. Before and after it, and when a signal comes again, it does what it always does.
    A signal that is ignored (SIGINT in the background of a shell script) stays ignored.
    """
    received: dict[int, float] = {}
    process = os.getpid()

    def receive(number: int, _: Any) -> None:
        first = received.setdefault(number, time.monotonic())
        if time.monotonic() - first > REPEAT_S or os.getpid() != process:  # again, or in a child that was forked here
            signal.signal(number, before[number])
            signal.raise_signal(number)

    mine = [number for number in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(number) != signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.signal(number, receive) for number in mine}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # The work ended before it looked: now the signal is obeyed.
    for number in received:
        signal.raise_signal(number)


def _sentence(error: Exception) -> str:
    """The sentence of an error: its own for those that we raise; any other is named by its type."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    ours = isinstance(error, ValueError | OSError | RuntimeError)
    return str(error) if ours else f"{type(error).__name__}: {error}"


def created_by(config: Mapping[str, Any]) -> str:
    """Version, commit and digest of the configuration, for the attributes of a file."""
    from frequency_shortcuts import __version__

    return f"frequency-shortcuts {__version__}, commit {commit()}, config {digest(config)}"


def digest(config: Mapping[str, Any]) -> str:
    """A text that two configurations share only if all their values are equal."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:12]


def code_version(files: Iterable[str]) -> str:
    """A digest of the code that a step runs: what other code left unfinished is not resumed."""
    found = hashlib.sha256()
    for file in files:
        found.update(Path(file).read_bytes())
    return found.hexdigest()


def commit() -> str:
    """The commit of this checkout, `-dirty` behind it where files differ from it."""
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def identity(path: str | Path) -> dict[str, Any]:
    """The columns `RUN` of a run, whose files lie in {dataset}/{network}/{augmentation}/seed{seed}."""
    *names, seed = Path(path).parent.parts[-len(RUN) :]
    return {**dict(zip(NETWORK, names, strict=True)), "seed": int(seed.removeprefix("seed"))}


def run_snakemake(config: Mapping[str, Any], target: str, *arguments: str, captured: bool = True) -> str:
    """Run Snakemake on this study while it runs: for its graph, its report, or a file that is needed at once.

    Returns what it prints, or nothing where that is not captured. Raises RuntimeError where it fails.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(json.loads(json.dumps(config)), file)
        file.flush()
        command = [sys.executable, "-m", "snakemake", target, "--snakefile", str(ROOT / "Snakefile"), "--nolock"]
        command += [*arguments, "--configfile", file.name]
        done = subprocess.run(command, capture_output=captured, text=True)
    log.info("%s", done.stderr or "")
    if done.returncode:
        reason = f": {done.stderr.strip().splitlines()[-1]}" if captured else ""
        raise RuntimeError(f"snakemake {target} {' '.join(arguments)} failed{reason}")
    return done.stdout or ""
