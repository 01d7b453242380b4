"""Progress for people: a bar with rate and time left on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cytoscribe.core.errors import unwritable
from cytoscribe.core.plain_text import printable

T = TypeVar("T")
LINE_SECONDS = 60.0
"""Between two lines of a run whose output is not watched live, as in a pipe or a log."""
console = Console(stderr=True)
"""Where everything that is not a result goes: results alone go to standard output."""
_logs: list[Path] = []
_listeners: list[list[str]] = []


def log_to(path: Path) -> None:
    """Add every line that is said from now on to a file too, with the time; raises InputError where it cannot be written."""
    _logs[:] = [path]
    _note(f"--- {datetime.now(UTC).date().isoformat()}")


def record(text: str) -> None:
    """Add a line to the log alone, where there is one: for what reaches the terminal another way."""
    if _logs:
        _note(text)


def _note(text: str) -> None:
    stamp = datetime.now(UTC).strftime("%H:%M:%SZ")
    try:
        with _logs[0].open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{stamp} {printable(text)}\n")
    except OSError as error:
        raise unwritable(error, _logs[0]) from error


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.1f} {task.fields['unit']}/s" if task.speed else "", style="dim")


class Bar:
    """A running progress bar: `advance` it, or `note` a word beside it (a loss, a file's name)."""

    def __init__(self, progress: Progress, task: TaskID, unit: str) -> None:
        self._progress, self._task, self._unit, self._note, self._spoke = progress, task, unit, "", time.monotonic()

    def advance(self, steps: float = 1) -> None:
        """Count what was done; where no terminal shows the bar, a line a minute says how far it is."""
        self._progress.advance(self._task, steps)
        if (self._progress.disable or _logs) and time.monotonic() - self._spoke >= LINE_SECONDS:
            self._spoke = time.monotonic()
            task = self._progress.tasks[0]
            total = f" of {task.total:g}" if task.total is not None else ""
            told = f"{task.description}: {task.completed:g}{total} {self._unit}{f' ({self._note})' if self._note else ''}"
            (say if self._progress.disable else record)(told)

    def note(self, text: str) -> None:
        """Show a few words beside the bar."""
        self._note = printable(text)
        self._progress.update(self._task, note=self._note)


@contextmanager
def bar(label: str, total: float | None, unit: str = "items", done: float = 0) -> Iterator[Bar]:
    """Show a bar while the block runs. `done` counts what an earlier run had finished already."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=False) as progress:
        yield Bar(progress, progress.add_task(label, total=total, completed=done, unit=unit, note=""), unit)  # type: ignore[arg-type]


def track(items: Iterable[T], label: str, total: float | None = None, unit: str = "items") -> Iterator[T]:
    """Iterate under a bar."""
    size = total if total is not None else (len(items) if hasattr(items, "__len__") else None)  # type: ignore[arg-type]
    with bar(label, size, unit) as running:
        for item in items:
            yield item
            running.advance()


def say(text: str) -> None:
    """One line for the person at the terminal, on standard error, without what the terminal would obey."""
    if _listeners:
        _listeners[-1].append(text)
        return
    console.print(printable(text), highlight=False, soft_wrap=True, markup=False)
    record(text)


@contextmanager
def heard() -> Iterator[list[str]]:
    """What is said within the block, kept for another process to say instead."""
    lines: list[str] = []
    _listeners.append(lines)
    try:
        yield lines
    finally:
        _listeners.remove(lines)


def log(text: str) -> None:
    """One line where no terminal shows a bar, as at the end of an epoch; nothing where one does."""
    if console.is_terminal:
        record(text)
    else:
        say(text)
