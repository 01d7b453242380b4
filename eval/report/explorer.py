"""explorer.html: every measured image on one page, to be filtered and sorted: figures say how many went wrong, looking says why."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import write_text
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.report.figures import thumbnail
from cytoscribe.eval.report.page import render_page

if TYPE_CHECKING:
    from cytoscribe.eval.evaluation import Evaluation

OUTCOMES = {
    "right": "known, named rightly",
    "wrong": "known, named wrongly",
    "refused": "known, but rejected",
    "spotted": "unseen, rejected",
    "missed": "unseen, but accepted",
}
"""Kinds of answers, and what the page calls them."""
_THUMBNAIL_PX = 224
"""Twice as large as in the grid, so that an enlarged picture shows more."""


@dataclass(frozen=True)
class Tile:
    """One image on the page. `picture` is a data URI; empty where the image could not be read again."""

    picture: str
    name: str
    truth: str
    answer: str
    nearest: str
    outcome: str
    score: float
    p_value: float
    probability: float
    where: str
    caption: str
    reason: str = ""


def write_explorer(path: Path, result: Evaluation, most: int, workers: int = 2) -> int:
    """Write the page with up to `most` images, mistakes before the rest; returns how many it shows. Everything is escaped."""
    kinds = outcomes(result)
    chosen = choose(kinds, most)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        tiles = list(pool.map(lambda i: _tile(result, int(i), str(kinds[i])), chosen))
    total = len(result.samples.records)
    regions = sorted({t.truth for t in tiles} | {t.nearest for t in tiles})
    write_text(path, render_page("explorer.html", tiles=tiles, outcomes=OUTCOMES, regions=regions, total=total))
    return len(tiles)


def outcomes(result: Evaluation) -> np.ndarray:
    """(N,) of the keys of OUTCOMES."""
    answers, unseen = result.answers, result.samples.unseen
    right = answers.predicted == result.samples.truth
    known = np.where(answers.rejected, "refused", np.where(right, "right", "wrong"))
    return np.where(unseen, np.where(answers.rejected, "spotted", "missed"), known)


def choose(kinds: np.ndarray, most: int) -> np.ndarray:
    """Which images are shown, in their order: all where there is room, else an equal share of each kind, spread evenly."""
    if kinds.size <= most:
        return np.arange(kinds.size)
    left, chosen = most, []
    groups = sorted((np.flatnonzero(kinds == k) for k in OUTCOMES), key=len)
    for number, group in enumerate(groups):
        share = min(group.size, left // (len(groups) - number))
        if share:
            chosen.append(group[np.linspace(0, group.size - 1, share).round().astype(int)])
        left -= share
    return np.sort(np.concatenate(chosen)) if chosen else np.arange(0)


def _tile(result: Evaluation, i: int, outcome: str) -> Tile:
    record, answers = result.samples.records[i], result.answers
    nearest = result.regions[int(answers.predicted[i])]
    places: Sequence[str] = [p for p in (record.subject, record.section, record.plane, record.age) if p]
    return Tile(
        picture=_picture(record.path),
        name=record.path.name,
        truth=record.region,
        answer=answers.reasons.answers[i] if answers.reasons else "unseen" if answers.rejected[i] else nearest,
        reason=_reason(answers, i),
        nearest=nearest,
        outcome=outcome,
        score=float(answers.scores[i]),
        p_value=float(answers.p_values[i]),
        probability=float(answers.probabilities[i].max()),
        where=", ".join(places),
        caption=result.gallery.texts[int(result.nearest[i])],
    )


def _reason(answers: Answers, i: int) -> str:
    """The p-values behind an answer, "" where none was requested."""
    return ", ".join(f"{name} p {p:.3f}" for name, p in answers.reasons.told(i)) if answers.reasons else ""


def _picture(path: Path) -> str:
    from cytoscribe.core.images import read_image

    try:
        return thumbnail(read_image(path), _THUMBNAIL_PX)
    except InputError:
        return ""
