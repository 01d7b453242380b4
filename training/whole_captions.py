"""Captions that state everything an images table says of an image, beside the dataset's, which say a few things each.

A caption of three attributes fits many images; one of all eleven fits a few. Only the latter teach a model to tell images of one
region apart by all that can be said of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.captions.wording.exact import ExactCaptions, compose_exact
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord

STYLES = ("terse", "paragraph")
"""Styles that carry any number of attributes, taken in turn."""


@dataclass(frozen=True)
class WholeCaptions:
    """texts: different captions without a region's name; of_image (N, W) int: the W wordings of each image's own, -1 where an
    image states nothing."""

    texts: tuple[str, ...]
    of_image: np.ndarray

    def fits(self, images: np.ndarray, captions: np.ndarray) -> np.ndarray:
        """(n, m) bool: the caption is one of the image's own."""
        return (self.of_image[images][:, :, None] == captions[None, None, :]).any(1)

    def draw(self, images: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
        """Sorted indices of distinct captions: one wording for each of at most `most` of the images."""
        own = self.of_image[images]
        own = own[own[:, 0] >= 0][:most]
        return np.unique(own[np.arange(len(own)), rng.integers(self.of_image.shape[1], size=len(own))])


def whole_captions(
    records: Sequence[ImageRecord], columns: Sequence[str], wordings: int, seed: int, reads: Callable[[list[str]], bool]
) -> WholeCaptions | None:
    """`wordings` captions for each set of values of `columns` that the images show; None where there is nothing to state.

    reads: whether the text tower reads all of these texts to their end. A wording that it does not is written tersely, and left out,
    with a line that says so, where that does not help. The first wording is the one that `evaluate` asks for, as a model is asked in
    the words it was taught; the others keep it from leaning on them.
    """
    if not wordings or not columns or not any(r.attributes.get(c) for r in records for c in columns):
        return None
    texts: dict[str, int] = {}
    rows = []
    for wording in range(wordings):
        made = _readable(records, columns, _seed(seed, wording), STYLES[wording % len(STYLES)], reads)
        if made is None:
            say("captions that state every attribute are longer than the text tower reads: left out")
            continue
        place = np.array([texts.setdefault(text, len(texts)) for text in made.texts] + [-1])  # -1 stays -1
        rows.append(place[made.of_image])
    return WholeCaptions(tuple(texts), np.stack(rows, axis=1)) if rows else None


def _seed(seed: int, wording: int) -> int:
    return 1_000_003 * (seed + 1) + wording if wording else 0


def _readable(
    records: Sequence[ImageRecord], columns: Sequence[str], seed: int, style: str, reads: Callable[[list[str]], bool]
) -> ExactCaptions | None:
    for tried in dict.fromkeys((style, STYLES[0])):
        made = compose_exact(records, columns, seed, tried)
        if reads(list(made.texts)):
            return made
    return None
