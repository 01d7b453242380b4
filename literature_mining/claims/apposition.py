"""Tokens that rename the one beside them: labels in brackets, "the latter, area B", asides between dashes, numerals that are layers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from cytoscribe.literature_mining.claims.layers import ORDER
from cytoscribe.literature_mining.claims.tokens import UNKNOWN, Token

_CONCEDING = frozenset(["though", "although", "even though", "albeit", "if"])
_POINTING = frozenset(["former", "latter", "first", "second"])


def renamed(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with every apposition drawn together."""
    return _numbered(_bracketed(_labelled(_pointed(_set_off(_called(tokens))))))


def _called(tokens: Sequence[Token]) -> list[Token]:
    """`the giant cells of Betz` are Betz cells."""
    result = [t for i, t in enumerate(tokens) if not _places_name(tokens, i)]
    for at in range(1, len(result) - 1):
        named = result[at - 1].noun == "cells" and result[at].lower == "of" and result[at + 1].is_("type")
        if named and result[at + 1].text[:1].isupper() and not result[at + 1].noun:
            result[at - 1 : at + 2] = [result[at + 1], result[at - 1]]
            return _called(result)
    return result


def _places_name(tokens: Sequence[Token], at: int) -> bool:
    """`area 10d (dorsal) is`: a word of position in brackets behind a name only explains it."""
    for start in range(max(0, at - 2), at + 1):
        three = tokens[start : start + 3]
        if len(three) == 3 and three[0].text == "(" and three[1].is_("positions") and three[2].text == ")" and start:
            return tokens[start - 1].is_("region")
    return False


def _labelled(tokens: Sequence[Token]) -> list[Token]:
    """`the locus coeruleus (LC)`, `area 17 (V1)`: the name before a label in brackets is what the label means."""
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        if _is_label(tokens, at) and result and _is_name(result[-1]):
            first = result.pop()
            while result and _is_name(result[-1]) and result[-1].end >= first.start - 1:
                first = result.pop()
            label = tokens[at + 1]
            words = f"{first.text} {label.text}"
            result.append(replace(label, start=first.start, end=tokens[at + 2].end, text=words, roles=label.roles | {"renamed"}))
            at += 3
        else:
            result.append(tokens[at])
            at += 1
    return result


def _is_label(tokens: Sequence[Token], at: int) -> bool:
    inner = tokens[at + 1 : at + 3]
    return (
        tokens[at].text == "("
        and len(inner) == 2
        and inner[0].is_("region")
        and not inner[0].is_("stranger")
        and inner[1].text == ")"
    )


def _is_name(token: Token) -> bool:
    if token.is_("region"):
        return token.names == (UNKNOWN,)
    plain = token.is_("unknown", "positions", "foreign_heads") and not token.is_(
        "participle", "evidence", "foreign", "prepositions", "species"
    )
    return plain or (token.noun == "area" and not token.is_("trait"))


def _pointed(tokens: Sequence[Token]) -> list[Token]:
    """`the latter, area B, ...`, `the former area (A)`: the area itself speaks."""
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        end = _end_of_pointer(tokens, at)
        if end:
            result.append(tokens[end])
            at = end + 2
        else:
            result.append(tokens[at])
            at += 1
    return result


def _end_of_pointer(tokens: Sequence[Token], at: int) -> int:
    """Index of the area that a pointer at `at` is renamed by; 0 where there is none."""
    if tokens[at].lower != "the" or at + 4 >= len(tokens) or tokens[at + 1].lower not in _POINTING:
        return 0
    comma = at + 3 if tokens[at + 2].noun == "area" else at + 2
    if comma + 2 >= len(tokens) or (tokens[comma].text, tokens[comma + 2].text) not in ((",", ","), ("(", ")")):
        return 0
    return comma + 1 if tokens[comma + 1].is_("region") else 0


def _bracketed(tokens: Sequence[Token]) -> list[Token]:
    """`layer VI - as a rule sparse in A - contains`: two dashes are brackets."""
    dashes = [i for i, t in enumerate(tokens) if t.is_("dash")]
    if len(dashes) != 2 or any(t.text == ":" for t in tokens):
        return list(tokens)
    if any(0 < i < len(tokens) - 1 and tokens[i - 1].is_("number") and tokens[i + 1].is_("number") for i in dashes):
        return list(tokens)
    signs = dict(zip(dashes, "()", strict=True))
    return [replace(t, text=signs[i], roles=frozenset({"punctuation"})) if i in signs else t for i, t in enumerate(tokens)]


def _set_off(tokens: Sequence[Token]) -> list[Token]:
    """`layer IV, though thin, is`, `IIIc, the densest, has`: asides between commas."""
    result = list(tokens)
    commas = [i for i, t in enumerate(tokens) if t.text == ","]
    for first, last in itertools.pairwise(commas):
        if _is_aside(tokens[first + 1 : last]):
            for at, sign in ((first, "("), (last, ")")):
                result[at] = replace(tokens[at], text=sign, roles=frozenset({"punctuation"}))
    return _explained(result)


def _explained(tokens: Sequence[Token]) -> list[Token]:
    """`areas around the sulcus, that is, A and B, are`: the areas that "that is" names speak."""
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        named = at + 5 if at + 5 < len(tokens) and tokens[at + 4].noun == "area" and not tokens[at + 4].is_("region") else at + 4
        opened = [t.lower for t in tokens[at : at + 4]] == [",", "that", "is", ","] and named + 1 < len(tokens)
        if opened and tokens[named].is_("region") and tokens[named + 1].text == ",":
            heads = [i for i, t in enumerate(result) if t.noun == "area" and not t.is_("region")]
            if heads and not any(t.verb and not t.is_("located") for t in result[heads[-1] :]):
                del result[heads[-1] :]
            result.append(tokens[named])
            at = named + 2
        else:
            result.append(tokens[at])
            at += 1
    return result


def _is_aside(inner: Sequence[Token]) -> bool:
    words = [t.lower for t in inner]
    if not inner or (words[0] not in _CONCEDING and words[0] != "the"):
        return False
    described = len(inner) > 1 and all(
        t.is_("trait", "adverbs", "hedges", "more", "less", "negatives") and not t.noun for t in inner[1:]
    )
    return described and (words[0] != "the" or any(w.compares for w in inner[-1].words))


def _numbered(tokens: Sequence[Token]) -> list[Token]:
    """`layer III is broad, IV thin`: beside a layer a numeral before a trait or a verb is one, too."""
    numerals = [i for i, t in enumerate(tokens) if _is_numeral(t, tokens[i + 1 : i + 2]) or (i == 0 and _heads(tokens))]
    if numerals:  # "IV thin, merging with V"
        numerals += [
            i
            for i, t in enumerate(tokens[1:], 1)
            if t.text in ORDER[1:] and not t.is_("layer") and tokens[i - 1].lower.endswith(("with", "into", "from"))
        ]
    if len(numerals) < 2 and not any(t.is_("layer") for t in tokens) and numerals != [0]:
        return list(tokens)
    return [replace(t, names=(t.text,), roles=frozenset({"layer"})) if i in numerals else t for i, t in enumerate(tokens)]


def _heads(tokens: Sequence[Token]) -> bool:
    """`II: dense, small cells.`: a numeral that opens a sentence as the label of what is said of a layer."""
    labels = len(tokens) > 2 and tokens[0].text in ORDER and not tokens[0].is_("layer") and tokens[1].text == ":"
    return labels and any(t.is_("trait") for t in tokens[2:])


def _is_numeral(token: Token, after: Sequence[Token]) -> bool:
    if token.text not in ORDER or token.is_("layer") or not after:
        return False
    return after[0].is_("trait", "type") or (token.text != "I" and after[0].verb in ("be", "have", "lack", "become"))
