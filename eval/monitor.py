"""The stage behind `monitor`: from which image, section or subject of a stream on does the model's promise hold no longer?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import RunFolder, atomic_path
from cytoscribe.core.tables import read_images, write_csv
from cytoscribe.eval.answers import answer, encode, sources_of
from cytoscribe.eval.evaluator import load_model
from cytoscribe.training.rejection.martingale import ALARM, Watch, watch

UNITS = ("auto", "image", "section", "subject")
MONITOR_FILE, PICTURE_FILE = "monitor.csv", "monitor.png"
TISSUE, MICROSCOPE = "tissue", "microscope"
_WORDS = {
    TISSUE: "images look less like the known regions than those of the calibration",
    MICROSCOPE: "stain and light are not those of the images of training",
}


@dataclass(frozen=True)
class MonitorSettings:
    """images: table in the order of the stream; by: what is watched as one, `auto` for what the model's promise is for; embeddings and
    source as for evaluate."""

    model: Path
    images: Path
    out: Path
    by: str = "auto"
    source: str = ""
    region_column: str = "region"
    embeddings: Path | None = None
    device: str = "auto"
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class Monitored:
    """names (N,) of what was watched, in order; by question what its martingale found; unit: image, section or subject."""

    names: tuple[str, ...]
    unit: str
    watches: dict[str, Watch]
    alpha: float

    def lines(self) -> list[str]:
        """For people: for each question since when, or that nothing was found."""
        told = []
        for question, found in self.watches.items():
            count = f"{len(self.names)} {self.unit}s"
            if found.alarm is None:
                most = 10 ** float(found.log_capital.max(initial=0.0))
                told.append(f"{question}: no evidence of a change in {count} (most {most:.3g} to 1, alarm at {ALARM:g} to 1)")
                continue
            start = self.names[min(found.start or 0, len(self.names) - 1)]
            told.append(
                f"{question}: THE PROMISE HOLDS NO LONGER from about {self.unit} {start} on (noticed at {self.names[found.alarm]}, evidence "
                f"{ALARM:g} to 1): {_WORDS[question]}"
            )
        return told


def monitor(settings: MonitorSettings, model: Any = None) -> Monitored:
    """Watch a table of images; writes monitor.csv and monitor.png into `settings.out`.

    Raises InputError where the table or the model cannot be used, or the unit is not stated by every row.
    """
    if settings.by not in UNITS:
        raise InputError(f"unknown unit '{settings.by}'", where="--by", fix=f"use one of {', '.join(UNITS)}")
    model = model or load_model(settings.model, settings.device, settings.embeddings, settings.images.parent)
    records = read_images(settings.images, region_column=settings.region_column)
    unit = _unit(settings, model, records)
    told = {"by": unit, "source": settings.source, "seed": settings.seed, "region_column": settings.region_column}
    inputs = {"images": file_digest(settings.images), "model": file_digest(settings.model / "calibration.json")}
    with RunFolder(settings.out, "monitor", told, inputs, overwrite=settings.overwrite) as run:
        found = _watched(settings, model, records, unit)
        _write(settings.out, found)
        run.finish({"watched": len(found.names), "alarms": sum(w.alarm is not None for w in found.watches.values())})
    return found


def _unit(settings: MonitorSettings, model: Any, records: Sequence[ImageRecord]) -> str:
    unit = settings.by if settings.by != "auto" else getattr(model.rejection, "unit", "image")
    if unit != "image" and not all(getattr(r, unit) for r in records):
        if settings.by == "auto":
            return "image"
        raise InputError(f"some rows do not state their {unit}", where=settings.images, fix="fill that column, or use --by image")
    return unit


def _watched(settings: MonitorSettings, model: Any, records: Sequence[ImageRecord], unit: str) -> Monitored:
    encoded = encode(model, records)
    records = [r for r, k in zip(records, encoded.kept, strict=True) if k]
    if not records:
        raise InputError("no image can be read", where=settings.images, fix="check the paths")
    sources = sources_of(model, records, settings.source)
    answers = answer(model, encoded.features, None, sources)
    rejector = model.rejection.for_source(settings.source) if settings.source else model.rejection
    names = [str(getattr(r, unit)) if unit != "image" else r.path.name for r in records]
    streams = {TISSUE: (answers.scores, rejector.calibration, getattr(rejector, "clusters", None))}
    stain = None if model.appearance is None or settings.source else model.appearance.stain(model.measures(records))
    if stain is not None:
        streams[MICROSCOPE] = stain
    watches = {}
    for question, (scores, reference, clusters) in streams.items():
        series, known = (scores, reference) if unit == "image" else (_means(scores, names), _means(reference, clusters))
        watches[question] = watch(series, known, settings.seed)
    shown = tuple(names) if unit == "image" else tuple(dict.fromkeys(names))
    return Monitored(shown, unit, watches, answers.alpha)


def _means(values: np.ndarray, groups: Sequence[Any] | np.ndarray | None) -> np.ndarray:
    """Mean of each group in the order of their first members; the values themselves where nothing hangs together."""
    if groups is None:
        return values
    names = list(dict.fromkeys(np.asarray(groups).tolist()))
    place = {name: i for i, name in enumerate(names)}
    index = np.array([place[g] for g in np.asarray(groups).tolist()])
    return np.bincount(index, weights=values) / np.bincount(index)


def _write(out: Path, found: Monitored) -> None:
    columns = [c for q in found.watches for c in (f"{q}_p_value", f"{q}_log10_evidence")]
    rows = [
        (i + 1, name, *(f"{v[i]:.6f}" for w in found.watches.values() for v in (w.p_values, w.log_capital)))
        for i, name in enumerate(found.names)
    ]
    write_csv(out / MONITOR_FILE, ("place", found.unit, *columns), rows)
    _draw(out / PICTURE_FILE, found)


def _draw(path: Path, found: Monitored) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots()
    for (question, one), colour in zip(found.watches.items(), ("#7a1f6b", "#2b6cb0"), strict=False):
        axes.plot(np.arange(1, len(one.log_capital) + 1), one.log_capital, color=colour, label=question)
        if one.alarm is not None:
            axes.axvline((one.start or 0) + 1, color=colour, linewidth=0.9, linestyle=":")
    axes.axhline(np.log10(ALARM), color="#666666", linewidth=0.8, linestyle="--", label=f"alarm, {ALARM:g} to 1")
    axes.set(xlabel=f"{found.unit}s in order", ylabel="evidence of a change (log10)")
    axes.legend(frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")
