"""Masked 8-way, text only: can a masked caption be matched to its region's masked description among eight?

Regions whose captions cannot be distinguished are named, before a GPU hour is spent on them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cytoscribe.captions.gate.region import Gate
from cytoscribe.captions.masking import mask_for
from cytoscribe.captions.quality.intervals import over_regions
from cytoscribe.captions.units import Unit
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.progress import track
from cytoscribe.core.records import Caption, Claim
from cytoscribe.literature_mining.regions.table import RegionTable

CONFUSED = 0.25
"""Share of two regions' captions that point to the wrong one of the two, from which the pair is named as confusable."""

_TOPIC = "this area"
Encode = Callable[[Sequence[str]], np.ndarray]
"""Texts to (N, D) features."""


@dataclass(frozen=True)
class EightWay:
    """accuracy: share of captions matched to their region among `choices`, with its 95% interval over regions; by region and by style;
    confused: (region, other, share of the two regions' captions that are as near to the other's description or nearer), worst first,
    pairs with a quarter or more."""

    matcher: str
    captions: int
    choices: int
    accuracy: float
    ci95: tuple[float, float]
    by_region: dict[str, float]
    by_style: dict[str, float]
    confused: tuple[tuple[str, str, float], ...]


def describe_masked(units: Sequence[Unit], scene: Scene, written: Mapping[str, str] | None = None) -> dict[str, str]:
    """Masked description of every region: as the mining run wrote it (`written`), else composed from its claims.

    The mining run words its descriptions apart from the captions' phrase file, so that equal wording alone cannot win.
    """
    texts = {}
    for unit in units:
        composed = ". ".join(c[:1].upper() + c[1:] for c in (f.clauses[-1] for f in scene.facets(unit.claims))) + "."
        mask = mask_for(unit.region, scene.regions.values(), scene.subject if scene.of_cells else None)
        texts[unit.region] = mask.apply((written or {}).get(unit.region) or composed)
    return texts


def eight_way(
    captions: Sequence[Caption],
    scores: np.ndarray,
    regions: Sequence[str],
    matcher: str,
    *,
    choices: int = 8,
    draws: int = 5,
    seed: int = 0,
) -> EightWay:
    """Accuracy of a matcher. scores: (captions, regions), higher is nearer; each caption is asked `draws` times, each time among its
    own region and `choices - 1` others drawn with the seed; ties count as wrong."""
    rng = random.Random(seed)
    place = {r: i for i, r in enumerate(regions)}
    right: list[tuple[Caption, bool]] = []
    for row, caption in zip(scores, captions, strict=True):
        own = place[caption.region]
        others = [i for i in range(len(regions)) if i != own]
        for _ in range(draws):
            rivals = rng.sample(others, min(choices - 1, len(others)))
            right.append((caption, all(row[own] > row[i] for i in rivals)))
    won = [float(w) for _, w in right]
    return EightWay(
        matcher,
        len(captions),
        min(choices, len(regions)),
        float(np.mean(won)) if won else 0.0,
        over_regions(won, [c.region for c, _ in right], seed=seed) if won else (0.0, 0.0),
        _shares(right, lambda c: c.region),
        _shares(right, lambda c: c.style),
        _confused(captions, scores, regions),
    )


def _confused(captions: Sequence[Caption], scores: np.ndarray, regions: Sequence[str]) -> tuple[tuple[str, str, float], ...]:
    place = {r: i for i, r in enumerate(regions)}
    own = np.asarray([place[c.region] for c in captions])
    nearer = scores >= scores[np.arange(len(own)), own][:, None]  # (captions, regions), True for its own
    lost = np.stack([nearer[own == i].sum(axis=0) if (own == i).any() else np.zeros(len(regions)) for i in range(len(regions))])
    counts = np.bincount(own, minlength=len(regions))
    pairs = [
        (regions[i], regions[j], float((lost[i, j] + lost[j, i]) / (counts[i] + counts[j])))
        for i in range(len(regions))
        for j in range(i + 1, len(regions))
        if counts[i] + counts[j]
    ]
    return tuple(sorted((p for p in pairs if p[2] >= CONFUSED), key=lambda p: -p[2]))


def _shares(right: Sequence[tuple[Caption, bool]], key: Callable[[Caption], str]) -> dict[str, float]:
    groups: dict[str, list[bool]] = {}
    for caption, won in right:
        groups.setdefault(key(caption), []).append(won)
    return {k: float(np.mean(v)) for k, v in groups.items()}


def tfidf_scores(captions: Sequence[str], descriptions: Sequence[str]) -> np.ndarray:
    """Cosine of TF-IDF vectors of words and word pairs, (captions, descriptions)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    model = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit([*captions, *descriptions])
    return np.asarray((model.transform(captions) @ model.transform(descriptions).T).todense())


def encoder_scores(captions: Sequence[str], descriptions: Sequence[str], encode: Encode) -> np.ndarray:
    """Cosine of an encoder's features, (captions, descriptions)."""
    one, other = (_unit(encode(t)) for t in (captions, descriptions))
    return one @ other.T


def clause_scores(captions: Sequence[str], descriptions: Sequence[str], encode: Encode) -> np.ndarray:
    """Encoder features clause by clause: each clause of a caption is matched to the nearest of the description, and the mean taken.

    Returns (captions, descriptions). A whole text's features are ruled by which layers it speaks of; clauses keep layer and trait
    together.
    """
    asked, told = [_clauses(c) for c in captions], [_clauses(d) for d in descriptions]
    every = list(dict.fromkeys(c for texts in (*asked, *told) for c in texts))
    place = {c: i for i, c in enumerate(every)}
    features = _unit(encode(every))  # (C, D)
    near = np.stack([(features @ features[[place[c] for c in texts]].T).max(axis=1) for texts in told], axis=1)  # (C, descriptions)
    return np.stack([near[[place[c] for c in texts]].mean(axis=0) for texts in asked])


def _clauses(text: str) -> list[str]:
    parts = re.split(r"[.;:?!]\s*|,\s+(?:and\s+)?", text)
    return [p.strip() for p in parts if len(p.split()) > 1] or [text]


def claim_scores(captions: Sequence[Caption], claims: Mapping[str, Sequence[Claim]], table: RegionTable) -> np.ndarray:
    """Share of what is read out of the masked caption that each region's claims support, (captions, regions).

    The caption is read as if it were of that region; comparisons are with whatever the mask has put in place of the other's name.
    """
    gate = Gate(RegionTable())
    others = ("another area", "other areas")
    claims = {r: [replace(c, region=_TOPIC, compared_to=others if c.compared_to else ()) for c in own] for r, own in claims.items()}
    rows = []
    for caption in track(captions, "reading captions", unit="captions"):
        row = []
        account = gate.reader.account(caption.masked_caption, _TOPIC)
        for own in claims.values():
            verdict = gate.judge(account, caption.masked_caption, _TOPIC, own)
            row.append(len(set(verdict.supported)) / (1 + 3 * len(verdict.reasons)) - len(verdict.reasons))
        rows.append(row)
    return np.asarray(rows, dtype=float)


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.clip(np.linalg.norm(features, axis=1, keepdims=True), 1e-12, None)
