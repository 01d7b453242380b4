"""Contrastive losses for pairs that only a label connects: a caption has many images, an image many captions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.core.errors import InputError

LOSSES = ("auto", "label", "clip", "sigmoid")
HARD_WEIGHT = 0.5
REGION_POSITIVES = ("auto", "mean", "any")
WHOLE_SCALE = 20.0


@dataclass(frozen=True)
class Objective:
    """What is optimised.

    loss: `label` (positives are all pairs that fit), `clip` (only the drawn pair: plain InfoNCE, for comparison), `sigmoid`, or `auto`
    (`sigmoid` where the base was trained so, which a bias of its logits tells, else `label`);
    region_weight: of "same region"; claim_weight: of "the caption's claims hold for the image", where captions make claims of
    single images; whole_weight: of "the caption states all that the image shows", against the remembered captions of all images;
    image_weight: of images with images of their region; hard_weight: of true captions before twins of which one claim is false, None
    for `HARD_WEIGHT` where captions make claims of single images, else 0; 0 switches a part off.
    region_positives: what an image must lie near in the region term: `mean`, the mean of its region's captions (`to_regions`), `any`,
    some of them (`any_positive`), or `auto`, the mean where captions make claims of single images, else any.
    """

    loss: str = "auto"
    region_weight: float = 1.0
    claim_weight: float = 1.0
    whole_weight: float = 1.0
    image_weight: float = 0.0
    hard_weight: float | None = None
    region_positives: str = "auto"

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise InputError(f"unknown loss '{self.loss}'", fix=f"use one of {', '.join(LOSSES)}")
        if self.region_positives not in REGION_POSITIVES:
            raise InputError(
                f"unknown --region-positives '{self.region_positives}'", fix=f"use one of {', '.join(REGION_POSITIVES)}"
            )

    def resolved(self, sigmoid: bool) -> Objective:
        """The same with a loss that is not `auto`; sigmoid: the base was trained with a sigmoid loss."""
        return replace(self, loss="sigmoid" if sigmoid else "label") if self.loss == "auto" else self

    def hard(self, claims: bool) -> float:
        """The weight of hard negatives; claims: captions make claims of single images."""
        if self.hard_weight is not None:
            return self.hard_weight
        return HARD_WEIGHT if claims and self.loss in ("auto", "label") else 0.0

    def by_means(self, claims: bool) -> bool:
        """Whether images are compared with the mean of a region's captions; claims: captions make claims of single images."""
        return claims if self.region_positives == "auto" else self.region_positives == "mean"


def contrast(
    images: Tensor,
    texts: Tensor,
    scale: Tensor,
    same_region: Tensor,
    fits: Tensor | None,
    objective: Objective,
    bias: Tensor | None = None,
) -> Tensor:
    """Loss of a batch. images (N, D) and texts (M, D) L2-normalised; scale: factor of the cosine; bias: what a base adds to it before a
    sigmoid, None for bases that were trained otherwise.

    same_region, fits: (N, M) bool; `fits` where the region is equal and every image claim of the caption holds for the image, None where
    captions make no claims of single images.
    """
    logits = scale * images @ texts.T  # (N, M)
    if objective.loss == "clip":
        drawn = torch.eye(len(images), dtype=torch.bool, device=logits.device).repeat(1, len(texts) // len(images))
        return (positives_first(logits, drawn) + positives_first(logits.T, drawn.T)) / 2
    if objective.loss == "sigmoid":
        return _sigmoid(logits, same_region if fits is None else fits, bias)
    by_means = objective.by_means(fits is not None)
    to_texts = to_regions(images, texts, scale, same_region) if by_means else any_positive(logits, same_region)
    regions = (to_texts + any_positive(logits.T, same_region.T)) / 2
    if fits is None:
        return objective.region_weight * regions
    claims = (positives_first(logits, fits) + positives_first(logits.T, fits.T)) / 2
    return objective.region_weight * regions + objective.claim_weight * claims


def to_regions(images: Tensor, texts: Tensor, scale: Tensor, same_region: Tensor) -> Tensor:
    """Cross-entropy of images (N, D) with the mean of each region's captions: what zero-shot use will ask of them.

    Only the means must lie right, so captions of one region keep the order among themselves that the other terms give them; a
    mean over positives (`positives_first`) would ask that all be equally near, and so blot out what distinguishes them.
    """
    groups = torch.unique(same_region.float(), dim=0)  # one row a region that images of this batch belong to
    groups = groups[groups.any(1)]
    if not len(groups):
        return _nothing(images @ texts.T)
    means = functional.normalize(groups @ texts, dim=-1)
    own = (same_region.float() @ groups.T) > 0
    return positives_first(scale * images @ means.T, own)


def whole_contrast(images: Tensor, texts: Tensor, own: Tensor, fresh: Tensor) -> Tensor:
    """Images against captions that state all they show, both ways.

    images (N, D), texts (M, D) L2-normalised: all captions, remembered but for the rows `fresh` (m,); own (N, M) bool. The scale of
    the cosine is fixed: the region's captions set the learned one, and theirs is a coarser question.
    """
    logits = WHOLE_SCALE * images @ texts.T
    return (positives_first(logits, own) + positives_first(logits[:, fresh].T, own[:, fresh].T)) / 2


def any_positive(logits: Tensor, positives: Tensor) -> Tensor:
    """Mean over rows of -log of the positives' share of the softmax (MIL-NCE, Miech et al. 2020, equation 1).

    It asks that a row's positives together outweigh the rest and leaves their order free: the mean over positives
    (`positives_first`) would ask that all be equally near, and so blot out what distinguishes captions of one region.
    """
    rows = positives.any(1)
    if not bool(rows.any()):
        return _nothing(logits)
    logits, positives = logits[rows], positives[rows]
    return (torch.logsumexp(logits, 1) - torch.logsumexp(logits.masked_fill(~positives, -torch.inf), 1)).mean()


def _nothing(logits: Tensor) -> Tensor:
    return logits.sum() * 0.0 if bool(torch.isfinite(logits).all()) else logits.new_zeros((), requires_grad=True)


def positives_first(logits: Tensor, positives: Tensor) -> Tensor:
    """Mean over rows of -mean over positives of log softmax (supervised contrastive, Khosla et al. 2020, "out").

    Rows without a positive do not count; -inf logits are no candidates.
    """
    rows = positives.any(1)  # chosen before the softmax: a row of -inf alone has no gradient but NaN
    if not bool(rows.any()):
        return _nothing(logits)
    log_share = functional.log_softmax(logits[rows], dim=1)
    counts = positives[rows].sum(1)
    return -(log_share.masked_fill(~positives[rows], 0.0).sum(1) / counts).mean()


def image_contrast(images: Tensor, regions: Tensor, scale: Tensor) -> Tensor:
    """Supervised contrastive loss of images (N, D) with the other images of their region (N,)."""
    logits = scale * images @ images.T
    itself = torch.eye(len(images), dtype=torch.bool, device=images.device)
    same = (regions[:, None] == regions[None, :]) & ~itself
    return positives_first(logits.masked_fill(itself, -torch.inf), same)


def _sigmoid(logits: Tensor, positives: Tensor, bias: Tensor | None) -> Tensor:
    """Pairwise sigmoid loss (Zhai et al. 2023) with the base's own bias, else one set so that a random pair is as likely as positives
    are."""
    if bias is None:
        share = positives.float().mean().clamp(1e-4, 1 - 1e-4)
        bias = torch.log(share / (1 - share)) - logits.detach().mean()
    return -functional.logsigmoid((logits + bias) * (positives.float() * 2 - 1)).sum(1).mean() / logits.shape[1] * 10
