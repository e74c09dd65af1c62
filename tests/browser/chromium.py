"""Headless Chromium, driven over a pipe by the DevTools protocol: what a page logs, requests, holds and looks like."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time

import pytest
from PIL import Image

PROGRAM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
# In a network namespace of its own, where that is allowed: there is nothing that could answer.
ALONE = ["unshare", "--net"]
if not shutil.which("unshare") or subprocess.run([*ALONE, "true"], capture_output=True).returncode:
    ALONE = []
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1400,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
]  # fmt: skip
NEEDS_CHROMIUM = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")


def colours(path, left=0):
    """How many colours a screenshot has, from a column on."""
    with Image.open(path) as screen:
        return len(screen.convert("RGB").crop((left, 0, *screen.size)).getcolors(2**24))


class Chromium:
    """One tab. `errors` are exceptions, and errors on the console, `requests` the addresses that the page requested."""

    def __init__(self, profile):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def hand_over():  # Chromium reads commands from 3 and writes to 4
            ends = os.dup(to_browser), os.dup(from_browser)
            for end, number in zip(ends, (3, 4), strict=True):
                os.dup2(end, number)

        self._process = subprocess.Popen(
            [*ALONE, PROGRAM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=hand_over, pass_fds=(3, 4),
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._numbers, self._rest = itertools.count(1), b""
        self.errors, self.requests, self._events = [], [], []
        # Newer ones list pages of their own beside the tab, which are never painted.
        targets = self._ask("Target.getTargets")["targetInfos"]
        target = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = None
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, page):
        """Load a file, and wait until it is there."""
        self._events.clear()
        self._ask("Page.navigate", url=page.as_uri())
        self._until(lambda: "Page.loadEventFired" in self._events)

    def run(self, script):
        """What an expression gives (or its promise comes to)."""
        answer = self._ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def picture(self, path):
        """A screenshot."""
        path.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot")["data"]))

    def close(self):
        """End the browser."""
        try:
            self._session = None
            self._ask("Browser.close")
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._in)
            os.close(self._out)

    def _ask(self, method, **parameters):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        answers = []
        self._until(
            lambda: answers, lambda event: event.get("id") == number and answers.append(event)
        )
        assert "error" not in answers[0], answers[0]
        return answers[0]["result"]

    def _until(self, done, look=lambda event: None, seconds=60):
        end = time.monotonic() + seconds
        while not done():
            ready, _, _ = select.select([self._in], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            read = os.read(self._in, 2**20)
            assert read, "the browser ended"
            *messages, self._rest = (self._rest + read).split(b"\0")
            for event in map(json.loads, messages):
                self._note(event)
                look(event)

    def _note(self, event):
        method, parameters = event.get("method"), event.get("params", {})
        self._events.append(method)
        if method == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
            self.errors.append(parameters["args"])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
