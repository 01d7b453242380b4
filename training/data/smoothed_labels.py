"""Whether a label map was smoothed: its borders then run over values between labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError

_RAMPS, _LEAST_RAMPS, _LINES = 0.35, 20, 1500
"""Share of the borders of an interpolated map that are steps of one pixel; the fewest of them that count; rows looked at."""


@dataclass
class Ramps:
    """What was seen of a map, whole or band by band. ramps: pixels that lie between their neighbours in value; edges: borders;
    middle: some values of ramps; looked: whether anything was seen."""

    ramps: int = 0
    edges: int = 0
    middle: list[np.ndarray] = field(default_factory=list)
    looked: bool = False

    def look(self, values: np.ndarray, size: tuple[int, ...]) -> None:
        """Look at lines of some rows (h, w) of a map of that size (H, W), in both directions."""
        self.looked = True
        for lines, length in ((values, size[0]), (values.T, size[1])):
            chosen = lines[:: max(length // _LINES, 1)]
            before, here, after = chosen[:, :-2], chosen[:, 1:-1], chosen[:, 2:]
            between = ((before < here) & (here < after)) | ((before > here) & (here > after))
            self.ramps, self.edges = self.ramps + int(between.sum()), self.edges + int((here != after).sum())
            self.middle.append(here[between][:8])

    def check(self, path: Path) -> None:
        """Raise InputError where the values step from label to label over single pixels between them, as interpolation leaves them."""
        if self.ramps >= _LEAST_RAMPS and self.ramps > _RAMPS * self.edges:
            told = ", ".join(f"{v:g}" for v in sorted({v for part in self.middle for v in part.tolist()})[:4])
            raise InputError(
                f"borders run over values between labels ({told}): interpolated or smoothed",
                where=path,
                fix="make it again with nearest-neighbour interpolation",
            )
