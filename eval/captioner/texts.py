"""Which region a masked caption speaks of, by its words alone, and whether it is worded as captions are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from cytoscribe.core.records import Caption

_WORD = re.compile(r"\w+|[^\w\s]")


class TextClassifier:
    """TF-IDF of words and word pairs, and a logistic regression, learned from the data set's masked captions. regions: in the order of its columns."""

    def __init__(self, captions: Sequence[Caption], regions: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self.regions = tuple(regions)
        index = {r: i for i, r in enumerate(self.regions)}
        used = [c for c in captions if c.region in index]
        self._labels = np.array([index[c.region] for c in used])
        self._model: Any = None
        if len(np.unique(self._labels)) > 1:
            words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
            self._model = make_pipeline(words, LogisticRegression(C=20.0, max_iter=500, class_weight="balanced"))
            self._model.fit([c.masked_caption for c in used], self._labels)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """(N, K) log-probability of each region; minus infinity for one without captions."""
        found = np.full((len(texts), len(self.regions)), -np.inf)
        if self._model is None:
            found[:, self._labels[:1]] = 0.0
            return found
        if texts:
            found[:, self._model.classes_] = self._model.predict_log_proba(list(texts))
        return found


class Wording:
    """How captions are worded: their triples of words and marks, with their ends.

    A share of known triples tells prose from strings of words: of captions made by a decoder that has not learned to write, the claim gate
    reads nothing and so refuses nothing. Captions left out of a large data set reach 0.95; of a small one, far less.
    """

    def __init__(self, captions: Sequence[Caption]) -> None:
        self._known = {t for c in captions for text in (c.caption, c.masked_caption) for t in _triples(text)}

    def share(self, text: str) -> float:
        """Share of the text's triples that some caption has; 0 for an empty text."""
        found = _triples(text) if text else []
        return sum(t in self._known for t in found) / len(found) if found else 0.0


def _triples(text: str) -> list[tuple[str, ...]]:
    words = ["", *_WORD.findall(text.lower()), ""]
    return [tuple(words[i : i + 3]) for i in range(len(words) - 2)]


def beaten(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) how many other regions score at least as high as the right one. scores (N, K), truth (N,) int."""
    own = scores[np.arange(len(truth)), truth][:, None]
    return (scores >= own).sum(1).astype(float) - 1.0
