"""Layer names in running text: isocortical layers in roman or arabic numerals, sublayers, ranges, and layers that have names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

ORDER = ("I", "II", "III", "IV", "V", "VI")
WHITE_MATTER = "WM"
_ARABIC = dict(zip("123456", ORDER, strict=True))

_ROMAN = r"p?(?:IV|VI|V|I{1,3})(?:\s?[abcABC](?:[αβ12])?(?![A-Za-z]))?"
_NUMERAL = rf"(?:{_ROMAN}|[1-6][ab]?(?!\.?\d))(?![A-Za-z0-9])"
_GLUE = r"\s*(?:,\s*and|,\s*or|,|and|or|/|-|&|to|as well as)\s*(?:(?:sub)?layers?\s+|laminae?\s+|in\s+(?:sub)?layers?\s+)?"
_NUMBERED = re.compile(
    rf"\b(?P<part>(?:lower|deeper|deep|upper|superficial|outer|inner)\s+(?:(?:part|portion|half|third|parts|portions)\s+of\s+)?)?"
    rf"(?:cortical\s+|cellular\s+)?(?:(?:infra|supra)granular\s+)?\(?(?:[Ss]ub)?(?:[Ll]ayers?|[Ll]amina(?:e)?|strat(?:um|a))\s+"
    rf"(?P<list>{_NUMERAL}(?:{_GLUE}(?:{_NUMERAL}|[bc]\b))*)"
    rf"(?P<sub>\s+(?:and|or)\s+[bc]\b)?"
)
_BETWEEN = re.compile(rf"(?<=between )(?P<list>{_ROMAN}\s+and\s+{_ROMAN})(?![A-Za-z0-9])")
_BARE = re.compile(
    r"(?<![A-Za-z0-9])(?P<part>lower\s+|deep\s+)?(?P<list>p?(?:III|II|IV|VI|V)[abc](?:(?:\s+and\s+|/|-|,\s*)(?:III|II|IV|VI|V)?[abc])*)(?![A-Za-z0-9])"
)
_SHORT = re.compile(r"(?<![A-Za-z0-9])L(?P<list>[1-6][ab]?(?:[/-](?:L)?[1-6][ab]?)?)(?![A-Za-z0-9])")
_NAME = (
    r"(?:olfactory nerve|external plexiform|internal plexiform|superficial gr[ae]y|intermediate gr[ae]y|deep gr[ae]y|molecular|granule|granular|"
    r"external granular|internal granular|inner granular|outer granular|pyramidal|external pyramidal|internal pyramidal|multiform|polymorph(?:ic)?|oriens|radiatum|"
    r"lucidum|lacunosum-moleculare|radiatum-lacunosum-molecular|lacunosum|purkinje|plexiform|mitral|glomerular|dissecans|zonal|optic|"
    r"principal|fusiform|ganglionic|marginal)"
)
_NAMED = re.compile(
    rf"\b(?:(?P<depth>superficial|deep|external|internal|outer|inner)\s+)?(?P<names>{_NAME}(?:(?:,\s*and|,|\s+and)\s+{_NAME})*)(?P<cell>\s+cells?)?\s+(?P<sub>sub)?layers?\b(?:\s*\(?(?:layers?\s+)?(?P<numeral>{_NUMERAL}(?:{_GLUE}{_NUMERAL})*)\)?)?",
    re.IGNORECASE,
)
_STRATUM = re.compile(
    r"\bstrat(?:um|a)\s+(?P<names>pyramidale|radiatum|oriens|lucidum|lacunosum-moleculare|lacunosum|granulosum|moleculare|multiforme|pyramidalis)\b",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"\b(?P<which>supragranular|infragranular|external|internal|superficial|deeper|deep|outer|inner|upper|lower)\s+(?:cortical\s+|cellular\s+)?layers\b",
    re.IGNORECASE,
)
_DISSECANS = re.compile(r"\blamina\s+dissecans\b", re.IGNORECASE)
_WHITE = re.compile(r"\b(?:subcortical\s+)?white[\s-]matter\b", re.IGNORECASE)
_BACK = re.compile(
    r"\b(?:this|the|that|these|those|its)\s+(?:latter\s+|same\s+|former\s+)?(?:sub)?layers?\b(?!\s*(?-i:[IVL1-6]))", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\b(?:all|most|individual|cortical)\s+(?:the\s+)?(?:cortical\s+)?(?:layers|laminae)\b|\b(?<!sub)layers\b(?!\s*(?-i:[IV1-6]))",
    re.IGNORECASE,
)
_SYNONYM = {
    "external granular": "II",
    "outer granular": "II",
    "internal granular": "IV",
    "inner granular": "IV",
    "ganglionic": "V",
    "supragranular": "II-III",
    "infragranular": "V-VI",
}


@dataclass(frozen=True)
class LayerMention:
    """`text[start:end]` names these layers. `back` marks one that points to a layer named before ("this layer")."""

    start: int
    end: int
    layers: tuple[str, ...]
    back: bool = False


def find_layers(text: str) -> list[LayerMention]:
    """Mentions in order, not overlapping; `text` has plain hyphens (see `mentions.flatten`)."""
    found: list[LayerMention] = []
    for candidate in _candidates(text):
        free = all(candidate.end <= f.start or candidate.start >= f.end for f in found)
        if free and (candidate.layers or candidate.back):
            found.append(candidate)
    return sorted(found, key=lambda m: m.start)


def _candidates(text: str) -> Iterable[LayerMention]:
    folded = text.lower()
    if "white" in folded:
        yield from (LayerMention(m.start(), m.end(), (WHITE_MATTER,)) for m in _WHITE.finditer(text))
    if "layer" in folded or "lamina" in folded or "strat" in folded:
        for m in _NAMED.finditer(text):
            yield LayerMention(m.start(), m.end(), _named(m))
        for m in _NUMBERED.finditer(text):
            yield LayerMention(m.start(), m.end(), numbered(m.group("list") + (m.group("sub") or ""), m.group("part") or ""))
        for m in _STRATUM.finditer(text):
            yield LayerMention(m.start(), m.end(), (f"stratum {m.group('names').lower()}",))
        for m in _DISSECANS.finditer(text):
            yield LayerMention(m.start(), m.end(), ("lamina dissecans",))
        for m in _GROUP.finditer(text):
            yield LayerMention(m.start(), m.end(), (_SYNONYM.get(m.group("which").lower(), f"{m.group('which').lower()} layers"),))
        for m in _BACK.finditer(text):
            yield LayerMention(m.start(), m.end(), (), back=True)
        for m in _WHOLE.finditer(text):
            yield LayerMention(m.start(), m.end(), ("all",))
    for m in _BETWEEN.finditer(text):
        yield LayerMention(m.start(), m.end(), numbered(m.group("list")))
    for m in _BARE.finditer(text):
        yield LayerMention(m.start(), m.end(), numbered(m.group("list"), m.group("part") or ""))
    for m in _SHORT.finditer(text):
        yield LayerMention(m.start(), m.end(), numbered(m.group("list")))


def _named(match: re.Match[str]) -> tuple[str, ...]:
    if match.group("numeral"):
        return numbered(match.group("numeral"))
    sub = "sublayer" if match.group("sub") else "layer"
    depth = f"{match.group('depth').lower()} " if match.group("depth") else ""
    if depth and sub == "layer":
        return tuple(_SYNONYM.get(f"{depth}{n.lower()}", f"{depth}{n.lower()} layer") for n in _split(match.group("names")))
    if depth:
        return tuple(f"{depth}{n.lower()} sublayer" for n in _split(match.group("names")))
    names = _split(match.group("names"))
    if match.group("cell") and len(names) == 1 and names[0].lower() not in _SYNONYM:
        names = [f"{names[0]} cell"]
    return tuple(_SYNONYM.get(n.lower(), f"{n.lower()} {sub}") if sub == "layer" else f"{n.lower()} sublayer" for n in names)


def _split(names: str) -> list[str]:
    return re.split(r"(?:,\s*and|,|\s+and)\s+", names)


def numbered(text: str, part: str = "") -> tuple[str, ...]:
    """Layers of a list such as `II, IIIa and b`, `V and VI`, `2/3`, `II-IV`, each in the notation `II`, `IIIa`, `II-III`."""
    pieces = re.findall(r"p?[IV]+\s?[abcABC]?\b|[1-6][ab]?|\b[abc]\b|/|-|\bto\b", text)
    layers: list[str] = []
    ranged = False
    for piece in pieces:
        if piece in {"/", "-", "to"}:
            ranged = True
            continue
        layer = _canonical(piece, layers[-1] if layers else "")
        if not layer:
            continue
        if ranged and layers and base(layers[-1]) and base(layer) and base(layers[-1]) != base(layer):
            layers[-1] = f"{layers[-1].split('-')[0]}-{layer}"
        elif ranged and layers and base(layers[-1]) == base(layer):
            layers += [x for x in _sublayers(layers[-1], layer) if x not in layers]
        else:
            layers.append(layer)
        ranged = False
    if re.match(r"lower|deep(?!er\s+layers)", part, re.IGNORECASE) and layers == ["III"]:
        layers = ["IIIc"]
    elif re.match(r"upper|superficial|outer", part, re.IGNORECASE) and layers == ["III"]:
        layers = ["IIIa"]
    return tuple(dict.fromkeys(layers))


def _canonical(piece: str, previous: str) -> str:
    piece = piece.replace(" ", "").removeprefix("p")
    if piece in {"a", "b", "c"}:
        return f"{base(previous)}{piece}" if base(previous) else ""
    if piece[0] in _ARABIC:
        return _ARABIC[piece[0]] + piece[1:]
    roman = re.fullmatch(r"([IV]+)([abcABC]?)", piece)
    return f"{roman.group(1)}{roman.group(2).lower()}" if roman and roman.group(1) in ORDER else ""


def _sublayers(first: str, last: str) -> list[str]:
    letters = "abc"
    if first[-1] in letters and last[-1] in letters:
        return [f"{base(first)}{x}" for x in letters[letters.index(first[-1]) : letters.index(last[-1]) + 1]]
    return [last]


def base(layer: str) -> str:
    """The layer that a sublayer belongs to (`IIIc` gives `III`); empty for ranges and layers that have names."""
    plain = layer.rstrip("abc")
    return plain if plain in ORDER else ""


def between(one: str, other: str) -> str:
    """The border between two layers, upper one first (`II-III`, `IIIc-IV`, `VI-WM`)."""
    if WHITE_MATTER in (one, other):
        return "VI-WM"
    if one == other or "all" in (one, other):
        return one if other == "all" else other
    ranks = {x: i for i, x in enumerate(ORDER)}
    if base(one) and base(other):
        one, other = sorted((one, other), key=lambda x: (ranks[base(x)], x))
    return f"{one}-{other}"
