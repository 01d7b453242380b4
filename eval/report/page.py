"""Pages from templates: self-contained HTML, everything that came from a file escaped."""

from __future__ import annotations

import math

from cytoscribe.core.rendering import render
from cytoscribe.eval.metrics.bootstrap import Estimate


def render_page(template: str, **content: object) -> str:
    """A template of this package filled in; raises where it names something that is not given."""
    return render("cytoscribe.eval.report", f"templates/{template}", content)


def number_text(value: float) -> str:
    """Three decimals, a dash for what cannot be given."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def interval_text(figure: Estimate) -> str:
    """The 95% interval in words."""
    return f"{figure.ci95[0]:.3f} to {figure.ci95[1]:.3f}" if figure.ci95 else "no interval"
