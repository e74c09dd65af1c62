"""What a running Snakemake prints: one line for each job that starts, and errors in full."""

from __future__ import annotations

import logging
import time

HIDDEN = {"job_started", "job_finished", "progress"}  # events of Snakemake


class OneLine(logging.Formatter):
    """A job as its message, behind the number of jobs that are done; all else as Snakemake has it."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__()
        self.before, self.done = handler.formatter or logging.Formatter(), ""

    def format(self, record: logging.LogRecord) -> str:
        message = getattr(record, "rule_msg", None)
        if getattr(record, "event", None) == "job_info" and message:
            return f"{time.strftime('%H:%M:%S')} {self.done}{message}"
        return self.before.format(record)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown. Keeps the number of jobs that are done."""
        event = getattr(record, "event", None)
        if event == "progress":
            self.done = "{done} of {total} done: ".format(**vars(record))
        return event not in HIDDEN and record.msg != "Select jobs to execute..."


def one_line_a_job(logger: logging.Logger) -> None:
    """Shorten what Snakemake prints, but not what it stores in .snakemake/log."""
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler):
            line = OneLine(handler)
            handler.addFilter(line.filter)
            handler.setFormatter(line)
