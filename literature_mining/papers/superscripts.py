"""Raised numbers: a citation behind a word, a layer or an area, marked up as raised or glued to it by a converter."""

from __future__ import annotations

import re
from collections import Counter

from cytoscribe.literature_mining.papers.clean_text import word_set
from cytoscribe.literature_mining.papers.sentences import is_abbreviated

_LIST = r"\d{1,3}(?:\s?[,;–-]\s?\d{1,3})*"
_CITATION = re.compile(_LIST)
_ROMAN = r"(?:VI|IV|V|I{1,3})[a-d]?"
_LAYERS = rf"\b(?:sub)?(?:layers?|lamina|laminae|strat(?:um|a))\s+(?:{_ROMAN}\s?(?:,|/|-|–|and|or|to|&)\s?)*{_ROMAN}"
_LAYER = re.compile(rf"{_LAYERS}$", re.IGNORECASE)
_AREA = re.compile(
    r"\b(?i:areas?|regions?|fields?|subfields?|BAs?)\s+(?:[\w./-]+\s?(?:,|/|and|or)\s?)?(?=[\w./-]*[A-Z\d])[\w./-]*\w$"
)
_CODE = re.compile(r"(?<![\w.])(?=\w*[A-Z])(?!(?:CO|NO|SO|PO)$)(?:[A-Za-z]{1,4}\d+\w{0,3}|[A-Z]{2,5}[a-z]{0,2})$")
_AFTER_WORD = re.compile(r"(?:[^\W\d_]{4,}|[a-z]{2,}[)\]\"”’]|\S[.,;:!?])$")
_UNITS = word_set("inch feet metre metres meter meters pixel pixels voxel voxels micron microns degree degrees micrometers")
_FORMULA = re.compile(r"[^\s.,;:]*[/=×+][^\s.,;:]*$")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_BEHIND_MARK = re.compile(rf"(?<=[a-z)\]’”\"IV])(?P<mark>[.,;:!?])(?P<list>{_LIST})(?=(?P<space>\s+)(?P<next>\S)|\s*$)")
_ON_LAYER = re.compile(rf"({_LAYERS})(?:{_LIST})(?![\w.]*\w)", re.IGNORECASE)
_ON_WORD = re.compile(rf"(?<![\w-])([a-z]{{4,}})({_LIST})(?![\w-])")
# Words that a number names one of ("table2"): behind them it cites nothing.
_NUMBERED = word_set(
    """
    layer layers lamina laminae area areas field fields type types group groups phase panel panels figure figures table tables case
    cases class cluster stage section sections grade step experiment experiments patient patients subject subjects page pages
    chapter volume study part time year brain brains site level zone block session model version equation
    """
)
_OFTEN = 2
"""So many citations behind full stops show that a paper's raised numbers have lost their place."""


def raised(before: str, inside: str, *, cited: bool = False) -> str:
    """What a text shows for a raised `inside` behind `before`: citations in square brackets, or nothing behind a layer or an area.

    cited: the source says that it cites. Exponents, ordinals, primes and charges come back as they are.
    """
    bare = inside.strip("[](),; ")
    if not _CITATION.fullmatch(bare):
        return (inside if "[" in inside or not inside.strip() else f"[{inside}]") if cited else inside
    if _LAYER.search(before[-80:]) or _AREA.search(before[-60:]) or _CODE.search(before[-12:]):
        return ""
    if not cited and (before[-1:].isspace() or _FORMULA.search(before[-30:])):
        return inside  # an isotope ("from 55Fe") or an exponent ("weight/height2")
    word = _LAST_WORD.search(before[-30:])
    if cited or (_AFTER_WORD.search(before[-30:]) and not (word and word[0].lower() in _UNITS)):
        return f"[{bare}]"
    return inside


def unglued(text: str) -> str:
    """A text in which citations that lost their raised place are bracketed ("dense.23 In") or, behind a layer, dropped ("layer V12").

    Behind a word ("cells23 are") they are bracketed only in a text that cites behind full stops too.
    """
    text, often = _BEHIND_MARK.subn(_bracketed, _ON_LAYER.sub(r"\1", text))
    if often < _OFTEN:
        return text
    bare = Counter(re.findall(r"(?<![\w-])[a-z]{4,}(?![\w-])", text))
    return _ON_WORD.sub(lambda m: f"{m[1]}[{m[2]}]" if bare[m[1]] and m[1] not in _NUMBERED else m[0], text)


def _bracketed(match: re.Match[str]) -> str:
    mark, follows = match["mark"], match["next"]
    before = match.string[max(0, match.start() - 30) : match.start()]
    ends, token = mark in ".!?", before.split()[-1] if before.split() else ""
    if any(c in "/@\\" or c.isdigit() for c in token):
        return match[0]  # an address or a code
    if ends and before.endswith(" al"):
        return f".[{match['list']}]"
    if ends and ((follows is not None and not (follows.isupper() or follows in '(“‘"')) or is_abbreviated(before)):
        return match[0]
    if not ends and follows is not None and not follows.islower():
        return match[0]
    return f"{mark}[{match['list']}]"
