"""Captions that state every attribute of an image: the hardest to tell apart, since images of one region differ by a word or two.

Captions of a dataset say a few attributes each, to be diverse. Whole ones are composed from an images table, one for each set of
attributes that its images show, by the same words as the dataset's: for training beside the dataset's, and for measuring retrieval.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.captions.wording.compose import compose
from cytoscribe.captions.wording.image_attributes import image_claim, image_facets, read_phrases, subject_of
from cytoscribe.captions.wording.voice import image_voice
from cytoscribe.core.records import IMAGE_CLAIM, Caption, ImageRecord, image_claim_column


@dataclass(frozen=True)
class ExactCaptions:
    """texts: different captions, without the region's name; of_image (N,) int: each image's own, -1 where it has no attribute."""

    texts: tuple[str, ...]
    of_image: np.ndarray
    columns: tuple[str, ...]


def columns_of(captions: Sequence[Caption]) -> tuple[str, ...]:
    """Attributes of single images that any caption speaks of, sorted."""
    claims = {c for caption in captions for c in caption.claim_ids if c.startswith(IMAGE_CLAIM)}
    return tuple(sorted({image_claim_column(c) for c in claims}))


def compose_exact(records: Sequence[ImageRecord], columns: Sequence[str], seed: int = 0, style: str = "terse") -> ExactCaptions:
    """One caption a set of values of `columns`, in one of the template backend's styles; sets that read alike share one.

    seed: of the wording; all captions of a call are worded alike, so that they differ by what they state alone.
    """
    written: dict[tuple[str, ...], str] = {}
    texts = []
    for record in records:
        values = tuple(record.attributes.get(c, "") for c in columns)
        if values not in written:
            written[values] = _worded(columns, values, seed, style) if any(values) else ""
        texts.append(written[values])
    order = sorted({t for t in texts if t})
    place = {text: i for i, text in enumerate(order)}
    return ExactCaptions(tuple(order), np.array([place.get(t, -1) for t in texts], dtype=int), tuple(columns))


def _worded(columns: Sequence[str], values: Sequence[str], seed: int, style: str) -> str:
    book = read_phrases()
    claims = [image_claim(c, v, "", "") for c, v in zip(columns, values, strict=True) if v]
    rng = random.Random(seed)  # the same draws for every caption, so that they differ by what they state alone
    voice = image_voice("", subject_of(book, columns), rng, named=False)
    return compose(style, image_facets(claims, book), voice, rng).text
