"""Claims out of sentences: which attribute, which value, which layer, which region, stated or denied.

Each describing word of the lexicon is bound to the noun that it qualifies (before it: "large pyramidal cells"; after it: "the
cells in layer V were large"), the noun to its layer, and the clause to its region. A word that binds to nothing claims nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from literature_mining.claims.anaphora import follow
from literature_mining.claims.binding import bind_region
from literature_mining.claims.clauses import Clause, find_clauses
from literature_mining.claims.comparison import compared_regions
from literature_mining.claims.drafting import Draft, Drafter
from literature_mining.claims.findings import Binding, Context, FoundClaim
from literature_mining.claims.glossary import is_glossary
from literature_mining.claims.lexicon import Lexicon, load_lexicon
from literature_mining.claims.patterns import Item, find_items
from literature_mining.regions.mentions import Mention, RegionFinder
from literature_mining.regions.table import RegionTable

_HEDGED = 0.9
"""What a hedge ("rather", "slightly") takes from the score."""
_MARKS = re.compile(r"[-,.;:()]")


class Extractor(Protocol):
    """What every extractor of claims offers."""

    def read(self, text: str, topic: str | None = None) -> list[FoundClaim]:
        """Claims of a text; `topic` is the region that an unnamed subject means."""
        ...


class RuleExtractor:
    """Reads claims by rules over the lexicon; needs no model. Without a table every claim is about the topic."""

    def __init__(self, table: RegionTable | None = None, lexicon: Lexicon | None = None) -> None:
        self.table = table or RegionTable()
        self.lexicon = lexicon or load_lexicon()
        self._drafter = Drafter(self.lexicon)
        self.finder = RegionFinder(self.table) if self.table.regions else None

    def read(self, text: str, topic: str | None = None) -> list[FoundClaim]:
        """Claims of one or more sentences, in order. `topic` stands in where a sentence names no region of the table."""
        from literature_mining.papers.sentences import spans_of

        context = Context(topic=(topic,) if topic else ())
        claims: list[FoundClaim] = []
        for start, end in spans_of(text):
            found, context = self.read_sentence(text[start:end], context)
            claims += [replace(c, start=c.start + start, end=c.end + start) for c in found]
            if topic and not self.table.regions:
                context = replace(context, topic=(topic,))
        return claims

    def read_sentence(
        self, text: str, context: Context, mentions: Sequence[Mention] | None = None
    ) -> tuple[list[FoundClaim], Context]:
        """Claims of one sentence, and the context that the next sentence is read in."""
        if mentions is None:
            mentions = self.finder.find(text) if self.finder else []
        items = find_items(text, mentions, self.lexicon, strangers=bool(self.table.regions))
        if not any(i.is_("word", "type", "layer") for i in items) or self._is_silent(text) or is_glossary(text):
            return [], follow(context, items, (), ())
        clauses = find_clauses(items)
        drafts = list(self._drafter.drafts(clauses, context))
        claims, bound = self._bound(drafts, clauses, context)
        return claims, follow(context, items, claims, bound)

    def _is_silent(self, text: str) -> bool:
        """True for a sentence about something else (receptors, volumes), by one of the lexicon's silent words."""
        spoken = f" {' '.join(_MARKS.sub(' ', text.lower()).split())} "
        if any(f" {' '.join(form)} " in spoken for form in self.lexicon.unless):
            return False
        return any(f" {' '.join(form)} " in spoken for form in self.lexicon.silent)

    def _bound(
        self, drafts: Sequence[Draft], clauses: Sequence[Clause], context: Context
    ) -> tuple[list[FoundClaim], tuple[Binding, ...]]:
        compared = compared_regions(clauses)
        claims: dict[tuple[object, ...], FoundClaim] = {}
        bound: list[Binding] = []
        for draft in drafts:
            for binding in bind_region(clauses, draft.clause, draft.word, draft.head.item, draft.compares, compared, context):
                bound.append(binding)
                claim = FoundClaim(
                    binding.region,
                    draft.layer,
                    draft.attribute,
                    draft.value,
                    draft.polarity,
                    binding.compared_to if draft.compares or binding.moved or not draft.polarity else (),
                    draft.start,
                    draft.end,
                    binding.score * (_HEDGED if draft.hedged else 1.0),
                )
                denials = _excluded(draft, claim)
                beyond = {c for d in denials for c in d.compared_to}
                claim = replace(claim, compared_to=tuple(c for c in claim.compared_to if c not in beyond))
                for stated in (claim, *denials):
                    claims.setdefault((stated.region, stated.layer, stated.attribute, stated.value, stated.polarity), stated)
        return _settled(list(claims.values())), tuple(bound)


def _excluded(draft: Draft, claim: FoundClaim) -> list[FoundClaim]:
    """`... in A, but not in B`: the same trait denied to B; `denser than A, but not B`: the comparison with B denied."""
    if not claim.polarity:
        return []
    return [
        denial
        for item, layer in _exclusions(draft.clause, draft.word.end)
        for denial in _denial_of(item, layer, claim, draft.compares and bool(claim.compared_to))
    ]


def _exclusions(clause: Clause, after: int) -> Iterable[tuple[Item, tuple[str, ...]]]:
    """Regions after `but not in`, each with the layer named on the way to it."""
    items = clause.items
    for at, item in enumerate(items):
        if item.start < after or item.text.lower() != "not" or not at or not items[at - 1].is_("glue"):
            continue
        if any(i.is_("word") and i.start >= after for i in items[:at]):
            continue
        layer: tuple[str, ...] = ()
        for ahead in items[at + 1 : at + 9]:
            if ahead.is_("region"):
                yield ahead, layer
                break
            if ahead.is_("layer"):
                layer = ahead.names
            elif ahead.is_("verb", "word", "break", "glue") or (ahead.noun and ahead.noun != "area"):
                break


def _denial_of(item: Item, layer: tuple[str, ...], claim: FoundClaim, compares: bool) -> list[FoundClaim]:
    if compares:
        return [replace(claim, polarity=False, compared_to=item.names)]
    return [
        replace(claim, region=name, layer=place, polarity=False, compared_to=())
        for name in item.names
        for place in layer or (claim.layer,)
        if name != claim.region
    ]


def _settled(claims: list[FoundClaim]) -> list[FoundClaim]:
    """Drop what a stronger claim of the same sentence says better: visible where absent or prominent is stated too."""
    stronger = {(c.region, c.layer) for c in claims if c.attribute == "layer_visibility" and c.value != "visible"}
    denied = {(c.region, c.layer) for c in claims if c.attribute == "layer_visibility" and c.value == "absent"}
    kept = []
    for claim in claims:
        place = (claim.region, claim.layer)
        if claim.attribute == "layer_visibility" and claim.value == "visible" and place in stronger:
            continue
        if claim.attribute in {"layer_visibility", "cell_density", "border"} and claim.value != "absent" and place in denied:
            continue
        if claim.attribute == "cortical_type" and claim.value == "granular" and place in denied | stronger:
            continue
        kept.append(claim)
    return kept


__all__ = ["Context", "Extractor", "FoundClaim", "RuleExtractor"]
