"""Pictures of an evaluation, as self-contained SVG data URIs: nothing is fetched when the report is opened."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from cytoscribe.eval.metrics.calibration import reliability, risk_coverage
from cytoscribe.eval.metrics.classification import Classification
from cytoscribe.eval.metrics.open_set import accepted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KNOWN, UNSEEN, DARK, FAINT = "#2b6cb0", "#c2571a", "#1f2933", "#9aa5b1"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": DARK,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}
_MOST_BARS = 60
_NUMBERS_UP_TO = 16
CROWDED = 20
"""Regions from which on a picture keeps its size and is scrolled, since its names would become too small to read."""


@contextmanager
def canvas(width: float, height: float, columns: int = 1) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of inches in the house style, drawn without a screen and without touching the caller's matplotlib state."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({**_STYLE, "svg.hashsalt": "cytoscribe"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, [figure.add_subplot(1, columns, i + 1) for i in range(columns)]


def data_uri(figure: Figure) -> str:
    """The figure as an SVG data URI; the same figure gives the same bytes. Call it inside `canvas`."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def literal(name: str, longest: int = 28) -> str:
    """A name as matplotlib draws it literally (`$` begins no formula), shortened in the middle where it is long."""
    short = name if len(name) <= longest else f"{name[: longest // 2]}…{name[-(longest // 2 - 1) :]}"
    return short.replace("$", r"\$")


def confusion_matrix(result: Classification) -> str:
    """Rows true, columns named, each row as shares of its region's images; regions without any image or call are left out."""
    there = np.flatnonzero(result.confusion.sum(0) + result.confusion.sum(1))
    counts = result.confusion[np.ix_(there, there)]
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    names = [literal(result.regions[i], 20) for i in there]
    size = float(
        np.clip(0.2 * len(names) + 3 if len(names) > CROWDED else 0.34 * len(names) + 2.2, 4.6, 13 if len(names) <= CROWDED else 60)
    )
    with canvas(size + 0.8, size) as (figure, (axes,)):
        picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
        fine = 9.0 if len(names) > CROWDED else float(np.clip(260 / max(len(names), 1), 8, 10))
        axes.set_xticks(
            range(len(names)),
            names,
            rotation=90 if len(names) > 6 else 30,
            ha="center" if len(names) > 6 else "right",
            fontsize=fine,
        )
        axes.set_yticks(range(len(names)), names, fontsize=fine)
        axes.set(xlabel="named by the model", ylabel="true region")
        axes.spines[:].set_visible(False)
        if len(names) <= _NUMBERS_UP_TO:
            _write_counts(axes, counts, shares)
        figure.colorbar(picture, ax=axes, label="share of the true region's images", shrink=min(0.7, 7 / size))
        return data_uri(figure)


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        ink = "white" if shares[row, column] > 0.55 else DARK
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=8)


def region_bars(result: Classification) -> str:
    """F1 a region with 95% intervals, worst first; of more than sixty regions the sixty worst."""
    rows = sorted(result.per_region, key=lambda r: r.f1.value)[:_MOST_BARS]
    values = np.array([r.f1.value for r in rows])
    with canvas(7.2, 0.8 + 0.26 * max(len(rows), 3)) as (figure, (axes,)):
        axes.barh(range(len(rows)), values, color=KNOWN, alpha=0.85, height=0.68)
        for i, row in enumerate(rows):
            if row.f1.ci95:
                axes.plot(row.f1.ci95, [i, i], color=DARK, linewidth=1.4, solid_capstyle="butt")
        axes.axvline(result.macro_f1.value, color=UNSEEN, linewidth=1, linestyle="--")
        axes.set_title(f"dashed: macro-F1 {result.macro_f1.value:.3f}", color=UNSEEN, fontsize=9, fontweight="normal", loc="right")
        axes.set_yticks(range(len(rows)), [f"{literal(r.region)} ({r.f1.n})" for r in rows])
        axes.set(xlim=(0, 1.0), ylim=(len(rows) - 0.4, -0.6), xlabel="F1 (line: 95% interval; in brackets: images)")
        return data_uri(figure)


def score_histogram(scores: np.ndarray, unseen: np.ndarray, rejected: np.ndarray) -> str:
    """Distributions of the rejection score, known against unseen, and which were rejected."""
    low, high = np.percentile(scores, [0.5, 99.5])
    bins = np.linspace(low, high if high > low else low + 1, 41)
    shown = np.clip(scores, bins[0], bins[-1])
    with canvas(8.2, 3.6) as (figure, (axes,)):
        for mask, colour, label in ((~unseen, KNOWN, "known"), (unseen, UNSEEN, "unseen")):
            if mask.any():
                share = np.full(int(mask.sum()), 1 / mask.sum())
                caption = f"{label} regions, {int(mask.sum())} images, {rejected[mask].mean():.0%} rejected"
                axes.hist(shown[mask], bins, weights=share, color=colour, alpha=0.55, label=caption)
        if rejected.any() and not rejected.all():
            _mark_threshold(axes, scores, rejected)
        axes.set(xlabel="rejection score (higher: less like any known region)", ylabel="share of images")
        axes.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, columnspacing=1.2)
        return data_uri(figure)


def _mark_threshold(axes: Axes, scores: np.ndarray, rejected: np.ndarray) -> None:
    """A line where one threshold rejects; a band where each region has its own."""
    first, last = scores[rejected].min(), scores[~rejected].max()
    if first > last:
        axes.axvline((first + last) / 2, color=DARK, linewidth=1.2, linestyle="--", label="threshold")
    else:
        axes.axvspan(first, last, color=FAINT, alpha=0.25, linewidth=0, label="thresholds of the regions")


def rejection_curves(scores: np.ndarray, unseen: np.ndarray, right: np.ndarray) -> str:
    """Left: unseen rejected over known rejected (ROC). Right: known accepted and rightly named over unseen accepted (OSCR)."""
    curve = accepted(scores, unseen, right & ~unseen, np.ones((1, scores.size)))
    known, hits, strange = curve.known[0], curve.right[0], curve.unseen[0]
    with canvas(8.6, 3.9, columns=2) as (figure, (roc, oscr)):
        roc.plot(1 - known, 1 - strange, color=KNOWN, linewidth=2)
        roc.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
        at = int(np.argmax(known >= 0.95 - 1e-12))
        roc.plot([1 - known[at]], [1 - strange[at]], "o", color=UNSEEN)
        roc.annotate(
            f"95% of known accepted:\n{strange[at]:.1%} of unseen accepted",
            (1 - known[at], 1 - strange[at]),
            xytext=(26, -34 if strange[at] < 0.6 else 22),
            textcoords="offset points",
            color=UNSEEN,
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": UNSEEN, "linewidth": 0.8},
        )
        roc.set(
            xlabel="share of known rejected", ylabel="share of unseen rejected", title="Rejection", xlim=(-0.02, 1), ylim=(0, 1.02)
        )
        oscr.plot(strange, hits, color=KNOWN, linewidth=2)
        oscr.set(
            xlabel="share of unseen accepted", ylabel="share of known accepted and rightly named", title="Open-set classification"
        )
        oscr.set(xlim=(-0.02, 1), ylim=(0, 1.02))
        return data_uri(figure)


def trust(stated: np.ndarray, right: np.ndarray, p_values: np.ndarray) -> str:
    """Known images only. Left: share right over the probability stated. Middle: share of images with a p-value up to x, which
    calibration promises to be at most x. Right: share wrong among the images answered, surest first."""
    with canvas(10.6, 3.5, columns=3) as (figure, (honest, promised, risk)):
        bins = reliability(stated, right)
        honest.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
        honest.plot(bins.stated, bins.right, "-", color=KNOWN, linewidth=1.4)
        honest.scatter(bins.stated, bins.right, s=12 + 150 * bins.count / bins.count.max(), color=KNOWN, alpha=0.8, zorder=3)
        honest.set(xlabel="probability stated", ylabel="share rightly named", title="Probabilities", xlim=(0, 1), ylim=(0, 1.03))
        ordered = np.sort(p_values)
        promised.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=":")
        promised.step(ordered, np.arange(1, ordered.size + 1) / ordered.size, where="post", color=KNOWN, linewidth=1.6)
        promised.set(xlabel="alpha", ylabel="share of known rejected", title="Promise of the p-values", xlim=(0, 1), ylim=(0, 1.03))
        risk.plot(*risk_coverage(stated, right), color=KNOWN, linewidth=1.8)
        risk.set(xlabel="share answered, surest first", ylabel="share wrongly named", title="Risk and coverage", xlim=(0, 1))
        risk.set_ylim(0, max(0.05, 1.15 * risk_coverage(stated, right)[1].max()))
        return data_uri(figure)


def thumbnail(image: np.ndarray, px: int = 168) -> str:
    """(H, W, 3) uint8 as a JPEG data URI no larger than px on a side."""
    from PIL import Image

    picture = Image.fromarray(image)
    picture.thumbnail((px, px), Image.Resampling.LANCZOS)
    if max(picture.size) < px:
        scale = px / max(picture.size)
        picture = picture.resize(
            (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.BICUBIC
        )
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
