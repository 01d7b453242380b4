"""Conformal p-values: the share of held-out images that look at least as strange, and what becomes of it where images hang together.

Images of one subject (or section) share a stain and a knife: a thousand images of four brains say little of the fifth brain. Then the
subject, not the image, is what new data are exchangeable with.
"""

from __future__ import annotations

import numpy as np


def p_values(values: np.ndarray, reference: np.ndarray, clusters: np.ndarray | None = None, least: int = 19) -> np.ndarray:
    """(N,) p-values of `values` (N,), higher for stranger images, against held-out `reference` (M,).

    clusters: (M,) int, the subject of each reference image, None where images are independent. least: independent units that a
    threshold needs. Three cases:

    - independent images: (1 + number at least as strange) / (M + 1) (Vovk et al. 2005);
    - at least `least` subjects: the mean over subjects, and one more that is all strange (hierarchical conformal, Lee, Barber and
      Willett 2023): holds for an image of a new subject, whatever the distribution;
    - fewer subjects: the larger of the first and of `between_subjects`, which extrapolates to a new subject by a normal law.
    """
    marginal = _of_images(values, reference)
    if clusters is None:
        return marginal
    count = np.unique(clusters).size
    if count == len(clusters) or count < 2:
        return marginal
    if count >= least:
        return _of_subjects(values, reference, clusters)
    return np.maximum(marginal, between_subjects(values, reference, clusters))


def between_subjects(values: np.ndarray, reference: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """(N,) chance that an image of a new subject is at least as strange, from two or more subjects.

    A new subject's mean follows the t distribution around the mean of the known subjects' means (a prediction interval for one more
    draw from a normal population); images scatter about it as they do about their own subjects' means.
    """
    from scipy.stats import t

    _, index, counts = np.unique(clusters, return_inverse=True, return_counts=True)
    means = np.bincount(index, weights=reference) / counts
    spread = means.std(ddof=1) * np.sqrt(1 + 1 / len(means))
    centre = float(means.mean())
    around = (reference - means[index]) * np.sqrt(counts / np.maximum(counts - 1, 1))[index]
    weight = 1.0 / (counts[index] * len(means))
    if spread < 1e-12:
        return _of_images(values, centre + around)
    return np.concatenate(
        [weight @ t.sf((part[None] - centre - around[:, None]) / spread, df=len(means) - 1) for part in _parts(values)]
    )


def _parts(values: np.ndarray, size: int = 512) -> list[np.ndarray]:
    return [values[i : i + size] for i in range(0, len(values), size)] or [values]


def _of_images(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    ordered = np.sort(reference)
    above = len(ordered) - np.searchsorted(ordered, values, side="left")
    return (1 + above) / (len(ordered) + 1)


def _of_subjects(values: np.ndarray, reference: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    shares = np.zeros(len(values))
    names = np.unique(clusters)
    for name in names:
        own = np.sort(reference[clusters == name])
        shares += (len(own) - np.searchsorted(own, values, side="left")) / len(own)
    return (1 + shares) / (len(names) + 1)
