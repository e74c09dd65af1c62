"""Kill a study at random moments, start it again each time, and compare every result with an undisturbed run.

    python tests/kill_study.py --folder build/kills --kills 30 --seed 0

The study is that of the tests (config/test.yaml and a folder of pictures), with one training that is long enough to be
resumed. A kill is SIGKILL to one of
    head    Snakemake, whose jobs then go on as orphans
    worker  the Python process of a job
    kernel  the Jupyter kernel of a figure or table
    all     all of them
and falls at one of the moments
    anywhere  after a random number of finished files, and a random part of a second
    writing   inside the writing of a file: its hidden partial file is there, and its writer is stopped before the kill
    training  in the long training, after it stored its state; from its second kill on, after it resumed
After a kill the study is started again as the README says: `snakemake --unlock` if Snakemake was killed, and the same
command. After some kills of `head` it is started at once, beside the orphans; after the others, when they have ended.

`kills.csv` in the folder has a row for each kill. The exit status is 1 if a result differs, a half-written file lay
under the name of a result, a finished job was done again, the long training did not resume, or a start failed for
another reason than an orphan that is still at work.
"""

import argparse
import contextlib
import dataclasses
import random
import re
import signal
import sys
import time
from pathlib import Path

import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.markdown import paragraphs, renew, table
from killed_run import Run, alive, job_of, partials, role, send
from same_results import MEASURED, difference, differences, results

VICTIMS = ("head", "worker", "kernel", "all")
BUSY = "another job, perhaps of an earlier run, is still at work on it"
CHECKED = "checked.txt"  # of the check of the inputs, which each start may repeat
PATIENCE_S = 300.0  # for orphans, and for a Snakemake whose job was killed


@dataclasses.dataclass(eq=False)
class Kill:
    """A kill: what was drawn, and what it did. These are the columns of kills.csv."""

    victim: str
    moment: str
    share: float  # of the files of the study that are finished before it, at least
    delay: float  # seconds after that; of writing a tenth of it, after the file was seen
    at_once: bool  # whether the study is started again beside the orphans
    run: int = -1  # the disturbed run, from 0
    finished: int = 0  # files
    job: str = ""  # log of the job that was hit
    inside: str = ""  # the file that was being written
    bytes: int = 0  # of it that were there
    iteration: int = 0  # training: where the killed process had resumed
    orphans: int = 0
    orphans_s: float = 0.0  # until the last of them had ended
    ended: int = 0  # orphans that did not end by themselves
    unlocked: bool = False
    partial: int = 0  # hidden partial files in the folder
    broken: str = ""  # files under the name of a result that were not the finished ones
    redone: str = ""  # files that were finished before the kill and written again after it
    failed: int = 0  # starts after it that failed, of the files of which an orphan was still at work


def drawn(count: int, seed: int) -> list[Kill]:
    """So many kills: a third while files are written, a sixth (but three) in the long training, the rest anywhere.

    Those of a kind are spread over the study: one in each of as many equal parts of its files, at random there.
    """
    generator = random.Random(seed)
    training = min(count, max(3, count // 6))
    writing = min(count - training, round(count / 3))
    # In a row; the orphan of the last one would end the training.
    victims = ["head" if number == training - 1 else ("all", "worker")[number % 2] for number in range(training)]
    kills = [Kill(victim, "training", 0.0, generator.random(), at_once=True) for victim in victims]
    for moment, number in (("writing", writing), ("anywhere", count - training - writing)):
        for part in range(number):
            victim, share = VICTIMS[(part + 1) % len(VICTIMS)], 0.85 * (part + generator.random()) / number
            if victim == "kernel":  # figures come late
                share = 0.4 + share / 2
            kills.append(Kill(victim, moment, share, generator.random(), at_once=generator.random() < 0.5))
    return kills


class Trial:
    """Disturbed runs of a study beside an undisturbed one."""

    def __init__(self, reference: Run, kills: list[Kill], seed: int, end: float) -> None:
        self.reference, self.waiting, self.end = reference, list(kills), end
        self.done: list[Kill] = []
        self.generator = random.Random(seed)
        self.total = len(reference.finished())
        self.hit: set[tuple[str, str]] = set()  # kinds of files in whose writing a kill fell
        self.orphans: list[tuple[psutil.Process, Kill, float]] = []  # with the time of their kill
        self.faults: list[str] = []
        self.left: list[str] = []  # hidden partial files at the end of a run
        self.resumed: list[int] = []  # iterations at which the long training resumed

    def disturb(self, run: Run, number: int) -> None:
        """One run, with as many of the waiting kills as it takes."""
        self.compared: dict[str, tuple[int, int]] = {}  # files, as they were when they were compared
        self.ends: dict[str, float] = {}  # of the jobs that finished the files
        self.last: Kill | None = None  # of this run
        self.in_training = 0  # kills of this run in the long training
        run.start()
        while True:
            if kill := self._strike(run, number):
                self._after(run, kill)
            elif run.head.wait() == 0:
                break
            else:
                self._failed(run)
            run.start()
        self._look(run, None)
        self._wait_for_orphans()
        differing = differences(run.results, self.reference.results)
        self.faults += [f"run {number}: {name} {reason}" for name, reason in differing.items()]
        self.left += partials(run.results)
        # What starts after the last of these kills may find that an orphan has ended the training.
        kills = [kill for kill in self.done if kill.run == number and kill.moment == "training"]
        resumed = [kill.iteration for kill in kills[1:]]
        missed = time.monotonic() < self.end and any(kill.moment == "training" for kill in self.waiting)
        # A state may be stored twice in an iteration: before and after its validation.
        if missed or resumed != sorted(resumed):
            self.faults.append(f"run {number}: the training did not resume after each kill, but at {resumed}")
        self.resumed += resumed

    def _strike(self, run: Run, number: int) -> Kill | None:
        """Wait for the moment of a waiting kill, and kill; None if Snakemake ended before."""
        since: dict[Kill, float] = {}  # when the delay of a kill began
        look, due, finished = 0.0, [], 0
        while run.head.poll() is None:
            # Files are written in milliseconds; to look at all else takes as long, and is done less often.
            if seldom := (now := time.monotonic()) > look:
                look, finished = now + 0.05, run.count()
                self._watch_orphans()
                due = self._due(run, finished) if now < self.end else []
            for kill in due:
                if kill.moment != "writing" and not (seldom and now > since.setdefault(kill, now) + kill.delay):
                    continue
                if victim := self._writer(run, kill, finished) if kill.moment == "writing" else self._job(run, kill):
                    kill.run, kill.finished = number, finished
                    self._kill(run, kill, victim)
                    self.waiting.remove(kill)
                    self.done.append(kill)
                    return kill
            time.sleep(0.001 if any(kill.moment == "writing" for kill in due) else 0.05)
        return None

    def _due(self, run: Run, finished: int) -> list[Kill]:
        """The kills whose moment has come, but for their delay.

        While the long training runs, those in it come first, one after the other: a kill of another job lets it end.
        """
        training = [kill for kill in self.waiting if kill.moment == "training"]
        if training and (job := run.long_training()):
            return training[:1] if run.stored_by(job, resumed=self.in_training > 0) else []
        return [kill for kill in self.waiting if kill not in training and kill.share * self.total <= finished]

    def _job(self, run: Run, kill: Kill) -> psutil.Process | None:
        """The process of a job that a kill is for, stopped; None if there is none."""
        if kill.moment == "training":
            jobs = [job] if (job := run.long_training()) else []
        else:
            wanted = "kernel" if kill.victim == "kernel" else "worker"
            jobs = [job for job in run.processes() if role(job) == wanted]
        if jobs and send(chosen := self.generator.choice(jobs), signal.SIGSTOP):
            if kill.moment == "training":
                kill.iteration = run.resumed_at()
                self.in_training += 1
            return chosen
        return None

    def _writer(self, run: Run, kill: Kill, finished: int) -> psutil.Process | None:
        """A process that is inside the writing of a file, of a kind that was not hit before, stopped; or None."""
        for path, number in run.being_written():
            kind = path.relative_to(run.results).parts[0], path.suffix
            writer = next((process for process in run.processes() if process.pid == number), None)
            if writer is None or (kind in self.hit and finished < 0.85 * self.total):
                continue
            if {"kernel": "kernel", "worker": "worker"}.get(kill.victim, role(writer)) != role(writer):
                continue
            time.sleep(kill.delay * 0.1)
            if send(writer, signal.SIGSTOP) and path.exists():
                self.hit.add(kind)
                kill.inside, kill.bytes = path.relative_to(run.results).as_posix(), path.stat().st_size
                return writer
            send(writer, signal.SIGCONT)
            kill.delay /= 2  # too late: that file was written faster
        return None

    def _kill(self, run: Run, kill: Kill, victim: psutil.Process) -> None:
        """Kill; a job that was stopped and is not the victim goes on."""
        kill.job = job_of(victim)
        if kill.victim in ("head", "all"):
            send(run.head, signal.SIGSTOP)  # it starts no more jobs
        jobs = run.processes()
        chosen = {"head": [run.head], "all": [run.head, *jobs]}.get(kill.victim, [victim])
        for process in chosen:
            send(process, signal.SIGKILL)
        send(victim, signal.SIGCONT)
        try:
            run.head.wait(PATIENCE_S)  # for its other jobs
        except psutil.TimeoutExpired:
            self.faults.append(f"Snakemake did not end within {PATIENCE_S:.0f} s after {kill.job} was killed")
            send(run.head, signal.SIGKILL)
            run.head.wait()
        psutil.wait_procs([process for process in chosen if process != run.head], timeout=10)
        orphans = [process for process in jobs if alive(process)]
        kill.orphans = len(orphans)
        self.orphans += [(process, kill, time.monotonic()) for process in orphans]

    def _after(self, run: Run, kill: Kill) -> None:
        """Look at what a kill left, wait for the orphans or not, and unlock the folder."""
        kill.partial = len(partials(run.results))
        if not kill.at_once:
            self._wait_for_orphans()
        self._look(run, kill)
        if any((run.root / ".snakemake" / "locks").glob("*")):
            kill.unlocked = True
            run.snakemake("--unlock").wait()

    def _look(self, run: Run, kill: Kill | None) -> None:
        """Note what lies under the name of a result and is not the finished one, and what was done again."""
        ends, wrong = run.finished(), []
        for name in results(run.results):
            path, theirs = run.results / name, self.reference.results / name
            with contextlib.suppress(FileNotFoundError):  # orphans rename and delete
                state = path.stat().st_ino, path.stat().st_mtime_ns
                if theirs.exists() and self.compared.get(name) != state:
                    self.compared[name] = state
                    if reason := difference(run.results, self.reference.results, name):
                        wrong.append(f"{name} {reason}")
        if kill and wrong:
            kill.broken = "; ".join(wrong)
            self.faults.append(f"after a kill of {kill.victim}, {kill.broken}")
        again = [name for name, end in self.ends.items() if ends.get(name, end) != end and CHECKED not in name]
        if again:
            self.last.redone = " ".join(again)
            self.faults.append(f"done again after a kill of {self.last.victim}: {self.last.redone}")
        self.ends.update(ends)
        self.last = kill

    def _failed(self, run: Run) -> None:
        """A start that failed although nothing was killed: an orphan may still be at work."""
        text = run.output.read_text()[run.begin :]
        if self.last is None:
            raise RuntimeError(f"the study failed before the first kill, see {run.output}")
        self.last.failed += 1
        if BUSY not in text:
            said = " ".join(text[max(0, text.find("ERROR in")) :].split())[:300]
            self.faults.append(f"a start after a kill of {self.last.victim} in {self.last.job} failed: {said}")
        if self.last.failed > 3:
            raise RuntimeError(f"the study did not recover, see {run.output}: {'; '.join(self.faults)}")
        self._wait_for_orphans()

    def _watch_orphans(self) -> None:
        for orphan in self.orphans:
            process, kill, since = orphan
            if not alive(process):
                kill.orphans_s = max(kill.orphans_s, time.monotonic() - since)
        self.orphans = [orphan for orphan in self.orphans if alive(orphan[0])]

    def _wait_for_orphans(self) -> None:
        """Wait until all have ended; those that do not are killed, and counted."""
        limit = time.monotonic() + PATIENCE_S
        while self.orphans and time.monotonic() < limit:
            self._watch_orphans()
            time.sleep(0.05)
        for process, kill, _ in self.orphans:
            kill.ended += send(process, signal.SIGKILL)
        self.orphans = []


def report(kills: pd.DataFrame, facts: dict, command: str) -> str:
    """The section of a page on kills, in Markdown."""
    counted = [
        [
            victim, len(part), (part["moment"] == "writing").sum(), (part["moment"] == "training").sum(),
            (part["orphans"] > 0).sum(), f"{part['orphans_s'].max():.0f}", part["failed"].sum(),
            (part["redone"] != "").sum(), (part["broken"] != "").sum(),
        ]
        for victim, part in kills.groupby("victim", sort=False)
    ]  # fmt: skip
    header = [
        "killed", "kills", "inside the writing of a file", "in the long training", "with orphans",
        "longest orphan (s)", "starts that failed", "finished files written again", "half-written files among results",
    ]  # fmt: skip
    faults, left, runs = facts["faults"], facts["left"], kills["run"].nunique()
    inside = sorted({_whole(name) for name in kills["inside"] if name})
    texts = [
        f"`{command}`: {len(kills)} kills in {runs} run{'s' * (runs > 1)} of the study, in {facts['minutes']:.0f} "
        f"minutes. {kills['unlocked'].sum()} of them left a lock, which `snakemake --unlock` removed.",
        (f"Faults: {'; '.join(faults)}. Besides these, the" if faults else "The") + f" {facts['compared']} results of "
        "each disturbed run equal those of an undisturbed run: bytes, or where these differ data sets, attributes, "
        "tensors and cells of notebooks. Measured times and dates are left out of "
        + ", ".join(f"`{name}`" for name in MEASURED) + ".",
        "Jobs that the kills hit: " + ", ".join(sorted({f"`{job.split('/')[0]}`" for job in kills["job"]})) + ".",
        "Files in whose writing they fell: " + (", ".join(f"`{name}`" for name in inside) or "none") + ".",
        f"The long training resumed at the iterations {', '.join(map(str, facts['resumed']))}.",
        f"Hidden partial files that stayed to the end: {len(left)}.",
    ]  # fmt: skip
    return "\n\n".join([paragraphs(texts[0]), table(header, counted), *map(paragraphs, texts[1:])])


def _whole(partial: str) -> str:
    """The name of a file from that of its partial file."""
    return re.sub(r"(.*/)?\.([^/]+)\.[\da-f-]+(\.\w+)?$", r"\1\2\3", partial)


def main() -> int:
    """Run the study undisturbed and disturbed; write kills.csv, and a page with the marker `kills` if one is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="for the runs, a few hundred MB")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit-minutes", type=float, default=60, help="no kill so long after the undisturbed run")
    parser.add_argument("--undisturbed", type=Path, help="an undisturbed run of the same code, by this script")
    parser.add_argument("--page", type=Path, help="a page with <!-- kills --> and <!-- /kills -->, to be renewed")
    chosen = parser.parse_args()
    begin = time.monotonic()
    folder = chosen.folder.resolve()
    if chosen.undisturbed:
        reference = Run(chosen.undisturbed.resolve(), new=False)
    else:
        reference = Run(folder / "undisturbed")
        reference.start()
        try:
            failed = reference.head.wait()
        finally:
            reference.end()
        if failed:
            raise RuntimeError(f"the undisturbed run failed, see {reference.output}")
    trial = Trial(
        reference, drawn(chosen.kills, chosen.seed), chosen.seed, time.monotonic() + 60 * chosen.limit_minutes
    )
    for number in range(3):  # what found no moment in a run waits for the next
        if trial.waiting and time.monotonic() < trial.end:
            run = Run(folder / f"disturbed{number}")
            try:
                trial.disturb(run, number)
            finally:
                run.end()
                pd.DataFrame(map(dataclasses.asdict, trial.done)).to_csv(folder / "kills.csv", index=False)
    if not trial.done:
        raise RuntimeError("nothing was killed in time: give more --limit-minutes")
    facts = {
        "faults": trial.faults, "left": trial.left, "resumed": trial.resumed,
        "compared": len(list(results(reference.results))), "minutes": (time.monotonic() - begin) / 60,
    }  # fmt: skip
    command = f"python tests/kill_study.py --kills {chosen.kills} --seed {chosen.seed}"
    text = report(pd.DataFrame(map(dataclasses.asdict, trial.done)), facts, command)
    print(text)
    if chosen.page:
        chosen.page.write_text(renew(chosen.page.read_text(), "kills", text))
    return bool(trial.faults)


if __name__ == "__main__":
    sys.exit(main())
