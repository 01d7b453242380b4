"""A page in Chromium, driven by keys over its debugging pipe; nothing but the browser itself is needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND")
_SECONDS = 60
_START = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for end, own in zip(ends, (3, 4)):
    os.dup2(end, own)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Gives the browser its ends of the pipes: it reads commands from descriptor 3 and writes to 4."""
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


class Page:
    """One page. Files are written to and read from the browser as JSON that ends in a zero byte."""

    def __init__(self, told: int, heard: int) -> None:
        self._told, self._heard = told, heard
        self._buffer, self._number, self._session = b"", 0, ""

    def open(self, path: Path, width: int, height: int) -> None:
        """Show a file in a window of that size and wait until it is loaded."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700)
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)
        self.send("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete'")

    def press(self, key: str, times: int = 1) -> None:
        """Press and release a key, as a user does: a name of `_KEYS`, or a character."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        told: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": _KEYS.get(key, ord(key[0]))}
        for _ in range(times):
            self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **told)
            self.send("Input.dispatchKeyEvent", type="keyUp", **told)

    def value(self, script: str) -> Any:
        """What an expression of the page's script is."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script: str) -> None:
        """Until an expression of the page's script is true."""
        end = time.monotonic() + _SECONDS
        while not self.value(script):
            assert time.monotonic() < end, f"never true: {script}"

    def picture(self, path: Path) -> None:
        """Save what the window shows as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The browser's answer to one command."""
        self._number += 1
        told = {"id": self._number, "method": method, "params": parameters}
        os.write(self._told, json.dumps(told | ({"sessionId": self._session} if self._session else {})).encode() + b"\0")
        while True:
            line, found, self._buffer = self._buffer.partition(b"\0")
            if not found:
                self._buffer = line + os.read(self._heard, 2**20)
                continue
            answer = json.loads(line)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A browser without network; the test is skipped where there is none, or where it does not start."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    (ours_in, theirs_out), (theirs_in, ours_out) = os.pipe(), os.pipe()
    told = [found, *_OPTIONS, f"--user-data-dir={profile}"]
    start = [sys.executable, "-c", _START, str(theirs_in), str(theirs_out), *told]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(start, pass_fds=(theirs_in, theirs_out), stdin=silent, stdout=silent, stderr=silent)
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(ours_out, ours_in)
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS)
        os.close(ours_in)
        os.close(ours_out)
