"""Many papers at once: helper processes on this machine, or tasks on a Ray cluster; results come in the order of the papers."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from cytoscribe.core.errors import InputError, WriteError
from cytoscribe.core.many import AHEAD, in_order, on_ray
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
        yield from on_ray(_unbounded, jobs, ray)
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
            yield from in_order(lambda job: threads.submit(run, job).result, jobs, AHEAD * workers)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
