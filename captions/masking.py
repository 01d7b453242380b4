"""Masked captions: the same text without any name that gives the region away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from captions.attributes import Subject
from captions.language import capital
from cytoscribe.records import Region

_BEFORE = r"(?:(?P<det>\b(?:the|this|an?|one)\s+)?(?P<pre>(?:cortical\s+|brodmann\s+)?(?:areas?|regions?|fields?|nucleus)\s+)?)"
_LAYER_BEFORE = re.compile(r"(?:layers?|laminae?|sublayers?|and|to)\s+$", re.I)


@dataclass(frozen=True)
class Mask:
    """Names that must not stand in a masked caption, and what stands there instead."""

    own: tuple[str, ...]
    foreign: tuple[str, ...]
    subject: Subject | None = None

    def apply(self, text: str) -> str:
        """The text with every own name as "this area" (an image's class as its noun) and every other name as "another area"."""
        text = _replace(text, self.own, self._own_word)
        text = _replace(text, self.foreign, lambda m: "another area")
        text = re.sub(r"another area(?:(?:,| or| and|, or|, and) another area)+", "other areas", text)
        return _starts(text)

    def leaks(self, text: str) -> list[str]:
        """Names that the text still holds."""
        names = (*self.own, *self.foreign)
        return [m["name"] for m in _pattern(names).finditer(text) if _is_name(m, text)] if names else []

    def _own_word(self, match: re.Match[str]) -> str:
        if self.subject is None:
            return "this area"
        plural = match["name"].lower().endswith("s") and match["tail"] == ""
        noun = self.subject.plural if match["tail"].lower() in ("s", "es") or (plural and not match["det"]) else self.subject.noun
        determiner = (match["det"] or "").strip().lower()
        if determiner in ("a", "an"):
            determiner = "a" if noun[0] not in "aeiou" else "an"
        return f"{determiner} {noun}".strip()


def mask_for(region: str, table: Iterable[Region], subject: Subject | None = None) -> Mask:
    """The mask of one region: its label, aliases and parent, and every label and alias of the others.

    subject: what an image shows, in the images mode; then names are classes of it ("eosinophil" becomes "cell").
    """
    own: list[str] = [region]
    foreign: list[str] = []
    for row in table:
        if row.name == region:
            own += [*row.names, *([row.parent] if row.parent else [])]
        else:
            foreign += [*row.names, *([row.parent] if row.parent else [])]
    own = [n for n in dict.fromkeys(own) if _tellable(n)]
    return Mask(tuple(own), tuple(n for n in dict.fromkeys(foreign) if _tellable(n) and n not in own), subject)


def _tellable(name: str) -> bool:
    """A name that can be found in prose without striking ordinary words (a single letter cannot)."""
    return len(name) > 1 or name.isdigit()


@lru_cache(maxsize=4096)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted(names, key=len, reverse=True)
    return re.compile(f"{_BEFORE}(?<![\\w])(?P<name>{'|'.join(_spelling(n) for n in ordered)})(?P<tail>(?:es|s)?)(?![\\w])", re.I)


def _spelling(name: str) -> str:
    loose = re.sub(r"(?:\\[ -]|[\s-])+", r"[\\s-]+", re.escape(name))
    coded = len(name) <= 4 or (not name.islower() and not re.fullmatch(r"[A-Z][a-z]+(?:\s[a-z]+)*", name))
    return f"(?-i:{loose})" if coded else loose


def _replace(text: str, names: tuple[str, ...], word: Callable[[re.Match[str]], str]) -> str:
    if not names:
        return text

    def put(match: re.Match[str]) -> str:
        return word(match) if _is_name(match, text) else match[0]

    return _pattern(names).sub(put, text)


def _is_name(match: re.Match[str], text: str) -> bool:
    """False for a number without "area" before it, and for the numeral of a layer that is spelt like a label."""
    name = match["name"]
    if name.isdigit() and not match["pre"]:
        return False
    numeral = re.fullmatch(r"[IVX]+[a-d]?|\d[a-d]?", name)
    return not (numeral and not match["pre"] and _LAYER_BEFORE.search(text[: match.start()]))


def _starts(text: str) -> str:
    parts = re.split(r"(?<=[.?!])\s+", text)
    return " ".join(capital(p) for p in parts)
