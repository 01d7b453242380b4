"""Words whose fi, fl, ff, ffi or ffl was lost with its font: "de\\ufffdned", "de®ned", "signi cant", "dened"."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import resources

LIGATURES = ("fi", "fl", "ff", "ffi", "ffl")
_MARK = "\ufffd\ue000-\uf8ff®¯Ž"
_MARKED = re.compile(rf"(?<![A-Za-z])[A-Za-z]*(?:[{_MARK}]+[A-Za-z]+)+|(?<![A-Za-z])[A-Za-z]+[{_MARK}]+")
_MARKS = re.compile(rf"[{_MARK}]+")
_WORD = re.compile(r"[A-Za-z]+")
_HOLDS = re.compile("ffi|ffl|fi|fl|ff")
_MAX_MARKS = 3
_SHORT = 4
"""A rest of fewer letters ("eld", "rst") is repaired only in a text that has lost several ligatures."""
_SHOWN = 2
"""Number of repaired words that shows that a text has lost its ligatures."""


class LigatureMender:
    """Repairs words by those that the text itself spells whole, and by the list of the package.

    words: how often the text has each word (lower case). A word that fits nothing known stays as it is.
    """

    def __init__(self, words: Mapping[str, int]) -> None:
        self._words = words
        self._known = _listed()
        self._shown = sum(len(r) >= _SHORT and self._rare(r) for r in _rests() if words.get(r, 0)) >= _SHOWN
        self._own = self._own_rests() if self._shown else {}

    def mend(self, text: str) -> str:
        """The text with its lost ligatures set again."""
        if not text.isascii():
            text = _MARKED.sub(self._unmarked, text)
        for start, end, whole in reversed(_split_words(text)):
            text = f"{text[:start]}{_like(text[start], whole)}{text[end:]}"
        return _WORD.sub(self._whole, text)

    def _unmarked(self, match: re.Match[str]) -> str:
        parts = _MARKS.split(match[0])
        if len(parts) - 1 > _MAX_MARKS:
            return match[0]
        options = ["".join(itertools.chain(*itertools.zip_longest(parts, signs, fillvalue=""))) for signs in _signs(len(parts) - 1)]
        fitting = [o for o in options if o.lower() in self._known or self._words.get(o.lower(), 0)]
        return max(fitting, key=lambda o: self._words.get(o.lower(), 0), default=match[0])

    def _whole(self, match: re.Match[str]) -> str:
        rest = match[0].lower()
        listed = _rests().get(rest)
        if listed and (not self._rare(rest) or (len(rest) < _SHORT and not self._shown)):
            listed = None
        found = listed or self._own.get(rest)
        return _like(match[0], found) if found else match[0]

    def _rare(self, rest: str) -> bool:
        """Whether the text writes the whole word as often as its rest, or the rest but seldom: else the rest is a word of its own."""
        return self._words.get(rest, 0) <= max(self._words.get(_rests().get(rest, ""), 0), 20)

    def _own_rests(self) -> dict[str, str]:
        """Rests of words that the text elsewhere spells whole, more often than it has the rest."""
        found: dict[str, str] = {}
        for word, count in self._words.items():
            rest = _HOLDS.sub("", word)
            if rest != word and len(rest) > _SHORT and word.isascii() and 0 < self._words.get(rest, 0) <= count:
                found[rest] = word
        return found


def _split_words(text: str) -> list[tuple[int, int, str]]:
    """Listed words that a blank parts where their ligature was ("signi cant"): start, end, whole word."""
    found = []
    halves = _halves()
    words = list(_WORD.finditer(text))
    for left, right in itertools.pairwise(words):
        if right.start() - left.end() == 1 and text[left.end()] == " ":
            whole = halves.get((left[0].lower(), right[0].lower()))
            if whole and (not found or found[-1][1] <= left.start()):
                found.append((left.start(), right.end(), whole))
    return found


def _like(sample: str, word: str) -> str:
    return word[0].upper() + word[1:] if sample[0].isupper() else word


@cache
def _signs(count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(itertools.product(LIGATURES, repeat=count))


@cache
def _listed() -> frozenset[str]:
    lines = (
        resources.files("cytoscribe.literature_mining").joinpath("data/ligature_words.txt").read_text(encoding="utf-8").splitlines()
    )
    words = (word for line in lines if not line.startswith("#") for word in line.split())
    return frozenset(part for word in words for part in word.split("-") if _HOLDS.search(part))


@cache
def _rests() -> dict[str, str]:
    """What is left of each listed word without its ligatures; rests that two words share are left out."""
    count = Counter(_HOLDS.sub("", word) for word in _listed())
    return {rest: word for word in _listed() if count[rest := _HOLDS.sub("", word)] == 1 and len(rest) >= 3}


@cache
def _halves() -> dict[tuple[str, str], str]:
    halves = {}
    for word in _listed():
        found = list(_HOLDS.finditer(word))
        if len(found) == 1 and found[0].start() > 0 and found[0].end() < len(word):
            halves[word[: found[0].start()], word[found[0].end() :]] = word
    return halves
