"""Layer names in running text: isocortical layers in any notation, sublayers, ranges, parts of layers, and layers that have names.

Notation out: `I` to `VI`, sublayers `IIIa`, ranges `II-III`, `all` for the whole depth, `WM` for the white matter, names in lower
case ("pyramidal layer", "stratum radiatum").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

ORDER = ("I", "II", "III", "IV", "V", "VI")
WHITE_MATTER = "WM"
_ARABIC: dict[str, str] = dict(zip("123456", ORDER, strict=True))
_UNICODE = dict(zip("ⅠⅡⅢⅣⅤⅥⅰⅱⅲⅳⅴⅵ", ORDER * 2, strict=True))
_ORDINAL: dict[str, str] = dict(zip(("first", "second", "third", "fourth", "fifth", "sixth"), ORDER, strict=True))
_GREEK = {"alpha": "α", "beta": "β", "gamma": "γ"}

_SUB = r"(?:[abcABC](?:\s?(?:[αβγ]|alpha|beta)|[12])?(?![A-Za-z]))"
_ROMAN = rf"p?(?:IV|VI|V|I{{1,3}}|[ⅠⅡⅢⅣⅤⅥ])(?:{_SUB}|\s(?=[bcBC]\b){_SUB})?"
_LOWER = r"(?:iv|vi|v|i{1,3}|[ⅰⅱⅲⅳⅴⅵ])[abc]?"
_NUMERAL = rf"(?:{_ROMAN}|[1-6]{_SUB}?(?!\.?\d))(?:st|nd|rd|th)?(?![A-Za-z0-9])"
_ANY_CASE = rf"(?:{_NUMERAL}|{_LOWER}(?![A-Za-z0-9]))"
_WORD_ORDINAL = r"(?:first|second|third|fourth|fifth|sixth)"
_KIND = r"(?:[Ss]ub)?(?:[Ll]ayers?|[Ll]amina(?:e|s)?|strat(?:um|a))"
_GLUE = r"\s*(?:,\s*and|,\s*or|,|and|or|/|&|-|to|through|as well as)\s*(?:in\s+)?"
_POSITION = r"(?:uppermost|upper|superficial|outermost|outer|external|lowermost|lower|deepest|deeper|deep|innermost|inner|internal|middle|infragranular|supragranular)"
_PIECE = r"(?:part|portion|hal(?:f|ve)|third|zone|tier|stripe|level|aspect|segment|region|sublayer|sublamina|division|band|strip)s?"
_PART = rf"(?P<part>(?:(?:depth|bottom|base|top)\s+of\s+(?:the\s+)?)|(?:most\s+)?{_POSITION}(?:\s+(?:and|or)\s+{_POSITION})?(?:most)?\s+(?:(?:{_PIECE})\s+(?:of|in)\s+(?:the\s+)?)?)?"
_LIST = rf"(?P<list>{_NUMERAL}(?:{_GLUE}(?:{_NUMERAL}|[bc]\b))*)"
_NUMBERED = re.compile(
    rf"\b{_PART}(?:cortical\s+|cellular\s+|corresponding\s+)?(?:(?:infra|supra)granular\s+)?\(?{_KIND}\s+\(?"
    rf"(?P<list>{_ANY_CASE}(?:{_GLUE}(?:{_ANY_CASE}|[bc]\b))*)(?P<sub>\s+(?:and|or)\s+[bc]\b)?"
)
_REVERSED = re.compile(
    rf"(?<![A-Za-z0-9]){_PART}(?P<list>(?:{_ROMAN}|[1-6])(?:st|nd|rd|th)(?:{_GLUE}(?:{_ROMAN}|[1-6])(?:st|nd|rd|th))*)\s+(?:cortical\s+)?{_KIND}\b"
)
_WORDED = re.compile(
    rf"\b{_PART}(?P<list>{_WORD_ORDINAL}(?:\s*(?:,\s*and|,|and|or|to)\s*(?:the\s+)?{_WORD_ORDINAL})*)\s+(?:cortical\s+|cell(?:ular)?\s+)?(?:[Ll]ayers?|[Ll]aminae?)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(rf"(?<=between )(?P<list>{_ROMAN}\s+and\s+{_ROMAN})(?![A-Za-z0-9])")
_BARE = re.compile(
    rf"(?<![A-Za-z0-9-]){_PART}(?P<list>p?(?:III|II|IV|VI|V|I)[abcABC](?:\s?[αβγ]|[12])?(?:(?:\s+and\s+|\s+or\s+|/|-|\s+to\s+|,\s*)(?:III|II|IV|VI|V|I)?[abcABC](?![A-Za-z]))*)(?![A-Za-z0-9])"
)
_RANGE = re.compile(r"(?<![A-Za-z0-9-])(?P<list>(?:III|II|IV|VI|V|I)[abc]?(?:/|-)(?:III|II|IV|VI|V)[abc]?)(?![A-Za-z0-9-])")
_PLACED = re.compile(
    rf"(?<![A-Za-z0-9-])(?P<part>{_POSITION}\s+)(?P<list>(?:III|II|IV|VI|V)(?:\s*(?:,|and|/|-)\s*(?:III|II|IV|VI|V))*)(?![A-Za-z0-9-])"
)
_ELLIPTIC = re.compile(
    r"\b(?:in|of|to|or|and|from|than|with)\s+(?P<list>(?:III|II|IV|VI|V)(?:\s*(?:,|and|/|-)\s*(?:III|II|IV|VI|V))*)(?![A-Za-z0-9-])"
)
_NUMBER_ALONE = re.compile(
    rf"(?:(?<=\bthe\s)|(?<=\bits\s))(?P<list>{_WORD_ORDINAL}|(?:III|II|IV|VI|V|I)(?:st|nd|rd|th))(?=,?\s+(?:is|are|was|were|has|had|contains?|holds?|shows?|consists?|fades?|merges?|"
    r"appears?|lacks?|being|stains?|comprises?|thin|broad|wide|narrow|dense|sparse)\b)",
    re.IGNORECASE,
)
_NUMBER_LAST = re.compile(
    rf"(?:(?<=\bin the )|(?<=\bof the )|(?<=\bthan the ))(?P<list>{_WORD_ORDINAL})(?=\s*[.,;)]|$|\s+(?:but|while|whereas)\b)",
    re.IGNORECASE,
)
_LONE = re.compile(
    r"(?<![A-Za-z0-9.'-])(?P<list>(?:III|II|IV|VI|V)[abc]?(?:(?:\s*,\s*and|\s*,|\s+and|\s*&|\s*/|\s*-|\s+to)\s*(?:III|II|IV|VI|V)[abc]?(?![A-Za-z0-9]))*"
    r"|(?:(?<=in )|(?<=of )|(?<=and )|(?<=, )|^)I(?=[:;,.]|\s+(?:is|are|has|and)\b))(?![A-Za-z0-9])"
)
_LONE_ORDINAL = re.compile(
    rf"\b(?:the|its|a)\s+(?P<list>{_WORD_ORDINAL})(?=\s*(?:[,.;:?)]|$)|\s+(?:one\b|and\b|or\b|but\b|while\b|whereas\b|whose\b|which\b|that\b|as\b|is\b|are\b|was\b|has\b|"
    rf"holds\b|contains\b|shows\b|than\b|with\b|in\b|remains\b|seems\b|looks\b|appears\b|lacks\b|merges\b|can\b|cannot\b|too\b|consists\b))",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"(?<![A-Za-z0-9])L(?P<list>(?:[1-6]|VI|IV|V|I{1,3})(?:[abcABC][αβ]?)?(?:\s?(?:/|-)\s?L?(?:[1-6]|VI|IV|V|I{1,3})(?:[abcABC][αβ]?)?)*)(?![A-Za-z0-9])"
)
_NAME = (
    r"(?:olfactory nerve|white|gr[ae]y|external plexiform|internal plexiform|superficial gr[ae]y|intermediate gr[ae]y|deep gr[ae]y|molecular|granule|granular|"
    r"pyramidal|multiform|polymorph(?:ic|ous)?|oriens|radiatum|"
    r"lucidum|lacunosum-moleculare|radiatum-lacunosum-molecular|lacunosum|purkinje|plexiform|mitral|glomerular|dissecans|zonal|optic|"
    r"principal|fusiform|spindle|ganglionic|ganglion|marginal|subpial)"
)
_NAMED = re.compile(
    rf"\b(?:(?P<depth>superficial|intermediate|deep|external|internal|outer|inner)(?:\s+and\s+(?P<other>superficial|deep|external|internal|outer|inner))?\s+)?"
    rf"(?P<names>{_NAME}(?:(?:,\s*and|,|\s+and)\s+{_NAME})*)(?P<cell>\s+cells?)?\s+(?P<sub>sub)?(?:layers?|lamina|stratum)\b"
    rf"(?:\s*\(?(?:layers?\s+)?(?P<numeral>{_NUMERAL}(?:{_GLUE}{_NUMERAL})*)\)?)?",
    re.IGNORECASE,
)
_OF_CELLS = re.compile(
    r"\b(?:single\s+)?layers?\s+of\s+(?:the\s+)?(?P<name>pyramidal|polymorphic|polymorphous|polymorph|granule|granular|multiform|Purkinje)\s+cells?\b"
)
_LATIN = {
    "molecularis": "I", "zonalis": "I", "plexiformis": "I",
    "granularis externa": "II", "corpuscularis": "II", "pyramidalis externa": "III", "pyramidalis": "III", "granularis interna": "IV", "granularis": "IV",
    "pyramidalis interna": "V", "ganglionaris": "V", "gangliosa": "V", "ganglionaris interna": "V", "multiformis": "VI", "fusiformis": "VI",
}  # fmt: skip
_LAMINA = re.compile(
    rf"\blaminae?\s+(?P<names>(?:{'|'.join(sorted(_LATIN, key=len, reverse=True))}))\b(?:\s*\((?:layer\s+)?{_NUMERAL}\))?",
    re.IGNORECASE,
)
_STRATUM = re.compile(
    r"\bstrat(?:um|a)\s+(?P<names>pyramidale|pyramidalis|radiatum|oriens|lucidum|lacunosum[\s-]moleculare|lacunosum|granulosum|granulare|moleculare|multiforme|"
    r"gangliosum|cinereum|griseum|opticum|zonale|album|plexiforme|polymorphe)\b(?:\s+(?P<rest>superficiale|intermediale|medium|profundum))?",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"\b(?P<which>supragranular|infragranular|external|internal|superficial|deeper|deep|outer|inner|upper|lower)\s+(?:cortical\s+|cellular\s+|cell\s+)?(?P<kind>layers|laminae|layer)\b(?!\s*(?-i:\(?[IV1-6]))",
    re.IGNORECASE,
)
_ZONE = re.compile(
    rf"\b(?:its\s+)?(?P<part>{_POSITION})(?:\s+[a-z]+){{0,2}}\s+(?:zone|tier|stripe|sublayer|sublamina|part|portion|half|third|band|division)s?\b(?!\s+(?:of|in)\s+(?:the\s+)?(?:areas?\b|cortex|nucle|field|region))",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"\b[Ll](?:ayers?|amina[e]?)\s+(?P<list>[A-HJ-U]\d?(?:(?:,\s*|\s+and\s+)[A-HJ-U]\d?)*)(?![\w.-])")
_DISSECANS = re.compile(r"\blamina\s+(?:dissecans|desiccans)\b", re.IGNORECASE)
_WHITE = re.compile(r"\b(?:subcortical\s+|underlying\s+)?white[\s-](?:matter|substance)\b", re.IGNORECASE)
_BACK = re.compile(
    r"\b(?:this|the|that|these|those|its(?!\s+(?:layers|laminae)\b)|both)\s+(?:latter\s+|same\s+|former\s+|two\s+)?(?:sub)?(?:layers?|laminae?)\b(?!\s*(?-i:\(?[IVL1-6]|of\s+\w+\s+cells))",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"\b(?:all|most|individual|cortical|cell|the|its)\s+(?:the\s+)?(?:cortical\s+|cell(?:ular)?\s+)?(?:layers|laminae)\b(?!\s*(?-i:\(?[IV1-6]))|\b(?<!sub)layers\b(?!\s*(?-i:\(?[IV1-6]))",
    re.IGNORECASE,
)
_SYNONYM = {
    "external granular": "II",
    "outer granular": "II",
    "internal granular": "IV",
    "inner granular": "IV",
    "external pyramidal": "III",
    "outer pyramidal": "III",
    "internal pyramidal": "V",
    "inner pyramidal": "V",
    "ganglionic": "V",
    "supragranular": "II-III",
    "infragranular": "V-VI",
}
_ISOCORTICAL = {"molecular layer": "I", "plexiform layer": "I", "multiform layer": "VI", "polymorph layer": "VI", "polymorphic layer": "VI", "polymorphous layer": "VI",
                "fusiform layer": "VI", "spindle layer": "VI"}  # fmt: skip
_ALLOCORTEX = re.compile(
    r"^CA\d?[a-z]?$|^(?:FD|DG|Sub|ProS|PreS|PaS|TrS|HATA)$|hippocamp|subicul|ammon|dentat|hilus|cerebell|vermis|flocculus|lobule|colli?cul|tectum|retina|"
    r"olfactory|bulb|piriform|prepiriform|induseum|indusium|cochlear|striat(?:um|al)",
    re.IGNORECASE,
)
_UPPER = re.compile(r"upper|top of|superficial|outer|external|supragranular", re.IGNORECASE)
_LOWERED = re.compile(r"lower|depth|bottom|base of|deep|inner|internal|infragranular", re.IGNORECASE)


@dataclass(frozen=True)
class LayerMention:
    """`text[start:end]` names these layers. `back` marks one that points to a layer named before ("this layer", "its outer zone");
    `part` is then "upper" or "lower" where it means a part of that layer."""

    start: int
    end: int
    layers: tuple[str, ...]
    back: bool = False
    part: str = ""


def find_layers(text: str, *, lone: bool = False) -> list[LayerMention]:
    """Mentions in order, not overlapping; `text` has plain hyphens (see `mentions.flatten`).

    lone: numerals and ordinals that stand alone ("broad III", "the fifth") are layers wherever they stand, as in captions.
    """
    found: list[LayerMention] = []
    for candidate in (*_candidates(text), *(_lone(text) if lone else ())):
        free = all(candidate.end <= f.start or candidate.start >= f.end for f in found)
        if free and (candidate.layers or candidate.back):
            found.append(candidate)
    return sorted(found, key=lambda m: m.start)


def _candidates(text: str) -> Iterable[LayerMention]:
    folded = text.lower()
    if "white" in folded:
        yield from (LayerMention(m.start(), m.end(), (WHITE_MATTER,)) for m in _WHITE.finditer(text))
    if "layer" in folded or "lamina" in folded or "strat" in folded:
        yield from _spelled(text)
    for m in _BETWEEN.finditer(text):
        yield LayerMention(m.start(), m.end(), numbered(m.group("list")))
    for m in _BARE.finditer(text):
        yield LayerMention(m.start(), m.end(), numbered(m.group("list"), m.group("part") or ""))
    for m in _PLACED.finditer(text):
        yield LayerMention(m.start(), m.end(), numbered(m.group("list"), m.group("part")))
    if (
        "layer" in folded or "lamina" in folded
    ):  # "layer V is wider than III": a numeral alone means a layer where layers are spoken of
        for m in _ELLIPTIC.finditer(text):
            yield LayerMention(m.start("list"), m.end(), numbered(m.group("list")))
    for pattern in (_SHORT, _RANGE):
        for m in pattern.finditer(text):
            yield LayerMention(m.start(), m.end(), numbered(m.group("list").replace("L", "")))
    if "zone" in folded or "layer" in folded or "part" in folded or "portion" in folded or "tier" in folded or "half" in folded:
        for m in _ZONE.finditer(text):
            yield LayerMention(m.start(), m.end(), (), back=True, part=side_of(m.group("part")))


def _lone(text: str) -> Iterable[LayerMention]:
    for m in _LONE.finditer(text):
        yield LayerMention(m.start("list"), m.end("list"), numbered(m.group("list")))
    for m in _LONE_ORDINAL.finditer(text):
        yield LayerMention(m.start("list"), m.end("list"), (_ORDINAL[m.group("list").lower()],))


def _spelled(text: str) -> Iterable[LayerMention]:
    """Mentions that hold the word layer, lamina or stratum."""
    for m in _LAMINA.finditer(text):
        yield LayerMention(m.start(), m.end(), (_LATIN[m.group("names").lower()],))
    for m in _NAMED.finditer(text):
        yield LayerMention(m.start(), m.end(), _named(m))
    for pattern in (_NUMBERED, _REVERSED):
        for m in pattern.finditer(text):
            yield LayerMention(
                m.start(), m.end(), numbered(m.group("list") + (m.groupdict().get("sub") or ""), m.group("part") or "")
            )
    for m in _NUMBER_LAST.finditer(text):  # "the second layer holds small cells, giant ones lie in the fifth"
        yield LayerMention(m.start("list"), m.end(), (_ORDINAL[m.group("list").lower()],))
    for m in _NUMBER_ALONE.finditer(text):  # "the second layer is dense, the third contains ..."
        number = _ORDINAL.get(m.group("list").lower(), m.group("list"))
        yield LayerMention(m.start("list"), m.end(), numbered(number))
    for m in _WORDED.finditer(text):
        named = re.sub(_WORD_ORDINAL, lambda w: _ORDINAL[w.group().lower()], m.group("list"), flags=re.IGNORECASE)
        yield LayerMention(m.start(), m.end(), numbered(named, m.group("part") or ""))
    for m in _STRATUM.finditer(text):
        rest = f" {m.group('rest').lower()}" if m.group("rest") else ""
        yield LayerMention(m.start(), m.end(), (f"stratum {m.group('names').lower().replace(' ', '-')}{rest}",))
    for m in _OF_CELLS.finditer(text):
        name = m.group("name").lower()
        yield LayerMention(m.start(), m.end(), ("granular layer" if name == "granule" else f"{name} layer",))
    yield from _lettered(text)
    yield from _grouped(text)


def _lettered(text: str) -> Iterable[LayerMention]:
    """`layer A`, `layers C1 and C2` of a geniculate nucleus."""
    for m in _LETTERED.finditer(text):
        yield LayerMention(m.start(), m.end(), tuple(re.findall(r"[A-HJ-U]\d?", m.group("list"))))


def _grouped(text: str) -> Iterable[LayerMention]:
    for m in _DISSECANS.finditer(text):
        yield LayerMention(m.start(), m.end(), ("lamina dissecans",))
    for m in _GROUP.finditer(text):
        cell = "cell " if re.search(r"\bcell", m.group(), re.IGNORECASE) else ""
        name = f"{m.group('which').lower()} {cell}{'layer' if m.group('kind').lower() == 'layer' else 'layers'}"
        yield LayerMention(m.start(), m.end(), (_SYNONYM.get(m.group("which").lower(), name),))
    for m in _BACK.finditer(text):
        yield LayerMention(m.start(), m.end(), (), back=True)
    for m in _WHOLE.finditer(text):
        yield LayerMention(m.start(), m.end(), ("all",))


def _named(match: re.Match[str]) -> tuple[str, ...]:
    if match.group("numeral"):
        return numbered(match.group("numeral"))
    kind = "sublayer" if match.group("sub") else "layer"
    depths = [d.lower() for d in (match.group("depth"), match.group("other")) if d]
    names = [n.lower() for n in re.split(r"(?:,\s*and|,|\s+and)\s+", match.group("names"))]
    if match.group("cell") and len(names) == 1 and names[0] not in ("granule", "pyramidal", "granular"):
        names = [f"{names[0]} cell"]
    names = ["granular" if n == "granule" else n for n in names]
    full = [f"{d} {n}" for d in depths for n in names] or names
    if kind == "sublayer":
        return tuple(f"{n} sublayer" for n in full)
    return tuple(_SYNONYM.get(n, f"{n} layer") for n in full)


def is_allocortical(names: Iterable[str]) -> bool:
    """Whether a region with these names has strata of its own kind, so that its molecular layer is not layer I."""
    return any(_ALLOCORTEX.search(n) for n in names)


def isocortical(layer: str) -> str:
    """The number of a layer of the isocortex that has a name ("multiform layer" is VI); other layers as they are."""
    return _ISOCORTICAL.get(layer, layer)


def numbered(text: str, part: str = "") -> tuple[str, ...]:
    """Layers of a list such as `II, IIIa and b`, `V and VI`, `2/3`, `II-IV`, each in the notation `II`, `IIIa`, `II-III`."""
    pieces = re.findall(
        r"p?(?:[IVⅠ-Ⅵ]+|[ivⅰ-ⅵ]+(?![a-z]*[d-uw-z]))(?:\s?[abcABC](?:\s?(?:[αβγ]|alpha|beta)|[12])?(?![A-Za-z]))?|[1-6](?:[abcABC](?:[αβγ]|[12])?(?![A-Za-z]))?|\b[abc]\b|/|-|\bto\b|\bthrough\b",
        text,
    )
    layers: list[str] = []
    ranged = False
    for piece in pieces:
        if piece in {"/", "-", "to", "through"}:
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
    return in_part(tuple(dict.fromkeys(layers)), side_of(part) if _of_one(part) else "", _is_zone(part))


def side_of(part: str) -> str:
    """ "upper" or "lower", "" for neither or both."""
    upper, lower = bool(_UPPER.search(part)), bool(_LOWERED.search(part))
    return "" if upper == lower else "upper" if upper else "lower"


def _of_one(part: str) -> bool:
    return not re.match(r"deeper\s+$", part, re.IGNORECASE) or bool(re.search(_PIECE, part, re.IGNORECASE))


def _is_zone(part: str) -> bool:
    return bool(re.search(r"zone|tier|stripe|sublayer|sublamina|band", part, re.IGNORECASE))


def in_part(layers: tuple[str, ...], side: str, zone: bool = False) -> tuple[str, ...]:
    """Layers narrowed to their upper or lower part: III has IIIa and IIIc; a zone of another layer is its a or b; halves are not."""
    if not side or len(layers) != 1 or layers[0] not in ORDER:
        return layers
    if layers[0] == "III":
        return ("IIIa",) if side == "upper" else ("IIIc",)
    return (f"{layers[0]}{'a' if side == 'upper' else 'b'}",) if zone else layers


def _canonical(piece: str, previous: str) -> str:
    for name, sign in _GREEK.items():
        piece = piece.replace(name, sign)
    piece = piece.replace(" ", "").removeprefix("p")
    if piece in {"a", "b", "c"}:
        return f"{base(previous)}{piece}" if base(previous) else ""
    if piece[0] in _ARABIC:
        return _ARABIC[piece[0]] + piece[1:].lower()
    if piece[0] in _UNICODE:
        return _UNICODE[piece[0]] + piece[1:].lower()
    roman = re.fullmatch(r"([IViv]+)([abcABC]?(?:[αβγ]|[12])?)", piece)
    return f"{roman.group(1).upper()}{roman.group(2).lower()}" if roman and roman.group(1).upper() in ORDER else ""


def _sublayers(first: str, last: str) -> list[str]:
    letters = "abc"
    if first[-1] in letters and last[-1] in letters:
        return [f"{base(first)}{x}" for x in letters[letters.index(first[-1]) : letters.index(last[-1]) + 1]]
    return [last]


def base(layer: str) -> str:
    """The layer that a sublayer belongs to (`IIIc` gives `III`); empty for ranges and layers that have names."""
    root = re.sub(r"[abc](?:[αβγ]|[12])?$", "", layer)
    return root if root in ORDER else ""


def between(one: str, other: str) -> str:
    """The border of two layers, from the surface down: `between("IV", "IIIc")` is `IIIc-IV`, with the white matter `VI-WM`."""
    if WHITE_MATTER in (one, other):
        return "VI-WM"
    if "all" in (one, other) or one == other:
        return other if one == "all" else one
    ranks = {x: i for i, x in enumerate(ORDER)}
    if base(one) and base(other):
        one, other = sorted((one, other), key=lambda x: (ranks[base(x)], x))
    return f"{one}-{other}"
