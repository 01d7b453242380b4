"""One task over many jobs: in this process, in several, or on a Ray cluster. Results come in the order of the jobs."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Any, Generic, TypeVar

from cytoscribe.core.errors import CytoscribeError, InputError
from cytoscribe.core.progress import heard, say

J = TypeVar("J")
R = TypeVar("R")
AHEAD = 4
"""Jobs per worker that run ahead of the result being waited for, so that memory does not grow with the number of jobs."""


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of a job. lines: what was said on the way, where it was done elsewhere."""

    value: R | None = None
    error: CytoscribeError | None = None
    lines: tuple[str, ...] = ()

    def get(self) -> R:
        """The result; raises what the task raised."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


def each(task: Callable[[J], R], jobs: Sequence[J], workers: int = 1, ray: str = "") -> Iterator[tuple[J, Outcome[R]]]:
    """Run a task, which a module must hold so that other processes find it, on every job.

    workers: processes at once; 1 for this process only, 0 for one per core; ray: address of a cluster in their place, `local` for one that
    ends with the run. An error that is meant for people is part of the outcome; any other ends the run. Raises InputError where a
    process is killed, as for want of memory, or Ray cannot be reached.
    """
    if ray:
        found = on_ray(partial(_told, task), jobs, ray)
    elif (count := min(workers or os.cpu_count() or 1, len(jobs))) <= 1:
        yield from ((job, _caught(task, job)) for job in jobs)
        return
    else:
        found = _in_processes(partial(_told, task), jobs, count)
    for job, outcome in found:
        for line in outcome.lines:
            say(line)
        yield job, outcome


def _caught(task: Callable[[J], R], job: J) -> Outcome[R]:
    try:
        return Outcome(task(job))
    except CytoscribeError as error:
        return Outcome(error=error)


def _told(task: Callable[[J], R], job: J) -> Outcome[R]:
    """The outcome with what was said, for the process that asked."""
    with heard() as lines:
        found = _caught(task, job)
    return Outcome(found.value, found.error, tuple(lines))


def in_order(begin: Callable[[J], Callable[[], R]], jobs: Iterable[J], ahead: int) -> Iterator[tuple[J, R]]:
    """Begin jobs, at most `ahead` before the one whose result is waited for, and give the results in the order of the jobs.

    begin: starts a job elsewhere and returns what waits for its result.
    """
    coming = iter(jobs)
    under_way = deque((job, begin(job)) for job in islice(coming, ahead))
    while under_way:
        job, result = under_way.popleft()
        found = result()
        under_way.extend((later, begin(later)) for later in islice(coming, 1))
        yield job, found


def _in_processes(task: Callable[[J], R], jobs: Sequence[J], workers: int) -> Iterator[tuple[J, R]]:
    with _threads_each(workers), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from in_order(lambda job: pool.submit(task, job).result, jobs, AHEAD * workers)
        except BrokenProcessPool as error:
            raise InputError("a process was killed, perhaps for want of memory", fix="give fewer --workers") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _threads_each(workers: int) -> Iterator[None]:
    """Processes that begin in this block share the cores, unless the user has decided."""
    name = "OMP_NUM_THREADS"
    if name in os.environ:
        yield
        return
    os.environ[name] = str(max((os.cpu_count() or 1) // workers, 1))
    try:
        yield
    finally:
        del os.environ[name]


def on_ray(task: Callable[[J], R], jobs: Iterable[J], address: str) -> Iterator[tuple[J, R]]:
    """Run a task as tasks of a Ray cluster, a few a core ahead of the reader."""
    ray, ours = connected(address)
    try:
        remote = ray.remote(max_retries=2)(_call)
        shared = ray.put(task)
        ahead = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        yield from in_order(lambda job: partial(ray.get, remote.remote(shared, job)), jobs, ahead)
    finally:
        if ours:
            ray.shutdown()


def _call(task: Callable[[J], R], job: J) -> R:
    return task(job)


def connected(address: str) -> tuple[Any, bool]:
    """Ray with its cluster, and whether this call connected it: a connection that the caller already has is used and left.

    Raises InputError where Ray is not installed or the cluster does not answer.
    """
    if address == "local":
        # Under `uv run`, Ray would pack the working directory and build every worker its own environment, which takes
        # minutes; workers of this machine have this process's own environment. Ray reads this as it is imported. A machine that is
        # busy with other work needs more than its half a minute to start a node.
        os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "400")
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError("Ray is not installed", where="--ray", fix="pip install 'cytoscribe[ray]'") from error
    if ray.is_initialized():
        return ray, False
    try:
        more = {"include_dashboard": False} if address == "local" else {}
        ray.init(address=address, log_to_driver=False, **more)
    except Exception as error:  # addresses, versions, and a node that does not start in time fail in ways of their own
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"the Ray cluster cannot be reached ({first})", where=f"--ray {address}", fix="use 'local'") from error
    return ray, True
