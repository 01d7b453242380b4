"""Many papers at once: helper processes on this machine, or tasks on a Ray cluster; results come in the order of the papers."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from cytoscribe.core.errors import InputError, WriteError
from cytoscribe.literature_mining.read_paper import Job, Row, read_paper, unread
from cytoscribe.literature_mining.sandbox import BoundedWorker

Worker = BoundedWorker[Job, list[Row]]


def each(jobs: Sequence[Job], workers: int = 1, seconds: float = 120, ray: str = "") -> Iterator[tuple[Job, list[Row]]]:
    """Read every paper; one that cannot be read gives one row that says so, and never stops the others.

    workers: processes, each bounded in time (`seconds` a paper) and memory; seconds = 0: in this process, without bounds.
    """
    if not jobs:
        return
    if ray:
        yield from _on_ray(jobs, ray)
    elif seconds <= 0:
        for job in jobs:
            yield job, _unbounded(job)
    else:
        yield from _in_processes(jobs, min(workers, len(jobs)), seconds)


def _unbounded(job: Job) -> list[Row]:
    try:
        return read_paper(job)
    except WriteError:
        raise
    except Exception as error:  # whatever a stranger's file provokes must name the file, not end the run
        return unread(job.paper, error)


def _in_processes(jobs: Sequence[Job], workers: int, seconds: float) -> Iterator[tuple[Job, list[Row]]]:
    free: queue.SimpleQueue[Worker] = queue.SimpleQueue()

    def run(job: Job) -> list[Row]:
        worker = free.get()
        try:
            return worker.call(job, where=job.paper)
        except WriteError:
            raise
        except InputError as error:
            return unread(job.paper, error)
        finally:
            free.put(worker)

    with ExitStack() as stack:
        for _ in range(workers):
            free.put(stack.enter_context(BoundedWorker(read_paper, seconds=seconds)))
        threads = stack.enter_context(ThreadPoolExecutor(workers))
        try:
            yield from _in_order(threads, run, jobs, workers)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _in_order(
    threads: ThreadPoolExecutor, run: Callable[[Job], list[Row]], jobs: Sequence[Job], workers: int
) -> Iterator[tuple[Job, list[Row]]]:
    """Keep a few papers ahead of the reader, so that memory does not grow with their number."""
    waiting: list[tuple[Job, Future[list[Row]]]] = []
    for job in jobs:
        waiting.append((job, threads.submit(run, job)))
        if len(waiting) > 4 * workers:
            done, future = waiting.pop(0)
            yield done, future.result()
    for done, future in waiting:
        yield done, future.result()


def _on_ray(jobs: Sequence[Job], address: str) -> Iterator[tuple[Job, list[Row]]]:
    ray = _connected(address)
    try:
        task = ray.remote(max_retries=2)(_unbounded)
        ahead = 4 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        waiting: list[tuple[Job, object]] = []
        for job in jobs:
            waiting.append((job, task.remote(job)))
            if len(waiting) > ahead:
                done, reference = waiting.pop(0)
                yield done, ray.get(reference)
        for done, reference in waiting:
            yield done, ray.get(reference)
    finally:
        ray.shutdown()


def _connected(address: str) -> Any:
    """Ray, with its cluster. Raises InputError where it is not installed or the cluster does not answer."""
    if address == "local":
        # Under `uv run`, Ray would pack the working directory and build every worker its own environment, which takes
        # minutes; workers of this machine have this process's own environment. Ray reads this as it is imported.
        os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError("Ray is not installed", where="--ray", fix="pip install 'cytoscribe[ray]'") from error
    try:
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
    except (ConnectionError, ValueError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"the Ray cluster cannot be reached ({first})", where=f"--ray {address}", fix="use 'local'") from error
    return ray
