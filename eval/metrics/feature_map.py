"""The feature space on a plane: which regions lie side by side, what was taken for what, and where the unseen ones fall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cytoscribe.eval.answers import Answers
from cytoscribe.eval.report.figures import CROWDED, DARK, FAINT, UNSEEN, canvas, data_uri, literal
from cytoscribe.eval.samples import Samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 1200
"""Images drawn, chosen with the seed; more would hide each other and take long."""
_KEY_COLUMNS = 5


def feature_map(samples: Samples, answers: Answers, regions: tuple[str, ...], seed: int = 0) -> str:
    """A t-SNE map (van der Maaten and Hinton 2008) of image features as a picture; empty for fewer than ten images.

    Colours are regions, more than twenty of them numbered with a key, crosses unseen ones, lines join regions that were confused, wider for more images. Near is alike, but far
    distances and the sizes of clouds mean nothing.
    """
    chosen = _chosen(samples, seed)
    if chosen.size < 10:
        return ""
    plane = _plane(answers.features[chosen], seed)
    truth = samples.truth[chosen]
    rows = -(-len(regions) // _KEY_COLUMNS) if len(regions) > CROWDED else 0
    with canvas(8.6, 6.4 + 0.19 * rows) as (figure, (axes,)):
        import matplotlib as mpl

        colours = mpl.colormaps["turbo"](np.linspace(0.05, 0.95, len(regions)))
        known = truth >= 0
        axes.scatter(*plane[known].T, c=colours[truth[known]], s=16, alpha=0.75, linewidths=0)
        axes.scatter(*plane[~known].T, c=DARK, s=20, marker="x", linewidths=0.9, alpha=0.6)
        centres = {int(k): np.median(plane[truth == k], axis=0) for k in np.unique(truth[known])}
        _join(axes, centres, truth[known], answers.predicted[chosen][known])
        for k, (x, y) in centres.items():
            name = str(k + 1) if rows else literal(regions[k], 22)
            axes.text(float(x), float(y), name, fontsize=8.5, ha="center", va="center", color=DARK, bbox=_LABEL)
        if rows:
            _write_key(axes, [(f"{k + 1} {literal(regions[k], 20)}", colours[k]) for k in sorted(centres)])
        axes.set_axis_off()
        told = (
            f"{int(known.sum())} known images; crosses: {int((~known).sum())} unseen" if (~known).any() else f"{chosen.size} images"
        )
        axes.set_title(told, fontsize=9, fontweight="normal", color=UNSEEN if (~known).any() else FAINT)
        return data_uri(figure)


def _write_key(axes: Axes, entries: list[tuple[str, np.ndarray]]) -> None:
    """Below the map, which number is which region: names of many regions would hide each other on it."""
    from matplotlib.lines import Line2D

    dots = [Line2D([], [], color=tuple(colour), marker="o", linestyle="", markersize=5) for _, colour in entries]
    axes.legend(
        dots,
        [name for name, _ in entries],
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncols=_KEY_COLUMNS,
        frameon=False,
        fontsize=8,
        handletextpad=0.2,
        columnspacing=1.0,
    )


_LABEL = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}


def _chosen(samples: Samples, seed: int) -> np.ndarray:
    everything = np.random.default_rng(seed).permutation(len(samples.records))
    return np.sort(everything[:MOST_POINTS])


def _plane(features: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    size, width = features.shape
    fewer = PCA(min(30, size - 1, width), random_state=seed).fit_transform(features.astype(np.float64))
    perplexity = float(np.clip(size / 12, 3, 30))
    return np.asarray(TSNE(2, init="pca", perplexity=perplexity, random_state=seed).fit_transform(fewer))


def _join(axes: Axes, centres: dict[int, np.ndarray], truth: np.ndarray, predicted: np.ndarray) -> None:
    counts: dict[tuple[int, int], int] = {}
    for a, b in zip(truth.tolist(), predicted.tolist(), strict=True):
        if a != b and b in centres:
            key = (min(a, b), max(a, b))
            counts[key] = counts.get(key, 0) + 1
    most = max(counts.values(), default=1)
    for (a, b), count in counts.items():
        line = np.stack([centres[a], centres[b]])
        axes.plot(*line.T, color=DARK, linewidth=0.6 + 3.5 * count / most, alpha=0.35, zorder=1)
