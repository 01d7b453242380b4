"""Retrieval between images and captions, and among images. A query counts when one of its first k answers fits it.

Ties count against the model: an answer that fits must beat every equally similar one that does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cytoscribe.core.records import IMAGE_CLAIM, Caption, ImageRecord, image_claim_column, image_claim_id
from cytoscribe.eval.metrics.bootstrap import Estimate, estimate, weighted_mean

RECALL_AT = (1, 5, 10)
Fits = Callable[[slice], np.ndarray]
"""Which gallery items answer the queries of a slice: (n, M) bool."""
_ROWS = 512


@dataclass(frozen=True)
class Recall:
    """Recall at `RECALL_AT`. `queries` could be answered, `unanswerable` had nothing in the gallery that fits them and are left out.

    `chance` is the recall@1 of a random order of the gallery.
    """

    at: dict[int, Estimate]
    queries: int
    unanswerable: int
    gallery: int
    chance: float


def same(queries: np.ndarray, gallery: np.ndarray) -> Fits:
    """Equality of integer codes, of regions say: (N,) and (M,)."""
    return lambda rows: queries[rows, None] == gallery[None, :]


def transposed(fits: Fits, queries: int) -> Fits:
    """The same relation from the other side; `queries` is the number of the given relation's queries."""
    return lambda rows: np.concatenate([fits(slice(i, i + _ROWS))[:, rows] for i in range(0, queries, _ROWS)]).T


def first_fit(queries: np.ndarray, gallery: np.ndarray, fits: Fits) -> tuple[np.ndarray, np.ndarray]:
    """Rank (from 0) of the first answer that fits, inf where none does, and the share of the gallery that fits; both (N,).

    queries (N, D) and gallery (M, D) are L2-normalised.
    """
    rank, share = np.full(len(queries), np.inf), np.zeros(len(queries))
    for start in range(0, len(queries), _ROWS):
        rows = slice(start, min(start + _ROWS, len(queries)))
        near = queries[rows] @ gallery.T  # (n, M)
        fit = fits(rows)
        best = np.where(fit, near, -np.inf).max(1, keepdims=True)
        ahead = ((near >= best) & ~fit).sum(1)
        rank[rows] = np.where(np.isfinite(best[:, 0]), ahead, np.inf)
        share[rows] = fit.mean(1)
    return rank, share


def recall(rank: np.ndarray, share: np.ndarray, gallery: int, weights: np.ndarray) -> Recall:
    """Recall with intervals from what `first_fit` found; weights (B, N) resample the queries, the gallery stays."""
    answerable = np.isfinite(rank)
    count = int(answerable.sum())
    hits = {k: np.where(answerable, rank < k, np.nan) for k in RECALL_AT}
    at = {k: estimate(weighted_mean(hit), weights, count) for k, hit in hits.items()}
    chance = float(share[answerable].mean()) if count else float("nan")
    return Recall(at, count, int(rank.size - count), gallery, chance)


@dataclass(frozen=True)
class Neighbours:
    """Image-to-image retrieval, leave-one-out: the nearest image, and the mean average precision over the whole ranking.

    hits and precisions (N,) are each image's own, NaN where nothing could answer it.
    """

    recall_at_1: Estimate
    mean_ap: Estimate
    queries: int
    chance: float
    hits: np.ndarray
    precisions: np.ndarray


def among_images(features: np.ndarray, regions: np.ndarray, weights: np.ndarray, apart: np.ndarray | None = None) -> Neighbours:
    """Each image asks all the others for its own region.

    features (N, D) L2-normalised; regions (N,) int; weights (B, N); apart: (N,) int, where given only images of another code answer
    (other sections only, say). An image with no possible answer is left out.
    """
    hit, ap, share = leave_one_out(features, regions, np.arange(len(features)) if apart is None else apart)
    count = int(np.isfinite(ap).sum())
    mean = estimate(weighted_mean(ap), weights, count)
    chance = float(np.nanmean(share)) if count else float("nan")
    return Neighbours(estimate(weighted_mean(hit), weights, count), mean, count, chance, hit, ap)


def leave_one_out(features: np.ndarray, regions: np.ndarray, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each image: whether the nearest other is of its region, average precision, share of others of its region; NaN where none is.

    The j-th nearest image of the own region stands at place j + (images of other regions at least as near), so only those need
    sorting, which is several times faster than ranking everything.
    """
    size = len(features)
    hit, ap, share = (np.full(size, np.nan) for _ in range(3))
    for start in range(0, size, _ROWS):
        rows = slice(start, min(start + _ROWS, size))
        near = features[rows] @ features.T
        allowed = apart[rows, None] != apart[None, :]
        fit = (regions[rows, None] == regions[None, :]) & allowed
        others = np.sort(np.where(allowed & ~fit, near, -np.inf), axis=1)
        for i in range(near.shape[0]):
            own = np.sort(near[i, fit[i]])[::-1]
            if own.size:
                place = np.arange(1, own.size + 1)
                ahead = size - np.searchsorted(others[i], own, side="left")
                ap[start + i] = (place / (place + ahead)).mean()
                hit[start + i] = ahead[0] == 0
                share[start + i] = own.size / allowed[i].sum()
    return hit, ap, share


@dataclass(frozen=True)
class ImageClaims:
    """What captions and images say of attributes of single images (`image:column=value`), as sparse rows over the same vocabulary.

    images (N, V), captions (M, V); image_region (N,), caption_region (M,) int.
    """

    images: csr_array
    captions: csr_array
    image_region: np.ndarray
    caption_region: np.ndarray

    def fits(self, rows: slice) -> np.ndarray:
        """Same region, and everything the caption says of the image is true of it: (n, M)."""
        said = np.asarray(self.captions.sum(1)).ravel()
        shared = (self.images[rows] @ self.captions.T).toarray()
        return (shared == said[None, :]) & (self.image_region[rows, None] == self.caption_region[None, :])


def image_claims(records: Sequence[ImageRecord], captions: Sequence[Caption]) -> ImageClaims | None:
    """Line up captions and images by the claims that captions make about single images; None where no caption makes one."""
    said = [[c for c in caption.claim_ids if c.startswith(IMAGE_CLAIM)] for caption in captions]
    columns = sorted({image_claim_column(claim) for claims in said for claim in claims})
    if not columns:
        return None
    shown = [[image_claim_id(c, r.attributes[c]) for c in columns if r.attributes.get(c)] for r in records]
    vocabulary = {claim: i for i, claim in enumerate(sorted({c for claims in (*said, *shown) for c in claims}))}
    codes = {name: i for i, name in enumerate(sorted({*(r.region for r in records), *(c.region for c in captions)}))}
    return ImageClaims(
        images=_rows(shown, vocabulary),
        captions=_rows(said, vocabulary),
        image_region=np.array([codes[r.region] for r in records], dtype=int),
        caption_region=np.array([codes[c.region] for c in captions], dtype=int),
    )


def _rows(claims: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> csr_array:
    row = [i for i, those in enumerate(claims) for _ in set(those)]
    column = [vocabulary[c] for those in claims for c in sorted(set(those))]
    return csr_array((np.ones(len(row), dtype=np.int32), (row, column)), shape=(len(claims), len(vocabulary)))
