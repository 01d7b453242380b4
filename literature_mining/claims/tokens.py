"""A sentence as tokens: regions, layers, nouns, traits and the small words, each with the roles that its form can play."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cytoscribe.literature_mining.claims.english import English, load_english
from cytoscribe.literature_mining.claims.layers import find_layers
from cytoscribe.literature_mining.claims.lexicon import Lexicon, Word
from cytoscribe.literature_mining.regions.mentions import Mention, flatten
from cytoscribe.literature_mining.word_lists import word_list

_WORD = re.compile(r"'s\b|[^\W\d_]+(?:'[a-z]{1,2}\b)?|\d+(?:[.,]\d+)*|_|[^\w\s]")
_ASIDE = re.compile(
    r"\((?=[^()]*(?:\b(?:1[6-9]|20)\d\d[a-z]?\b|\b[Ff]igs?\b|[Ff]igures?\b|\b[Tt]ables?\b|[Ss]uppl|\bsee\b|\bcf\b|\be\.g\.|\bp\s*[<=>]|\bn\s*=|"
    r"\bsection\b|\barrow|\bPlate\b))[^()]*\)|\[[^\[\]]*\d[^\[\]]*\]|\((?:left|right|top|bottom|(?:left|right|top|bottom|upper|lower|middle)\s+(?:panels?|rows?|columns?|images?))\)|\([A-HJ-UW-Za-z]?\)|\(\s*[a-f](?:\s*[,-]\s*[a-f])*\s*\)|\(\s*\d+(?:\s*[,-]\s*\d+)*\s*\)"
)
_BARE_YEAR = re.compile(r"\b(?:[A-Z][\w'-]+(?:\s+(?:and|&|et al\.?)\s*(?:[A-Z][\w'-]+)?)?,?\s+)(?:1[6-9]|20)\d\d[a-z]?\b")
_OUTER_BORDER = re.compile(
    r"\b(?:(?:cortex|cortical|layer\s+VI|gr[ae]y(?:\s+matter)?)\s?(?:[-/]|\s(?:and|to)\s)\s?)?white[\s-]matter[\s-]?"
    r"(?:border(?:line)?|boundary|transition|junction|interface)s?\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?:\b(?:[Aa]reas?|BAs?|[Ff]ields?|[Nn]ucle(?:us|i)|[Rr]egions?|[Gg]roups?|[Ss]ubfields?)\s+)?"
    r"(?<![\w.-])(?:[a-z]{0,3}[A-Z][A-Za-z]{0,5}\d[\w.'/*-]*|\d+[A-Z]?[a-z]{1,4}\d?|\d{1,2}[A-Z]|[a-z]{1,3}\d+[\w.'-]*|[A-Z][a-z]{1,4}[A-Z][A-Za-z]{0,3}|[A-Z]{2,5}[a-z]{0,3}|[A-Z][a-z]?[A-Z][A-Za-z]{0,3})(?![\w])"
)
_AREA_CODE = re.compile(
    r"\b(?:[Aa]reas?|BAs?|[Ff]ields?)\s+(?=[A-Z0-9]|[a-z]{1,3}[A-Z])[\w][\w.*/'-]*\w|\b(?:[Aa]reas?|BAs?|[Ff]ields?)\s+[A-Z0-9]\b"
)
_NOT_A_CODE = re.compile(
    r"(?:figs?|figures?|tables?|plates?|panels?|eqs?|no|vol|pp?|chapter|section|case|stage|grade)\.?\s*$", re.IGNORECASE
)
_ABBREVIATIONS = frozenset(word_list("abbreviations"))
_QUOTES = str.maketrans(dict.fromkeys('"\u201c\u201d\u201e\u201f\u00ab\u00bb', " "))
_LAYERED = frozenset(["layer", "lamina", "stratum", "zone"])
_ORDINARY = frozenset(
    ["additional", "final", "special", "typical", "usual", "general", "continuous", "real", "actual", "single", "singular", "similar", "particular", "peculiar", "original", "essential",
     "total", "partial", "initial", "principal", "central", "neuronal", "cortical", "familiar", "regular", "horizontal", "vertical", "tangential", "cardinal", "transitional",
     "equal", "previous", "various", "obvious", "famous", "analogous", "homologous", "corresponding", "cellular", "laminar", "neural", "cerebral", "identical", "critical", "normal", "natural"]
)  # fmt: skip
"""Adjectives with an anatomical ending that name no layer."""
_BLANK = "\x00"
UNKNOWN = "?"
"""The name of an area that the table lacks."""


@dataclass(frozen=True)
class Token:
    """One unit of a sentence. `roles` holds what its form can be; `names` are regions or layers; `words` the traits it states.

    `noun`: kind of noun it is (lexicon.NOUNS), "" where none. `types`: a kind of cell, and whether its presence is itself a claim.
    """

    start: int
    end: int
    text: str
    roles: frozenset[str]
    names: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    noun: str = ""
    types: tuple[str, bool] = ("", False)

    def is_(self, *roles: str) -> bool:
        """True where the token can play one of these roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def lower(self) -> str:
        """The token's words in lower case."""
        return self.text.lower()

    @property
    def verb(self) -> str:
        """Class of verb (english.toml), "" where it cannot be one."""
        return next((r.removeprefix("verb:") for r in sorted(self.roles) if r.startswith("verb:")), "")


def tokenize(
    text: str, mentions: Sequence[Mention], lexicon: Lexicon, *, strangers: bool = True, lone: bool = False
) -> list[Token]:
    """Tokens of a sentence in order. Citations and references to figures are skipped.

    strangers: signs and names that look like areas and are not in the table become regions without a name; lone: numerals that stand
    alone are layers (`find_layers`).
    """
    flat = _blanked(flatten(text))
    fixed = [
        Token(m.start, m.end, flat[m.start : m.end], frozenset({"region"}), m.regions)
        for m in mentions
        if flat[m.start : m.end].strip() and flat[m.start] != " "
    ]
    rest = _without(flat, fixed)
    fixed += [
        Token(m.start(), m.end(), m.group(), frozenset({"noun"}), ("VI-WM",), noun="border") for m in _OUTER_BORDER.finditer(rest)
    ]
    for layer in find_layers(_without(flat, fixed), lone=lone):
        roles = {"layer"} | ({"back"} if layer.back else set()) | ({f"part:{layer.part}"} if layer.part else set())
        fixed.append(Token(layer.start, layer.end, flat[layer.start : layer.end], frozenset(roles), layer.layers))
    if strangers:
        rest = _without(flat, fixed)
        fixed += [Token(m.start(), m.end(), m.group(), frozenset({"region", "stranger"}), (UNKNOWN,)) for m in _strange(rest)]
    tokens = sorted([*fixed, *_worded(_without(flat, fixed), lexicon, load_english())], key=lambda t: t.start)
    return _grouped(_with_named_layers(tokens))


def _with_named_layers(tokens: Sequence[Token]) -> list[Token]:
    """`the dense cell layer`, `the ependymal layer`, `the marginal zone`: layers that have a name no list has."""
    result: list[Token] = []
    for at, token in enumerate(tokens):
        last = result[-1] if result else None
        if token.lower not in _LAYERED or not token.noun or last is None:
            result.append(token)
            continue
        named = last.lower == "cell" and token.lower != "zone"
        qualified = result[-2] if named and len(result) > 1 else last
        anatomical = _is_anatomical(qualified, tokens[: at - (2 if named else 1)])
        if not named and not anatomical:
            result.append(token)
            continue
        first = len(result) - (1 if named else 0) - (1 if anatomical else 0)
        words = [t.lower for t in result[first:]]
        name = " ".join([*words, "layer" if token.lower in ("lamina", "stratum") else token.lower])
        text = " ".join([*(t.text for t in result[first:]), token.text])
        result[first:] = [Token(result[first].start, token.end, text, frozenset({"layer"}), (name,))]
    return result


def _is_anatomical(word: Token, before: Sequence[Token]) -> bool:
    """Whether a word that no list has names a layer: an adjective of anatomy behind "the" or "its"."""
    determined = any(t.lower in ("the", "its") for t in before[-3:])
    plain = (
        word.roles == {"unknown"}
        and word.lower.endswith(("ar", "al", "iform", "oid", "ous", "ian"))
        and word.lower not in _ORDINARY
    )
    return determined and plain and word.text[:1].islower()


def names_stranger(text: str) -> bool:
    """Whether a heading names an area by a sign ("Area Te9"), which the caller knows not to be in the table."""
    return _AREA_CODE.search(flatten(text)) is not None


def _blanked(flat: str) -> str:
    flat = flat.translate(_QUOTES)  # 'an outer "molecular" layer' names a layer like any other
    for pattern in (_ASIDE, _BARE_YEAR):
        flat = pattern.sub(lambda m: " " * len(m.group()), flat)
    return flat


def _strange(rest: str) -> Iterable[re.Match[str]]:
    taken: list[tuple[int, int]] = []
    for pattern in (_AREA_CODE, _CODE):
        for match in pattern.finditer(rest):
            if match.group() in _ABBREVIATIONS or _NOT_A_CODE.search(rest[max(0, match.start() - 9) : match.start()]):
                continue
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            yield match


def _without(flat: str, tokens: Iterable[Token]) -> str:
    signs = list(flat)
    for token in tokens:
        signs[token.start : token.end] = _BLANK * (token.end - token.start)
    return "".join(signs)


def _worded(flat: str, lexicon: Lexicon, english: English) -> list[Token]:
    found = [m for m in _WORD.finditer(flat) if m.group() != _BLANK and not _is_hyphen(flat, m)]
    words = [m.group().lower() for m in found]
    tokens: list[Token] = []
    at = 0
    while at < len(words):
        length = _longest(words, found, at, flat, lexicon, english)
        start, end = found[at].start(), found[at + length - 1].end()
        token = _token(flat[start:end], start, tuple(words[at : at + length]), lexicon, english)
        if token.lower == "like" and flat[start - 1 : start] == "-":  # "pyramid-like cells"
            token = replace(token, roles=frozenset({"unknown"}))
        tokens.append(token)
        at += length
    return tokens


def _is_hyphen(flat: str, match: re.Match[str]) -> bool:
    inside = flat[match.start() - 1 : match.start()] not in ("", " ") or flat[match.end() : match.end() + 1] not in ("", " ")
    return match.group() == "-" and inside


def _longest(words: Sequence[str], found: Sequence[re.Match[str]], at: int, flat: str, lexicon: Lexicon, english: English) -> int:
    listed = [form for form, _ in lexicon.first.get(words[at], ())] + list(english.first.get(words[at], ()))
    for form in sorted(listed, key=len, reverse=True):
        n = len(form)
        if tuple(words[at : at + n]) == form and _BLANK not in flat[found[at].start() : found[at + n - 1].end()]:
            return n
    return 1


def _token(text: str, start: int, form: tuple[str, ...], lexicon: Lexicon, english: English) -> Token:
    if len(form) == 1 and lexicon.glued(form[0]):
        form = lexicon.glued(form[0])
    roles = set(english.roles.get(form, ()))
    words = lexicon.words.get(form, ())
    noun = lexicon.nouns.get(form, "")
    types = lexicon.types.get(form, ("", False))
    roles |= {name for name, held in (("trait", words), ("noun", noun), ("type", types[0])) if held}
    roles |= {name for name in lexicon.grammar if form in lexicon.grammar[name]}
    if not roles:
        roles = _guessed(text, form)
    return Token(start, start + len(text), text, frozenset(roles), words=words, noun=noun, types=types)


def _guessed(text: str, form: tuple[str, ...]) -> set[str]:
    """Roles of a word that no list has."""
    if not text[0].isalpha():
        return {"number"} if text[0].isdigit() else {"dash"} if text in "-\u2014" else {"punctuation"}
    last = form[-1]
    if last.endswith("ly"):
        return {"adverbs"}
    if last.endswith(("ed", "ing")):
        return {"unknown", "participle"}
    return {"unknown"}


def _grouped(tokens: Sequence[Token]) -> list[Token]:
    """Coordinated names of regions become one token: `A and B`, `A, B and C`."""
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        ahead = at
        while token.is_("region") and (step := _next_region(tokens, ahead)):
            other = tokens[step]
            if _is_own_subject(tokens, ahead, step):
                break
            roles = token.roles | {"group"}
            token = replace(
                token,
                end=other.end,
                text=f"{token.text} and {other.text}",
                names=tuple(dict.fromkeys((*token.names, *other.names))),
                roles=frozenset(roles),
            )
            ahead = step
        result.append(token)
        at = ahead + 1
    return result


def _next_region(tokens: Sequence[Token], at: int) -> int:
    """Index of the region that is coordinated with the one at `at`; 0 where there is none."""
    step = at + 1
    while step < len(tokens) and tokens[step].lower in {",", "and", "or", "&", "as well as", "/", "both", "the"}:
        step += 1
    if [t.lower for t in tokens[at + 1 : step]] in ([","], [",", "the"]) and not _list_ends(tokens, step):
        return 0  # "in contrast to A, the B is ..."
    if step == at + 1 or step >= len(tokens):
        return 0
    if tokens[step].noun == "area" and step + 1 < len(tokens) and tokens[step + 1].is_("region"):
        step += 1
    return step if tokens[step].is_("region") else 0


def _list_ends(tokens: Sequence[Token], at: int) -> bool:
    """Whether names joined by commas end in "and C": a comma alone also stands between a place and a subject."""
    while at + 1 < len(tokens) and tokens[at].is_("region"):
        if tokens[at + 1].lower in ("and", "or", "&") or (
            tokens[at + 1].lower == "," and at + 2 < len(tokens) and tokens[at + 2].lower in ("and", "or")
        ):
            return True
        if tokens[at + 1].lower != ",":
            return False
        at += 2
    return False


_SINGULAR = frozenset(word_list("singular_verbs"))


def _is_own_subject(tokens: Sequence[Token], first: int, second: int) -> bool:
    """`than in A and B has ...`: the verb is singular, so it belongs to B alone; a comma list keeps "A, B" together."""
    following = tokens[second + 1].lower if second + 1 < len(tokens) else ""
    before = [t.lower for t in tokens[max(0, first - 2) : first]]
    said = any(t.is_("partners") or (t.verb and not t.is_("noun", "trait")) for t in tokens[:first])
    return following in _SINGULAR and "each" not in before and "every" not in before and said
