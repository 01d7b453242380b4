"""Words that extraction broke, repaired by the words of the text itself: soft hyphens, "pac- ked", lost ligatures, glued citations."""

from __future__ import annotations

import re
from collections import Counter

from cytoscribe.literature_mining.papers.clean_text import clean, joined_with, vocabulary, word_set
from cytoscribe.literature_mining.papers.ligatures import LigatureMender
from cytoscribe.literature_mining.papers.superscripts import unglued

SOFT = "\u00ad"
_SOFT_WORD = re.compile(rf"(?<!\w)\w*{SOFT}[\w{SOFT}]*")
_SOFT_BREAK = re.compile(rf"(?<!\w)(\w+){SOFT}(?=(\w+))")
_BROKEN_WORD = re.compile(r"(?<!\w)[^\W\d_]+- [^\W\d_]+")
_BREAK = re.compile(r"(?<![\w-])([^\W\d_]+(?:-[^\W\d_]+)*)- (?=([a-z][^\W\d_]*))")
_HANGING = word_set("and or und oder to as but nor than versus vs rather plus as well bis y et ou e o sowie the of in with from")
"""Words before which a hyphen only hangs ("supra- and infragranular")."""


def repair(text: str) -> tuple[str, Counter[str]]:
    """A text with its broken words repaired, and how often it has each word; line feeds stay. For formats that hold bare text."""
    bare = _SOFT_WORD.sub(" ", text) if SOFT in text else text
    words = vocabulary(_BROKEN_WORD.sub(" ", clean(line).strip(" *_")) for line in bare.split("\n"))
    text = unsoftened(text, words)
    if "- " in text:
        text = _BREAK.sub(lambda m: _rejoined(m, words), text)
    return unglued(LigatureMender(words).mend(text)), words


def unsoftened(text: str, words: Counter[str]) -> str:
    """A text whose soft hyphens are gone, or are hyphens where two words of the text meet."""
    return _SOFT_BREAK.sub(lambda m: m[1] + joined_with(f"{m[1]}-", m[2], words), text) if SOFT in text else text


def _rejoined(match: re.Match[str], words: Counter[str]) -> str:
    head, tail = match[1], match[2]
    between = " " if tail in _HANGING else joined_with(f"{head}-", tail, words)
    return {"": head, "-": f"{head}-"}.get(between, match[0])
