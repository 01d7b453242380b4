"""Attributes of single images, read from captions only: which value the captions nearest to an image state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.metrics.bootstrap import Estimate, Statistic, estimate
from cytoscribe.eval.metrics.classification import macro_f1
from cytoscribe.eval.metrics.measures import MeasuredFigures, Resampling


@dataclass(frozen=True)
class ValueTable:
    """What each of the M captions states. values: column to its values, in order; stated: column to (M,) int, the place of the value in
    that order, -1 for a caption that is silent on the column."""

    values: Mapping[str, tuple[str, ...]]
    stated: Mapping[str, np.ndarray]


def value_table(sets: Sequence[Mapping[str, str]], columns: Sequence[str]) -> ValueTable:
    """The values of the sets of attributes that captions were composed from, one set a caption."""
    values = {c: tuple(sorted({s[c] for s in sets if s.get(c)})) for c in columns}
    stated = {c: np.array([values[c].index(s[c]) if s.get(c) else -1 for s in sets]) for c in columns}
    return ValueTable(values, stated)


def told(features: np.ndarray, texts: np.ndarray, table: ValueTable, scale: float) -> dict[str, np.ndarray]:
    """Column to (N,) int: the value of most probability, summed over the captions that state it.

    features (N, D) and texts (M, D): L2-normalised; scale: the trained inverse temperature of the softmax over captions.
    """
    logits = scale * features @ texts.T
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = {}
    for column, values in table.values.items():
        stated = table.stated[column]
        each = np.stack([weights[:, stated == i].sum(axis=1) for i in range(len(values))], axis=1)
        found[column] = each.argmax(axis=1)
    return found


def attribute_figures(
    records: Sequence[ImageRecord],
    asked: np.ndarray,
    found: Mapping[str, np.ndarray],
    table: ValueTable,
    second: Mapping[str, Mapping[str, str]],
    draws: Resampling,
) -> MeasuredFigures:
    """`attributes.COLUMN.macro_f1` and their mean on the images asked (N,) bool; beside them `second.*`, the same of a second annotator.

    second: file name to column to value. Values that no caption states count as classes that are never named. The human ceiling is
    taken on the images that have a second annotation, where the captions' figure is given again (`attributes.twice.mean_macro_f1`);
    how many values the two annotators give differently is a fact. Macro-F1 is over the values that the first annotation shows.
    """
    places = np.flatnonzero(asked)
    rows = [records[i] for i in places]
    twice = np.array([r.path.name in second for r in rows], dtype=bool)
    ceiling, own, both = [], [], []
    figures: dict[str, Estimate] = {}
    differ = 0
    weights = draws.weights[:, places].astype(float)
    for column, predicted in found.items():
        truth, called, again, names = _coded(rows, column, predicted[places], table.values[column], second)
        known = truth >= 0
        if not known.any():
            continue
        named = macro_f1(np.maximum(truth, 0), called, len(names))
        figures[f"attributes.{column}.macro_f1"] = estimate(_mean([(named, known)]), weights, int(known.sum()))
        own.append((named, known))
        paired = known & twice & (again >= 0)
        if paired.any():
            differ += int((truth != again)[paired].sum())
            human = macro_f1(np.maximum(truth, 0), np.maximum(again, 0), len(names))
            figures[f"attributes.{column}.second.macro_f1"] = estimate(_mean([(human, paired)]), weights, int(paired.sum()))
            ceiling.append((human, paired))
            both.append((named, paired))
    for name, group in (("mean_macro_f1", own), ("twice.mean_macro_f1", both), ("second.mean_macro_f1", ceiling)):
        if group:
            count = int(max(k.sum() for _, k in group))
            figures[f"attributes.{name}"] = estimate(_mean(group), weights, count)
    facts = {"attributes.columns": len(own)}
    if ceiling:
        facts |= {"attributes.second.images": int(twice.sum()), "attributes.second.differ": differ}
    return MeasuredFigures(figures, facts)


def _mean(group: Sequence[tuple[Statistic, np.ndarray]]) -> Statistic:
    """The mean of macro-F1s, each on the images where its column is known."""
    return lambda weights: np.nanmean([f(weights * known) for f, known in group], axis=0)


def _coded(
    rows: Sequence[ImageRecord],
    column: str,
    predicted: np.ndarray,
    spoken: Sequence[str],
    second: Mapping[str, Mapping[str, str]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Truth, prediction and second annotation (N,) int as places in one list of values, -1 where there is none."""
    first = [r.attributes.get(column, "") for r in rows]
    other = [second.get(r.path.name, {}).get(column, "") for r in rows]
    names = sorted({*first, *other, *spoken} - {""})
    place = {n: i for i, n in enumerate(names)}
    own = np.array([place[v] for v in spoken], dtype=int)
    return (
        np.array([place.get(v, -1) for v in first]),
        own[predicted] if own.size else np.zeros(len(rows), int),
        np.array([place.get(v, -1) for v in other]),
        names,
    )
