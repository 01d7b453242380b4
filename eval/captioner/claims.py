"""Claims that captions state, read back: how many are true of the image, how much of what is true they state, how many nothing bears out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.captions.wording.scene import statement
from cytoscribe.core.records import Claim, ImageRecord
from cytoscribe.eval.captioner.grounding import Ground

Counts = np.ndarray
"""(N, 2) float64: of each caption, statements borne out and statements that are not."""


@dataclass(frozen=True)
class Truth:
    """What is true of each image: its own attributes where the table states them, else the claims of its region."""

    ground: Ground

    def of(self, record: ImageRecord) -> list[Claim]:
        """The claims that a caption of this image may state and be right."""
        knowledge = self.ground.knowledge
        return knowledge.image_claims(record) if knowledge.of_images else knowledge.claims_of(record.region)


def precision_counts(ground: Ground, texts: Sequence[str], records: Sequence[ImageRecord]) -> Counts:
    """Statements that are true of the image, and those that are not."""
    truth = Truth(ground)
    return _counts(ground, texts, [r.region for r in records], [truth.of(r) for r in records])


def support_counts(ground: Ground, texts: Sequence[str], regions: Sequence[str]) -> Counts:
    """Statements that the claims of the region named bear out, and those that they do not: hallucinations."""
    return _counts(ground, texts, regions, [ground.knowledge.claims_of(r) for r in regions])


def recall_counts(ground: Ground, texts: Sequence[str], records: Sequence[ImageRecord]) -> Counts:
    """Of attributes of images: for each image, those stated and those left out. Of papers: for each region, statements that its images'
    captions make together, and those that they leave out, at the region's first image; other rows are zero."""
    truth, found = Truth(ground), np.zeros((len(texts), 2))
    spoken: dict[str, set[object]] = {}
    first: dict[str, int] = {}
    for i, (text, record) in enumerate(zip(texts, records, strict=True)):
        own = truth.of(record)
        stated = set(ground.account(text, record.region, own).supported)
        made = {statement(c) for c in own if c.claim_id in stated}
        if ground.knowledge.of_images:
            found[i] = len(made), len({statement(c) for c in own}) - len(made)
        else:
            spoken.setdefault(record.region, set()).update(made)
            first.setdefault(record.region, i)
    for region, i in first.items():
        every = {statement(c) for c in ground.knowledge.claims_of(region)}
        found[i] = len(spoken[region] & every), len(every - spoken[region])
    return found


def _counts(ground: Ground, texts: Sequence[str], regions: Sequence[str], claims: Sequence[list[Claim]]) -> Counts:
    rows = []
    for text, region, own in zip(texts, regions, claims, strict=True):
        account = ground.account(text, region, own)
        stated = {statement(c) for c in own if c.claim_id in account.supported}
        rows.append((len(stated), len(account.faults)))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)
