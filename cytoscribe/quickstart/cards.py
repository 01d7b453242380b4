"""One card an area: the patch that the model was shown, drawn finely, with its layers, a caption, and the model's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.runs import atomic_path
from cytoscribe.phantom.images import ImageSettings, shown
from cytoscribe.phantom.tissue import Phantom
from cytoscribe.quickstart.outcome import QuickstartResult

FINENESS = 4
"""The pictures on the page have this many times the pixels of those the model sees; cell for cell they are the same."""

_APART = 0.045
"""Least distance of two layers' names, as a share of the picture's height."""

_SHORT, _LONG = 60, 190
"""Characters of the captions that cards prefer."""


@dataclass(frozen=True)
class Card:
    """picture: path relative to the run folder; layers: names with the share of the picture's height at which each one's middle
    lies at the left edge; answer: the model's, a region or "unseen"; right: True where that is the truth."""

    area: str
    alias: str
    unseen: bool
    picture: str
    layers: tuple[tuple[str, float], ...]
    answer: str
    right: bool
    p_value: float
    plausible: tuple[tuple[str, float], ...]
    caption: str
    description: str


def make_cards(outcome: QuickstartResult) -> list[Card]:
    """Cards of all areas in their order; draws their pictures into `pictures/`."""
    texts = {d.region: d.text for d in outcome.mined.descriptions}
    cards = []
    for plan, found in zip(shown(outcome.settings.images), outcome.described, strict=True):
        area = plan.area
        phantom = plan.draw(finer(outcome.settings.images))
        name = f"pictures/{area.name.replace(' ', '_')}.jpg"
        _save(phantom.image, outcome.settings.out / name)
        captions = [c.masked_caption for c in outcome.captions.captions if c.region == area.name]
        cards.append(
            Card(
                area=area.name,
                alias=area.aliases[0],
                unseen=area.split == "unseen",
                picture=name,
                layers=layer_places(phantom),
                answer=found.answer,
                right=found.answer == ("unseen" if area.split == "unseen" else area.name),
                p_value=found.p_value,
                plausible=tuple(found.plausible[:3]),
                caption=telling(captions),
                description=texts.get(area.name, ""),
            )
        )
    return cards


def finer(settings: ImageSettings) -> ImageSettings:
    """Settings that draw the same tissue with finer pixels."""
    return replace(settings, size_px=settings.size_px * FINENESS, pixel_size_um=settings.pixel_size_um / FINENESS)


def layer_places(phantom: Phantom) -> tuple[tuple[str, float], ...]:
    """Names of the layers and where their middles lie at the left edge, as shares of the height; layers out of sight are left out."""
    edge = phantom.layer_map[:, : max(phantom.layer_map.shape[1] // 16, 1)]
    places: list[tuple[str, float]] = []
    for value, layer in enumerate(phantom.spec.layers, start=1):
        rows = np.nonzero(edge == value)[0]
        if len(rows):
            above = places[-1][1] + _APART if places else 0.0  # names must not run into each other
            places.append((layer.name, max(float((rows.mean() + 0.5) / len(edge)), above)))
    return tuple(places)


def telling(captions: Sequence[str]) -> str:
    """The caption that says most without being long; "" where there is none."""
    fitting = [c for c in captions if _SHORT <= len(c) <= _LONG]
    return max(fitting or captions, key=len, default="")


def _save(image: np.ndarray, path: Path) -> None:
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(image).save(temporary, "JPEG", quality=88)
