"""Two scales together: a region crop shows the layers and their surroundings, the tiles inside it show the cells.

A crop's unit of evidence is the crop and the tiles cut from the same outlined piece of tissue: its outline counts, not its name.
Where a table does not number the pieces, all tiles whose centre lies in the crop count, those of neighbours too. The names are fused by a
logarithmic opinion pool (`eval.pooling`): log-probabilities of the crop, and of its tiles on the average, are weighted, added and
normalised; equal weights make a product of experts (Hinton 2002). Rejection scores, which both models standardise on held-out images of
known regions, are averaged with the same shares, and so are p-values, in a way that keeps the promise of the rejection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.bootstrap import Estimate, Statistic, clusters_of, draw_weights, estimate
from cytoscribe.eval.metrics.classification import accuracy, macro_f1
from cytoscribe.eval.metrics.naming import log, normalised
from cytoscribe.eval.metrics.open_set import auroc, fpr95
from cytoscribe.eval.metrics.pooling import Pool

EQUAL = Pool()
_BOX = ("x", "y", "side_px")


@dataclass(frozen=True)
class View:
    """What one model says of some units: probabilities (U, K) over the regions that both models know, scores (U,), higher for
    stranger units, and p-values (U,) of "this is a known region"."""

    probabilities: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray


def tiles_of(crops: Sequence[ImageRecord], tiles: Sequence[ImageRecord]) -> list[np.ndarray]:
    """For each crop the indices of the tiles of its piece, or, without a column `piece`, of those whose centre lies in it; of the
    same subject and section either way.

    Raises InputError where an image says neither its piece nor where it was cut (columns x, y and side_px, in section pixels).
    """
    if all(r.attributes.get("piece") for r in (*crops, *tiles)):
        owners = np.array([_owner(r) for r in tiles], dtype=object)
        return [np.flatnonzero(owners == _owner(r)) for r in crops]
    outer, inner = _boxes(crops), _boxes(tiles)
    centres = inner[:, :2] + inner[:, 2:] / 2
    places = np.array([f"{r.subject}\t{r.section}" for r in tiles], dtype=object)
    found = []
    for record, (x, y, side) in zip(crops, outer, strict=True):
        inside = ((centres >= (x, y)) & (centres < (x + side, y + side))).all(1)
        found.append(np.flatnonzero(inside & (places == f"{record.subject}\t{record.section}")))
    return found


def _owner(record: ImageRecord) -> str:
    return f"{record.subject}\t{record.section}\t{record.attributes['piece']}"


def evidence(
    crop: Answers, tile: Answers, members: Sequence[np.ndarray], columns: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities (U, K) of crops that hold a tile each, and of their tiles on the average; members[u]: tiles of crop u, none
    empty; columns: where the regions known to both models stand in each model's order, (K,) int each."""
    each = log(tile.probabilities[:, columns[1]])
    return log(crop.probabilities[:, columns[0]]), np.stack([each[m].mean(0) for m in members])


def fuse(
    crop: Answers,
    tile: Answers,
    members: Sequence[np.ndarray],
    columns: tuple[np.ndarray, np.ndarray],
    pool: Pool = EQUAL,
) -> dict[str, View]:
    """Views `region`, `tile` and `both` of the crops of `evidence`, which says what the arguments are; pool: weights of both."""
    coarse, fine = evidence(crop, tile, members, columns)
    strange = np.array([tile.scores[m].mean() for m in members])
    p_values = np.array([tile.p_values[m].mean() for m in members])
    return {
        "region": View(normalised(coarse), crop.scores, crop.p_values),
        "tile": View(normalised(fine), strange, np.minimum(2 * p_values, 1)),
        "both": View(pool.probabilities(coarse, fine), pool.scores(crop.scores, strange), pool.p_values(crop.p_values, p_values)),
    }


def fusion_figures(
    views: dict[str, View], truth: np.ndarray, records: Sequence[ImageRecord], replicates: int, seed: int
) -> dict[str, Estimate]:
    """`fusion.VIEW.macro_f1`, `.accuracy`, `.auroc` and `.fpr95` on the same units, and for each figure `fusion.gain.FIGURE`: both
    less the better single scale, paired. truth (U,) int indexes the shared regions, -1 for unseen ones."""
    clusters = clusters_of(records)
    weights = draw_weights(clusters.index, (truth < 0).astype(int), replicates, seed)
    statistics = {name: _statistics(view, truth) for name, view in views.items()}
    figures: dict[str, Estimate] = {}
    for figure in statistics["both"]:
        n = len(truth) if figure in ("auroc", "fpr95") else int((truth >= 0).sum())
        figures |= {f"fusion.{name}.{figure}": estimate(of[figure], weights, n) for name, of in statistics.items()}
        sign = -1 if figure == "fpr95" else 1
        single = max(("region", "tile"), key=lambda name: sign * figures[f"fusion.{name}.{figure}"].value)
        gain = _less(statistics["both"][figure], statistics[single][figure])
        figures[f"fusion.gain.{figure}"] = estimate(gain, weights, n)
    return figures


def shared_columns(first: Sequence[str], other: Sequence[str]) -> tuple[tuple[str, ...], tuple[np.ndarray, np.ndarray]]:
    """Regions that both models know, in the first's order, and where they stand in each. Raises InputError for fewer than two."""
    names = tuple(r for r in first if r in set(other))
    if len(names) < 2:
        raise InputError(f"the two models share {len(names)} regions", fix="give models that were trained on the same regions")
    return names, (np.array([list(first).index(n) for n in names]), np.array([list(other).index(n) for n in names]))


def _boxes(records: Sequence[ImageRecord]) -> np.ndarray:
    """(N, 3): left, top and side in pixels of the section."""
    try:
        return np.array([[float(r.attributes[c]) for c in _BOX] for r in records]).reshape(-1, 3)
    except (KeyError, ValueError) as error:
        raise InputError("an image does not say where it was cut (x, y, side_px)", fix="use the images.csv of cut-tiles") from error


def _statistics(view: View, truth: np.ndarray) -> dict[str, Statistic]:
    known = truth >= 0
    predicted = view.probabilities.argmax(1)[known]
    size = view.probabilities.shape[1]

    def on_known(statistic: Statistic) -> Statistic:
        return lambda weights: statistic(weights[:, known])

    found = {
        "macro_f1": on_known(macro_f1(truth[known], predicted, size)),
        "accuracy": on_known(accuracy(truth[known], predicted)),
    }
    if not known.all():
        found |= {"auroc": auroc(view.scores, ~known), "fpr95": fpr95(view.scores, ~known)}
    return found


def _less(more: Statistic, less: Statistic) -> Statistic:
    return lambda weights: more(weights) - less(weights)
