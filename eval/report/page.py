"""Pages from templates: self-contained HTML, everything that came from a file escaped."""

from __future__ import annotations

import math
from pathlib import Path

from cytoscribe.eval.metrics.bootstrap import Estimate


def render_page(template: str, **content: object) -> str:
    """A template of this package filled in; raises where it names something that is not given."""
    import jinja2

    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**content)


def number_text(value: float) -> str:
    """Three decimals, a dash for what cannot be given."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def interval_text(figure: Estimate) -> str:
    """The 95% interval in words."""
    return f"{figure.ci95[0]:.3f} to {figure.ci95[1]:.3f}" if figure.ci95 else "no interval"
