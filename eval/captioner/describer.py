"""What a captioner says of images: label or unseen, a grounded caption, the p-value, and the papers that it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.captioner.grounding import Ground, Grounded
from cytoscribe.eval.describer import UNSEEN
from cytoscribe.training.captioner.folder import Captioner
from cytoscribe.training.captioner.joint import Verdicts
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.wording import NONE_KNOWN, label_start

DECODINGS = ("known", "label", "free")
_BATCH = 64


@dataclass(frozen=True)
class CaptionSettings:
    """Settings of `describe --captioner`.

    decoding: `known` only chooses among captions of the likeliest region; `label` starts the answer with that region's name and the model
    completes it; `free` leaves all of it to the model. marked: also show the sentences that were struck out. vision, llm:
    folders of the frozen models, "" for the ones used in training. embeddings: vectors of the images."""

    captioner: Path
    images: tuple[Path, ...]
    decoding: str = "known"
    marked: bool = False
    vision: str = ""
    llm: str = ""
    embeddings: Path | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.decoding not in DECODINGS:
            raise InputError(f"unknown decoding '{self.decoding}'", where="--decoding", fix=f"use one of {', '.join(DECODINGS)}")


@dataclass(frozen=True)
class Captioned:
    """One image's answer. `problem` is why there is none; then all else is empty. label: a region or `unseen`; said and seen_as_unseen:
    the captioner's own decision and the vision model's; caption: what stays of it, with its sources."""

    image: Path
    problem: str | None = None
    label: str = ""
    p_value: float = 0.0
    alpha: float = 0.0
    probability: float = 0.0
    said: bool = False
    seen_as_unseen: bool = False
    raw: str = ""
    grounded: Grounded = field(default_factory=Grounded)
    marked: bool = False

    def text(self) -> str:
        """For people, a few lines."""
        if self.problem is not None:
            return f"error: {self.image}: {self.problem}"
        verdict = "at most" if self.label == UNSEEN else "above"
        lines = [f"{self.image}: {self.label}  (p = {self.p_value:.3f}, {verdict} alpha = {self.alpha:g})"]
        lines.append(f"  caption: {self.caption or '(nothing that the claims bear out)'}")
        if self.grounded.struck:
            lines.append(f"  struck: {self.grounded.struck} of {len(self.grounded.sentences)} sentences, which no claim bears out")
        if self.label != UNSEEN:
            lines += [f"  {said}  [{'; '.join(map(str, sources)) or 'images table'}]" for said, sources in self.grounded.evidence]
        lines.append(f"  {self._decisions()}")
        return "\n".join(lines)

    @property
    def caption(self) -> str:
        """What is shown: with --marked the struck sentences between tildes."""
        if self.label == UNSEEN:
            return NONE_KNOWN[0].upper() + NONE_KNOWN[1:]
        return self.grounded.marked if self.marked else self.grounded.text

    def _decisions(self) -> str:
        words, eye = (("unseen" if d else "known") for d in (self.said, self.seen_as_unseen))
        agree = "agree" if self.said == self.seen_as_unseen else "differ"
        return f"captioner says {words}, vision model says {eye}: they {agree}"

    def json_line(self) -> str:
        """For programs, one JSON object."""
        return json.dumps(self.as_json(), ensure_ascii=False)

    def as_json(self) -> dict[str, Any]:
        """The answer, or why there is none."""
        if self.problem is not None:
            return {"image": str(self.image), "error": self.problem}
        return {
            "image": str(self.image),
            "answer": self.label,
            "unseen": self.label == UNSEEN,
            "p_value": round(self.p_value, 6),
            "alpha": self.alpha,
            "probability": round(self.probability, 6),
            "caption": self.caption,
            "generated": self.raw,
            "struck": [{"sentence": s.text, "reasons": list(s.reasons)} for s in self.grounded.sentences if not s.kept],
            "claims": [{"claim": said, "sources": [s.as_json() for s in sources]} for said, sources in self.grounded.evidence],
            "sources": [s.as_json() for s in self.grounded.sources],
            "captioner_says_unseen": self.said,
            "vision_says_unseen": self.seen_as_unseen,
        }


def describe(settings: CaptionSettings, captioner: Captioner | None = None) -> Iterator[Captioned]:
    """Answers in the order of the images; one that cannot be read is an answer with a problem."""
    captioner = captioner or load(settings)
    ground = Ground(captioner.knowledge)
    for start in range(0, len(settings.images), _BATCH):
        yield from _batch(captioner, ground, settings, settings.images[start : start + _BATCH])
    if captioner.voice.speed.tokens:
        say(f"{captioner.voice.speed.rate:.0f} tokens a second")


def load(settings: CaptionSettings) -> Captioner:
    """The captioner that the settings name."""
    return Captioner.load(
        settings.captioner,
        vision=settings.vision,
        llm=settings.llm,
        embeddings=settings.embeddings,
        device=settings.device,
    )


def _batch(captioner: Captioner, ground: Ground, settings: CaptionSettings, paths: Sequence[Path]) -> Iterator[Captioned]:
    found = captioner.encode([ImageRecord(path=p, region="", row=i) for i, p in enumerate(paths)])
    problems = {s.row: s.reason for s in found.skipped}
    told = iter(answers(captioner, ground, settings, [r.path for r in found.records], found.seen))
    for number, path in enumerate(paths):
        yield Captioned(path, problem=problems[number]) if number in problems else next(told)


def answers(captioner: Captioner, ground: Ground, settings: CaptionSettings, paths: Sequence[Path], seen: Seen) -> list[Captioned]:
    """What is said of encoded images; paths (N,) name them."""
    if not len(seen):
        return []
    labels = captioner.labels(seen)
    verdicts = captioner.judge(seen, labels)
    texts = captions(captioner, seen, labels, settings.decoding)
    return [_one(captioner, ground, settings, p, labels[i], verdicts, i, texts[i]) for i, p in enumerate(paths)]


def _one(
    captioner: Captioner,
    ground: Ground,
    settings: CaptionSettings,
    path: Path,
    labels: np.ndarray,
    verdicts: Verdicts,
    i: int,
    raw: str,
) -> Captioned:
    region = captioner.regions[int(labels[:-1].argmax())]
    rejected = bool(verdicts.rejected[i])
    body = raw.removeprefix(f"{region}:").strip()
    return Captioned(
        image=path,
        label=UNSEEN if rejected else region,
        p_value=float(verdicts.p[i]),
        alpha=captioner.joint.alpha,
        probability=float(np.exp(labels[:-1].max())),
        said=bool(verdicts.said[i]),
        seen_as_unseen=bool(verdicts.vision[i]),
        raw=raw,
        grounded=Grounded(()) if rejected else ground.of(body, region),
        marked=settings.marked,
    )


def captions(captioner: Captioner, seen: Seen, labels: np.ndarray, decoding: str = "label") -> list[str]:
    """The answer to the first question for each image. labels (N, K + 1): log-probabilities of the label."""
    if decoding == "free":
        return captioner.voice.say(seen)
    named = [captioner.regions[k] for k in labels[:, :-1].argmax(1)]
    starts = [label_start(name) for name in named]
    if decoding == "label":
        return captioner.voice.say(seen, starts=starts)
    own: dict[str, list[str]] = {}
    for caption in captioner.knowledge.captions:
        own.setdefault(caption.region, []).append(f" {caption.caption}")
    return captioner.voice.say(seen, starts=starts, allowed=[own[name] for name in named])
