"""Is what the model promises kept: overall, on each source, in each set of plausible regions? A promise that its interval excludes is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.bootstrap import Estimate, estimate, weighted_mean
from cytoscribe.eval.metrics.measures import MeasuredFigures, Resampling
from cytoscribe.eval.metrics.open_set import auroc
from cytoscribe.eval.metrics.wilson import wilson
from cytoscribe.eval.model import Model
from cytoscribe.eval.reasons import KINDS, REGION
from cytoscribe.eval.samples import Samples


def by_source(samples: Samples, answers: Answers, sources: Sequence[str], draws: Resampling) -> MeasuredFigures:
    """`source.NAME.*` of images whose source is stated: known images of it rejected, and their AUROC against all unseen images.

    Unseen images of whatever source are the other side: what is known on a new microscope must not look stranger than what is unseen
    (full-spectrum open set, Yang et al. 2023).
    """
    figures: dict[str, Estimate] = {}
    names, unseen = np.array(sources), samples.unseen
    for name in sorted(set(sources) - {""}):
        own = names == name
        if not (own & ~unseen).any():
            continue
        key = f"source.{name}"
        figures[f"{key}.known_rejected"] = _share(answers.rejected, own & ~unseen, draws)
        if unseen.any():
            asked = (own & ~unseen) | unseen
            figures[f"{key}.auroc"] = estimate(auroc(answers.scores[asked], unseen[asked]), draws.weights[:, asked])
        if (own & unseen).any():
            figures[f"{key}.unseen_rejected"] = _share(answers.rejected, own & unseen, draws)
    return MeasuredFigures(figures)


def shares_of_reasons(samples: Samples, answers: Answers, draws: Resampling) -> MeasuredFigures:
    """`reasons.known.*` and `reasons.unseen.*`: how often each reason other than a region was given."""
    if answers.reasons is None:
        return MeasuredFigures()
    kinds, figures = np.array(answers.reasons.kinds), {}
    for side, mask in (("known", ~samples.unseen), ("unseen", samples.unseen)):
        for kind in KINDS:
            if kind != REGION and mask.any():
                figures[f"reasons.{side}.{kind.replace(' ', '_')}"] = _share(kinds == kind, mask, draws)
    return MeasuredFigures(figures)


def _share(values: np.ndarray, of: np.ndarray, draws: Resampling) -> Estimate:
    return estimate(weighted_mean(values[of].astype(float)), draws.weights[:, of])


def uncalibrated(model: Model, sources: Sequence[str]) -> list[str]:
    """A sentence for sources that the table names and the model was not calibrated for."""
    missing = Counter(name for name in sources if name and name not in model.rejection.sources)
    if not missing:
        return []
    told = ", ".join(f"{name} {count}" for name, count in missing.most_common(5))
    return [
        f"images of sources without a calibration of their own ({told}) were judged by the model's: where the microscope is another "
        "one than training's, run recalibrate MODEL --source NAME --images TABLE"
    ]


def broken_promises(figures: Mapping[str, Estimate], alpha: float) -> list[str]:
    """A sentence for each promise whose 95% interval lies wholly on the wrong side of it.

    Wilson's interval must lie there too: the bootstrap's can be far too short where there are very few sections or subjects.
    """
    told = []
    for name, figure in figures.items():
        rejected = name == "open_set.known_rejected" or re.fullmatch(r"source\..*\.known_rejected", name)
        if rejected and figure.ci95 and min(figure.ci95[0], wilson(figure.value, figure.n)[0]) > alpha:
            told.append(
                _sentence(f"{name}: {figure.value:.1%}{_interval(figure)} of known images are rejected, {alpha:.1%} were promised")
            )
        if name == "label_sets.coverage" and figure.ci95 and max(figure.ci95[1], wilson(figure.value, figure.n)[1]) < 1 - alpha:
            told.append(
                _sentence(
                    f"{name}: {figure.value:.1%}{_interval(figure)} of the sets hold the true region, {1 - alpha:.1%} were promised"
                )
            )
    return told


def broken_names(sentences: Sequence[str]) -> set[str]:
    """The figures that the sentences of `broken_promises` are about."""
    return {s.removeprefix("PROMISE BROKEN, ").partition(": ")[0] for s in sentences}


def _interval(figure: Estimate) -> str:
    low, high = figure.ci95 or (np.nan, np.nan)
    return f" [{low:.1%}, {high:.1%}]"


def _sentence(told: str) -> str:
    return f"PROMISE BROKEN, {told}: these images are unlike those of the calibration"
