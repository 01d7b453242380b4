"""The quickstart's story: sample papers and drawn cortex through every stage, then what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from cytoscribe.progress import say
from cytoscribe.quickstart import stages
from cytoscribe.quickstart.outcome import Outcome
from cytoscribe.quickstart.report import write_report
from cytoscribe.quickstart.stages import QuickstartSettings
from cytoscribe.runs import RunFolder

T = TypeVar("T")


def run(settings: QuickstartSettings) -> Outcome:
    """Walk the whole path into `settings.out`; the same command on the same folder goes on where it stopped.

    Raises InputError where the folder holds other files or another run.
    """
    told = {"seed": settings.seed, "images_per_region": settings.images_per_region, "epochs": settings.epochs}
    with RunFolder(settings.out, "quickstart", told, overwrite=settings.overwrite) as folder:
        clock = _Clock()
        clock.time("draw papers and cortex", lambda: stages.prepare(settings))
        outcome = Outcome(
            settings,
            mined=clock.time("mine descriptions", lambda: stages.mine(settings)),
            captions=clock.time("write captions", lambda: stages.write_captions(settings)),
            trained=clock.time("train", lambda: stages.train(settings)),
            evaluation=clock.time("evaluate", lambda: stages.evaluate(settings)),
            described=clock.time("describe", lambda: stages.describe(settings)),
            seconds=clock.seconds,
        )
        write_report(outcome)
        folder.finish({"seconds": {name: round(s, 1) for name, s in clock.seconds.items()}})
    return outcome


class _Clock:
    """Says what begins and remembers how long it took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, name: str, stage: Callable[[], T]) -> T:
        say(f"[{len(self.seconds) + 1}/6] {name}")
        start = time.monotonic()
        result = stage()
        self.seconds[name] = time.monotonic() - start
        return result
