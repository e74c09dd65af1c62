"""What a running Snakemake prints: one line for each job that starts, and errors in full."""

import logging
import time


class OneLine(logging.Formatter):
    """A job as its message, behind the number of jobs that are done; their number; else what `before` makes of it."""

    def __init__(self, before: logging.Formatter | None) -> None:
        super().__init__()
        self.before, self.done = before or logging.Formatter(), ""

    def format(self, record: logging.LogRecord) -> str:
        event, about = vars(record).get("event"), vars(record)
        if event == "run_info":
            return f"{about['stats']['total']} jobs"
        if event == "job_info" and about["rule_msg"]:
            return f"{time.strftime('%H:%M:%S')} {self.done}{about['rule_msg']}"
        return self.before.format(record)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown. Keeps the number of jobs that are done."""
        event = vars(record).get("event")
        if event == "progress":
            self.done = "{done} of {total} done: ".format(**vars(record))
        hidden = ("job_started", "job_finished", "progress")
        return event not in hidden and record.msg != "Select jobs to execute..."


def one_line_a_job(logger: logging.Logger) -> None:
    """Shorten what Snakemake prints, but not what it stores in .snakemake/log."""
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler):
            handler.setFormatter(line := OneLine(handler.formatter))
            handler.addFilter(line.filter)
