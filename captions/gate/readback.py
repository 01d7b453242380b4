"""Read a caption word by word: each describing word with its possible senses, the layer it is bound to, and its polarity."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

from literature_mining.claims.lexicon import Lexicon, Sense, forms, load_lexicon

_TOKEN = re.compile(r"[A-Za-z][A-Za-z'/*]*\d*|\d+(?:\.\d+)?|[.,;:?!()]", re.ASCII)
_ROMAN = r"(?:VI|IV|V|I{1,3})(?:[a-d])?|[1-6][a-d]?"
_NUMBERED = re.compile(
    rf"\b(?P<part>(?:lower|deep|deeper|upper|superficial)\s+(?:part of\s+)?)?"
    rf"(?:sub)?(?:[Ll]ayers?|[Ll]aminae?)\s+(?P<list>(?:{_ROMAN})(?:(?:\s*(?:,|-|–|/|to|through|and|or|,\s*and)\s*)(?:{_ROMAN})(?![a-z]))*)\b"
)
_BARE = re.compile(r"(?<![\w/-])(?P<list>VI|IV|V|I{2,3})(?P<sub>[a-d])?(?![\w/-])")
_NAMED = re.compile(
    r"\b((?:(?!the|a|an|in|of|with|and|its|thin|broad|wide|than)[a-z-]+\s+){1,3}(?:sub)?layers?)\b|\b(sublayer [a-z]+)\b"
)
_GROUPS = {
    "supragranular layers": "II-III",
    "infragranular layers": "V-VI",
    "internal granular layer": "IV",
    "inner granular layer": "IV",
}
_ARABIC = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "VI"}
_STOPS = {"is", "are", "was", "has", "have", "shows", "show", "than", "while", "whereas", "but", "contains", "contain", "appears"}
_HOPS = {"and", "or"}
_AWAY = {"below", "above", "over", "under", "beneath", "on", "to", "with", "from", "that", "which", "beside", "next", "against"}
_TOLD = {"is", "are", "appears", "appear", "looks", "look", "being"}
_LIES = {"found", "seen", "present", "located", "observed", "absent", "missing", "lying", "situated"}
_REACH = 8


@dataclass(frozen=True)
class Layer:
    """A mention of a layer: `name` in the claims' vocabulary ("IV", "II-III", "pyramidal layer"), several joined by "+"; offsets half-open."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """One describing word. senses: what it may say; layer: what it is bound to ("" unknown); sure: they stand together ("thin layer
    IV", "cells in layer V"); compares: it is a comparative."""

    senses: frozenset[Sense]
    layer: str
    sure: bool
    stated: bool
    compares: bool
    start: int
    end: int


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int


@lru_cache
def caption_lexicon() -> Lexicon:
    """The mining lexicon with the words that captions use beyond it."""
    with as_file(files("captions") / "data" / "caption_words.toml") as path:
        return load_lexicon(path)


def read_words(text: str, named_layers: Sequence[str] = ()) -> list[Reading]:
    """Describing words of the lexicon in a caption, in order. named_layers: layers with names of their own ("pyramidal layer")."""
    lexicon = caption_lexicon()
    tokens = _tokens(text)
    layers = find_layers(text, named_layers)
    readings = []
    at = 0
    while at < len(tokens):
        size, senses, compares, is_type = _match(tokens, at, lexicon)
        if not size or any(lay.start <= tokens[at].start < lay.end for lay in layers):
            at += 1
            continue
        first, last = tokens[at], tokens[at + size - 1]
        if readings and first.text.lower() == "packed" and not text[readings[-1].end : first.start].strip():
            at += size  # "more densely packed" is one word
            continue
        senses = _of_its_noun(tokens, at, at + size, senses, layers)
        senses = _gradient(tokens, at, senses)
        if first.text.lower() in ("absent", "missing", "lacking", "present") and any(
            t.text.lower() in ("cell", "cells", "neurons") for t in tokens[max(0, at - 2) : at]
        ):
            at += size  # says it of the cells named before, whose type was read with its denial
            continue
        turned = _reversed(tokens, at)
        if turned:
            senses = frozenset((a, lexicon.poles.get(v, f"less {v}")) for a, v in senses)
        before = [t.text.lower() for t in tokens[max(0, at - 2) : at]]
        more = bool(before) and (
            before[-1] in ("more", "less", "most") or (before[0] in ("more", "less", "most") and before[-1].endswith("ly"))
        )
        layer, sure = _bind(text, tokens, at, at + size, layers, lexicon)
        stated = not _denied(tokens, at, at + size, is_type)
        readings.append(Reading(senses, layer, sure, stated, compares or more, first.start, last.end))
        at += size
    return readings


def find_layers(text: str, named: Sequence[str] = ()) -> list[Layer]:
    """Mentions of layers, in order; a border between two layers is one mention ("II-III", "VI-WM")."""
    found: list[Layer] = []
    for phrase, name in _GROUPS.items():
        found += [Layer(name, m.start(), m.end()) for m in re.finditer(re.escape(phrase), text, re.I)]
    for name in sorted(named, key=len, reverse=True):
        found += [Layer(name, m.start(), m.end()) for m in re.finditer(rf"\b{re.escape(name)}\b", text, re.I)]
    for match in _NUMBERED.finditer(text):
        found.append(Layer(_numbered(match), match.start(), match.end()))
    if found:
        found += [Layer(m["list"] + (m["sub"] or ""), m.start(), m.end()) for m in _BARE.finditer(text)]
    found = _distinct(found)
    found += [
        Layer(re.sub(r"\s+", " ", m[0].lower()), m.start(), m.end())
        for m in _NAMED.finditer(text)
        if not any(f.start < m.end() and m.start() < f.end for f in found) and _is_named_layer(m[0])
    ]
    return _joined(text, _with_white_matter(text, sorted(found, key=lambda f: f.start)))


def _joined(text: str, found: list[Layer]) -> list[Layer]:
    """`layer IIIc and layer IIIb` is one mention of both."""
    merged: list[Layer] = []
    for layer in found:
        last = merged[-1] if merged else None
        if last and re.fullmatch(r"\s*(?:and|or|as well as)\s+(?:in\s+)?", text[last.end : layer.start]):
            merged[-1] = Layer(f"{last.name}+{layer.name}", last.start, layer.end)
        else:
            merged.append(layer)
    return merged


def _is_named_layer(phrase: str) -> bool:
    lexicon = caption_lexicon()
    words = forms(re.sub(r"\s*(?:sub)?layers?$|^sublayer\s+", "", phrase))
    return (
        bool(words)
        and phrase.split()[0] not in ("this", "each", "every", "all", "by", "these", "no")
        and not any((w,) in lexicon.words or w in ("of", "by", "between", "layer") for w in words)
    )


def _numbered(match: re.Match[str]) -> str:
    parts = [_ARABIC.get(p[0], p[0]) + p[1:] if p[0].isdigit() else p for p in re.findall(_ROMAN, match["list"])]
    ranged = len(parts) == 2 and re.search(r"-|–|/|to|through", match["list"])
    name = f"{parts[0]}-{parts[-1]}" if ranged else "+".join(parts)
    part = (match["part"] or "").split()
    if part and len(parts) == 1 and parts[0] == "III":
        return "IIIc" if part[0].startswith(("lower", "deep")) else "IIIa"
    return name


def _distinct(found: list[Layer]) -> list[Layer]:
    kept: list[Layer] = []
    for layer in sorted(found, key=lambda f: (f.start, -(f.end - f.start))):
        if not kept or layer.start >= kept[-1].end:
            kept.append(layer)
    return kept


def _with_white_matter(text: str, found: list[Layer]) -> list[Layer]:
    """The border to the white matter is a layer of its own, VI-WM."""
    for match in re.finditer(r"white matter", text, re.I):
        near = [f for f in found if f.end <= match.start() and match.start() - f.end < 12]
        found = [f for f in found if f not in near[-1:]]
        name = f"{near[-1].name}-WM" if near else "VI-WM"
        found.append(Layer(name, near[-1].start if near else match.start(), match.end()))
    return sorted(found, key=lambda f: f.start)


def _tokens(text: str) -> list[_Token]:
    return [_Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text)]


def _match(tokens: Sequence[_Token], at: int, lexicon: Lexicon) -> tuple[int, frozenset[Sense], bool, bool]:
    """Longest form of the lexicon that starts here: (tokens, senses, whether it compares, whether it is a cell type)."""
    for size in range(min(5, len(tokens) - at), 0, -1):
        form = tuple(t.text.lower() for t in tokens[at : at + size])
        if form in lexicon.nouns and size > 1 and form not in lexicon.words:
            return 0, frozenset(), False, False
        if form in lexicon.types and at + size < len(tokens) and tokens[at + size].text.lower() in ("cells", "cell", "neurons"):
            return size, frozenset({("cell_type", lexicon.types[form][0])}), False, True  # "granular cells" is no granular cortex
        if form in lexicon.words:
            words = lexicon.words[form]
            senses = frozenset(s for w in words for s in w.senses.values() if s[1] != "*")
            return (size, senses, all(w.compares for w in words), False) if senses else (0, frozenset(), False, False)
    return 0, frozenset(), False, False


def _of_its_noun(
    tokens: Sequence[_Token], at: int, end: int, senses: frozenset[Sense], layers: Sequence[Layer]
) -> frozenset[Sense]:
    """Senses that fit the noun the word stands with ("higher cell density", "cell density is higher"), all where none is near."""
    lexicon = caption_lexicon()
    words = lexicon.words.get(tuple(t.text.lower() for t in tokens[at:end]), ())
    kind = _noun_after(tokens, end, layers) or _noun_before(tokens, at, layers)
    fitting = frozenset(w.senses[k] for w in words for k in (kind, "any") if k in w.senses)
    return fitting & senses if kind and any(kind in w.senses for w in words) else senses


def _noun_after(tokens: Sequence[_Token], end: int, layers: Sequence[Layer]) -> str:
    for i in range(end, min(end + 3, len(tokens))):
        if tokens[i].text in ".,;:?!()" or tokens[i].text.lower() in _STOPS | _HOPS | {"in", "of", "with", "than"}:
            return ""
        if any(lay.start <= tokens[i].start < lay.end for lay in layers):
            return "layer"
        if kind := _noun_at(tokens, i):
            return kind
    return ""


def _noun_before(tokens: Sequence[_Token], at: int, layers: Sequence[Layer]) -> str:
    """The noun of `NOUN [in/of layer ...] is WORD`."""
    if not any(t.text.lower() in _TOLD | {"as"} for t in tokens[max(0, at - 2) : at]):
        return ""
    for i in range(at - 1, max(-1, at - 10), -1):
        if tokens[i].text in ".,;:?!()" or tokens[i].text.lower() in _HOPS | {"than"}:
            return ""
        inside = next((lay for lay in layers if lay.start <= tokens[i].start < lay.end), None)
        if inside is not None:
            before = [t.text.lower() for t in tokens[max(0, i - 2) : i] if t.text.lower() != "the"]
            if tokens[i].start == inside.start and before[-1:] and before[-1] not in ("in", "of", "between", "within"):
                return "layer" if not inside.name.endswith("-WM") and "-" not in inside.name and "+" not in inside.name else ""
            continue
        if kind := _noun_at(tokens, i):
            return kind
    return ""


def _noun_at(tokens: Sequence[_Token], i: int) -> str:
    lexicon = caption_lexicon()
    for size in (4, 3, 2, 1):
        kind = lexicon.nouns.get(tuple(t.text.lower() for t in tokens[i : i + size]))
        if kind and kind != "area":
            return kind
    return ""


def _gradient(tokens: Sequence[_Token], at: int, senses: frozenset[Sense]) -> frozenset[Sense]:
    """An increase "with depth" or "from superficial to deep" is a gradient, not a size."""
    word = tokens[at].text.lower()
    near = {t.text.lower() for t in tokens[max(0, at - 5) : at + 8]}
    if word.startswith(("increas", "decreas")) and near & {"depth", "deep", "deeper", "downwards"}:
        return frozenset({("size_gradient", f"{word[:2]}creases with depth")})
    return senses


def _reversed(tokens: Sequence[_Token], at: int) -> bool:
    before = [t.text.lower() for t in tokens[max(0, at - 2) : at]]
    return "less" in before[-1:] or (before[-2:-1] == ["less"] and before[-1] in ("clearly", "well"))


def _denied(tokens: Sequence[_Token], at: int, end: int, is_type: bool) -> bool:
    before: list[str] = []
    for token in reversed(tokens[max(0, at - 6) : at]):
        if token.text in ".,;:?!" or token.text.lower() in ("and", "but", "with", "while"):
            break
        before.append(token.text.lower())
    if any(w in ("no", "not", "without", "lacks", "lack", "lacking", "never", "neither", "nor", "devoid") for w in before):
        return True
    after = [t.text.lower() for t in tokens[end : end + 6]]
    if is_type and ("absent" in after or "missing" in after or "lacking" in after):
        return True
    return any(a in ("is", "are") and b == "not" for a, b in itertools.pairwise(after)) and "found" in after


def _bind(text: str, tokens: Sequence[_Token], at: int, end: int, layers: Sequence[Layer], lexicon: Lexicon) -> tuple[str, bool]:
    touching = [lay for lay in layers if 0 <= tokens[at].start - lay.end <= 1]
    if touching:
        return touching[0].name, True
    told = any(t.text.lower() in _TOLD for t in tokens[max(0, at - 2) : at])
    ahead = _ahead(tokens, end, layers, lexicon, hop=not told)
    if ahead:
        return ahead, True
    start = max((text.rfind(mark, 0, tokens[at].start) for mark in ".;?!"), default=-1)
    behind = [lay for lay in layers if start < lay.start < tokens[at].start and not _rest(tokens, lay, at)]
    return (behind[-1].name, False) if behind else ("", False)


def _rest(tokens: Sequence[_Token], layer: Layer, at: int) -> bool:
    """True where a word such as "overall" or "throughout" lifts the description off the layers named before."""
    between = [t.text.lower() for t in tokens[max(0, at - 4) : at + 5] if t.start > layer.end]
    return any(w in ("overall", "throughout", "cortex", "cortical", "lamination", "laminar") for w in between)


def _ahead(tokens: Sequence[_Token], end: int, layers: Sequence[Layer], lexicon: Lexicon, *, hop: bool) -> str:
    """`thin layer IV`, `large cells in layer III`, `dense and thin layer II`: the layer to the right, before anything stops it."""
    for i in range(end, min(end + _REACH, len(tokens))):
        token = tokens[i]
        here = next((lay for lay in layers if lay.start <= token.start < lay.end), None)
        if here is not None:
            return here.name
        low = token.text.lower()
        passive = low in ("is", "are") and i + 1 < len(tokens) and tokens[i + 1].text.lower() in _LIES
        astray = low in _AWAY and tokens[i - 1].text.lower() not in ("border", "boundary", "transition", "absent", "missing")
        if astray or (low in _STOPS and not passive) or token.text in ".;:?!()":
            return ""
        if (low in _HOPS or token.text == ",") and (not hop or i > end or not _match(tokens, i + 1, lexicon)[0]):
            return ""
    return ""
