"""Small English: articles, lists, sentence starts, and how layers and regions are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cytoscribe.core.records import WHOLE, Region

_LAYER = re.compile(r"(?:VI|IV|V|I{1,3})(?:[a-d])?|[1-6][a-d]?|WM", re.ASCII)
_AREA_WORDS = re.compile(r"\b(area|areas|nucleus|nuclei|cortex|gyrus|field|region|subiculum|complex|lobule|sulcus|pole)\b", re.I)
_PLURAL = re.compile(r"\b(?:areas|regions|fields|nuclei|cortices|gyri|subdivisions)\b", re.I)
_VOWEL_SOUND = re.compile(r"(?:[aeiou](?!\w*\bone\b)|hour|honest|N:C|[FHLMNRSX](?=[A-Z0-9]|\b)|8)", re.ASCII)
_CONSONANT_SOUND = re.compile(r"(?:uni(?!n)|use|usu|eu|one\b|once|u\b)", re.I)


@dataclass(frozen=True)
class LayerName:
    """A layer in words. noun: "layer IV", "the pyramidal layer"; bare: the same without an article; edge: its border's name."""

    noun: str
    bare: str
    plural: bool
    border: str


def layer_name(layer: str) -> LayerName:
    """Words for a layer of the claims' vocabulary: numbered layers, ranges ("II-III"), and layers with names of their own."""
    parts = [p.strip() for p in re.split(r"[-/–]", layer) if p.strip()]
    if all(_LAYER.fullmatch(p) for p in parts) and parts:
        return _numbered(parts)
    named = re.sub(r"^the\s+", "", layer.strip())
    plural = bool(re.search(r"\b(layers|strata|sublayers|laminae)$", named))
    noun = named if re.match(r"(?:sub)?layer \w+$", named) else f"the {named}"
    return LayerName(noun, named, plural, f"border of {noun}")


def _numbered(parts: list[str]) -> LayerName:
    if len(parts) == 1:
        single = "the white matter" if parts[0] == "WM" else f"layer {parts[0]}"
        return LayerName(single, single.removeprefix("the "), False, f"border of {single}")
    if parts[-1] == "WM":
        both = f"layer {parts[0]} and the white matter"
        return LayerName(both, both, True, f"border between {both}")
    joint = "and" if _neighbours(parts[0], parts[-1]) else "to"
    both = f"layers {parts[0]} {joint} {parts[-1]}"
    return LayerName(both, both, True, f"border between layers {parts[0]} and {parts[-1]}")


def _neighbours(first: str, second: str) -> bool:
    order = ["I", "II", "III", "IV", "V", "VI"]
    plain = [re.sub(r"[a-d]$", "", p) for p in (first, second)]
    if any(p not in order for p in plain):
        return False
    return abs(order.index(plain[0]) - order.index(plain[1])) <= 1


def layer_depth(layer: str) -> tuple[float, str]:
    """Sort key from the whole depth through superficial to deep layers; layers with names of their own come last."""
    if layer == WHOLE:
        return (-1.0, "")
    order = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6}
    match = re.match(r"(VI|IV|V|I{1,3})([a-d]?)", layer)
    if match is None:
        return (9.0, layer)
    shift = 0.1 * (" abcd".index(match[2]) if match[2] else 0)
    return (order[match[1]] + shift + (0.5 if re.search(r"[-/–]", layer) else 0), layer)


def article(following: str) -> str:
    """`a` or `an` for the word that follows, by its sound as far as spelling shows it."""
    if _CONSONANT_SOUND.match(following):
        return "a"
    return "an" if _VOWEL_SOUND.match(following) or (_VOWEL_SOUND.match(following[:1].lower()) and following[:1].islower()) else "a"


def listed(items: Sequence[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b, and c`; semicolons where an item holds a comma or an "and" of its own."""
    if len(items) < 2:
        return "".join(items)
    if len(items) == 2:
        separator = ", " if any(f" {joint} " in i or "," in i for i in items) else " "
        return f"{items[0]}{separator}{joint} {items[1]}"
    comma = "; " if any("," in i for i in items) else ", "
    return f"{comma.join(items[:-1])}{comma}{joint} {items[-1]}"


def sentence(text: str) -> str:
    """The text as one sentence: a capital first (names keep their case), one closing mark, single spaces."""
    text = " ".join(text.split())
    text = re.sub(r"\s+([,.;:?!])", r"\1", text)
    if not text.endswith((".", "?", "!")):
        text += "."
    return capital(text)


def capital(text: str) -> str:
    """Upper-case the first letter, unless the first word is a code such as `hOc3d` or `pre-SMA`, whose case is its name."""
    first = re.split(r"[\s,;:]", text, maxsplit=1)[0]
    return text if re.search(r"[A-Z0-9*/]", first[1:]) else text[:1].upper() + text[1:]


def area_names(region: Region | None, name: str) -> tuple[str, ...]:
    """Ways to call a brain region inside a sentence, e.g. ("area FG1", "FG1") or ("the retrosplenial area",)."""
    plain = " ".join(name.split())
    if _AREA_WORDS.search(plain):
        starts = re.match(r"(the|area|areas|nucleus|field|region)\b", plain, re.I)
        return (plain,) if starts else (f"the {plain}",)
    if re.fullmatch(r"\S{1,8}(?:, \S{1,8})*,? (?:and|&) \S{1,8}", plain):
        return (f"areas {plain}",)
    nucleus = region is not None and any(re.search(r"\bnucle(?:us|i)\b", n, re.I) for n in region.aliases)
    if nucleus or re.search(r"[a-z]{4,}", plain):
        return (plain,)
    return (f"area {plain}", plain) if not plain.isdigit() else (f"area {plain}",)


def is_plural(called: str) -> bool:
    """True for a name that takes a plural verb, such as "areas 10d and 10o"."""
    return bool(_PLURAL.search(called))
