"""A verdict on each claim: supported or refuted by measurement, left open by it, or beyond what was measured."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from cytoscribe.core.records import WHOLE, Claim
from cytoscribe.eval.claims.effects import FEWEST, Effect, effect
from cytoscribe.eval.claims.measured import LayerMeasures, within
from cytoscribe.literature_mining.report.opposition import atoms, plain_value

Word = Literal["supported", "refuted", "undecided", "not measurable"]
VERDICTS: tuple[Word, ...] = ("supported", "refuted", "undecided", "not measurable")
LEAST = 1.05
"""A ratio nearer to 1 than this is no difference, however narrow its interval."""
_MIDDLE = 1.25
"""A middling value lies within this ratio of the others."""
_AMONG_LAYERS = re.compile(r"\bthan\b.*\b(?:layers?|lamina\w*|strat\w+)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;.]| and | but | while | whereas ")
_GRANULAR = {"agranular": False, "granular": True, "dysgranular": True, "koniocortex": True}


@dataclass(frozen=True)
class Verdict:
    """One claim beside its measurement.

    reading: "other regions" (the same layer elsewhere), "its sublayers" (of a gradient), "named regions" (those that the claim compares with), "other layers" (of the
    same region) or "label map"; ratio, low, high: the target over its references with a 95% interval, NaN where not measurable; rank: place
    of the region among those measured, 1 the highest, "3 of 12"; within_*: the same claim against the region's other layers.
    """

    claim_id: str
    region: str
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    verdict: str
    reason: str
    measure: str
    reading: str
    ratio: float
    low: float
    high: float
    clusters: int
    references: int
    paired: bool
    rank: str
    within_verdict: str
    within_ratio: float
    within_low: float
    within_high: float
    document: str
    sentence: str
    score: float


@dataclass(frozen=True)
class _Question:
    """What a claim asks of the measures. direction: 1 more, -1 less, 0 neither."""

    claim: Claim
    region: str
    measure: str
    direction: int
    polarity: bool


@dataclass(frozen=True)
class _Reading:
    word: Word
    reason: str
    name: str = ""
    effect: Effect | None = None


class ClaimJudge:
    """Judges claims by one table of measures. cell_stain: the sections show cell bodies (Nissl), so that darkness counts cells."""

    def __init__(self, measured: LayerMeasures, names: Mapping[str, str], cell_stain: bool = True) -> None:
        self._measured, self._names, self._cell_stain = measured, names, cell_stain

    def judge(self, claims: Iterable[Claim]) -> list[Verdict]:
        """One verdict a claim, in order."""
        return [self._judge(c) for c in claims]

    def _judge(self, claim: Claim) -> Verdict:
        region = self._name(claim.region)
        if region is None:
            return _verdict(claim, _Reading("not measurable", "the region was not measured"))
        presence = self._presence(claim, region)
        if presence is not None:
            return _verdict(claim, presence)
        asked = self._question(claim, region)
        if isinstance(asked, str):
            return _verdict(claim, _Reading("not measurable", asked))
        across, inside = self._across(asked), self._inside(asked)
        chosen = inside if _by_layers(claim, across, inside) else _softened(claim, across, inside)
        return _verdict(claim, chosen, asked.measure, self._rank(asked), inside)

    def _name(self, region: str) -> str | None:
        found = self._names.get(region.casefold(), region)
        return found if found in self._measured.rows else None

    def _presence(self, claim: Claim, region: str) -> _Reading | None:
        """Claims that a layer is there or not, answered by the label map; None for all others, and where layers were not drawn."""
        value, polarity = plain_value(claim)
        layers = self._measured.layers(region)
        if claim.attribute == "cortical_type" and claim.layer == WHOLE and value in _GRANULAR and not claim.compared_to:
            layer, there = "IV", _GRANULAR[value] == polarity
        elif claim.attribute == "layer_visibility" and atoms(claim.layer) and value in ("absent", "visible"):
            layer, there = claim.layer, (value == "visible") == polarity
        else:
            return None
        if sum(bool(atoms(name)) for name in layers) < FEWEST:
            return _Reading("not measurable", "the region's layers were not drawn")
        drawn = any(within(layer, name) or within(name, layer) for name in layers)
        said = f"the label map {'holds' if drawn else 'lacks'} layer {layer} of this region"
        return _Reading("supported" if drawn == there else "refuted", said, "label map")

    def _question(self, claim: Claim, region: str) -> _Question | str:
        """What to measure, or why nothing answers the claim."""
        entry = table().get(claim.attribute)
        value, polarity = plain_value(claim)
        if entry is None:
            return f"no measure speaks of {claim.attribute.replace('_', ' ')}"
        direction = entry["poles"].get(value)
        if direction is None:
            return f"'{value}' has no direction to measure"
        choices = (
            entry.get("of_value", {}).get(value) or (entry.get("whole") if claim.layer == WHOLE else None) or entry["measures"]
        )
        if not choices:
            return f"{claim.attribute.replace('_', ' ')} is a matter of the whole depth"
        if entry.get("cells") and not self._cell_stain:
            choices = [c for c in choices if c.startswith("cell")]
        measure = next((m for m in choices if self._measured.series(region, claim.layer, m)), None)
        if measure is None:
            return self._missing(claim, region, entry)
        return _Question(claim, region, measure, direction, polarity)

    def _missing(self, claim: Claim, region: str, entry: Mapping[str, Any]) -> str:
        layers = self._measured.layers(region)
        if claim.layer != WHOLE and not any(within(claim.layer, name) for name in layers):
            return f"measured layers of this region: {', '.join(layers)}"
        if entry.get("cells") and not self._cell_stain:
            return "this stain does not show cell bodies"
        return f"no {entry['words']} was measured"

    def _across(self, asked: _Question) -> _Reading:
        """The same layer in other regions, those that the claim names where it names some; a gradient is its own reference."""
        if asked.measure == "size_gradient" and not asked.claim.compared_to:
            own = self._measured.series(asked.region, asked.claim.layer, asked.measure)
            return _read(asked, own, [dict.fromkeys(own, 1.0)], "its sublayers", self._measured.unit)
        named = [self._name(r) for r in asked.claim.compared_to]
        if asked.claim.compared_to and not any(named):
            return _Reading("not measurable", f"{', '.join(asked.claim.compared_to)} was not measured", "named regions")
        others = [r for r in named if r] or [r for r in self._measured.rows if r != asked.region]
        name = "named regions" if asked.claim.compared_to else "other regions"
        references = [s for r in others if (s := self._measured.series(r, asked.claim.layer, asked.measure))]
        if not references or (len(references) < 2 and not asked.claim.compared_to):
            return _Reading("not measurable", "too few other regions have this layer measured", name)
        return _read(
            asked, self._measured.series(asked.region, asked.claim.layer, asked.measure), references, name, self._measured.unit
        )

    def _inside(self, asked: _Question) -> _Reading:
        """The region's other layers, layer I left out."""
        layer = asked.claim.layer
        others = [
            n
            for n in self._measured.layers(asked.region)
            if n not in (WHOLE, "I") and not within(layer, n) and not within(n, layer)
        ]
        if layer == WHOLE or not others or asked.measure in ("neighbour_contrast", "size_gradient"):
            return _Reading("not measurable", "the claim is not about one layer among others", "other layers")
        references = [self._measured.series(asked.region, n, asked.measure) for n in others]
        own = self._measured.series(asked.region, layer, asked.measure)
        return _read(asked, own, references, "other layers", self._measured.unit)

    def _rank(self, asked: _Question) -> str:
        means = {}
        for region in self._measured.rows:
            values = list(self._measured.series(region, asked.claim.layer, asked.measure).values())
            if values:
                means[region] = sum(values) / len(values)
        higher = sum(v > means[asked.region] for v in means.values())
        return f"{higher + 1} of {len(means)}"


def _by_layers(claim: Claim, across: _Reading, inside: _Reading) -> bool:
    """Whether the claim is read against the region's own layers: its sentence compares layers, or no other region has the layer."""
    if claim.compared_to or inside.word == "not measurable":
        return False
    return across.word == "not measurable" or bool(_AMONG_LAYERS.search(_clause(claim)))


def _softened(claim: Claim, across: _Reading, inside: _Reading) -> _Reading:
    """A claim that names no partner is refuted only where it does not hold among the region's own layers either."""
    if claim.compared_to or (across.word, inside.word) != ("refuted", "supported"):
        return across
    return replace(across, word="undecided", reason="not so against other regions, but so among its own layers")


def _clause(claim: Claim) -> str:
    """The claim's words and what follows them, to the end of the clause: "paler than the layers on either side"."""
    start = max(claim.sentence.find(claim.span), 0)
    rest = claim.sentence[start + len(claim.span) :]
    return claim.span + _CLAUSE_END.split(rest, maxsplit=1)[0]


def _read(asked: _Question, own: Mapping[str, float], references: Sequence[Mapping[str, float]], name: str, unit: str) -> _Reading:
    found = effect(own, references)
    if found is None:
        return _Reading("not measurable", f"fewer than {FEWEST} {unit}s to compare", name)
    word = decide(found, asked.direction, asked.polarity)
    return _Reading(word, "", name, found)


def decide(found: Effect, direction: int, polarity: bool) -> Word:
    """The verdict on "more" (1), "less" (-1) or "neither" (0), turned about for a denial.

    Supported: the interval leaves out 1 on the claimed side and the ratio differs from 1 by LEAST; refuted: the whole interval lies
    short of such a difference; undecided: all else.
    """
    middle, low, high = (math.log(x) for x in (found.ratio, found.low, found.high))
    if direction == 0:
        reach = math.log(_MIDDLE)
        word: Word = "supported" if -reach < low and high < reach else "refuted" if low > reach or high < -reach else "undecided"
    else:
        low, high = (low, high) if direction > 0 else (-high, -low)
        least = math.log(LEAST)
        word = "supported" if low > 0 and direction * middle >= least else "refuted" if high < least else "undecided"
    if polarity or word == "undecided":
        return word
    return "refuted" if word == "supported" else "supported"


def _verdict(claim: Claim, chosen: _Reading, measure: str = "", rank: str = "", inside: _Reading | None = None) -> Verdict:
    found, other = chosen.effect, inside.effect if inside else None
    ratio, low, high = _numbers(found)
    within_ratio, within_low, within_high = _numbers(other)
    return Verdict(
        claim_id=claim.claim_id,
        region=claim.region,
        layer=claim.layer,
        attribute=claim.attribute,
        value=claim.value,
        polarity=claim.polarity,
        compared_to=claim.compared_to,
        verdict=chosen.word,
        reason=chosen.reason,
        measure=measure if found else "",
        reading=chosen.name,
        ratio=ratio,
        low=low,
        high=high,
        clusters=found.clusters if found else 0,
        references=found.references if found else 0,
        paired=bool(found and found.paired),
        rank=rank if found else "",
        within_verdict=inside.word if inside and other else "",
        within_ratio=within_ratio,
        within_low=within_low,
        within_high=within_high,
        document=claim.document,
        sentence=claim.sentence,
        score=claim.score,
    )


def _numbers(effect: Effect | None) -> tuple[float, float, float]:
    return (effect.ratio, effect.low, effect.high) if effect else (math.nan, math.nan, math.nan)


@cache
def table() -> dict[str, Any]:
    """Attribute to what is measured for it, from claim_measures.json."""
    text = (files("cytoscribe.eval.claims") / "claim_measures.json").read_text(encoding="utf-8")
    return {k: v for k, v in json.loads(text).items() if not k.startswith("_")}
