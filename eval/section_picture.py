"""The overlay that an anatomist looks at: the section, its regions in colour, unseen tissue hatched, and a legend."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cytoscribe.runs import atomic_path
from eval.section_labels import SectionMap

_TRANSPARENCY = 0.5
_LISTED = 24
"""Most regions in the legend."""

_HATCH_PX = 9
_UNSEEN = np.array([30, 30, 36], np.float32)


def write_overlay(found: SectionMap, small: np.ndarray, tissue: np.ndarray, shrunk: int, path: Path) -> None:
    """Draw overlay.png. small: (h, w, 3) uint8 the section at 1/shrunk of its size; tissue: (h, w) bool, what is not glass."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = coloured(found, small, tissue, shrunk)
    height, width = picture.shape[:2]
    inches = 11.0
    figure = Figure(figsize=(inches + 2.8, inches * height / width + 0.1), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, inches / (inches + 2.8), 1.0))
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()
    _legend(figure, found)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")


def coloured(found: SectionMap, small: np.ndarray, tissue: np.ndarray, shrunk: int) -> np.ndarray:
    """(h, w, 3) uint8: the section with its labels in colour, stronger where the model is surer; unseen tissue is hatched."""
    rows = (np.arange(small.shape[0]) * shrunk // found.step).clip(0, found.labels.shape[0] - 1)
    columns = (np.arange(small.shape[1]) * shrunk // found.step).clip(0, found.labels.shape[1] - 1)
    labels = np.where(tissue, found.labels[rows][:, columns], 0)
    sure = found.confidence[rows][:, columns][..., None]
    colours = np.concatenate([np.zeros((1, 3)), palette(len(found.regions)) * 255, _UNSEEN[None]])
    weight = np.where(labels[..., None] > 0, _TRANSPARENCY * (0.35 + 0.65 * sure), 0.0)
    unseen = labels == len(found.regions) + 1
    y, x = np.indices(labels.shape)
    stripe = ((x + y) % _HATCH_PX) < 2
    weight = np.where(unseen[..., None], np.where(stripe[..., None], 0.75, 0.0), weight)
    return (small * (1 - weight) + colours[labels] * weight).round().astype(np.uint8)


def palette(count: int) -> np.ndarray:
    """(count, 3) colours in [0, 1] that neighbours in the list do not share: hues a golden angle apart, in three shades."""
    from matplotlib.colors import hsv_to_rgb

    index = np.arange(count)
    hue = (index * 0.381966 + 0.02) % 1.0
    return np.asarray(hsv_to_rgb(np.stack([hue, 0.95 - 0.25 * (index % 2), 1.0 - 0.2 * (index % 3)], axis=1))).reshape(count, 3)


def _legend(figure: object, found: SectionMap) -> None:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    assert isinstance(figure, Figure)
    colours = palette(len(found.regions))
    handles = []
    for name, share in list(found.shares.items())[:_LISTED]:
        if name == "unseen":
            handles.append(Patch(facecolor="white", edgecolor="#1e1e24", hatch="////", label=f"unseen  {share:.0%}"))
        else:
            handles.append(Patch(facecolor=tuple(colours[found.regions.index(name)]), label=f"{name}  {share:.0%}"))
    figure.legend(handles=handles, loc="center right", frameon=False, fontsize=10, handlelength=1.6, labelspacing=0.7)
