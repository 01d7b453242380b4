"""One picture of what the tool does: patches of cortex, their layers, a caption of each, and what the model says of it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cytoscribe.core.runs import atomic_path
from cytoscribe.quickstart.cards import Card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = ("hOc1", "FG1", "Te1", "area 4", "area 44", "area 28")
"""Areas in the picture, where there are cards of them."""

_PANEL, _NAMES, _HEIGHT = 2.5, 0.42, 4.05
"""Inches: width of a panel, of the names of layers in it, and the picture's height."""

_INK, _SOFT, _GOOD, _BAD = "#22202b", "#6d6880", "#2f7d4f", "#b3392f"


def write_picture(cards: Sequence[Card], folder: Path) -> Path:
    """Write quickstart.png into the run folder; returns its path."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = [card for name in SHOWN for card in cards if card.area == name]
    figure = Figure(figsize=(_PANEL * len(chosen), _HEIGHT), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    for index, card in enumerate(chosen):
        _panel(figure, index * _PANEL + _NAMES, card, folder)
    path = folder / "quickstart.png"
    with atomic_path(path) as temporary:
        _save(figure, temporary)
    return path


def _panel(figure: Figure, left: float, card: Card, folder: Path) -> None:
    """One area: name, patch with the names of its layers, answer, text; left: inches from the figure's left edge."""
    from matplotlib.image import imread

    width, height = figure.get_size_inches()
    side = _PANEL - _NAMES - 0.08
    top = height - 0.38
    axes = figure.add_axes((left / width, (top - side) / height, side / width, side / height))
    axes.imshow(imread(folder / card.picture, format="jpg"), interpolation="antialiased")
    axes.set_axis_off()
    for name, place in card.layers:
        axes.text(-0.02, 1 - place, _short(name), transform=axes.transAxes, fontsize=7.5, color=_SOFT, ha="right", va="center")
    at, below = left / width, top - side
    figure.text(at, (height - 0.27) / height, card.area, fontsize=13, weight="bold", color=_INK)
    colour = _GOOD if card.right else _BAD
    figure.text(at, (below - 0.12) / height, _answer(card), fontsize=10.5, weight="bold", color=colour, va="top")
    figure.text(at, (below - 0.38) / height, _wrapped(_text(card)), fontsize=8.6, color=_INK, va="top", linespacing=1.4)


def _save(figure: Figure, path: Path) -> None:
    """PNG with a palette: a third of the size, and no difference that the eye sees."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    Image.open(buffer).convert("RGB").quantize(255, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, "PNG", optimize=True
    )


def _short(name: str) -> str:
    return {"lamina dissecans": "diss"}.get(name, name.removeprefix("stratum ")[:5])


def _answer(card: Card) -> str:
    if card.unseen:
        return "→ unseen" if card.right else f"→ {card.answer} (was not trained on)"
    return f"→ {card.answer}" + ("" if card.answer == "unseen" else f"  {card.plausible[0][1]:.0%}")


def _text(card: Card) -> str:
    return card.caption or f"Not trained on. The papers say: {card.description}"


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(text, 34)
    return "\n".join(lines[:6]) + (" …" if len(lines) > 6 else "")
