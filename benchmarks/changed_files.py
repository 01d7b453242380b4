"""Changed files given to every reader, in processes with limits of time and memory; used by bad_days.py.

Most executions happen in one process, since starting one takes longer than reading. It works in batches: a batch that crashes,
hangs in C code or outgrows its memory ends alone, and the file that did it is named.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from changes import changed
from readers import Reader, readers

from cytoscribe.core.errors import InputError

MEMORY, LONGEST, BATCH = 3_000_000_000, 30, 20_000
_GRACE = 60
"""Seconds beyond LONGEST after which a reader that cannot be interrupted is killed."""


@dataclass
class Tally:
    """executions by reader; faults: one line each; slowest: seconds and name of the slowest execution; most: peak memory in bytes."""

    executions: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    most: int = 0


def misuse_readers(
    folder: Path, executions: int, seconds: float, seed: int, keep: Path | None, only: str = ""
) -> tuple[int, list[str], str]:
    """Read changed files; how many, one line for each that broke a promise, and a line about readers, time and memory. only: readers
    whose names contain this."""
    end = time.monotonic() + seconds if seconds else float("inf")
    found = {r.name: r for r in readers(folder) if only in r.name}
    (folder / "odd").mkdir(exist_ok=True)
    misuse = _Misuse(found, folder / "odd", end, seed, keep)
    tally = misuse.tally
    while (count := tally.executions.total()) < executions and time.monotonic() < end:
        misuse.batch(min(BATCH, executions - count))
    told = f"  {len(found)} readers; slowest {tally.slowest[0]:.1f} s ({tally.slowest[1]}); at most {tally.most / 1e9:.2f} GB"
    return tally.executions.total(), tally.faults, told


class _Misuse:
    """Readers with their good files, and what became of the changed ones.

    Cheap readers get more files than expensive ones, by the square root of their time. The n-th change of a reader's file depends on the
    seed alone, so a slower machine reads fewer of the same files.
    """

    def __init__(self, found: Mapping[str, Reader], odd: Path, end: float, seed: int, keep: Path | None) -> None:
        self._found, self._odd, self._end, self._seed, self._keep = found, odd, end, seed, keep
        self._good = {name: reader.good.read_bytes() for name, reader in found.items()}
        self._costs = {name: _cost(reader) for name, reader in found.items()}  # what readers share is loaded once, here
        self.tally = Tally()

    def batch(self, size: int) -> None:
        """Read `size` files in a child; what it did is read from a pipe line by line, so that a crash loses nothing."""
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            self._be_child(size, theirs)
        os.close(theirs)
        last = ""
        with os.fdopen(ours, encoding="utf-8", errors="replace") as lines:
            try:
                with _alarm(LONGEST + _GRACE) as again:
                    for line in lines:
                        again()
                        last = self._noted(line.rstrip("\n"), last)
            except _TooLongError:
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if last:
            code = os.waitstatus_to_exitcode(status)
            hung = code == -signal.SIGKILL
            self.tally.executions[last] += 1
            self._fault(last, f"longer than {LONGEST + _GRACE} s" if hung else f"the process ended with {code}")

    def _noted(self, line: str, last: str) -> str:
        """Take down one line of the child: a name when a reader begins; "=SECONDS CPU-SECONDS BYTES FAULT" when it has ended. Returns
        which one is at work."""
        if not line.startswith("="):
            return line
        took, spent, most, fault = line[1:].split(" ", 3)
        self.tally.executions[last] += 1
        self.tally.slowest = max(self.tally.slowest, (float(took), last))
        self.tally.most = max(self.tally.most, int(most))
        self._spent(last, float(spent))
        if fault:
            self._fault(last, fault)
        return ""

    def _spent(self, name: str, seconds: float) -> None:
        self._costs[name] = 0.95 * self._costs[name] + 0.05 * seconds

    def _fault(self, name: str, fault: str) -> None:
        self.tally.faults.append(f"{name}: {fault}")
        path = self._given(name)
        if self._keep and path.is_file():
            self._keep.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            (self._keep / f"{hashlib.sha256(content).hexdigest()[:12]}-{name}").write_bytes(content)

    def _given(self, name: str) -> Path:
        """The changed content as it was given: a reader may rewrite its own file."""
        return self._odd / f"given-{name}"

    def _be_child(self, size: int, pipe: int) -> None:
        """Become a batch; never returns."""
        counts = Counter(self.tally.executions)
        _limit_memory()
        signal.signal(signal.SIGALRM, _too_long)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)  # libraries in C write there too
        os.dup2(quiet, 2)
        with contextlib.suppress(BrokenPipeError):
            for _ in range(size):
                if time.monotonic() > self._end:
                    break
                name = min(self._found, key=lambda n: (counts[n] * max(self._costs[n], 1e-4) ** 0.5, n))
                self._read(name, random.Random(f"{self._seed} {name} {counts[name]}"), pipe)
                counts[name] += 1
        os._exit(0)

    def _read(self, name: str, draw: random.Random, pipe: int) -> None:
        reader = self._found[name]
        content = changed(self._good[name], draw, name)
        self._given(name).write_bytes(content)
        path = reader.place or self._odd / name
        path.write_bytes(content)
        os.write(pipe, f"{name}\n".encode())
        began, worked = time.monotonic(), time.process_time()
        fault = misused(reader, path)
        took, spent = time.monotonic() - began, time.process_time() - worked
        self._spent(name, spent)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        os.write(pipe, f"={took:.4f} {spent:.5f} {most} {' '.join(fault.split())[:400]}\n".encode("utf-8", "replace"))


def _cost(reader: Reader) -> float:
    """Seconds that a good file takes, at the second time."""
    path = reader.place or reader.good
    path.write_bytes(reader.good.read_bytes())
    reader.read(path)
    began = time.process_time()
    reader.read(path)
    return time.process_time() - began


def _limit_memory() -> None:
    """Let the process grow by MEMORY and no more."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    size = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


class _TooLongError(BaseException):
    """A reader that did not come back; no reader may take it for an error of its file."""


def _too_long(*_: object) -> None:
    raise _TooLongError


@contextmanager
def _alarm(seconds: int) -> Iterator:
    """Raise _TooLongError after so long without a call of what is given."""
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(seconds)
    try:
        yield lambda: signal.alarm(seconds)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def misused(reader: Reader, path: Path) -> str:
    """What is wrong with how a reader takes a file; "" where it returns or says in one line what is wrong."""
    signal.alarm(LONGEST)
    try:
        reader.read(path)
    except InputError:
        return ""
    except _TooLongError:
        return f"longer than {LONGEST} s at {_place()}"
    except (Exception, RecursionError) as error:  # what this looks for
        return f"{type(error).__name__}: {' '.join(str(error).split())[:100]} at {_place(error)}"
    finally:
        signal.alarm(0)
    return ""


def _place(error: BaseException | None = None) -> str:
    """Where in the package an error came up."""
    frames = traceback.extract_tb((error or sys.exc_info()[1] or _TooLongError()).__traceback__)
    own = [
        f
        for f in frames
        if "site-packages" not in f.filename and "/benchmarks/" not in f.filename and "/lib/python" not in f.filename
    ]
    return f"{own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno}" if own else "?"
