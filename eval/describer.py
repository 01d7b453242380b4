"""The stage `describe`: say of each image which region it shows, or "unseen", and what is known of that region."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import some
from cytoscribe.core.records import Caption, Claim, ImageRecord
from cytoscribe.eval.answers import Answers, answer, for_source, sources_of
from cytoscribe.eval.chance import near_chance
from cytoscribe.eval.class_captions import read_class_captions
from cytoscribe.eval.evaluator import load_model
from cytoscribe.eval.metrics.hierarchy import read_parents
from cytoscribe.eval.metrics.naming import named
from cytoscribe.eval.model import Model
from cytoscribe.eval.reasons import MICROSCOPE, PARENT, REGION, UNSEEN, Reasons, pixels_of, reasons
from cytoscribe.eval.report.evidence import PaperPages, RegionEvidence, papers_behind, read_claims, region_evidence
from cytoscribe.eval.report.gallery import Gallery, build_gallery, read_gallery_captions
from cytoscribe.eval.settings import DescribeSettings

MASS = 0.95
"""Share of the softmax that the listed regions hold together where the model offers no calibrated set."""
MOST_SHOWN = 6
"""Plausible regions that a line of text names; JSON holds them all."""
_BATCH = 64


@dataclass(frozen=True)
class Described:
    """One image's answer. `problem` is why there is none; then all else is empty.

    answer: region, parent region, `unseen`, `artefact (kind)` or `another microscope`; reason: the kind of that answer; p_values: of
    the reasons that were asked about, by name; p_value of "this is a known region", rejected at most `alpha`; plausible: the fewest
    regions that hold most of the softmax, with their probability, likeliest first; label_set: the conformal set with p-values, which
    holds the true region in at least 1 - alpha of cases if the model knows it, and may be empty; None where the model has none;
    warning: why no name of this model should be relied on; foreign: stain and light are another microscope's, where label sets promise nothing,
    so there is none.
    """

    image: Path
    problem: str | None = None
    answer: str = ""
    score: float = 0.0
    p_value: float = 0.0
    alpha: float = 0.0
    plausible: tuple[tuple[str, float], ...] = ()
    label_set: tuple[tuple[str, float], ...] | None = None
    evidence: RegionEvidence | None = None
    caption: Spoken | None = None
    quotes: tuple[str, ...] = ()
    reason: str = ""
    p_values: tuple[tuple[str, float], ...] = ()
    warning: str = ""
    foreign: bool = False

    @property
    def refused(self) -> bool:
        """True where no region, and no parent of regions, is named."""
        return self.reason not in (REGION, PARENT) if self.reason else self.answer == UNSEEN

    def text(self) -> str:
        """For people, a few lines."""
        if self.problem is not None:
            return f"error: {self.image}: {self.problem}"
        verdict = "at most" if self.p_value <= self.alpha else "above"
        lines = [f"{self.image}: {self.answer}  (p = {self.p_value:.3f}, {verdict} alpha = {self.alpha:g}; score {self.score:.2f})"]
        if self.p_values:
            told = ", ".join(f"{name} p = {p:.3f}" for name, p in self.p_values)
            lines.append(f"  reason: {self.reason or self.answer}  ({told})")
        if self.foreign and (not self.refused or self.reason == MICROSCOPE):
            lines.append(
                "  warning: stain and light look like those of another microscope, so no promise holds: see recalibrate --source"
            )
        lines.append(f"  {self._plausible_text()}")
        if self.answer in dict(self.plausible):
            lines.append(f"  probability of the name among the known regions: {dict(self.plausible)[self.answer]:.0%}")
        if self.warning:
            lines.append(f"  beware: {self.warning}")
        if self.caption is not None:
            named = f"  [{'; '.join(map(str, self.caption.sources))}]" if self.caption.sources else ""
            lines.append(f"  caption: {self.caption.text}{named}")
        if self.evidence is not None:
            lines.append(f"  {'' if self.evidence.sources else 'a caption of this region: '}{self.evidence.text}")
            lines += [f"  source: {source}" for source in self.evidence.sources]
        lines += [f"  {quote}" for quote in self.quotes]
        return "\n".join(lines)

    def _plausible_text(self) -> str:
        if self.label_set is None:
            lead = "nearest known" if self.refused else "plausible"
            return f"{lead}: {some([f'{r} {p:.0%}' for r, p in self.plausible], MOST_SHOWN)}  (softmax, not calibrated)"
        if not self.label_set:
            return f"plausible: none of the known regions, at {1 - self.alpha:.0%} coverage"
        told = some([f"{r} (p {p:.2f})" for r, p in self.label_set], MOST_SHOWN)
        return f"{'if it were a known region, ' if self.refused else ''}plausible at {1 - self.alpha:.0%} coverage: {told}"

    def json_line(self) -> str:
        """For programs, one JSON object."""
        if self.problem is not None:
            return json.dumps({"image": str(self.image), "error": self.problem}, ensure_ascii=False)
        told: dict[str, Any] = {
            "image": str(self.image),
            "answer": self.answer,
            "unseen": self.answer == UNSEEN,
            "reason": self.reason or (UNSEEN if self.answer == UNSEEN else REGION),
            "reason_p_values": {name: round(p, 6) for name, p in self.p_values},
            "score": round(self.score, 6),
            "p_value": round(self.p_value, 6),
            "alpha": self.alpha,
            "probabilities": {region: round(p, 6) for region, p in self.plausible},
            "plausible": None if self.label_set is None else {region: round(p, 6) for region, p in self.label_set},
        }
        if self.warning:
            told["warning"] = self.warning
        if self.caption is not None:
            told["caption"] = self.caption.text
            told["caption_sources"] = [s.as_json() for s in self.caption.sources]
        if self.evidence is not None:
            told["description"] = self.evidence.text
            told["sources"] = [s.as_json() for s in self.evidence.sources]
            told["quotes"] = list(self.quotes)
        return json.dumps(told, ensure_ascii=False)


def describe(settings: DescribeSettings, model: Model | None = None) -> Iterator[Described]:
    """Answers in the order of the images, as they are ready; an image that cannot be read is an answer with a problem.

    Raises InputError where the model, the descriptions or the class captions cannot be used.
    """
    if settings.source and settings.normalise != "none":
        fix = "leave --normalise or --source out"
        raise InputError("the calibration of a source is for its images as they are", where="--normalise", fix=fix)
    model = model or load_model(settings.model, settings.device, settings.embeddings)
    model = for_source(model, [ImageRecord(path=p, region="") for p in settings.images], settings.normalise)
    texts = read_class_captions(settings.class_captions, model.regions)[0] if settings.class_captions else None
    evidence = region_evidence(settings.descriptions, model.folder, texts or model.class_captions)
    captions = read_gallery_captions(settings.captions)
    speaker = Speaker(model, captions, read_claims(settings.descriptions or model.folder)) if captions else None
    library = _Library(evidence, speaker, settings.quotes, read_parents(settings.regions) if settings.regions else {})
    sources_of(model, (), settings.source)  # a source that the model does not know is said before the first answer
    for start in range(0, len(settings.images), _BATCH):
        yield from _batch(model, settings.images[start : start + _BATCH], texts, library, settings)


@dataclass(frozen=True)
class _Library:
    """What there is to tell of a region."""

    evidence: dict[str, RegionEvidence]
    speaker: Speaker | None
    quotes: int
    parents: dict[str, str] = field(default_factory=dict)


def _batch(
    model: Model, paths: Sequence[Path], texts: dict[str, list[str]] | None, library: _Library, asked: DescribeSettings
) -> Iterator[Described]:
    problems = {path: problem for path in paths if (problem := _problem(path, model))}
    good = [path for path in paths if path not in problems]
    answers = None
    if good:
        records = [ImageRecord(path=p, region="") for p in good]
        sources = sources_of(model, records, asked.source)
        answers = named(answer(model, model.encode_images(records), texts, sources), model, asked.name_by)
        answers = replace(answers, reasons=reasons(answers, pixels_of(model, records, sources), model.regions, library.parents))
    rows = iter(range(len(good)))
    for path in paths:
        if path in problems:
            yield Described(path, problem=problems[path])
        elif answers is not None:
            yield _described(model, path, answers, next(rows), library)


def _problem(path: Path, model: Model) -> str:
    """Why the image cannot be read, or has no vector where the model takes such; else nothing."""
    from cytoscribe.core.images import read_image

    vectors = getattr(model, "embeddings", None)
    if vectors is not None:
        return "" if vectors.find(ImageRecord(path=path, region="")) is not None else f"no vector in {vectors.path.name}"
    try:
        read_image(path)
    except InputError as error:
        return error.what
    return ""


def _described(model: Model, path: Path, answers: Answers, i: int, library: _Library) -> Described:
    named = int(answers.predicted[i])
    assert answers.reasons is not None
    why: Reasons = answers.reasons
    rejected = why.kinds[i] not in (REGION, PARENT)
    evidence = None if rejected else library.evidence.get(why.answers[i])
    return Described(
        image=path,
        answer=why.answers[i],
        reason=why.kinds[i],
        p_values=why.told(i),
        score=float(answers.scores[i]),
        p_value=float(answers.p_values[i]),
        alpha=model.rejection.alpha,
        plausible=credible(answers.probabilities[i], model.regions),
        label_set=None if why.foreign[i] else label_set(answers, i, model.regions),
        evidence=evidence,
        caption=None if why.kinds[i] != REGION or library.speaker is None else library.speaker.of(answers.features[i], named),
        quotes=tuple(evidence.quotes(library.quotes)) if evidence else (),
        warning=near_chance(model),
        foreign=bool(why.foreign[i]),
    )


def label_set(answers: Answers, i: int, regions: Sequence[str]) -> tuple[tuple[str, float], ...] | None:
    """The conformal label set of image i with p-values, likeliest first; None where the model has none."""
    sets = answers.plausible
    if sets is None or answers.region_p is None or np.isnan(answers.region_p[i]).any():
        return None
    order = [int(k) for k in np.argsort(-answers.probabilities[i], kind="stable") if sets[i, k]]
    return tuple((regions[k], float(answers.region_p[i, k])) for k in order)


def credible(probabilities: np.ndarray, regions: Sequence[str], mass: float = MASS) -> tuple[tuple[str, float], ...]:
    """The fewest regions that hold `mass` of the softmax together, likeliest first; probabilities (K,)."""
    order = np.argsort(-probabilities, kind="stable")
    count = int(np.searchsorted(np.cumsum(probabilities[order]), mass - 1e-9)) + 1
    return tuple((regions[int(i)], float(probabilities[i])) for i in order[:count])


@dataclass(frozen=True)
class Spoken:
    """A caption with the papers of the claims that it states, empty where they are of images or not at hand."""

    text: str
    sources: tuple[PaperPages, ...]


class Speaker:
    """Finds captions by their masked words, which the model was trained with, and shows them as published."""

    def __init__(self, model: Model, captions: Sequence[Caption], claims: Mapping[str, Claim]) -> None:
        self._gallery: Gallery = build_gallery(model, captions, "masked", None)
        self._published = {c.caption_id: c.caption for c in captions}
        self._claims = claims

    def of(self, features: np.ndarray, region: int) -> Spoken | None:
        """The caption of a region (index into the model's) nearest to an image's features (D,); None where it has no caption."""
        rows = np.flatnonzero(self._gallery.regions == region)
        if not rows.size:
            return None
        caption = self._gallery.captions[int(rows[np.argmax(self._gallery.features[rows] @ features)])]
        claims = [self._claims[i] for i in caption.claim_ids if i in self._claims]
        return Spoken(self._published.get(caption.caption_id, caption.caption), papers_behind(claims))
