"""What a profile finds in one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Found:
    """measures: name (with unit) to number, NaN where it could not be measured; doubts: why they may be wrong, none where all looks
    right; outlines: name to (H, W) labels or masks, to be drawn; rows: further tables, name to rows of one column set each."""

    measures: Mapping[str, float]
    doubts: tuple[str, ...] = ()
    outlines: Mapping[str, np.ndarray] = field(default_factory=dict)
    rows: Mapping[str, tuple[Mapping[str, float], ...]] = field(default_factory=dict)
