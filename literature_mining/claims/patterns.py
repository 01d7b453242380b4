"""A sentence as typed items: regions, layers, nouns, words that describe, small words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from literature_mining.claims.layers import find_layers
from literature_mining.claims.lexicon import Lexicon, Word
from literature_mining.regions.mentions import Mention, flatten

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PREPOSITIONS = frozenset(
    [
        "of",
        "in",
        "within",
        "at",
        "for",
        "between",
        "to",
        "towards",
        "toward",
        "into",
        "from",
        "with",
        "by",
        "through",
        "throughout",
        "near",
        "along",
        "across",
        "below",
        "above",
        "beneath",
        "on",
        "against",
        "among",
        "without",
        "than",
    ]
)
_DETERMINERS = frozenset(
    ["the", "a", "an", "this", "these", "its", "their", "his", "our", "each", "such", "that", "those", "some", "any", "both"]
)
_GLUE = frozenset({",", "and", "or", "but", "nor", "&"})
_HARD = frozenset({";", ":", "(", ")", "[", "]"})
_COMPARISON = re.compile(
    r"\b(?:(?:as|when|if)?\s*compar(?:ed|ing)\s+(?:to|with)|in\s+(?:comparison|contrast)\s+(?:to|with)|as\s+opposed\s+to|relative\s+to|unlike|than|"
    r"versus|similar\s+to|like\s+in|like(?=\s+(?:the|that|those)\b)|as\s+in(?=\s+(?:the\s+)?(?:areas?\b|[A-Z0-9\x00])))\b",
    re.IGNORECASE,
)
_DIFFERS = re.compile(
    r"\b(?:differ(?:s|ed|ing)?|distinguish(?:es|ed|able)?|separat(?:es|ed|able)|different)\b[^.;]{0,80}?\bfrom\b", re.IGNORECASE
)
_ANAPHOR = re.compile(
    r"\b(?:(?P<two>both(?:\s+of\s+(?:them|these))?(?:\s+(?:these\s+)?(?:areas|regions|nuclei|fields))?(?=\s)|(?:these|the)\s+two\s+(?:areas|regions|nuclei|fields)|these\s+(?:areas|regions))|"
    r"(?P<latter>the\s+latter(?:\s+(?:one|area|region|nucleus|field))?(?!\s+(?:sub)?layer))|(?P<former>the\s+former(?:\s+(?:one|area|region|nucleus|field))?(?!\s+(?:sub)?layer))|"
    r"(?P<one>this\s+(?:cortical\s+|cytoarchitectonic\s+|brain\s+)?(?:area|region|nucleus|field|cortex|structure|subdivision)|the\s+(?:area|region|nucleus|field|structure)(?=\s+(?:is|was|has|had|shows|showed|contains|displays|consists))|here)|"
    r"(?P<it>it|its)|(?P<they>they|their))\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\b(?:[Aa]reas?|BAs?|[Ff]ields?)\s+(?=[A-Z0-9])[A-Za-z0-9][\w.*/-]*|\b[Ee]ach\s+(?:of\s+the(?:se)?\s+)?areas?\b|(?<![\w.-])(?:h[A-Z][a-z]+|[A-Z][A-Za-z]{0,4})\d[A-Za-z0-9.]*(?![\w-])|"
    r"\b(?:neighbou?ring|adjacent|adjoining|surrounding|other|remaining)\s+(?:cortical\s+|brain\s+)?(?:areas?|regions?|cortex|nuclei|fields)\b|"
    r"\b(?:(?:primary|secondary)\s+)?(?:motor|premotor|prefrontal|visual|auditory|somatosensory|insular|entorhinal|perirhinal|cingulate|parietal|temporal|"
    r"occipital|frontal|piriform|orbitofrontal|retrosplenial|sensory)\s+(?:cortex|areas?|gyrus|isocortex|nucleus)\b"
)
_ASIDE = re.compile(
    r"\((?=[^()]*(?:\b(?:1[89]|20)\d\d[a-z]?\b|\b[Ff]igs?\b|[Ff]igures?\b|\b[Tt]ables?\b|[Ss]uppl|\bsee\b|\bcf\b|\be\.g\.|\bsection\b|\barrow))[^()]*\)|"
    r"\[[^\[\]]*\d[^\[\]]*\]|\([A-HJ-UW-Za-z]?\)|\(\s*[a-f](?:\s*[,-]\s*[a-f])*\s*\)"
)
_NOT_A_SIGN = re.compile(r"\b(?:figs?|figures?|tables?)\.?\s*$", re.IGNORECASE)


_OUTER_BORDER = re.compile(
    r"\b(?:(?:cortex|cortical|layer\s+VI|gr[ae]y(?:\s+matter)?)\s?(?:[-/]|\s(?:and|to)\s)\s?)?white[\s-]matter[\s-]?(?:border(?:line)?|boundary|transition|junction|interface)s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Item:
    """One unit of a sentence. `kinds` holds every role its form can play; a form with no role is "other".

    `names`: regions or layers; `words`: the lexicon's entries; `noun`: kind of noun; `back`: points to something named before.
    """

    start: int
    end: int
    text: str
    kinds: frozenset[str]
    names: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    noun: str = ""
    back: str = ""

    def is_(self, *kinds: str) -> bool:
        """True where the item can play one of these roles."""
        return not self.kinds.isdisjoint(kinds)


def find_items(text: str, mentions: Sequence[Mention], lexicon: Lexicon, *, strangers: bool = True) -> list[Item]:
    """Typed items of a sentence in order. `strangers`: signs that look like areas of no table become nameless regions."""
    flat = _ASIDE.sub(lambda m: " " * len(m.group()), flatten(text))
    fixed = [
        Item(m.start, m.end, flat[m.start : m.end], frozenset({"region"}), m.regions)
        for m in mentions
        if flat[m.start : m.end].strip()
    ]
    fixed = [i for i in fixed if flat[i.start] != " "]
    fixed += [
        Item(m.start(), m.end(), m.group(), frozenset({"noun"}), ("VI-WM",), noun="border")
        for m in _OUTER_BORDER.finditer(_without(flat, fixed))
    ]
    for layer in find_layers(_without(flat, fixed)):
        kinds = frozenset({"layer"})
        fixed.append(
            Item(layer.start, layer.end, flat[layer.start : layer.end], kinds, layer.layers, back="layer" if layer.back else "")
        )
    rest = _without(flat, fixed)
    if strangers:
        fixed += [
            Item(m.start(), m.end(), m.group(), frozenset({"region"}))
            for m in _UNKNOWN.finditer(rest)
            if not _NOT_A_SIGN.search(rest[: m.start()][-9:])
        ]
        rest = _without(flat, fixed)
    fixed += [Item(m.start(), m.end(), m.group(), frozenset({"compared"})) for m in _COMPARISON.finditer(rest)]
    rest = _without(flat, fixed)
    fixed += [
        Item(
            m.start(),
            m.end(),
            m.group(),
            frozenset({"region"} if m.lastgroup != "it" else {"region", "pronoun"}),
            back=str(m.lastgroup),
        )
        for m in _ANAPHOR.finditer(rest)
    ]
    rest = _without(flat, fixed)
    return sorted([*fixed, *_worded(rest, lexicon)], key=lambda i: i.start)


def _without(flat: str, items: Iterable[Item]) -> str:
    signs = list(flat)
    for item in items:
        signs[item.start : item.end] = "\x00" * (item.end - item.start)
    return "".join(signs)


def _worded(flat: str, lexicon: Lexicon) -> list[Item]:
    tokens = [(m.start(), m.end(), m.group().lower()) for m in _TOKEN.finditer(flat) if m.group() != "\x00" and m.group() != "-"]
    items: list[Item] = []
    at = 0
    while at < len(tokens):
        length, kinds = _longest_form(tokens, at, flat, lexicon)
        start, end = tokens[at][0], tokens[at + length - 1][1]
        items.append(_item(start, end, flat[start:end], tuple(t[2] for t in tokens[at : at + length]), kinds, lexicon))
        at += length
    return items


def _longest_form(tokens: Sequence[tuple[int, int, str]], at: int, flat: str, lexicon: Lexicon) -> tuple[int, frozenset[str]]:
    for form, kind in lexicon.first.get(tokens[at][2], ()):
        n = len(form)
        if n == 1 or (
            tuple(t[2] for t in tokens[at : at + n]) == form and "\x00" not in flat[tokens[at][0] : tokens[at + n - 1][1]]
        ):
            same = frozenset(k for f, k in lexicon.first[form[0]] if f == form)
            return n, same or frozenset({kind})
    return 1, frozenset()


def _item(start: int, end: int, text: str, form: tuple[str, ...], listed: frozenset[str], lexicon: Lexicon) -> Item:
    kinds = {_ROLES.get(k, k) for k in listed}
    if len(form) == 1:
        word = form[0]
        kinds |= {
            role
            for role, group in (("preposition", _PREPOSITIONS), ("determiner", _DETERMINERS), ("glue", _GLUE), ("hard", _HARD))
            if word in group
        }
        if word == "that" or word in {"since"}:
            kinds |= {"break"}
    return Item(
        start,
        end,
        text,
        frozenset(kinds or {"other"}),
        names=lexicon.types[form][:1] if form in lexicon.types else (),
        words=lexicon.words.get(form, ()),
        noun=lexicon.nouns.get(form, ""),
        back="claimed" if form in lexicon.types and lexicon.types[form][1] else "",
    )


_ROLES = {
    "negators": "negator",
    "reversers": "reverser",
    "comparers": "comparer",
    "verbs": "verb",
    "breaks": "break",
    "hedges": "hedge",
    "deepward": "deepward",
    "denied_by": "denied",
    "adverbs": "adverb",
}
