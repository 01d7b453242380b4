"""Limits of time and memory for the templates of others: a loop without end, or a word repeated a billion times, is one clear error."""

from __future__ import annotations

import contextlib
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

SECONDS = 5.0
"""Of computing, however busy the machine is."""
MEGABYTES = 256
MOST_CHARACTERS = 200_000
"""Of a rendered prompt."""


class ExhaustedError(Exception):
    """A template took more time or memory than any prompt needs."""


class BoundedEnvironment(SandboxedEnvironment):
    """Jinja's sandbox without powers, which the interpreter computes in one step that no clock can end."""

    intercepted_binops = frozenset(["**"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError("powers are not computed in templates")


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Raise ExhaustedError where the block takes more than SECONDS (in the main thread, which alone can be woken) or MEGABYTES more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError, OSError):  # a limit that is tighter already stays
        resource.setrlimit(resource.RLIMIT_AS, (_size() + (MEGABYTES << 20), hard))
    wake = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGVTALRM, _too_long) if wake else None
    if wake:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    except MemoryError as error:
        raise ExhaustedError(f"takes more than {MEGABYTES} MB of memory") from error
    except RecursionError as error:
        raise ExhaustedError("calls itself without end") from error
    finally:
        if wake:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _too_long(signum: int, frame: FrameType | None) -> None:
    raise ExhaustedError(f"takes more than {SECONDS:g} s to compute")


def _size() -> int:
    """Bytes of address space that the process has taken."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 1 << 40  # a system without /proc, which does not keep this limit either
