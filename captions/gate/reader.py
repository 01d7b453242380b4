"""What the gate asks of the claim reader: the claims of a caption, and an account of every word of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.lexicon import Lexicon
from cytoscribe.literature_mining.claims.short_texts import ShortTextReader
from cytoscribe.literature_mining.claims.tokens import Token
from cytoscribe.literature_mining.claims.vocabulary import known_attributes
from cytoscribe.literature_mining.regions.table import RegionTable

Role = Literal["claim", "region", "layer", "neutral", "unknown", "unread", "number"]


@dataclass(frozen=True)
class ReadWord:
    """`text` at `start` of a caption. unknown: a content word that neither vocabulary nor neutral words hold; unread: a trait or a
    cell type that no claim was read off. names: the layers that the word names; traits: attributes and values that it can say."""

    start: int
    end: int
    text: str
    role: Role
    names: tuple[str, ...] = ()
    traits: tuple[tuple[str, str], ...] = ()

    @property
    def is_type(self) -> bool:
        """Whether it can only name a kind of cell."""
        return bool(self.traits) and all(a == "cell_type" for a, _ in self.traits)


@dataclass(frozen=True)
class ReadBack:
    """Claims that a caption states (questions state none), and all its words. asked: attributes that its questions may mean; named:
    those that they name by a noun ("the border")."""

    claims: tuple[FoundClaim, ...]
    words: tuple[ReadWord, ...]
    asked: frozenset[str]
    named: frozenset[str]


class CaptionReader:
    """The miner's reader over the regions of a run."""

    def __init__(self, table: RegionTable, lexicon: Lexicon | None = None) -> None:
        self.reader = ShortTextReader(table, lexicon)
        self.finder = self.reader.claims.finder

    def account(self, text: str, topic: str) -> ReadBack:
        """The claims and words of a caption of the region `topic`."""
        stated: list[FoundClaim] = []
        words: list[ReadWord] = []
        asked: set[str] = set()
        named: set[str] = set()
        for sentence in self.reader.read(text, topic):
            tokens = sentence.tokens
            if sentence.question:
                words += [_word(t, sentence.start, ()) for t in tokens if not t.is_("trait", "type")]
                asked |= {a for t in tokens for w in t.words for a, _ in w.senses.values()}
                named |= {a for t in tokens for a, known in known_attributes().items() if t.noun and t.noun == known.noun}
                continue
            stated += sentence.claims
            words += [_word(t, sentence.start, sentence.claims) for t in tokens]
        return ReadBack(tuple(stated), tuple(words), frozenset(asked), frozenset(named))


@lru_cache
def rules() -> Mapping[str, Any]:
    """The gate's data file."""
    return json.loads((files("cytoscribe.captions") / "data" / "neutral_words.json").read_text(encoding="utf-8"))


@lru_cache
def template_words() -> frozenset[str]:
    """Every word of the sentence patterns and phrase files: a composed caption may use them."""
    texts = [
        (files("cytoscribe.captions") / "data" / name).read_text(encoding="utf-8")
        for name in ("patterns.json", "claim_phrases.json")
    ]
    return frozenset(re.findall(r"[a-z]+", " ".join(texts).lower()))


def _word(token: Token, offset: int, claims: Sequence[FoundClaim]) -> ReadWord:
    start, end = token.start + offset, token.end + offset
    role = _role(token, start, end, claims)
    return ReadWord(
        start, end, token.text, role, token.names if token.is_("layer") else (), _traits(token) if role == "unread" else ()
    )


def _traits(token: Token) -> tuple[tuple[str, str], ...]:
    kind = (("cell_type", token.types[0]),) if token.types[0] else ()
    return (*(s for w in token.words for s in w.senses.values()), *kind)


def _role(token: Token, start: int, end: int, claims: Sequence[FoundClaim]) -> Role:
    if token.is_("foreign", "species"):
        return "unknown"
    if token.is_("region", "layer"):
        return "region" if token.is_("region") else "layer"
    if token.is_("number"):
        return "number"
    senses = {s for w in token.words for s in w.senses.values() if s[1] != "*"}
    if senses or token.types[0]:
        attributes = {a for a, _ in senses} | ({"cell_type"} if token.types[0] else set())
        beside = [c for c in claims if c.start < end and start < c.end]
        if any(c.attribute in attributes or c.attribute == "size_gradient" for c in beside):
            return "claim"
        if ("layer_visibility", "absent") in senses and any(not c.polarity for c in claims):
            return "claim"  # "Betz cells are absent": the denial itself
        return "neutral" if _is_neutral(token) else "unread"
    if token.noun == "other" or token.is_("unknown") or (token.is_("foreign_heads") and not token.noun):
        return "neutral" if _is_neutral(token) else "unknown"
    return "neutral"


def _is_neutral(token: Token) -> bool:
    words = re.findall(r"[a-z]+", token.lower)
    return all(w in rules()["neutral"] for w in words)
