"""The account of an evaluation: what was measured, on how many, and what its reader must know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cytoscribe.eval.chance import near_chance
from cytoscribe.eval.metrics.bootstrap import Clusters
from cytoscribe.eval.metrics.leaks import Leaks
from cytoscribe.eval.model import Model
from cytoscribe.eval.report.gallery import Gallery
from cytoscribe.eval.samples import Samples

if TYPE_CHECKING:
    from torch import Tensor


def notes(
    skipped: Sequence[Any], unused: Sequence[str], samples: Samples, clusters: Clusters, leaks: Leaks, intervals: bool
) -> list[str]:
    """Sentences for the reader: images and texts left out, figures that could not be given, intervals that are rough."""
    told = []
    if skipped:
        first = "; ".join(f"row {s.row} {Path(s.path).name}: {s.reason}" for s in skipped[:3])
        told.append(f"{len(skipped)} images could not be read and are left out ({first})")
    if unused:
        told.append(f"class captions of {len(unused)} regions that the model does not know were not used ({', '.join(unused[:5])})")
    if not samples.unseen.any():
        told.append("no image of an unseen region was given: the open-set figures are left out, but for the known images rejected")
    if intervals and clusters.unit != "image" and clusters.count < 10:
        told.append(f"only {clusters.count} {clusters.unit}s to resample: the intervals are rough")
    return told + _familiar(leaks)


STRANGE = 1.5
"""From here on images are called unlike those of training. Blood cells with a third of unseen ones have 1.2, simulated microscopes 1.3 to
2.3 (benchmarks/other_microscopes.py)."""


def strangers(model: Model, features: Tensor, normalise: str) -> list[str]:
    """A sentence where most of the images look unlike training's, and what to do; none where they were normalised."""
    times = model.strangeness(features) if normalise == "none" else 1.0
    if times < STRANGE:
        return []
    return [
        f"these images lie {times:.1f} times as far from the training images as held-out ones: if another microscope or stain "
        "made them, measure them with --normalise source too"
    ]


def unproven(model: Model) -> list[str]:
    """A sentence where validation was near chance."""
    note = near_chance(model)
    return [note] if note else []


def _familiar(leaks: Leaks) -> list[str]:
    if not leaks.unseen_sections:
        return []
    count = len(leaks.unseen_sections)
    return [f"unseen images lie in {count} sections of which training saw other regions: in a new brain they may look stranger"]


def facts(
    samples: Samples, skipped: Sequence[Any], leaks: Leaks, clusters: Clusters, model: Model, gallery: Gallery
) -> dict[str, Any]:
    """Plain facts of metrics.json: how many of what."""
    return {
        "images.known": int((~samples.unseen).sum()),
        "images.unseen": int(samples.unseen.sum()),
        "images.skipped": len(skipped),
        "regions.known": len(model.regions),
        "open_set.alpha": model.rejection.alpha,
        "images.normalisation": str(model.normalisation),
        "captions.searched": len(gallery.captions),
        "captions.source": gallery.source,
        "bootstrap.unit": clusters.unit,
        "bootstrap.units": clusters.count,
        "leaks.images": len(leaks.images),
        "leaks.sections": len(leaks.sections),
        "leaks.subjects": len(leaks.subjects),
        "leaks.unseen_sections": len(leaks.unseen_sections),
        "leaks.compared_with": leaks.checked,
    }
