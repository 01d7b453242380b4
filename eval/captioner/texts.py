"""Which region a masked caption speaks of, by its words alone: a classifier learned from the data set's masked captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cytoscribe.core.records import Caption


class TextClassifier:
    """TF-IDF of words and word pairs, and a logistic regression. regions: in the order of its columns."""

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


def beaten(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) how many other regions score at least as high as the right one. scores (N, K), truth (N,) int."""
    own = scores[np.arange(len(truth)), truth][:, None]
    return (scores >= own).sum(1).astype(float) - 1.0
