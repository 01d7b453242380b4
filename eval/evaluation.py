"""What an evaluation is asked and what it found: the records that the stage fills and the report reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
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
class EvaluateSettings:
    """What `evaluate` is asked.

    class_captions: JSON file of region to texts, None for the model's own; regions: region table with parents, None leaves out figures
    by parent; split: `all` takes every image; scale: rows of this scale, `auto` for the model's own, `all`; wording: `masked` or
    `named` captions in retrieval; attributes: columns that exact captions state, None for those the captions speak of; bootstrap:
    replicates, 0 for no intervals; explorer: most images on explorer.html, 0 writes none; embeddings: vectors of the images, for a
    model that takes such; normalise: `source` for images of another microscope than training's, else `none`; source: whose calibration
    judges all images, "" for what the table's column `source` says; test_where: condition on columns of the table that measured images
    fulfil; group_by: further columns whose groups are measured apart; few_shot: images a region for naming by a few images, () for none;
    second_annotation: table of the same images annotated by other people, None for none.
    """

    model: Path
    images: Path
    out: Path
    captions: Path | None = None
    class_captions: Path | None = None
    regions: Path | None = None
    region_column: str = "region"
    split: str = "test"
    scale: str = "auto"
    wording: str = "masked"
    attributes: tuple[str, ...] | None = None
    bootstrap: int = 1000
    seed: int = 0
    device: str = "auto"
    batch_size: int = 64
    explorer: int = 400
    overwrite: bool = False
    embeddings: Path | None = None
    normalise: str = "none"
    second_annotation: Path | None = None
    source: str = ""
    test_where: str = ""
    group_by: tuple[str, ...] = ()
    few_shot: tuple[int, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """All that was measured, for metrics.json and for the report. `figures` are by name; `notes` are what a reader must know."""

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
