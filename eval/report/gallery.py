"""The captions that retrieval searches: the dataset's where it is given, else the class captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption
from cytoscribe.eval.model import Model

WORDINGS = ("masked", "named")


@dataclass(frozen=True)
class Gallery:
    """Different captions of known regions. features (M, D) L2-normalised; regions (M,) int index the model's; source in words;
    wording `masked` or `named`."""

    captions: tuple[Caption, ...]
    features: np.ndarray
    regions: np.ndarray
    source: str
    wording: str

    @property
    def texts(self) -> tuple[str, ...]:
        """The words that were encoded."""
        return tuple(c.caption for c in self.captions)


def build_gallery(
    model: Model, captions: Sequence[Caption], wording: str, class_captions: Mapping[str, Sequence[str]] | None
) -> Gallery:
    """Encode the captions of regions that the model knows, each text once a region.

    wording: `masked` hides the region's name, so that the name alone cannot find it; `named` searches the captions as published.
    Without captions the class captions are searched. Raises InputError where no caption is of a known region.
    """
    index = {region: i for i, region in enumerate(model.regions)}
    if captions:
        source = f"{wording} captions of the dataset"
        usable = worded([c for c in captions if c.region in index], wording)
    else:
        source = "class captions"
        usable = _as_captions(class_captions or model.class_captions)
    if not usable:
        raise InputError("no caption is of a region that the model knows", fix="give the captions that the model was trained with")
    features = model.encode_texts([c.caption for c in usable]).numpy()
    return Gallery(tuple(usable), features, np.array([index[c.region] for c in usable]), source, wording)


def worded(captions: Sequence[Caption], wording: str) -> list[Caption]:
    """Captions whose `caption` is in the requested wording; a text that appears twice for the same region and claims is taken once."""
    texts = [c.masked_caption or c.caption if wording == "masked" else c.caption for c in captions]
    found = {(c.region, t, c.claim_ids): replace(c, caption=t) for c, t in zip(captions, texts, strict=True)}
    return list(found.values())


def _as_captions(class_captions: Mapping[str, Sequence[str]]) -> list[Caption]:
    return [
        Caption(f"class:{region}:{i}", region, text, text, "class", "", "", (), 0, 1.0)
        for region, texts in class_captions.items()
        for i, text in enumerate(texts)
    ]


def read_gallery_captions(folder: Path | None) -> list[Caption]:
    """Captions of a dataset folder; none where no folder is given."""
    if folder is None:
        return []
    from cytoscribe.captions.dataset import read_captions

    return list(read_captions(folder))
