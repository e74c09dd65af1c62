"""What every script shares: its log, one-sentence errors, threads, and the mark it leaves in files."""

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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

log = logging.getLogger("study")
ROOT = Path(__file__).parents[2]
NETWORK = ["dataset", "network", "augmentation"]
RUN = [*NETWORK, "seed"]  # the columns that say which run a row belongs to


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


TWICE = 2.0  # seconds in which the same signal is still the first one, which a parent hands on


@contextlib.contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Yields what says whether the work in the block was asked to store its state and leave: by SIGTERM, which SLURM
    sends before it kills, or by SIGINT.

    For this block alone: before and after it, and when they come once more, these signals do what they always do.
    One that is ignored (SIGINT in the background of a shell script) stays so.
    """
    asked: dict[int, float] = {}
    process = os.getpid()

    def ask(number: int, _: Any) -> None:
        first = asked.setdefault(number, time.monotonic())
        if time.monotonic() - first > TWICE or os.getpid() != process:  # again, or in a child that was forked here
            signal.signal(number, before[number])
            signal.raise_signal(number)

    mine = [number for number in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in mine}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # It was done before it looked: the signal is still to be obeyed.
    for number in asked:
        signal.raise_signal(number)


def _sentence(error: Exception) -> str:
    """What to tell a person: our own errors say it; anything else is named by its type."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    told = isinstance(error, ValueError | OSError | RuntimeError)
    return str(error) if told else f"{type(error).__name__}: {error}"


def created_by(config: dict[str, Any]) -> str:
    """Version, commit and digest of the configuration, for the attributes of a file."""
    from frequency_shortcuts import __version__

    return f"frequency-shortcuts {__version__}, commit {commit()}, config {digest(config)}"


def digest(config: dict[str, Any]) -> str:
    """What two configurations share only if all their values are equal."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:12]


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


def ask_snakemake(config: dict[str, Any], *arguments: str) -> str:
    """Ask Snakemake about this very study (a graph, a report) while it runs; returns what it prints."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(json.loads(json.dumps(config)), file)
        file.flush()
        command = [sys.executable, "-m", "snakemake", "all", "--snakefile", str(ROOT / "Snakefile"), "--nolock"]
        command += ["--configfile", file.name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
    log.info("%s", done.stderr)
    if done.returncode:
        raise RuntimeError(f"snakemake {' '.join(arguments)} failed: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout
