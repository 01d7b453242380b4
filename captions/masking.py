"""Masked captions: the same text without any name that gives the region away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from captions.wording.english import capital
from captions.wording.image_attributes import Subject
from cytoscribe.records import Region

_BEFORE = r"(?:(?P<det>\b(?:the|this|an?|one)\s+)?(?P<pre>(?:cortical\s+|brodmann\s+)?(?:areas?|regions?|fields?|nucleus)\s+)?)"
_LAYER_BEFORE = re.compile(r"(?:layers?|laminae?|sublayers?|and|to)\s+$", re.I)


@dataclass(frozen=True)
class Mask:
    """Names that must not stand in a masked caption, and what stands there instead. `own` is a part of `names`."""

    names: tuple[str, ...]
    own: frozenset[str]
    subject: Subject | None = None

    def apply(self, text: str) -> str:
        """The text with every own name as "this area" (an image's class as its noun) and every other name as "another area"."""
        if not self.names:
            return text
        text = _pattern(self.names).sub(lambda m: self._word(m) if _is_name(m, text) else m[0], text)
        text = re.sub(r"another area(?:(?:, or|, and|,| or| and) another area)+", "other areas", text)
        return _starts(text)

    def leaks(self, text: str) -> list[str]:
        """Names that the text still holds."""
        return [m["name"] for m in _pattern(self.names).finditer(text) if _is_name(m, text)] if self.names else []

    def _word(self, match: re.Match[str]) -> str:
        own = _squeezed(match["name"]) in self.own or _squeezed(match["name"] + match["tail"]) in self.own
        if self.subject is None:
            return "this area" if own else "another area"
        plural = match["tail"].lower() in ("s", "es")
        noun = self.subject.plural if plural else self.subject.noun
        determiner = (match["det"] or "").strip().lower()
        if determiner in ("a", "an"):
            determiner = "an" if noun[0] in "aeiou" else "a"
        return f"{determiner} {noun}".strip()


def mask_for(region: str, table: Iterable[Region], subject: Subject | None = None) -> Mask:
    """The mask of one region: its label, aliases and parent, and every label, alias and parent of the others.

    subject: what an image shows, in the images mode; then names are classes of it ("eosinophil" becomes "cell").
    """
    rows = list(table)
    every = [region, *(n for row in rows for n in _names_of(row))]
    own = [region, *(n for row in rows if row.name == region for n in _names_of(row))]
    names = tuple(sorted((n for n in dict.fromkeys(every) if _tellable(n)), key=lambda n: (-len(n), n)))
    return Mask(names, frozenset(_squeezed(n) for n in own), subject)


def _names_of(row: Region) -> tuple[str, ...]:
    return (*row.names, row.parent) if row.parent else row.names


def _squeezed(name: str) -> str:
    return re.sub(r"[\s-]+", " ", name).casefold()


def _tellable(name: str) -> bool:
    """A name that can be found in prose without striking ordinary words (a single letter cannot)."""
    return len(name) > 1 or name.isdigit()


@lru_cache(maxsize=4096)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"{_BEFORE}(?<![\\w])(?P<name>{'|'.join(_spelling(n) for n in names)})(?P<tail>(?:es|s)?)(?![\\w])", re.I)


def _spelling(name: str) -> str:
    loose = re.sub(r"(?:\\[ -]|[\s-])+", r"[\\s-]+", re.escape(name))
    coded = len(name) <= 4 or (not name.islower() and not re.fullmatch(r"[A-Z][a-z]+(?:\s[a-z]+)*", name))
    return f"(?-i:{loose})" if coded else loose


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
