"""Functions in forked child processes, which have loaded PyTorch already."""

import multiprocessing
import sys
import time
from pathlib import Path


class Child:
    """A running child process; what it prints goes to a file."""

    def __init__(self, function, *arguments, messages: Path):
        self.messages = messages
        messages.touch()

        def run():
            sys.stdout = sys.stderr = messages.open("w", buffering=1)
            function(*arguments)

        self.process = multiprocessing.get_context("fork").Process(target=run)
        self.process.start()

    def text(self):
        return self.messages.read_text()

    def until(self, condition, seconds=300):
        """Wait for something that the child does."""
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.is_alive(), self.text()
            assert time.monotonic() < end, "waited for too long"
            time.sleep(0.005)

    def ended(self, seconds=300):
        """Wait for its end; returns its exit code."""
        self.process.join(seconds)
        return self.process.exitcode
