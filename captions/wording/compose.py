"""Compose one caption in one style from facets, and say which words state which claims."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from cytoscribe.captions.wording.english import article, capital, layer_depth, listed, sentence
from cytoscribe.captions.wording.facets import Facet
from cytoscribe.captions.wording.voice import SubjectForms

STYLES = ("textbook", "microscope", "terse", "layers", "comparison", "question", "paragraph", "short")
"""Every style, in the order in which quotas are dealt out."""

_SLOT = re.compile(r"\{(\w+?)([1-4]?)\}")
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Marks around the words of a facet while a caption is built (private use characters)."""


@dataclass(frozen=True)
class Stated:
    """`caption[start:end]` states these claims; claims of several papers that say the same share the words."""

    start: int
    end: int
    claim_ids: tuple[str, ...]


@dataclass(frozen=True)
class Composed:
    """A caption and the words of it that state each claim, in order."""

    text: str
    stated: tuple[Stated, ...]


@lru_cache
def patterns() -> Mapping[str, Any]:
    """The pattern file: style to kind of subject to patterns."""
    return json.loads((files("cytoscribe.captions") / "data" / "patterns.json").read_text(encoding="utf-8"))


def applicable(style: str, facets: Sequence[Facet], *, image: bool) -> bool:
    """True where the style has something to say: layers need two layers, comparisons need a claim that compares."""
    if style == "layers":
        return not image and len({c.layer for f in facets for c in f.claims if layer_depth(c.layer)[0] >= 0}) >= 2
    if style == "comparison":
        return not image and any(f.diffs for f in facets)
    return len(facets) >= 5 if style == "paragraph" else bool(facets)


def compose(style: str, facets: Sequence[Facet], voice: SubjectForms, rng: random.Random) -> Composed:
    """One caption that states every facet given, and nothing else.

    Where the style has no pattern that carries these facets (a paragraph of two), a textbook sentence is written.
    """
    if style == "layers":
        facets = sorted(facets, key=lambda f: layer_depth(f.claims[0].layer))
    choices = [p for p in _candidates(style, facets, voice) if _fits(p, facets, voice)]
    pattern = rng.choice(choices or [p for p in _candidates("textbook", facets, voice) if _fits(p, facets, voice)])
    return _Realisation(facets, voice, rng, agreeing(pattern) if voice.plural else pattern).composed()


def agreeing(pattern: str) -> str:
    """The pattern for a subject in the plural: "{s} has" as "{s} have", "does {s}" as "do {s}"."""
    pattern = pattern.replace("{s} is a region", "{s} are regions")
    pattern = re.sub(
        r"(\{s\}|\{it\})((?: also| further)?) (has|is|\w+s)\b", lambda m: f"{m[1]}{m[2]} {_plural_verb(m[3])}", pattern
    )
    return re.sub(r"\b(is|does) \{s\}", lambda m: f"{_plural_verb(m[1])} {{s}}", pattern)


def _plural_verb(verb: str) -> str:
    return {"has": "have", "is": "are", "does": "do"}.get(verb, verb.removesuffix("s"))


def _candidates(style: str, facets: Sequence[Facet], voice: SubjectForms) -> list[str]:
    table = patterns()[style]
    kinds = ["both", "image" if voice.image else "area"]
    if not any(f.absent or not f.with_ for f in facets):
        kinds.append("positive")
    if len(facets) > 1:
        kinds.append("several")
    return [p for k in kinds for p in table.get(k, ())]


def _fits(pattern: str, facets: Sequence[Facet], voice: SubjectForms) -> bool:
    slots = _SLOT.findall(pattern)
    names = {name for name, _ in slots}
    groups = {int(part) for _, part in slots if part}
    described = sum(bool(f.adjectives) for f in facets)
    rest = len(facets) - (min(described, 2) if "adjs" in names else 0)
    needs_more = "clauses_rest" in names
    if names & {"withs"} and not all(f.with_ for f in facets):
        return False
    if "adjs" in names and (not described or (rest == 0) != (not names & {"withs", "clauses", "commas"})):
        return False
    if "ask" in names and not (facets[0].asks and (len(facets) > 1) == needs_more):
        return False
    if "diffs" in names and not any(f.diffs for f in facets):
        return False
    if names & {"diffs", "clauses_compared", "semis_compared"}:
        extra = bool(names & {"withs", "clauses"})
        plain = sum(not f.diffs for f in facets)
        return extra == bool(plain) and plain < len(facets)
    return not groups or len(facets) >= max(groups)


class _Realisation:
    """One pattern filled in; the facets are dealt to its slots, and each is said once."""

    def __init__(self, facets: Sequence[Facet], voice: SubjectForms, rng: random.Random, pattern: str) -> None:
        self.voice, self.rng, self.pattern = voice, rng, pattern
        self.marked: list[tuple[str, ...]] = []
        self.slots = {name for name, _ in _SLOT.findall(pattern)}
        self.described: list[Facet] = []
        rest = list(facets)
        if "adjs" in self.slots:
            able = [f for f in facets if f.adjectives]
            self.described = able[: rng.randint(1, min(2, len(able)))] if len(able) < len(facets) else able[:2]
            rest = [f for f in facets if f not in self.described]
        self.first = rest[0] if "ask" in self.slots else None
        compares = bool(self.slots & {"diffs", "clauses_compared", "semis_compared"})
        self.compared = [f for f in rest if f.diffs] if compares else []
        self.rest = [f for f in rest if f is not self.first and f not in self.compared]
        self.parts = self._split(max([int(p) for _, p in _SLOT.findall(pattern) if p] or [1]))

    def _split(self, count: int) -> list[list[Facet]]:
        size, extra = divmod(len(self.rest), count)
        parts, start = [], 0
        for i in range(count):
            end = start + size + (i < extra)
            parts.append(self.rest[start:end])
            start = end
        return parts

    def composed(self) -> Composed:
        """The caption, with the words of each facet found by their marks."""
        return self._unmarked(" ".join(self._sentence(part) for part in self.pattern.split("|")))

    def _sentence(self, part: str) -> str:
        filled = _SLOT.sub(self._slot, part)
        return _OPEN + sentence(filled[1:]) if filled.startswith(_OPEN) else sentence(filled)

    def _mark(self, text: str, ids: tuple[str, ...]) -> str:
        self.marked.append(ids)
        return f"{_OPEN}{text}{_CLOSE}"

    def _unmarked(self, text: str) -> Composed:
        stated, start, plain = [], 0, []
        at = 0
        for piece in re.split(f"([{_OPEN}{_CLOSE}])", text):
            if piece == _OPEN:
                start = at
            elif piece == _CLOSE:
                stated.append(Stated(start, at, self.marked[len(stated)]))
            else:
                plain.append(piece)
                at += len(piece)
        return Composed("".join(plain), tuple(stated))

    def _slot(self, match: re.Match[str]) -> str:
        name, part = match[1], match[2]
        facets = self.parts[int(part) - 1] if part else self.rest
        voice = self.voice
        fixed = {"s": voice.s, "A": voice.a, "n": voice.noun, "it": voice.it, "A_kind": voice.kind}
        if name in fixed:
            return fixed[name]
        writers = {
            "withs": lambda: self._withs(facets),
            "clauses": lambda: listed([self._clause(f) for f in facets]),
            "clauses_rest": lambda: listed([self._clause(f) for f in self.rest]),
            "semis": lambda: "; ".join(self._clause(f) for f in facets),
            "terse": lambda: "; ".join(self._terse(f) for f in facets),
            "commas": lambda: ", ".join(self._terse(f) for f in facets),
            "adjs": self._adjectives,
            "ask": self._ask,
            "answer": self._answer,
            "diffs": lambda: listed([self._mark(self.rng.choice(f.diffs), f.ids) for f in self.compared]),
            "clauses_compared": lambda: listed([self._clause(f) for f in self.compared]),
            "semis_compared": lambda: "; ".join(self._clause(f) for f in self.compared),
            "other": self._other,
        }
        return writers[name]()

    def _withs(self, facets: Sequence[Facet]) -> str:
        return listed([self._mark(self.rng.choice(f.with_), f.ids) for f in facets])

    def _worded(self, facet: Facet) -> str:
        text = self.rng.choice(facet.clauses)
        return text.replace("its ", "the ") if self.voice.plural or self.rng.random() < 0.3 else text

    def _clause(self, facet: Facet) -> str:
        return self._mark(self._worded(facet), facet.ids)

    def _answer(self) -> str:
        return self._mark(capital(self._worded(self.first)), self.first.ids) if self.first else ""

    def _terse(self, facet: Facet) -> str:
        return self._mark(self.rng.choice(facet.terse or facet.with_ or facet.clauses), facet.ids)

    def _adjectives(self) -> str:
        words: dict[str, tuple[str, ...]] = {}
        for facet in self.described:
            word = self.rng.choice(facet.adjectives)
            words[word] = words.get(word, ()) + facet.ids
        said = ", ".join(self._mark(word, ids) for word, ids in words.items())
        return f"{article(next(iter(words)))} {said} {self.voice.noun}"

    def _ask(self) -> str:
        assert self.first is not None
        text = self.rng.choice(self.first.asks)
        return text if self.voice.image else f"{text[:-1]} in {self.voice.s}?"

    def _other(self) -> str:
        text = self.compared[0].clauses[0]
        return re.split(r" than (?:in )?", text)[-1]
