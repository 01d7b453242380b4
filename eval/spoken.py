"""The caption that lies nearest to an image, among those of the region it was given, and what that caption rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.core.records import Caption, Claim
from cytoscribe.eval.model import Model
from cytoscribe.eval.report.evidence import PaperPages, papers_behind
from cytoscribe.eval.report.gallery import Gallery, build_gallery


@dataclass(frozen=True)
class Spoken:
    """A caption with the papers of the claims that it states, empty where they are of images or not at hand."""

    text: str
    sources: tuple[PaperPages, ...]


class Speaker:
    """Finds captions by their masked words, which the model was trained with, and shows them as published."""

    def __init__(self, model: Model, captions: Sequence[Caption], claims: Mapping[str, Claim]) -> None:
        self._gallery: Gallery = build_gallery(model, captions, "masked", None)
        self._published = {c.caption_id: c.caption for c in captions}
        self._claims = claims

    def of(self, features: np.ndarray, region: int) -> Spoken | None:
        """The caption of a region (index into the model's) nearest to an image's features (D,); None where it has no caption."""
        rows = np.flatnonzero(self._gallery.regions == region)
        if not rows.size:
            return None
        caption = self._gallery.captions[int(rows[np.argmax(self._gallery.features[rows] @ features)])]
        claims = [self._claims[i] for i in caption.claim_ids if i in self._claims]
        return Spoken(self._published.get(caption.caption_id, caption.caption), papers_behind(claims))
