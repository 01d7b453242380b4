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
import time
import traceback
from collections import Counter
from collections.abc import Iterator
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
    """executions by reader; faults: one line each; slowest: seconds and name of the slowest execution; most: bytes of memory at the peak."""

    executions: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    most: int = 0


def misuse_readers(
    folder: Path, executions: int, seconds: float, draw: random.Random, keep: Path | None, only: str = ""
) -> tuple[int, list[str], str]:
    """Read changed files; how many, for each that broke a promise one line, and a line about readers, time and memory. Cheap readers get
    more than dear ones, by the square root of the time that they take. only: readers whose names hold this."""
    end = time.monotonic() + seconds if seconds else float("inf")
    found, tally = [r for r in readers(folder) if only in r.name], Tally()
    good = {r.name: r.good.read_bytes() for r in found}
    (folder / "odd").mkdir(exist_ok=True)
    costs = {r.name: _cost(r) for r in found}  # what readers share is loaded once, here
    while (count := tally.executions.total()) < executions and time.monotonic() < end:
        _batch(found, good, folder / "odd", min(BATCH, executions - count), end, draw.random(), keep, tally, costs)
    told = f"  {len(found)} readers; slowest {tally.slowest[0]:.1f} s ({tally.slowest[1]}); at most {tally.most / 1e9:.2f} GB"
    return tally.executions.total(), tally.faults, told


def _cost(reader: Reader) -> float:
    """Seconds that a good file takes, at the second time."""
    path = reader.place or reader.good
    path.write_bytes(reader.good.read_bytes())
    reader.read(path)
    began = time.process_time()
    reader.read(path)
    return time.process_time() - began


def _batch(
    found: list[Reader],
    good: dict[str, bytes],
    odd: Path,
    size: int,
    end: float,
    seed: float,
    keep: Path | None,
    tally: Tally,
    costs: dict[str, float],
) -> None:
    """A batch in a child; what it did is read from a pipe line by line, so that a crash loses nothing."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _be_child(found, good, odd, size, end, seed, theirs, tally.executions, costs)
    os.close(theirs)
    last = ""
    with os.fdopen(ours, encoding="utf-8", errors="replace") as lines:
        try:
            with _alarm(LONGEST + _GRACE) as again:
                for line in lines:
                    again()
                    last = _noted(line.rstrip("\n"), last, found, odd, keep, tally, costs)
        except _TooLongError:
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if last:
        code = os.waitstatus_to_exitcode(status)
        reader = next(r for r in found if r.name == last)
        tally.executions[last] += 1
        _fault(
            reader,
            odd,
            f"the process ended with {code}" if code != -signal.SIGKILL else f"longer than {LONGEST + _GRACE} s",
            keep,
            tally,
        )


def _noted(line: str, last: str, found: list[Reader], odd: Path, keep: Path | None, tally: Tally, costs: dict[str, float]) -> str:
    """Take down one line of the child: a name when a reader begins; "=SECONDS CPU-SECONDS BYTES FAULT" when it has ended. Returns who is at work."""
    if not line.startswith("="):
        return line
    took, spent, most, fault = line[1:].split(" ", 3)
    tally.executions[last] += 1
    tally.slowest, tally.most = max(tally.slowest, (float(took), last)), max(tally.most, int(most))
    costs[last] = 0.95 * costs.get(last, float(spent)) + 0.05 * float(spent)
    if fault:
        _fault(next(r for r in found if r.name == last), odd, fault, keep, tally)
    return ""


def _fault(reader: Reader, odd: Path, fault: str, keep: Path | None, tally: Tally) -> None:
    tally.faults.append(f"{reader.name}: {fault}")
    path = _kept_copy(reader, odd)
    if keep and path.is_file():
        keep.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        (keep / f"{hashlib.sha256(content).hexdigest()[:12]}-{reader.name}").write_bytes(content)


def _kept_copy(reader: Reader, odd: Path) -> Path:
    """The changed content as it was given: a reader may rewrite its own file."""
    return odd / f"given-{reader.name}"


def _be_child(
    found: list[Reader],
    good: dict[str, bytes],
    odd: Path,
    size: int,
    end: float,
    seed: float,
    pipe: int,
    done: Counter[str],
    costs: dict[str, float],
) -> None:
    """Become a batch; never returns."""
    draw, counts, costs = random.Random(seed), Counter(done), dict(costs)
    _limit_memory()
    signal.signal(signal.SIGALRM, _too_long)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # libraries in C write there too
    os.dup2(quiet, 2)
    with contextlib.suppress(BrokenPipeError):
        for _ in range(size):
            if time.monotonic() > end:
                break
            reader = min(found, key=lambda r: (counts[r.name] * max(costs.get(r.name, 0.0), 1e-4) ** 0.5, r.name))
            content = changed(good[reader.name], draw, reader.name)
            _kept_copy(reader, odd).write_bytes(content)
            path = reader.place or odd / reader.name
            path.write_bytes(content)
            os.write(pipe, f"{reader.name}\n".encode())
            began, worked = time.monotonic(), time.process_time()
            fault = misused(reader, path)
            took, spent = time.monotonic() - began, time.process_time() - worked
            costs[reader.name] = 0.95 * costs.get(reader.name, spent) + 0.05 * spent
            counts[reader.name] += 1
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            os.write(pipe, f"={took:.4f} {spent:.5f} {most} {' '.join(fault.split())[:400]}\n".encode("utf-8", "replace"))
    os._exit(0)


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
    frames = traceback.extract_tb((error or _raised()).__traceback__)
    own = [
        f
        for f in frames
        if "site-packages" not in f.filename and "/benchmarks/" not in f.filename and "/lib/python" not in f.filename
    ]
    return f"{own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno}" if own else "?"


def _raised() -> BaseException:
    import sys

    return sys.exc_info()[1] or _TooLongError()
