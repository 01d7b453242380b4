"""Hard negatives: captions that are false of an image and differ from a true one in a single claim.

Contrast with the captions of other images asks what sets images apart, which one striking trait can answer; a caption that is right
but for one claim asks for that claim (as in NegCLIP, Yuksekgonul et al. 2023, but made from claims and not from words).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.captions.evidence import ClaimEvidence
from cytoscribe.captions.wording.image_attributes import image_claim
from cytoscribe.captions.wording.twins import TwinWriter
from cytoscribe.core.progress import say
from cytoscribe.core.records import IMAGE_CLAIM, Claim, image_claim_column, image_claim_value
from cytoscribe.training.data.pairs import CaptionPool

MOST = 4096
"""Twins that a run makes; each is two more texts for the text tower."""
PER_CAPTION = 4
"""Twins of one set of claims, fewer where there are many sets."""


@dataclass(frozen=True)
class HardNegatives:
    """texts: those of all twins; pairs (P, 2) int: a true text and a false one; of_caption[c]: the pairs of the pool's caption c."""

    texts: tuple[str, ...]
    pairs: np.ndarray
    of_caption: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class HardDraw:
    """rows (n,) int: images of the batch; texts (2 n,) int: the true texts, then the false ones, as indices into the run's texts."""

    rows: np.ndarray
    texts: np.ndarray


NO_DRAW = HardDraw(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class HardTerm:
    """negatives: whose texts stand from `first` on among the run's; most: twins of a step; weight: of the term."""

    negatives: HardNegatives
    first: int
    most: int
    weight: float

    def draw(self, pool: CaptionPool, images: np.ndarray, captions: np.ndarray, rng: np.random.Generator) -> HardDraw:
        """One twin for each of at most `most` of the captions (N * each,) drawn for images (N,): those that are true of their image."""
        rows = np.arange(len(captions)) % len(images)
        true = pool.fits(images, captions)[rows, np.arange(len(captions))]
        able = [i for i in np.flatnonzero(true) if len(self.negatives.of_caption[captions[i]])]
        chosen = np.sort(rng.permutation(np.array(able, dtype=np.int64))[: self.most])
        if not len(chosen):
            return NO_DRAW
        twins = self.negatives.pairs[[rng.choice(self.negatives.of_caption[c]) for c in captions[chosen]]]
        return HardDraw(rows[chosen], self.first + twins.T.reshape(-1))

    def loss(self, features: Tensor, texts: Tensor, drawn: HardDraw, scale: Tensor) -> Tensor:
        """Weighted loss of image features (N, D) and the features (2 n, D) of the texts drawn; scale: of the cosine, not taught here."""
        if not len(drawn.rows):
            return features.new_zeros(())
        images = features[torch.from_numpy(drawn.rows).to(features.device)]
        true, false = texts.chunk(2)
        return self.weight * twin_contrast(images, true, false, scale.detach())


def twin_contrast(images: Tensor, true: Tensor, false: Tensor, scale: Tensor) -> Tensor:
    """Mean over images (n, D) of -log of the true text's share in the softmax over it and its false twin; all L2-normalised."""
    apart = (images * (true - false)).sum(1)  # (n,), difference of the cosines
    return functional.softplus(-scale * apart).mean()


def hard_negatives(
    pool: CaptionPool, evidence: Sequence[ClaimEvidence], seed: int, reads: Callable[[list[str]], bool]
) -> HardNegatives | None:
    """Twins of the pool's captions: of each set of claims that captions state at most `PER_CAPTION`, and `MOST` in all.

    evidence: claims of papers, by the ids that captions name; claims of images are read from their ids.
    reads: whether the text tower reads all of these texts to their end; twins of which it does not are left out.
    None where nothing that the captions claim can be made false.
    """
    papers = [_claim(row) for row in evidence if row.region in pool.names and not row.claim_id.startswith(IMAGE_CLAIM)]
    writer = TwinWriter(_by_region(papers), _values(pool), pool.names)
    sets = _claim_sets(pool, papers)
    each = min(PER_CAPTION, max(1, MOST // max(1, len(sets))))
    texts: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    of_caption: list[list[int]] = [[] for _ in pool.texts]
    for number in np.random.default_rng([seed, 3]).permutation(len(sets))[:MOST]:
        claims, captions = sets[number]
        twins = [t for t in writer.write(claims, each, f"{seed}/{number}") if reads([t.true, t.false])]
        for caption in captions:
            of_caption[caption] += range(len(pairs), len(pairs) + len(twins))
        pairs += [(texts.setdefault(t.true, len(texts)), texts.setdefault(t.false, len(texts))) for t in twins]
    if not pairs:
        return None
    say(f"hard negatives: {len(pairs)} for {sum(map(bool, of_caption))} of {len(of_caption)} captions")
    return HardNegatives(tuple(texts), np.array(pairs), tuple(np.array(o, dtype=np.int64) for o in of_caption))


def _claim_sets(pool: CaptionPool, papers: Sequence[Claim]) -> list[tuple[list[Claim], list[int]]]:
    """The sets of claims that captions state, each with the captions (indices) that state it."""
    stated = {claim.claim_id: claim for claim in papers}
    groups: dict[tuple[int, frozenset[str]], list[int]] = {}
    for caption, ids in enumerate(pool.sources):
        groups.setdefault((int(pool.regions[caption]), frozenset(ids)), []).append(caption)
    sets = []
    for (region, ids), captions in groups.items():
        claims = [_image_claim(i, pool.names[region]) if i.startswith(IMAGE_CLAIM) else stated.get(i) for i in sorted(ids)]
        sets.append(([c for c in claims if c is not None], captions))
    return [(claims, captions) for claims, captions in sets if claims]


def _image_claim(claim_id: str, region: str) -> Claim:
    return image_claim(image_claim_column(claim_id), image_claim_value(claim_id), region, "")


def _claim(row: ClaimEvidence) -> Claim:
    """The claim behind a row of evidence, without the words of the paper."""
    place = (row.layer, row.attribute, row.value, row.polarity, row.compared_to)
    return Claim(row.claim_id, row.region, row.document, row.doi, row.page, "", 0, 0, "", *place, 1.0)


def _by_region(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.region, []).append(claim)
    return groups


def _values(pool: CaptionPool) -> dict[str, list[str]]:
    """Columns of images to the values that captions claim of them."""
    ids = sorted({i for ids in pool.sources for i in ids if i.startswith(IMAGE_CLAIM)})
    values: dict[str, list[str]] = {}
    for claim_id in ids:
        values.setdefault(image_claim_column(claim_id), []).append(image_claim_value(claim_id))
    return values
