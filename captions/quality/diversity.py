"""How varied captions are: distinct n-grams, self-BLEU, near-duplicates, and the spread of their embeddings."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

NEAR = 95.0
"""Similarity (rapidfuzz ratio, 0 to 100) from which two captions count as near-duplicates."""


@dataclass(frozen=True)
class Diversity:
    """distinct_1, distinct_2: distinct uni- and bigrams over all (higher is more varied); self_bleu: BLEU-4 of a caption against
    the others, averaged (lower is more varied); near_duplicates: share of captions with a near-duplicate in their region;
    dispersion: mean cosine distance between embeddings, None where no encoder was given."""

    captions: int
    distinct_1: float
    distinct_2: float
    self_bleu: float
    near_duplicates: float
    dispersion: float | None


def measure_diversity(
    texts: Sequence[str], groups: Sequence[str], encode: Callable[[Sequence[str]], np.ndarray] | None = None, *, sample: int = 200
) -> Diversity:
    """Diversity of texts whose `groups` name their regions. self-BLEU is taken over `sample` texts, drawn with a fixed seed."""
    tokens = [_words(t) for t in texts]
    return Diversity(
        len(texts),
        _distinct(tokens, 1),
        _distinct(tokens, 2),
        self_bleu(tokens, sample),
        _near_duplicates(texts, groups),
        _dispersion(encode(texts)) if encode is not None and len(texts) > 1 else None,
    )


def near_duplicate(text: str, others: Sequence[str]) -> bool:
    """True where one of the others reads almost the same."""
    from rapidfuzz import fuzz, process

    return process.extractOne(text, others, scorer=fuzz.ratio, score_cutoff=NEAR) is not None


def self_bleu(tokens: Sequence[Sequence[str]], sample: int = 200) -> float:
    """Mean BLEU-4 of each text against the rest as references (Zhu et al. 2018, Texygen), smoothed by adding one above unigrams."""
    rng = random.Random(0)
    chosen = list(tokens) if len(tokens) <= sample else rng.sample(list(tokens), sample)
    if len(chosen) < 2:
        return 0.0
    grams = [[Counter(_grams(t, n)) for n in range(1, 5)] for t in chosen]
    return float(np.mean([_bleu(chosen, grams, i) for i in range(len(chosen))]))


def _bleu(texts: Sequence[Sequence[str]], grams: Sequence[Sequence[Counter[tuple[str, ...]]]], index: int) -> float:
    logs = 0.0
    for n in range(4):
        own = grams[index][n]
        best: Counter[tuple[str, ...]] = Counter()
        for other, counts in enumerate(grams):
            if other != index:
                for gram in own:
                    best[gram] = max(best[gram], counts[n][gram])
        hits, total = sum(min(c, best[g]) for g, c in own.items()), sum(own.values())
        logs += math.log((hits + (n > 0)) / (total + (n > 0))) if hits + (n > 0) and total + (n > 0) else -20.0
    length = len(texts[index])
    nearest = min((abs(len(t) - length), len(t)) for i, t in enumerate(texts) if i != index)[1]
    brevity = 1.0 if length > nearest else math.exp(1 - nearest / max(1, length))
    return brevity * math.exp(logs / 4)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _distinct(tokens: Sequence[Sequence[str]], n: int) -> float:
    grams = [g for t in tokens for g in _grams(t, n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def _near_duplicates(texts: Sequence[str], groups: Sequence[str]) -> float:
    from rapidfuzz import fuzz, process

    twins = 0
    for group in dict.fromkeys(groups):
        own = [t for t, g in zip(texts, groups, strict=True) if g == group]
        scores = process.cdist(own, own, scorer=fuzz.ratio, score_cutoff=NEAR)
        np.fill_diagonal(scores, 0)
        twins += int((scores.max(axis=1) >= NEAR).sum()) if len(own) > 1 else 0
    return twins / len(texts) if texts else 0.0


def _dispersion(features: np.ndarray) -> float:
    """features: (N, D). Mean of 1 - cosine over all pairs."""
    unit = features / np.clip(np.linalg.norm(features, axis=1, keepdims=True), 1e-12, None)
    count = len(unit)
    together = float(np.square(unit.sum(axis=0)).sum()) - count
    return 1.0 - together / (count * (count - 1))
