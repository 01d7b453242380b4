"""The stage `describe`: say of each image which region it shows, or "unseen", and what is known of that region."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.errors import InputError
from cytoscribe.records import ImageRecord
from eval.answers import Answers, answer
from eval.class_captions import read_class_captions
from eval.evaluator import load_model
from eval.evidence import Evidence, read_evidence
from eval.model import Model

UNSEEN = "unseen"
MASS = 0.95
"""Share of the softmax that the listed regions hold together where the model offers no calibrated set."""
_BATCH = 64


@dataclass(frozen=True)
class DescribeSettings:
    """What `describe` is asked. descriptions: a mine-descriptions folder or None; class_captions: JSON file or None."""

    model: Path
    images: tuple[Path, ...]
    descriptions: Path | None = None
    class_captions: Path | None = None
    device: str = "auto"
    as_json: bool = False


@dataclass(frozen=True)
class Described:
    """One image's answer. `problem` is why there is none; then all else is empty.

    answer: region or `unseen`; p_value of "this is a known region", rejected at most `alpha`; plausible: regions with their
    softmax probability, likeliest first; calibrated: True where that set is conformal at alpha.
    """

    image: Path
    problem: str | None = None
    answer: str = ""
    score: float = 0.0
    p_value: float = 0.0
    alpha: float = 0.0
    plausible: tuple[tuple[str, float], ...] = ()
    calibrated: bool = False
    evidence: Evidence | None = None

    def text(self) -> str:
        """For people, a few lines."""
        if self.problem is not None:
            return f"error: {self.image}: {self.problem}"
        verdict = "at most" if self.answer == UNSEEN else "above"
        lines = [f"{self.image}: {self.answer}  (p = {self.p_value:.3f}, {verdict} alpha = {self.alpha:g}; score {self.score:.2f})"]
        if self.plausible:
            kind = f"conformal at alpha = {self.alpha:g}" if self.calibrated else "softmax, not calibrated"
            lead = "nearest known" if self.answer == UNSEEN else "plausible"
            lines.append(f"  {lead}: {', '.join(f'{r} {p:.0%}' for r, p in self.plausible)}  ({kind})")
        if self.evidence is not None:
            lines.append(f"  {'' if self.evidence.sources else 'captions of this region: '}{self.evidence.text}")
            lines += [f"  source: {source}" for source in self.evidence.sources]
        return "\n".join(lines)

    def json_line(self) -> str:
        """For programs, one JSON object."""
        if self.problem is not None:
            return json.dumps({"image": str(self.image), "error": self.problem}, ensure_ascii=False)
        told: dict[str, Any] = {
            "image": str(self.image),
            "answer": self.answer,
            "unseen": self.answer == UNSEEN,
            "score": round(self.score, 6),
            "p_value": round(self.p_value, 6),
            "alpha": self.alpha,
            "plausible": {region: round(p, 6) for region, p in self.plausible},
            "plausible_calibrated": self.calibrated,
        }
        if self.evidence is not None:
            told["description"] = self.evidence.text
            told["sources"] = [{"document": s.document, "doi": s.doi, "pages": list(s.pages)} for s in self.evidence.sources]
        return json.dumps(told, ensure_ascii=False)


def describe(settings: DescribeSettings, model: Model | None = None) -> Iterator[Described]:
    """Answers in the order of the images, as they are ready; an image that cannot be read is an answer with a problem.

    Raises InputError where the model, the descriptions or the class captions cannot be used.
    """
    model = model or load_model(settings.model, settings.device)
    texts = read_class_captions(settings.class_captions, model.regions)[0] if settings.class_captions else None
    evidence = read_evidence(settings.descriptions, model.folder, texts or model.class_captions)
    for start in range(0, len(settings.images), _BATCH):
        yield from _batch(model, settings.images[start : start + _BATCH], texts, evidence)


def _batch(
    model: Model, paths: Sequence[Path], texts: dict[str, list[str]] | None, evidence: dict[str, Evidence]
) -> Iterator[Described]:
    import torch

    problems = {path: problem for path in paths if (problem := _problem(path))}
    good = [path for path in paths if path not in problems]
    answers, names = None, iter(range(len(good)))
    if good:
        features = model.encode_images([ImageRecord(path=p, region="") for p in good])
        answers = answer(model, torch.as_tensor(features), texts)
    for path in paths:
        if path in problems:
            yield Described(path, problem=problems[path])
        elif answers is not None:
            yield _described(model, path, answers, next(names), evidence)


def _problem(path: Path) -> str:
    """Why the image cannot be read, else nothing."""
    from training.images import read_image

    try:
        read_image(path)
    except InputError as error:
        return error.what
    return ""


def _described(model: Model, path: Path, answers: Answers, i: int, evidence: dict[str, Evidence]) -> Described:
    region = model.regions[int(answers.predicted[i])]
    rejected = bool(answers.rejected[i])
    return Described(
        image=path,
        answer=UNSEEN if rejected else region,
        score=float(answers.scores[i]),
        p_value=float(answers.p_values[i]),
        alpha=model.rejection.alpha,
        plausible=credible(answers.probabilities[i], model.regions),
        evidence=None if rejected else evidence.get(region),
    )


def credible(probabilities: np.ndarray, regions: Sequence[str], mass: float = MASS) -> tuple[tuple[str, float], ...]:
    """The fewest regions that hold `mass` of the softmax together, likeliest first; probabilities (K,)."""
    order = np.argsort(-probabilities, kind="stable")
    count = int(np.searchsorted(np.cumsum(probabilities[order]), mass - 1e-9)) + 1
    return tuple((regions[int(i)], float(probabilities[i])) for i in order[:count])
