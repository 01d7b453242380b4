"""Masked captions: the same text without any name that gives the region away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from cytoscribe.captions.wording.english import capital
from cytoscribe.captions.wording.image_attributes import Subject
from cytoscribe.core.records import Region

Kind = Literal["own", "parent", "other"]

_AREA = r"(?:areas?|regions?|fields?|nucleus|nuclei)"
_BEFORE = rf"(?:(?P<det>\b(?:the|this|an?|one|both)\s+)?(?P<pre>(?:cortical\s+|brodmann(?:['’]s)?\s+)?{_AREA}\s+|\bBA\s?)?)"
_CODE = r"\d{1,2}[a-z]{0,2}"
_SEPARATOR = r"(?:\s*(?:,\s*(?:and|or)\b|,|/|&|–|-|\band\b|\bor\b|\bto\b|\bas well as\b)\s*)"
_NUMERAL = r"(?:[IVX]+[a-d]?|\d[a-d]?)"
_LAYER_BEFORE = re.compile(
    rf"(?:layers?|laminae?|sublayers?)\s+(?:{_NUMERAL}(?:\s*(?:,\s*and|,\s*or|,|/|-|–|and|or|to)\s*(?:(?:sub)?layers?\s+)?))*$",
    re.I,
)
_SHOWN: Mapping[Kind, str] = {"own": "this area", "parent": "a larger region", "other": "another area"}


@dataclass(frozen=True)
class Mask:
    """Names that must not stand in a masked caption. `own` and `parents` are the caption's region and what holds it, squeezed."""

    names: tuple[str, ...]
    own: frozenset[str]
    parents: frozenset[str] = frozenset()
    subject: Subject | None = None

    def apply(self, text: str) -> str:
        """The text with every own name as "this area", a parent's as "a larger region" and every other name as "another area".

        An image's class becomes what the image shows ("an eosinophil" reads "a cell").
        """
        if not self.names:
            return text
        text = _lists(self.names).sub(self._list, text) if self.subject is None else text
        text = _pattern(self.names).sub(lambda m: self._word(m) if self._counts(m, text) else m[0], text)
        text = re.sub(r"another area(?:(?:, or|, and|,| or| and) another area)+", "other areas", text)
        text = re.sub(r"this area (?:\(this area\)|(?:, or|or|and|,) this area\b)", "this area", text)
        return _starts(text)

    def leaks(self, text: str) -> list[str]:
        """Names that the text still holds."""
        return [m["name"] for m in _pattern(self.names).finditer(text) if self._counts(m, text)] if self.names else []

    def kind(self, name: str) -> Kind:
        """Whose name it is."""
        squeezed = _squeezed(name)
        if squeezed in self.own or (_meant_by(squeezed) & {_code(n) for n in self.own}):
            return "own"
        return "parent" if squeezed in self.parents else "other"

    def _counts(self, match: re.Match[str], text: str) -> bool:
        """False for a number or a common word without "area" before it, and for the numeral of a layer."""
        name = match["name"]
        if match["pre"]:
            return True
        listed = name in self.names or not re.fullmatch(_CODE, name)
        return listed and not needs_noun(name) and not is_layer(text, match.start("name"), name)

    def _list(self, match: re.Match[str]) -> str:
        """ "Areas 44 and 45": names that share one noun are masked together."""
        if self.kind(match["list"]) == "own":
            return "these areas"
        names = re.split(_SEPARATOR, match["list"])
        own = sum(self.kind(n) == "own" for n in names)
        others = len(names) - own
        said = ["this area"] if own else []
        said += ["another area" if others == 1 else "other areas"] if others else []
        return " and ".join(said)

    def _word(self, match: re.Match[str]) -> str:
        if self.subject is None:
            kinds: list[Kind] = [self.kind(match["name"]), self.kind(match["name"] + match["tail"])]
            kind = kinds[0] if kinds[0] != "other" else kinds[1]
            plural = (match["pre"] or "").lower().endswith("areas ")
            return "these areas" if plural and kind == "own" else _SHOWN[kind]
        plural = match["tail"].lower() in ("s", "es")
        noun = self.subject.plural if plural else self.subject.noun
        determiner = (match["det"] or "").strip().lower()
        if self.kind(match["name"]) == "other":
            return f"other {noun}" if plural else f"another {noun}"
        if determiner in ("a", "an"):
            determiner = "an" if noun[0] in "aeiou" else "a"
        return f"{determiner} {noun}".strip()


def mask_for(region: str, table: Iterable[Region], subject: Subject | None = None) -> Mask:
    """The mask of one region: every label, alias and parent of the table, and the standard names of names.json.

    subject: what an image shows, in the images mode; then names are classes of it ("eosinophil" becomes "cell").
    """
    rows = list(table)
    own = [region, *(n for row in rows if row.name == region for n in row.names)]
    parents = [row.parent for row in rows if row.name == region and row.parent]
    every = [*own, *(n for row in rows for n in (*row.names, row.parent) if n)]
    if subject is None:
        every += [n for entry in standard_names()["regions"] for n in entry["names"]]
    names = tuple(sorted(dict.fromkeys(every), key=lambda n: (-len(n), n)))
    squeezed = frozenset(_squeezed(n) for n in own)
    return Mask(names, squeezed, frozenset(_squeezed(n) for n in parents) - squeezed, subject)


@lru_cache
def standard_names() -> Mapping[str, Any]:
    """The data file of standard names: eponyms and functional names with the labels that mean the same."""
    return json.loads((files("cytoscribe.captions") / "data" / "names.json").read_text(encoding="utf-8"))


def needs_noun(name: str) -> bool:
    """True for a name that prose holds in other senses (a number, one letter, an English word): it counts only after "area"."""
    return name.isdigit() or len(name) == 1 or name.lower() in standard_names()["words"]


def is_layer(text: str, start: int, name: str) -> bool:
    """True where `name` at `start` is the numeral of a layer ("layers II and V")."""
    return bool(re.fullmatch(_NUMERAL, name)) and bool(_LAYER_BEFORE.search(text[:start]))


def _code(name: str) -> str:
    """A label without what may stand before it: "BA 44", "area 44" and "44" are one."""
    return re.sub(r"^(?:brodmann(?:'s)? )?(?:area |ba ?(?=\\d))?", "", name)


@lru_cache
def _meanings() -> Mapping[str, frozenset[str]]:
    entries = standard_names()["regions"]
    return {_squeezed(n): frozenset(_squeezed(c) for c in e["codes"]) for e in entries for n in e["names"]}


def _meant_by(name: str) -> frozenset[str]:
    return _meanings().get(name, frozenset()) | {_code(name)}


def _squeezed(name: str) -> str:
    return re.sub(r"[\s-]+", " ", name.replace("’", "'")).casefold()


@lru_cache(maxsize=4096)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    spelled = "|".join([*(_spelling(n) for n in names), rf"(?-i:{_CODE})"])
    return re.compile(rf"{_BEFORE}(?<![\w])(?P<name>{spelled})(?P<tail>(?:es|s)?)(?!\w|\.\d)", re.I)


@lru_cache(maxsize=4096)
def _lists(names: tuple[str, ...]) -> re.Pattern[str]:
    name = "|".join([*(_spelling(n) for n in names), rf"(?-i:{_CODE})"])
    each = rf"(?:{name})(?![\w])"
    return re.compile(
        rf"\b(?:(?:the|both)\s+)?(?:cortical\s+|brodmann(?:['’]s)?\s+)?(?:areas|regions|fields|nuclei)\s+(?P<list>{each}(?:{_SEPARATOR}{each})+)",
        re.I,
    )


def _spelling(name: str) -> str:
    loose = re.sub(r"(?:\\[ -]|[\s-])+", r"[\\s-]+", re.escape(name)).replace("'", "['’]")
    if other_sense := standard_names()["unless_before"].get(name):
        loose += rf"(?!\s+(?:{other_sense})\b)"
    coded = len(name) <= 4 or (not name.islower() and not re.fullmatch(r"[A-Z][a-z]+(?:['’]s)?(?:\s[a-z]+)*", name))
    return f"(?-i:{loose})" if coded else loose


def _starts(text: str) -> str:
    parts = re.split(r"(?<=[.?!])\s+", text)
    return " ".join(capital(p) for p in parts)
