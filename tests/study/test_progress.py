"""What a running Snakemake prints."""

import io
import logging
import re

from study.progress import one_line_a_job


def test_a_job_is_one_line_and_an_error_stays_as_it_is(tmp_path):
    logger, printed, stored = logging.Logger("snakemake"), io.StringIO(), tmp_path / "log"
    for handler in (logging.StreamHandler(printed), logging.FileHandler(stored)):
        handler.setFormatter(logging.Formatter("[date]\n%(message)s"))
        logger.addHandler(handler)
    one_line_a_job(logger)

    def job(number):
        logger.info("", extra={"event": "job_started"})
        logger.info(f"Job {number}", extra={"event": "job_info", "rule_msg": f"Training {number}"})
        logger.info("Finished", extra={"event": "job_finished"})
        logger.info("", extra={"event": "progress", "done": number, "total": 2})
        logger.info("Select jobs to execute...")

    job(1)
    job(2)
    logger.error("Error in rule train", extra={"event": "job_error"})
    lines = re.sub(r"\d\d:\d\d:\d\d", "now", printed.getvalue()).splitlines()
    assert lines == ["now Training 1", "now 1 of 2 done: Training 2", "[date]", "Error in rule train"]
    assert stored.read_text().count("Finished") == 2
