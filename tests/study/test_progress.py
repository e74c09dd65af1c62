"""What a running Snakemake prints."""

import io
import logging

from study.progress import one_line_a_job


def test_a_job_is_one_line_and_an_error_stays_as_it_is(tmp_path):
    logger, printed, stored = logging.Logger("snakemake"), io.StringIO(), tmp_path / "log"
    for handler in (logging.StreamHandler(printed), logging.FileHandler(stored)):
        handler.setFormatter(logging.Formatter("[date]\n%(message)s"))
        logger.addHandler(handler)
    one_line_a_job(logger)
    logger.info("Job stats:\n...", extra={"event": "run_info", "stats": {"train": 2, "total": 2}})
    for done, name in enumerate(("One", "Two"), 1):
        logger.info("Job", extra={"event": "job_info", "rule_msg": name})
        logger.info("Finished", extra={"event": "job_finished"})
        logger.info("", extra={"event": "progress", "done": done, "total": 2})
    logger.error("Error", extra={"event": "job_error"})
    total, first, second, *others = printed.getvalue().splitlines()
    assert [total, first[8:], second[8:], others] == ["2 jobs", " One", " 1 of 2 done: Two", ["[date]", "Error"]]
    assert stored.read_text().count("Finished") == 2
