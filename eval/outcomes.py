"""What each image gave in an evaluation, read back from predictions.csv, and the figures that follow from it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_csv
from cytoscribe.eval.answers import COLUMNS, SOURCE_COLUMN
from cytoscribe.eval.metrics.bootstrap import Statistic, clusters_of, weighted_mean
from cytoscribe.eval.metrics.classification import accuracy, macro_f1
from cytoscribe.eval.metrics.open_set import aupr, auroc, fpr95, oscr
from cytoscribe.eval.metrics.retrieval import RECALL_AT
from cytoscribe.eval.reasons import REASON_COLUMNS


@dataclass(frozen=True)
class Outcomes:
    """One row an image, all (N,): paths; regions true and predicted as names; scores, higher for stranger images; rejected;
    clusters that are resampled together; `single` the further columns, NaN where empty."""

    paths: tuple[str, ...]
    regions: np.ndarray
    predicted: np.ndarray
    unseen: np.ndarray
    scores: np.ndarray
    rejected: np.ndarray
    clusters: np.ndarray
    single: Mapping[str, np.ndarray]

    def rows(self, index: np.ndarray) -> Outcomes:
        """The images at `index`, in that order."""
        return Outcomes(
            paths=tuple(self.paths[i] for i in index),
            regions=self.regions[index],
            predicted=self.predicted[index],
            unseen=self.unseen[index],
            scores=self.scores[index],
            rejected=self.rejected[index],
            clusters=self.clusters[index],
            single={k: v[index] for k, v in self.single.items()},
        )

    def count(self, name: str) -> int:
        """Images behind a figure: those of known regions, of unseen ones, or both."""
        if name.startswith("open_set.") and "known" not in name:
            return int(self.unseen.sum()) if name == "open_set.unseen_rejected" else len(self.paths)
        return int((~self.unseen).sum())


def read_outcomes(path: Path) -> Outcomes:
    """Read predictions.csv; raises InputError where a column is missing or a cell is not a number."""
    rows = [row for _, row in read_csv(path, COLUMNS)]
    names = list(rows[0]) if rows else list(COLUMNS)
    further = [n for n in names[len(COLUMNS) :] if n not in (*REASON_COLUMNS, SOURCE_COLUMN)]
    try:
        numbers = {c: np.array([float(r[c]) if r[c] else np.nan for r in rows]) for c in (*further, "score")}
    except ValueError as error:
        raise InputError(f"not a number ({error})", where=path, fix="run evaluate again") from error
    records = [ImageRecord(Path(r["image_path"]), r["region"], subject=r["subject"], section=r["section"]) for r in rows]
    return Outcomes(
        paths=tuple(r["image_path"] for r in rows),
        regions=np.array([r["region"] for r in rows], dtype=object),
        predicted=np.array([r["predicted"] for r in rows], dtype=object),
        unseen=np.array([r["known"] == "no" for r in rows]),
        scores=numbers.pop("score"),
        rejected=np.array([r["rejected"] == "yes" for r in rows]),
        clusters=clusters_of(records).index,
        single=numbers,
    )


def shared(first: Outcomes, other: Outcomes) -> tuple[Outcomes, Outcomes] | None:
    """Both on the images that both have and agree to be known or unseen, in one order; None where there is none."""
    place = {p: i for i, p in enumerate(other.paths)}
    pairs = [(i, place[p]) for i, p in enumerate(first.paths) if p in place and first.unseen[i] == other.unseen[place[p]]]
    if not pairs:
        return None
    here, there = (np.array(side) for side in zip(*pairs, strict=True))
    return first.rows(here), other.rows(there)


def statistics_of(outcomes: Outcomes) -> dict[str, Statistic]:
    """Every figure that follows from single images, as a function of weights (B, N)."""
    known, unseen = ~outcomes.unseen, outcomes.unseen
    names = sorted({*outcomes.regions[known], *outcomes.predicted})
    code = {name: i for i, name in enumerate(names)}
    predicted = np.array([code[p] for p in outcomes.predicted], dtype=int)
    truth = np.array([code.get(r, -1) if k else -1 for r, k in zip(outcomes.regions, known, strict=True)], dtype=int)
    found: dict[str, Statistic] = {}
    if known.any():
        found["zero_shot.macro_f1"] = _on(known, macro_f1(truth[known], predicted[known], len(names)))
        found["zero_shot.accuracy"] = _on(known, accuracy(truth[known], predicted[known]))
        found["open_set.known_rejected"] = weighted_mean(np.where(known, outcomes.rejected, np.nan))
    if known.any() and unseen.any():
        right = predicted == truth
        found |= {"open_set.auroc": auroc(outcomes.scores, unseen), "open_set.fpr95": fpr95(outcomes.scores, unseen)}
        found |= {"open_set.aupr": aupr(outcomes.scores, unseen), "open_set.oscr": oscr(outcomes.scores, unseen, right)}
        found["open_set.unseen_rejected"] = weighted_mean(np.where(unseen, outcomes.rejected, np.nan))
    return found | _of_single_images(outcomes.single)


def _of_single_images(single: Mapping[str, np.ndarray]) -> dict[str, Statistic]:
    found = {}
    for column, values in single.items():
        name, _, kind = column.rpartition("_")
        if "." in column:  # the figure's own name: its mean
            found[column] = weighted_mean(values)
        elif kind == "rank":
            hits = {k: np.where(np.isnan(values), np.nan, values <= k) for k in RECALL_AT}
            found |= {f"retrieval.{name}.recall@{k}": weighted_mean(hit) for k, hit in hits.items()}
        elif kind in ("hit", "ap"):
            found[f"retrieval.{name}.{'recall@1' if kind == 'hit' else 'map'}"] = weighted_mean(values)
    return found


def _on(mask: np.ndarray, statistic: Statistic) -> Statistic:
    return lambda weights: statistic(weights[:, mask])
