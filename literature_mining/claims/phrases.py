"""Phrases of a sentence: noun phrases with their traits, predicate adjectives, verb groups, and what stands between them."""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.literature_mining.claims.model import Phrase
from cytoscribe.literature_mining.claims.noun_phrases import is_degree, noun_phrase
from cytoscribe.literature_mining.claims.tokens import Token
from cytoscribe.literature_mining.claims.verb_groups import begins_verb, verb_group

_STOPS = frozenset({";", ":", "(", ")", "[", "]", ".", "?", "!"})


def chunk(tokens: Sequence[Token]) -> list[Phrase]:
    """The phrases of a sentence, in order; every token is in one of them."""
    phrases: list[Phrase] = []
    at = 0
    while at < len(tokens):
        phrase, at = _next(tokens, at, phrases)
        phrases.append(phrase)
    return phrases


def _next(tokens: Sequence[Token], at: int, before: Sequence[Phrase]) -> tuple[Phrase, int]:
    token = tokens[at]
    single = _single(tokens, at, before)
    if single:
        return Phrase(single, at, at + 1, text=token.lower, negated=single == "neg"), at + 1
    verb = verb_group(tokens, at, before)
    if verb is not None:
        return verb, verb.end
    described = noun_phrase(tokens, at, before)
    if described is not None:
        return described, described.end
    return Phrase("other", at, at + 1, text=token.lower), at + 1


_TEXT_KINDS = {"relatives": "rel", "partners": "than", "alike": "like", "conjunctions": "conj", "subordinators": "sub"}


def _single(tokens: Sequence[Token], at: int, before: Sequence[Phrase]) -> str:
    """Kind of a small word that is a phrase of its own, "" for others."""
    token = tokens[at]
    if token.lower in _STOPS or token.is_("dash"):
        return "stop"
    if token.is_("layer", "region", "noun", "trait") and not token.is_("partners", "alike", "relatives"):
        return ""
    if token.lower == "as" and is_degree(tokens, at):
        return ""
    if token.lower == "that":
        return _that(tokens, at, before)
    if token.lower == "in that" and at + 1 < len(tokens) and tokens[at + 1].lower == "of":
        return "prep"  # "than in that of area B"
    if token.lower in ("neither", "nor"):
        return "neg"
    for role, kind in _TEXT_KINDS.items():
        if token.is_(role):
            return kind
    if token.is_("without", "excepting", "presence"):
        return "prep"
    if token.is_("negatives") and not begins_verb(tokens, at):
        return "neg"
    return "prep" if token.is_("prepositions", "with") and not token.is_("negative_determiners") else ""


def _that(tokens: Sequence[Token], at: int, before: Sequence[Phrase]) -> str:
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if after is not None and (after.lower == "of" or after.is_("prepositions", "places")):
        return ""
    if after is not None and after.verb and not after.noun:
        return "rel"
    last = next((p for p in reversed(before) if p.kind != "other"), None)
    if [p.text for p in before[-3:-2]] == ["it"] and before[-2].verb == "be":
        return "sub"  # "it is certain that layer V is broad"
    return "rel" if last is not None and last.kind == "np" else "sub" if last is not None and last.kind == "verb" else ""
