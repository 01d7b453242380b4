"""Sentences that name a region without a pattern, ranked by how much they read like a description of cytoarchitecture.

They are proposals for a reader, kept apart from claims: no caption is made from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.hub import quickly

PER_REGION = 20
"""Sentences kept a region."""
EXAMPLES = (
    "Layer IV is thin and populated by densely packed granule cells.",
    "The area has large pyramidal cells in the deep part of layer III.",
    "The border between layers V and VI is blurred, and layer VI merges with the white matter.",
    "The cortex is poorly laminated and lacks an inner granular layer.",
    "Cell bodies are arranged in narrow vertical columns.",
    "The nucleus consists of loosely scattered, medium-sized multipolar neurons that stain palely.",
    "Compared with its neighbour, the region contains fewer and smaller neurons.",
)
Embed = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class RelatedSentence:
    """One row of related.parquet: `score` is the largest cosine to an example of a description, in [-1, 1]."""

    region: str
    document: str
    doi: str
    page: int | None
    sentence: str
    sentence_start: int
    sentence_end: int
    score: float


def load_ranker(model: str) -> Embed:
    """A function from texts to L2-normalised vectors (N, D), by a sentence-transformers model: a folder or a Hub name.

    Raises InputError where the model cannot be loaded.
    """
    from sentence_transformers import SentenceTransformer

    try:
        with quickly():
            encoder = SentenceTransformer(model, device="cpu")
    except Exception as error:  # the library raises many kinds for one fact: no such model here
        fix = "give the folder of a sentence-transformers model"
        raise InputError(f"the ranker '{model}' cannot be loaded ({type(error).__name__})", where="--relevance", fix=fix) from error

    def embed(texts: Sequence[str]) -> np.ndarray:
        return np.asarray(encoder.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False))

    return embed


def rank(sentences: Iterable[Mapping[str, Any]], embed: Embed, per_region: int = PER_REGION) -> list[RelatedSentence]:
    """The best sentences of each region, best first; `sentences` are rows with regions, document, doi, page, sentence, start, end."""
    rows = list(sentences)
    if not rows:
        return []
    unique = list(dict.fromkeys(str(r["sentence"]) for r in rows))
    likeness = embed(unique) @ embed(EXAMPLES).T  # (N, D) @ (D, E)
    scores = dict(zip(unique, likeness.max(axis=1).astype(float).round(4).tolist(), strict=True))
    related: dict[str, list[RelatedSentence]] = {}
    for row in rows:
        for region in row["regions"]:
            related.setdefault(region, []).append(
                RelatedSentence(
                    region,
                    row["document"],
                    row["doi"],
                    row["page"],
                    row["sentence"],
                    row["start"],
                    row["end"],
                    scores[row["sentence"]],
                )
            )
    return [
        sentence
        for region in sorted(related)
        for sentence in sorted(related[region], key=lambda s: (-s.score, s.document, s.sentence_start))[:per_region]
    ]
