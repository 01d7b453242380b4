"""What a model promised, held against what was measured: a promise is broken where its value lies outside the 95% interval.

Both the bootstrap's interval and Wilson's must exclude it: of very few sections or subjects the first can be far too short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cytoscribe.eval.metrics.bootstrap import Estimate
from cytoscribe.eval.metrics.wilson import wilson


@dataclass(frozen=True)
class BrokenPromise:
    """name: of the figure in metrics.json; what: the promise in words; measured: the figure that does not keep it."""

    name: str
    what: str
    measured: Estimate

    def sentence(self) -> str:
        """For people: promise, value, interval and number of images."""
        low, high = self.measured.ci95 or (float("nan"), float("nan"))
        return f"{self.what}; measured {self.measured.value:.3f} (95% interval {low:.3f} to {high:.3f}, n = {self.measured.n})"


def broken_promises(figures: Mapping[str, Estimate], alpha: float) -> tuple[BrokenPromise, ...]:
    """The promises of a rejection at `alpha` that the figures exclude: at most alpha of known images rejected, and sets of plausible
    regions that hold the true one in at least 1 - alpha of cases. Figures without an interval break none."""
    rejected, coverage = figures.get("open_set.known_rejected"), figures.get("label_sets.coverage")
    found = []
    if rejected and rejected.ci95 and min(rejected.ci95[0], wilson(rejected.value, rejected.n)[0]) > alpha:
        what = f"at most {alpha:.3g} of the images of known regions were to be rejected"
        found.append(BrokenPromise("open_set.known_rejected", what, rejected))
    if coverage and coverage.ci95 and max(coverage.ci95[1], wilson(coverage.value, coverage.n)[1]) < 1 - alpha:
        what = f"the plausible regions were to hold the true one for at least {1 - alpha:.3g} of the images"
        found.append(BrokenPromise("label_sets.coverage", what, coverage))
    return tuple(found)
