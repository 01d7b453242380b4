"""Why an image got its answer: a region, the parent of those it may be, unseen tissue, an artefact, or another microscope.

Each has a p-value of its own. An image that the model rejects is called an artefact, or another microscope's, where its pixels say so;
else its tissue is unseen. One that is not rejected is called an artefact only on stronger evidence. A parent region is named where
several regions stay plausible: the set of them holds the true one in at least 1 - alpha of cases, and so does its closest common parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cytoscribe.core.records import ImageRecord

if TYPE_CHECKING:
    from cytoscribe.eval.answers import Answers

REGION, PARENT, UNSEEN_TISSUE, ARTEFACT, MICROSCOPE = KINDS = (
    "region",
    "parent region",
    "unseen tissue",
    "artefact",
    "another microscope",
)
REASON_COLUMNS = ("answer", "reason", "artefact", "p_artefact", "p_microscope", "p_parent")
UNSEEN = "unseen"
"""The answer for tissue that is like no known region."""
SAME_MICROSCOPE = "same microscope"
STRICTER = 5
"""An image that is not rejected is called an artefact at alpha / 5. The stain and light of another microscope are likewise judged at alpha / 5:
tissue that is new has other amounts of stain, too. At 0.01 in place of 0.05, 0.013 of the images of known classes that the measures had not seen
look like another microscope's, in place of 0.130; those of LISC and of eight written microscopes all do either way (benchmarks/new_stain.py)."""


@dataclass(frozen=True)
class Reasons:
    """Of each image, (N,): answer (what it is called), kind (one of KINDS), artefact (the kind that its pixels show most); p-values,
    NaN where a question was not tested: p_artefact "no artefact: known images show this as much", p_microscope "the stain and light are those of
    the known images", p_parent "it is of a region of this parent"; foreign (N,) bool: stain and light are another microscope's."""

    answers: tuple[str, ...]
    kinds: tuple[str, ...]
    artefacts: tuple[str, ...]
    p_artefact: np.ndarray
    p_microscope: np.ndarray
    p_parent: np.ndarray
    foreign: np.ndarray

    def cells(self, i: int) -> tuple[str, ...]:
        """The cells of REASON_COLUMNS."""
        numbers = (self.p_artefact[i], self.p_microscope[i], self.p_parent[i])
        return (self.answers[i], self.kinds[i], self._artefact(i), *("" if np.isnan(p) else f"{p:.6f}" for p in numbers))

    def told(self, i: int) -> tuple[tuple[str, float], ...]:
        """The tested questions with their p-values, for those that have one."""
        shown = self._artefact(i)
        named = {
            f"no artefact ({shown})" if shown else "no artefact": self.p_artefact[i],
            SAME_MICROSCOPE: self.p_microscope[i],
            "parent": self.p_parent[i],
        }
        return tuple((name, float(p)) for name, p in named.items() if not np.isnan(p))

    def _artefact(self, i: int) -> str:
        """The kind that image i shows most, nothing where it shows none more than is usual."""
        return self.artefacts[i] if self.p_artefact[i] < 1 else ""


@dataclass(frozen=True)
class Pixels:
    """p-values of pixels, (N,) each, NaN where unknown; artefacts (N,) names of the worst kind; least: the least p_microscope that the
    known images can give, so many as they are."""

    artefacts: tuple[str, ...]
    p_artefact: np.ndarray
    p_microscope: np.ndarray
    least: float = 0.0

    def foreign(self, alpha: float) -> np.ndarray:
        """(N,) bool: stain and light are another microscope's, at alpha / 5, or at the least p-value there is where that is larger."""
        return self.p_microscope <= min(max(alpha / STRICTER, self.least), alpha)  # false where it is NaN


def pixels_of(model: Any, records: Sequence[ImageRecord], sources: Sequence[str] = ()) -> Pixels:
    """Look at the pixels of the records; all unknown for a model that holds no measures of its own images."""
    if getattr(model, "appearance", None) is None:
        return unknown(len(records))
    return judged_pixels(model, model.measures(records), sources)


def judged_pixels(model: Any, measures: np.ndarray, sources: Sequence[str] = ()) -> Pixels:
    """p-values of images with these measures (N, 13). sources: (N,) whose calibration judges each, () for the model's own."""
    count = len(measures)
    used = np.array(sources or ("",) * count)
    artefacts, p_artefact, p_microscope = [""] * count, np.full(count, np.nan), np.full(count, np.nan)
    readable = np.isfinite(measures).all(1)
    for name in np.unique(used):
        rows = np.flatnonzero((used == name) & readable)
        appearance = _appearance(model, str(name))
        if appearance is None or not rows.size:
            continue
        looks = appearance.looks(measures[rows])
        p_artefact[rows] = looks.artefact
        for place, row in enumerate(rows):
            artefacts[row] = looks.kind(place)
        if looks.microscope is not None:
            p_microscope[rows] = looks.microscope
    least = model.appearance.least_microscope if model.appearance is not None else 0.0
    return Pixels(tuple(artefacts), p_artefact, p_microscope, least)


def unknown(count: int) -> Pixels:
    """Nothing is known of the pixels."""
    return Pixels(("",) * count, np.full(count, np.nan), np.full(count, np.nan))


def _appearance(model: Any, source: str) -> Any:
    from cytoscribe.training.rejection.appearance import Appearance

    if not source or source not in model.rejection.sources:
        return model.appearance
    measures = model.rejection.sources[source].measures
    return None if measures is None else Appearance.of_source(measures.numpy())


def reasons(answers: Answers, pixels: Pixels, regions: Sequence[str], parents: Mapping[str, str] | None = None) -> Reasons:
    """Answers with their reasons; parents: region to parent, as far as known."""
    chains = [_chain(region, parents or {}) for region in regions]
    names, kinds, p_parent = [], [], np.full(len(answers.predicted), np.nan)
    foreign = pixels.foreign(answers.alpha)
    for i, best in enumerate(answers.predicted):
        kind = _kind(bool(answers.rejected[i]), pixels.p_artefact[i], bool(foreign[i]), answers.alpha)
        called = {REGION: regions[int(best)], ARTEFACT: f"artefact ({pixels.artefacts[i]})", UNSEEN_TISSUE: UNSEEN}
        name = called.get(kind, kind)
        if kind == REGION and parents and answers.region_p is not None:
            name, kind, p_parent[i] = _named(answers.region_p[i], int(best), regions, chains, answers.alpha)
        names.append(name)
        kinds.append(kind)
    return Reasons(tuple(names), tuple(kinds), pixels.artefacts, pixels.p_artefact, pixels.p_microscope, p_parent, foreign)


def _kind(rejected: bool, p_artefact: float, foreign: bool, alpha: float) -> str:
    if p_artefact <= (alpha if rejected else alpha / STRICTER):  # false where it is NaN
        return ARTEFACT
    if not rejected:
        return REGION
    return MICROSCOPE if foreign else UNSEEN_TISSUE


def _named(
    p_values: np.ndarray, best: int, regions: Sequence[str], chains: Sequence[tuple[str, ...]], alpha: float
) -> tuple[str, str, float]:
    """The region where it alone is plausible, else the closest parent that all plausible ones share, with that parent's p-value: the
    largest of its regions. The nearest region where they share none."""
    plausible = np.flatnonzero(p_values > alpha)
    if plausible.size < 2:
        return regions[best], REGION, np.nan
    shared = set.intersection(*(set(chains[k]) for k in plausible))
    common = [name for name in chains[plausible[0]] if name in shared]
    if not common:
        return regions[best], REGION, np.nan
    inside = [k for k, chain in enumerate(chains) if common[0] in chain]
    kind = REGION if common[0] in regions else PARENT
    return common[0], kind, float(p_values[inside].max())


def _chain(region: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """The region, its parent, the parent's parent and so on; a circle ends it."""
    chain = [region]
    while (parent := parents.get(chain[-1])) and parent not in chain:
        chain.append(parent)
    return tuple(chain)
