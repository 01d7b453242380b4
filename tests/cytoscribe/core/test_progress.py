"""A run that writes into a pipe says now and then how far it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core import progress
from cytoscribe.core.errors import InputError
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


def test_a_log_keeps_what_is_said_and_ends_in_one_line_where_it_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_logs", [])
    progress.log_to(tmp_path / "run.log")
    say("epoch 1\x1b[2J")
    progress.record("error: no")
    lines = (tmp_path / "run.log").read_text(encoding="utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in lines[1:]] == ["epoch 1", "error: no"]
    with pytest.raises(InputError, match="cannot be written"):
        progress.log_to(tmp_path / "missing" / "run.log")
