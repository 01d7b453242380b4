"""Pairs that the region label makes: which captions fit which images, and fresh draws of both for every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import some
from cytoscribe.core.records import IMAGE_CLAIM, Caption, ImageRecord, image_claim_column, image_claim_id

SAMPLING = ("natural", "balanced")


@dataclass(frozen=True)
class CaptionPool:
    """Captions of the known regions, and for each image those that fit it.

    texts[c], regions (C,) index into region names, claims (C, A) bool: image claims of a caption; image_regions (N,),
    image_claims (N, A) bool; choices[i]: caption indices that fit image i; columns: attributes of images that
    captions speak of, in the order of the images table; sources[c]: ids of all claims that a caption states.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    regions: np.ndarray
    claims: np.ndarray
    image_regions: np.ndarray
    image_claims: np.ndarray
    choices: tuple[np.ndarray, ...]
    columns: tuple[str, ...] = ()
    sources: tuple[tuple[str, ...], ...] = ()

    def same_region(self, images: np.ndarray, captions: np.ndarray) -> np.ndarray:
        """(N, M) bool."""
        return self.image_regions[images][:, None] == self.regions[captions][None, :]

    def fits(self, images: np.ndarray, captions: np.ndarray) -> np.ndarray:
        """(N, M) bool: same region, and every image claim of the caption holds for the image."""
        missing = (~self.image_claims[images]).astype(np.float32) @ self.claims[captions].T.astype(np.float32)
        return self.same_region(images, captions) & (missing == 0)

    @property
    def image_specific(self) -> bool:
        """True where some caption makes a claim that images make too."""
        return bool(self.claims.any())


@dataclass(frozen=True)
class Variant:
    """One wording of a caption to train with. claims: those of images; sources: ids of all that it states."""

    text: str
    region: str
    claims: frozenset[str]
    sources: tuple[str, ...] = ()


def wordings(captions: Sequence[Caption], names: str = "masked") -> list[Variant]:
    """Texts to train with: `masked` hides the region's name, `named` keeps it, `both` uses either. Duplicates are dropped.

    A model that reads names learns little else of the text, so `masked` is what transfers to descriptions in other words.
    """
    if names not in ("masked", "named", "both"):
        raise InputError(f"unknown wording '{names}'", fix="use masked, named or both")
    found: dict[tuple[str, str], Variant] = {}
    for caption in captions:
        claims = frozenset(c for c in caption.claim_ids if c.startswith(IMAGE_CLAIM))
        masked = caption.masked_caption or caption.caption
        for text in {"masked": [masked], "named": [caption.caption], "both": [masked, caption.caption]}[names]:
            found.setdefault((caption.region, text), Variant(text, caption.region, claims, caption.claim_ids))
    return list(found.values())


def build_pool(records: Sequence[ImageRecord], variants: Sequence[Variant], regions: tuple[str, ...]) -> CaptionPool:
    """Join images and captions by region and image claims; captions of other regions are left out.

    Raises InputError naming the regions that have images but no caption that fits any of them.
    """
    index = {name: i for i, name in enumerate(regions)}
    used = [v for v in variants if v.region in index]
    missing = [name for name in regions if not any(v.region == name for v in used)]
    if missing:
        raise _uncaptioned(missing, regions, sorted({v.region for v in variants}))
    vocabulary = sorted({c for v in used for c in v.claims})
    claims = np.array([[c in v.claims for c in vocabulary] for v in used], dtype=bool).reshape(len(used), len(vocabulary))
    image_claims = _image_claims(records, vocabulary)
    caption_regions = np.array([index[v.region] for v in used])
    image_regions = np.array([index[r.region] for r in records])
    choices = _choices(image_regions, image_claims, caption_regions, claims, records)
    spoken = {image_claim_column(c) for c in vocabulary}
    columns = tuple(c for c in records[0].attributes if c in spoken)
    texts, sources = tuple(v.text for v in used), tuple(v.sources for v in used)
    return CaptionPool(regions, texts, caption_regions, claims, image_regions, image_claims, choices, columns, sources)


def _uncaptioned(missing: Sequence[str], regions: Sequence[str], captioned: Sequence[str]) -> InputError:
    """Which labels have no caption; and which names the captions have, where the two may be spelled in different ways."""
    what = f"no caption for {len(missing)} of {len(regions)} regions ({some(missing)})"
    if len(missing) < len(regions):
        return InputError(what, fix="generate captions for them, or leave their images out")
    others = f"; the captions are about {some(captioned)}" if captioned else ""
    return InputError(f"{what}{others}", fix="images and captions meet through the label: use the same names in both")


def _image_claims(records: Sequence[ImageRecord], vocabulary: list[str]) -> np.ndarray:
    table = np.zeros((len(records), len(vocabulary)), dtype=bool)
    position = {claim: i for i, claim in enumerate(vocabulary)}
    for row, record in enumerate(records):
        for column, value in record.attributes.items():
            place = position.get(image_claim_id(column, value))
            if place is not None:
                table[row, place] = True
    return table


def _choices(
    image_regions: np.ndarray, image_claims: np.ndarray, regions: np.ndarray, claims: np.ndarray, records: Sequence[ImageRecord]
) -> tuple[np.ndarray, ...]:
    cache: dict[tuple[int, bytes], np.ndarray] = {}
    result = []
    for i, region in enumerate(image_regions):
        key = (int(region), image_claims[i].tobytes())
        if key not in cache:
            fitting = (regions == region) & ~(claims & ~image_claims[i]).any(1)
            cache[key] = np.flatnonzero(fitting if fitting.any() else regions == region)
        result.append(cache[key])
    return tuple(result)


def draw_images(pool: CaptionPool, seed: int, epoch: int, sampling: str = "natural") -> np.ndarray:
    """Order of images in an epoch, (N,): a permutation, or draws with every region equally likely."""
    if sampling not in SAMPLING:
        raise InputError(f"unknown sampling '{sampling}'", fix=f"use one of {', '.join(SAMPLING)}")
    rng = np.random.default_rng([seed, 1, epoch])
    count = len(pool.image_regions)
    if sampling == "natural":
        return rng.permutation(count)
    sizes = np.bincount(pool.image_regions, minlength=len(pool.names)).astype(float)
    weights = 1.0 / sizes[pool.image_regions]
    return rng.choice(count, size=count, p=weights / weights.sum())


def draw_captions(pool: CaptionPool, images: np.ndarray, rng: np.random.Generator, each: int = 1) -> np.ndarray:
    """(N * each,) caption indices: for each image `each` of the captions that fit it, drawn again every step."""
    return np.concatenate([[rng.choice(pool.choices[i]) for i in images] for _ in range(each)])


def class_captions(pool: CaptionPool, most: int = 32) -> dict[str, list[str]]:
    """The texts that stand for each region in zero-shot use: those that fit the most training images, at most `most`."""
    fitting = np.zeros(len(pool.texts), dtype=np.int64)
    for choice in pool.choices:
        fitting[choice] += 1
    result = {}
    for region, name in enumerate(pool.names):
        own = np.flatnonzero(pool.regions == region)
        order = own[np.argsort(-fitting[own], kind="stable")]
        result[name] = [pool.texts[i] for i in order[:most]]
    return result
