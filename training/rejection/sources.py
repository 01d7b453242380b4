"""Other microscopes, stains and laboratories: the rejection brought back to its promise there, from a sample of the source's images.

Scores of another source lie elsewhere and spread more: nearly all of it looks unseen. Two ways back, both of conformal prediction:

- the sample's own scores are the reference. New images of known regions that are drawn like the sample are then rejected in at most
  a share alpha of cases, whatever their scores look like. Strange tissue in an unlabelled sample sits among the highest scores: it
  makes the rejection weaker, and never breaks the promise;
- shifted: a sample too small for that gives the place and width of its scores, and the shape is taken from the model's own images.

Either way scores are put on the scale of the model's own images, so that images of several sources can be ranked together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.shapes import check, entries, listed, text
from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.model.tensors import read_tensors, write_tensors

SOURCES_FILE = "sources.json"
SOURCE_BANK_FILE = "sources.safetensors"
LEAST_UNLABELLED = 20
LEAST_LABELLED = 5
MOST = 1000
"""Images of a source that are kept."""
QUANTILES = (0.25, 0.75)
"""Where an unlabelled sample is laid over the model's own scores: not at its end, where strange tissue lies. Chosen on validation
images under simulated microscopes (benchmarks/source_rejection.py --choose)."""
_SOURCES = entries({"sources": listed(entries({"name": text(200), "table": text(4000)}), most=10_000)})
_FIX = "run recalibrate --source again, or remove sources.json"


@dataclass(frozen=True)
class SourceSample:
    """A sample of one source. features (n, D) L2-normalised; labels (n,) int64 index into the regions, -1 where not given;
    measures (n, P): what the pixels say (see `appearance`), None for a model of vectors; table: where the sample came from."""

    name: str
    features: Tensor
    labels: Tensor
    table: str = ""
    measures: Tensor | None = None

    @property
    def labelled(self) -> bool:
        """True where every image is known to be of a region that the model knows."""
        return bool((self.labels >= 0).all())

    def held_out(self, least: int) -> HeldOut | None:
        """The sample for sets of plausible regions; None where it is too small, or has no labels."""
        return HeldOut(self.features, self.labels) if self.labelled and len(self.labels) >= least else None

    def told(self, least: int) -> dict[str, Any]:
        """For config.json and the model card."""
        return {"images": len(self.labels), "labelled": self.labelled, "assumes": self.assumes(least)}

    def assumes(self, least: int) -> str:
        """What the promise for this source rests on, in words."""
        n = len(self.labels)
        if self.labelled and n < least:
            return (
                f"{n} labelled images, fewer than {least}: new images are drawn like them, and their scores have the shape of the "
                "model's own, moved and widened"
            )
        if self.labelled:
            return f"{n} labelled images: new images of known regions are drawn like them"
        return f"{n} unlabelled images: new ones are drawn like them; strange tissue among them only weakens the rejection"

    def notes(self, least: int) -> tuple[str, ...]:
        """For reports."""
        sets = "" if self.held_out(least) else f"; no sets of plausible regions, which take {least} labelled images"
        return (f"source '{self.name}': {self.assumes(least)}{sets}",)


@dataclass(frozen=True)
class Aligned:
    """scores of the source become (score - offset) / factor; reference: its sample's scores after that, None where the model's own
    images are the reference."""

    offset: float
    factor: float
    reference: np.ndarray | None


def aligned(own: np.ndarray, home: np.ndarray, least: int, labelled: bool, quantiles: tuple[float, float] = QUANTILES) -> Aligned:
    """How scores of a source (n,) come onto the scale of the model's own calibration scores `home` (M,)."""
    if labelled:
        return _by_moments(own, home, least)
    low, high = np.quantile(own, quantiles)
    home_low, home_high = np.quantile(home, quantiles)
    factor = _factor(high - low, home_high - home_low)
    offset = float(high - factor * home_high)
    return Aligned(offset, factor, (own - offset) / factor if len(own) >= least else None)


def _by_moments(own: np.ndarray, home: np.ndarray, least: int) -> Aligned:
    """From labelled images, all known: mean and deviation; a sample of fewer than `least` is taken to spread as much wider as the
    prediction interval of a normal law would be (Student 1908)."""
    from scipy.stats import norm, t

    n = len(own)
    factor = _factor(float(own.std(ddof=1)), float(home.std()))
    enough = n >= least
    if not enough:
        rate = 1 / (least + 1)
        factor *= float(np.sqrt(1 + 1 / n) * t.isf(rate, n - 1) / norm.isf(rate))
    offset = float(own.mean() - factor * home.mean())
    return Aligned(offset, factor, (own - offset) / factor if enough else None)


def _factor(own: float, home: float) -> float:
    return float(np.clip(own / max(home, 1e-9), 1e-3, 1e3)) if own > 0 else 1.0


def write_sources(folder: Path, sources: dict[str, SourceSample]) -> None:
    """Write sources.json and its tensors beside it; removes both where there is no source."""
    if not sources:
        for name in (SOURCES_FILE, SOURCE_BANK_FILE):
            (folder / name).unlink(missing_ok=True)
        return
    tensors = {}
    for i, source in enumerate(sources.values()):
        tensors |= {f"features.{i}": source.features, f"labels.{i}": source.labels}
        tensors |= {} if source.measures is None else {f"measures.{i}": source.measures}
    write_tensors(folder / SOURCE_BANK_FILE, tensors)
    write_json(folder / SOURCES_FILE, {"sources": [{"name": s.name, "table": s.table} for s in sources.values()]})


def read_sources(folder: Path, regions: int, width: int) -> dict[str, SourceSample]:
    """Name to source; {} where the folder has none. Raises InputError where the files do not fit each other or the model."""
    path = folder / SOURCES_FILE
    if not path.is_file():
        return {}
    told = check(read_json(path), _SOURCES, path, _FIX)["sources"]
    needed = [f"{kind}.{i}" for kind in ("features", "labels") for i in range(len(told))]
    tensors = read_tensors(folder / SOURCE_BANK_FILE, _FIX, needed)
    found = {}
    for i, one in enumerate(told):
        features, labels = tensors[f"features.{i}"], tensors[f"labels.{i}"]
        whole = not labels.is_floating_point() and labels.ndim == 1
        if (
            not whole
            or features.shape != (len(labels), width)
            or not len(labels)
            or not -1 <= int(labels.min()) <= int(labels.max()) < regions
        ):
            raise InputError(f"the sample of source '{one['name']}' does not fit the model", where=path, fix=_FIX)
        found[one["name"]] = SourceSample(one["name"], features, labels, one["table"], tensors.get(f"measures.{i}"))
    return found


def check_sample(name: str, count: int, labelled: bool, where: str | Path) -> None:
    """Raise InputError where a sample is too small to say anything of its source."""
    least = LEAST_LABELLED if labelled else LEAST_UNLABELLED
    if not name.strip() or len(name) > 200:
        raise InputError("a source needs a name of 1 to 200 characters", fix="give --source NAME")
    if count < least:
        kind = "labelled images of known regions" if labelled else "unlabelled images"
        raise InputError(f"{count} {kind} are too few for source '{name}'", where=where, fix=f"give at least {least}")


def sample_of(name: str, features: Tensor, labels: Tensor, table: str, measures: Tensor | None, seed: int = 0) -> SourceSample:
    """The source of at most `MOST` of these images, drawn."""
    keep = torch.from_numpy(np.sort(np.random.default_rng(seed).permutation(len(labels))[:MOST]))
    return SourceSample(name, features[keep], labels[keep], table, None if measures is None else measures[keep])
