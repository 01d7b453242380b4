"""Contrastive losses for pairs that only a label connects: a caption has many images, an image many captions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.training.settings import Objective

WHOLE_SCALE = 20.0


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

    Rows without a positive do not count; -inf logits are not candidates.
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
