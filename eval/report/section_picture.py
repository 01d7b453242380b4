"""The overlay that an anatomist looks at: the section, its regions in colour, unseen tissue hatched, and a legend."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from cytoscribe.core.runs import atomic_path
from cytoscribe.eval.section_labels import SectionMap

_TRANSPARENCY = 0.5
_LISTED = 24
"""Most regions in the legend."""

_HATCH_PX = 9
_HATCHES = {"unseen": ("////", "#1e1e24"), "artefact": ("....", "#b8860b"), "another microscope": ("\\\\\\\\", "#8b0000")}
"""How each label that is no region is drawn: pattern and colour."""


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
    """(h, w, 3) uint8: the section with its labels in colour, stronger where the model is surer; unseen tissue is hatched.

    Labelled tissue is shown in grey beneath its colour, so that a colour on a brown stain is still the legend's.
    """
    rows = (np.arange(small.shape[0]) * shrunk // found.step).clip(0, found.labels.shape[0] - 1)
    columns = (np.arange(small.shape[1]) * shrunk // found.step).clip(0, found.labels.shape[1] - 1)
    places = _nearest_labelled(np.where(tissue, found.labels[rows][:, columns], 0), tissue, found.step / shrunk)
    labels = np.where(tissue, found.labels[rows][:, columns], 0)[places]
    sure = found.confidence[rows][:, columns][places][..., None]
    labels = np.where(tissue, labels, 0)
    colours = np.concatenate([np.zeros((1, 3)), palette(len(found.regions)) * 255, [_rgb(c) for _, c in _HATCHES.values()]])
    weight = np.where(labels[..., None] > 0, _TRANSPARENCY * (0.5 + 0.5 * sure), 0.0)
    unseen = labels > len(found.regions)
    stripe = _stripes(labels - len(found.regions))
    weight = np.where(unseen[..., None], np.where(stripe[..., None], 0.75, 0.0), weight)
    grey = np.repeat(small.mean(axis=2, keepdims=True), 3, axis=2)
    beneath = np.where((labels > 0)[..., None] & ~unseen[..., None], grey, small)
    return (beneath * (1 - weight) + colours[labels] * weight).round().astype(np.uint8)


def _stripes(other: np.ndarray) -> np.ndarray:
    """(h, w) bool: pixels that a pattern colours; other: 1 unseen, 2 artefact, 3 another microscope, else none."""
    y, x = np.indices(other.shape)
    lines = ((x + y) % _HATCH_PX) < 2
    dots = (x % _HATCH_PX < 3) & (y % _HATCH_PX < 3)
    return np.select([other == 1, other == 2, other == 3], [lines, dots, ((x - y) % _HATCH_PX) < 2], False)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _nearest_labelled(labels: np.ndarray, tissue: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Row and column (h, w) of the labelled pixel that each shows: itself, or the nearest within `reach` for the rim of the tissue,
    whose cells hold too much glass to be judged."""
    from scipy.ndimage import distance_transform_edt

    away, (near_y, near_x) = distance_transform_edt(labels == 0, return_indices=True)  # type: ignore[misc]
    y, x = np.indices(labels.shape)
    borrow = tissue & (labels == 0) & (away <= reach)
    return np.where(borrow, near_y, y), np.where(borrow, near_x, x)


@cache
def palette(count: int) -> np.ndarray:
    """(count, 3) colours in [0, 1], each as far as can be from those before it as the eye sees them (CIE Lab), none near grey."""
    from skimage.color import rgb2lab

    steps = np.linspace(0, 1, 6)
    candidates = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    lab = rgb2lab(candidates[None])[0]
    vivid = (np.hypot(lab[:, 1], lab[:, 2]) > 45) & (lab[:, 0] > 30) & (lab[:, 0] < 92)
    candidates, lab = candidates[vivid], lab[vivid]
    chosen = [int(np.argmin(np.abs(candidates - (0.0, 0.25, 1.0)).sum(1)))]
    distance = np.linalg.norm(lab - lab[chosen[0]], axis=1)
    while len(chosen) < count:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(lab - lab[chosen[-1]], axis=1))
    return candidates[chosen[:count]]


def _legend(figure: object, found: SectionMap) -> None:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    assert isinstance(figure, Figure)
    colours = palette(len(found.regions))
    handles = []
    for name, share in list(found.shares.items())[:_LISTED]:
        if name in _HATCHES and name not in found.regions:
            hatch, colour = _HATCHES[name]
            handles.append(Patch(facecolor="white", edgecolor=colour, hatch=hatch, label=f"{name}  {_percent(share)}"))
        else:
            handles.append(Patch(facecolor=tuple(colours[found.regions.index(name)]), label=f"{name}  {_percent(share)}"))
    figure.legend(handles=handles, loc="center right", frameon=False, fontsize=10, handlelength=1.6, labelspacing=0.7)


def _percent(share: float) -> str:
    """A share for people; what is there is never called 0%."""
    return f"{share:.0%}" if share >= 0.005 else "<1%"
