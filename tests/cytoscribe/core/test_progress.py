"""A run that writes into a pipe says now and then how far it is."""

from __future__ import annotations

import pytest

from cytoscribe.core import progress
from cytoscribe.core.progress import bar, log, say


def test_a_line_a_minute_where_no_terminal_shows_the_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with bar("reading papers", 300, "papers") as running:
        for _ in range(300):
            clock[0] += 1
            running.note("one.pdf")
            running.advance()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"reading papers: {n} of 300 papers (one.pdf)" for n in (60, 120, 180, 240, 300)]


def test_lines_of_a_log_and_strangers_marks(capsys: pytest.CaptureFixture[str]) -> None:
    log("epoch 1 of 3")
    say("paper\x1b[2J.pdf")
    assert capsys.readouterr().err == "epoch 1 of 3\npaper.pdf\n"
