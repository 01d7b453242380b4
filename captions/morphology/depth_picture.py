"""The picture of a depth profile: density and size of cells from the pia to the white matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cytoscribe.core.runs import atomic_path


def save_depth_picture(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw density (filled) and median cell area (line) of `density_by_depth`; the pia is at the top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    depth, density, size = (
        [row[name] for row in rows] for name in ("depth_percent", "cell_density_per_mm2", "median_cell_area_um2")
    )
    figure = Figure(figsize=(5.2, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    left = figure.add_subplot(1, 1, 1)
    left.fill_betweenx(depth, 0, density, color="#2b6cb0", alpha=0.35, linewidth=0)
    left.plot(density, depth, color="#2b6cb0", linewidth=1.6)
    left.set(xlabel="cells per mm2", ylabel="depth in percent, from the pia", ylim=(100, 0), xlim=(0, None))
    right = left.twiny()
    right.plot(size, depth, color="#c2571a", linewidth=1.2)
    right.set_xlabel("median cell area in um2", color="#c2571a")
    right.set_xlim(0, None)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
