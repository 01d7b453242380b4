"""Wilson's interval of a share: it holds for few cases, and for shares of none and all."""

from __future__ import annotations

import math

_Z = 1.96


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's (1927) 95% interval of a share of `count` cases."""
    centre = share + _Z**2 / (2 * count)
    spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)
