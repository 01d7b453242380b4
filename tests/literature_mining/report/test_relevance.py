"""Ranking of further sentences, with an embedding of our own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.report.related import EXAMPLES, load_ranker, rank


def words(texts: Sequence[str]) -> np.ndarray:
    """One dimension a word of the examples, normalised."""
    vocabulary = sorted({w for e in EXAMPLES for w in e.lower().split()})
    table = np.array([[t.lower().split().count(w) for w in vocabulary] for t in texts], dtype=float)
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)


def _row(sentence: str, regions: list[str], start: int) -> dict[str, object]:
    return {"regions": regions, "document": "a.md", "doi": "", "page": None, "sentence": sentence, "start": start, "end": start + 9}


def test_descriptions_come_first_and_each_region_gets_its_own() -> None:
    rows = [
        _row("Subjects pressed a button.", ["Aa1"], 0),
        _row("Layer IV of the area has small granule cells.", ["Aa1", "Aa2"], 50),
    ]
    related = rank(rows, words)
    assert [(r.region, r.sentence_start) for r in related] == [("Aa1", 50), ("Aa1", 0), ("Aa2", 50)]
    assert related[0].score > related[1].score
    assert [r.region for r in rank(rows, words, per_region=1)] == ["Aa1", "Aa2"]


def test_no_sentence_no_row() -> None:
    assert rank([], words) == []


@pytest.mark.slow
def test_a_missing_model_is_named() -> None:
    with pytest.raises(InputError, match="no/such/model"):
        load_ranker("./no/such/model")
