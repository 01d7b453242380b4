"""Run untrusted parsing in a child process with limits of time and memory.

MuPDF runs in C and cannot be interrupted, so a limit that holds needs a process of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import resource
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar

from cytoscribe.core.errors import CytoscribeError, InputError, WriteError

A = TypeVar("A")
R = TypeVar("R")
SECONDS = 120.0
MEGABYTES = 3_000
_START_SECONDS = 120.0


class BoundedWorker(Generic[A, R]):
    """Calls one function in a helper process that lives from call to call. Use as a context manager.

    function: importable by its name; its argument and result must pickle. seconds: for one call. megabytes: memory that a call
    may take beyond what the process holds at its start. `call` raises InputError where the function does, and where a limit is
    passed or the process dies; the next call then gets a fresh process.
    """

    def __init__(self, function: Callable[[A], R], *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._function, self._seconds, self._megabytes = function, seconds, megabytes
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> BoundedWorker[A, R]:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def call(self, argument: A, *, where: str | Path = "") -> R:
        """The function's result for `argument`; `where` names the file in the error."""
        worn = self._process is not None
        verdict, result = self._verdict_of(argument, where)
        if verdict == "memory" and worn:  # an earlier file may have left hundreds of MB behind: judge this one in a fresh process
            self.close()
            verdict, result = self._verdict_of(argument, where)
        if verdict == "memory":
            self.close()
            raise InputError(f"needs more than {self._megabytes} MB of memory", where=where, fix="the file is skipped")
        if verdict in _REFUSALS:
            what, place, fix = result
            raise _REFUSALS[verdict](what, where=place, fix=fix)
        if verdict == "failed":
            raise InputError(f"could not be read ({result})", where=where, fix="the file is skipped; check whether it is damaged")
        return result

    def _verdict_of(self, argument: A, where: str | Path) -> tuple[str, Any]:
        pipe = self._running()
        try:
            pipe.send(argument)
            return self._awaited(pipe, where)
        except (EOFError, OSError) as error:
            self.close()
            raise InputError("crashed its reader", where=where, fix="the file is skipped; check whether it is damaged") from error

    def _awaited(self, pipe: Connection, where: str | Path) -> tuple[str, Any]:
        if pipe.poll(self._seconds):
            return pipe.recv()
        self.close()
        raise InputError(
            f"took longer than {self._seconds:g} s", where=where, fix="check whether it is damaged, or raise --seconds"
        )

    def close(self) -> None:
        """End the helper process, whatever it is doing."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._pipe = None

    def _running(self) -> Connection:
        if self._pipe is None or self._process is None or self._process.poll() is not None:
            self.close()
            self._pipe, theirs = multiprocessing.Pipe()
            self._process = _started(theirs, self._function, self._megabytes)
            theirs.close()
            if not self._pipe.poll(_START_SECONDS) or self._pipe.recv() != "ready":
                self.close()
                told = f"a process that reads papers did not start in {_START_SECONDS:g} s"
                raise CytoscribeError(f"{told}; wait until the machine is less busy, and run the same command again")
        return self._pipe


_REFUSALS: dict[str, type[InputError]] = {"refused": InputError, "unwritable": WriteError}


def _started(pipe: Connection, function: Callable[[Any], Any], megabytes: int) -> subprocess.Popen[bytes]:
    """A child that serves `pipe`. Unlike multiprocessing's, it never runs the user's script again, so scripts need no `__main__` guard."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve(*sys.argv[1:])"
    told = (str(pipe.fileno()), function.__module__, function.__qualname__, str(megabytes))
    return subprocess.Popen([sys.executable, "-c", code, *told], pass_fds=(pipe.fileno(),), stdin=subprocess.DEVNULL)


def serve(descriptor: str, module: str, name: str, megabytes: str) -> None:
    """What the child does: call the named function for each argument that comes through the pipe, until the pipe closes."""
    pipe = Connection(int(descriptor))
    function = getattr(importlib.import_module(module), name)
    _limit_memory(int(megabytes))
    with contextlib.suppress(EOFError, BrokenPipeError):  # the run ended, or did not wait for a process that began too slowly
        pipe.send("ready")
        while True:
            pipe.send(_verdict(function, pipe.recv()))


def _verdict(function: Callable[[Any], Any], argument: Any) -> tuple[str, Any]:
    try:
        return "done", function(argument)
    except InputError as error:
        verdict = "unwritable" if isinstance(error, WriteError) else "refused"
        return verdict, (error.what, error.where, error.fix)
    except MemoryError:
        return "memory", None
    except Exception as error:  # whatever a stranger's file provokes must name the file, not end the run
        memory = "malloc" in str(error) or "memory" in str(error).lower()
        return ("memory", None) if memory else ("failed", f"{type(error).__name__}: {error}")


def _limit_memory(megabytes: int) -> None:
    """Let the process grow by so much and no more; where the system has no such limit, time alone bounds it."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        size = pages * resource.getpagesize() + megabytes * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))
