"""The gate for captions of images: reads attributes back by the phrase file, and words that only other values use."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from cytoscribe.captions.gate.reader import rules
from cytoscribe.captions.gate.region import GateVerdict
from cytoscribe.captions.wording.image_attributes import image_claim, image_facets, joined_facets
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.records import Claim

Pair = tuple[str, str]
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*|n:c")


class AttributeGate:
    """A caption is refused where a phrase or a telling word says a value that its claims do not hold.

    A phrase belongs to every (column, value) that uses it; it is supported where one of them is among the claims.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.phrases: dict[str, set[frozenset[Pair]]] = defaultdict(set)
        self.words: dict[str, set[Pair]] = defaultdict(set)
        for column, entry in scene.book.columns.items():
            for value in entry["values"]:
                self._learn([image_claim(column, value, "", "")])
        for left, right in self._joins():
            self._learn_joins(left, right)
        longest = sorted(self.phrases, key=len, reverse=True)
        self._finder = re.compile(rf"(?<![\w-])(?:{'|'.join(re.escape(p) for p in longest)})(?![\w-])") if longest else None

    def check(self, text: str, region: str, sources: Sequence[Claim]) -> GateVerdict:
        """The verdict on a caption that may state `sources` and nothing else."""
        held = {self.scene.book.canonical(c.attribute, c.value) for c in sources}
        low = text.lower()
        supported: set[Pair] = set()
        faults: list[str] = []
        rest = low
        count = 0
        for match in self._finder.finditer(low) if self._finder else ():
            rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
            if _asked(low, match.start()):
                continue
            count += 1
            readings = self.phrases[match[0]]
            fitting = [r for r in readings if r <= held]
            if fitting:
                supported |= fitting[0]
            else:
                faults.append(f"says '{match[0]}', which its sources do not")
        faults += self._strays(rest, held, supported)
        faults += _inventions(rest, region)
        plain, faithful = self._plain(sources, low)
        supported |= plain
        total = max(1, count + len(faults), faithful)
        ids = tuple(c.claim_id for c in sources if self.scene.book.canonical(c.attribute, c.value) in supported)
        if not ids and not faults:
            faults.append("states none of its facts")
        return GateVerdict(ids, round(1 - min(len(faults), total) / total, 3), tuple(dict.fromkeys(faults)))

    def _plain(self, sources: Iterable[Claim], low: str) -> tuple[set[Pair], int]:
        """Columns that the phrase file does not know count as read where a word of the value is in the caption."""
        found = set()
        for claim in sources:
            if claim.attribute not in self.scene.book.columns:
                [facet] = image_facets([claim], self.scene.book)
                if any(t.lower() in low for t in (*facet.with_, *facet.clauses, *facet.terse)):
                    found.add(self.scene.book.canonical(claim.attribute, claim.value))
        return found, len(found)

    def _strays(self, rest: str, held: set[Pair], supported: set[Pair]) -> list[str]:
        """Telling words outside known phrases: a word that only values use which the claims do not hold."""
        faults = []
        for match in _WORD.finditer(rest):
            pairs = self.words.get(match[0])
            if not pairs or _asked(rest, match.start()):
                continue
            if pairs & held:
                supported |= pairs & held
            else:
                faults.append(f"says '{match[0]}', which its sources do not")
        return faults

    def _learn(self, claims: list[Claim]) -> None:
        grammar = frozenset(rules()["grammar"])
        for facet in image_facets(claims, self.scene.book):
            pairs = frozenset(self.scene.book.canonical(c.attribute, c.value) for c in claims)
            for text in (*facet.with_, *facet.clauses, *facet.terse, *facet.adjectives):
                for form in {
                    text.lower(),
                    re.sub(r"^(?:an?|the|its|it is an?)\s+", "", text.lower()),
                    text.lower().replace("its ", "the "),
                }:
                    self.phrases[form].add(pairs)
                for word in _WORD.findall(text.lower()):
                    if word not in grammar:
                        self.words[word] |= pairs

    def _joins(self) -> Iterable[tuple[Claim, Claim]]:
        for join in self.scene.book.joins:
            one, other = join["columns"][:2]
            for first in self.scene.book.columns.get(one, {}).get("values", {}):
                for second in self.scene.book.columns.get(other, {}).get("values", {}):
                    yield image_claim(one, first, "", ""), image_claim(other, second, "", "")

    def _learn_joins(self, left: Claim, right: Claim) -> None:
        facets = image_facets([left, right], self.scene.book)
        for joined in joined_facets(facets, self.scene.book):
            pairs = frozenset(self.scene.book.canonical(c.attribute, c.value) for c in joined.claims)
            for text in (*joined.with_, *joined.clauses, *joined.terse):
                self.phrases[re.sub(r"^(?:an?|the)\s+", "", text.lower())].add(pairs)


def _asked(text: str, at: int) -> bool:
    end = min((i for i in (text.find(mark, at) for mark in ".?!") if i >= 0), default=-1)
    return end >= 0 and text[end] == "?"


def _inventions(text: str, region: str) -> list[str]:
    bare = text.replace(region.lower(), " ")
    words = [w for kind in ("species", "structure", "function") for w in rules()["invented"][kind]]
    found = [f"speaks of {w}, which its sources do not" for w in words if re.search(rf"\b{w}\b", bare)]
    numbers = re.findall(r"(?<![\w.:-])\d+(?:\.\d+)?", bare)
    return [*found[:2], *(f"gives the number {n}, which its sources do not" for n in numbers[:1])]
