"""The questions of an evaluation and its findings: the records that the stage fills and the report reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.bootstrap import Clusters, Estimate
from cytoscribe.eval.metrics.classification import Classification
from cytoscribe.eval.metrics.groups import GroupFigures
from cytoscribe.eval.metrics.leaks import Leaks
from cytoscribe.eval.report.gallery import Gallery
from cytoscribe.eval.samples import Samples


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured, for metrics.json and for the report. `figures` are by name; `notes` are what a reader must know."""

    samples: Samples
    answers: Answers
    regions: tuple[str, ...]
    gallery: Gallery
    nearest: np.ndarray
    classification: Classification
    figures: Mapping[str, Estimate]
    facts: Mapping[str, Any]
    leaks: Leaks
    clusters: Clusters
    alpha: float
    groups: tuple[GroupFigures, ...] = ()
    per_image: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())
