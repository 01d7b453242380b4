"""Fill frames: a sentence and exactly the claims that it states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import TypeVar

from .frames import GROUPS, LAYERS, REGIONS, STRANGERS, STRATA, TRAITS, Frame, Pattern, load_frames
from .words import MAIN, SUBLAYERS, Family, Trait, arabic, layer_styles, layer_words, load_words
from .words import STRATA as STRATUM_NAMES

Claim = tuple[str, str, str, str, bool, frozenset[str]]
"""Region, layer, attribute, value, polarity, regions compared with."""
T = TypeVar("T")
DENIED = 0.2
"""Share of deniable frames that are drawn denied."""
_PARTS = re.compile(r"\{([^{}]+)\}|\[([^\[\]]*\|[^\[\]]*)\]")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")
_START = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")
_VERBS = {"is": "is not", "are": "are not", "was": "was not", "were": "were not", "has": "does not have", "have": "do not have"}
_VERBS |= {"shows": "does not show", "show": "do not show", "contains": "does not contain", "contain": "do not contain"}


@dataclass(frozen=True)
class Binding:
    """What fills the slots of one frame, by letter: labels of regions, layers (one or several), traits, strangers, layers of
    allocortex, parents of several regions.

    `dice`: one number in [0, 1) for each part of the text, which settles its wording. `denied`: the frame's deniable verb is denied.
    """

    family: Family
    regions: Mapping[str, str]
    layers: Mapping[str, tuple[str, ...]]
    traits: Mapping[str, Trait]
    strangers: Mapping[str, str]
    strata: Mapping[str, str]
    groups: Mapping[str, str]
    style: str
    dice: tuple[float, ...]
    denied: bool = False


@dataclass(frozen=True)
class Sentence:
    """A filled frame. `topic` is the region that the context is about, None where there is no context; `words` fill trait slots."""

    text: str
    claims: frozenset[Claim]
    words: tuple[str, ...]
    topic: str | None
    frame: Frame
    binding: Binding


def generate(n: int, seed: int = 0, frames: Sequence[Frame] | None = None) -> Iterator[Sentence]:
    """`n` sentences; every frame comes up equally often (to one), in an order that the seed shuffles."""
    random = Random(seed)
    pool = list(frames if frames is not None else load_frames())
    for at in range(n):
        if at % len(pool) == 0:
            random.shuffle(pool)
        yield sentence(pool[at % len(pool)], random)


def sentence(frame: Frame, random: Random) -> Sentence:
    """One filling of a frame."""
    return fill(frame, bind(frame, random))


def bind(frame: Frame, random: Random) -> Binding:
    """Draw what fills the slots. Raises ValueError where a frame asks for more than there is."""
    words = load_words()
    grouped = frame.letters(GROUPS)
    family = random.choice([f for f in words.families if f.tissue == frame.tissue and (f.groups or not grouped)])
    letters = frame.letters(REGIONS)
    regions = dict(zip(letters, random.sample(family.codes, len(letters)), strict=True))
    layers = _layers(frame, random)
    strangers = {x: random.choice(_stranger_names(x, family)) for x in frame.letters(STRANGERS)}
    if strangers.get("X") == strangers.get("Y", ""):
        strangers["Y"] = next(s for s in family.strangers if s != strangers["X"])
    style = random.choice(layer_styles(tuple(name for names in layers.values() for name in names)))
    if any(s[0] in LAYERS and (s[1:2] == "+" or s.endswith(":n")) for s in frame.slots):
        style = random.choice(("layer", "layer", "layer", "lamina", "arabic"))
    dice = tuple(random.random() for _ in range(len(_parts(frame.text))))
    deniable = any("~" in slot for slot in frame.slots)
    strata = dict(zip(frame.letters(STRATA), random.sample(STRATUM_NAMES, 2), strict=False))
    groups = {letter: random.choice(list(family.groups)) for letter in grouped}
    denied = deniable and random.random() < DENIED
    return Binding(family, regions, layers, _traits(frame, random), strangers, strata, groups, style, dice, denied)


def _stranger_names(letter: str, family: Family) -> tuple[str, ...]:
    names = load_words().strangers
    return family.strangers if letter in "XY" else names[{"N": "names", "P": "species", "C": "places"}[letter]]


def _layers(frame: Frame, random: Random) -> dict[str, tuple[str, ...]]:
    letters = frame.letters(LAYERS)
    pair = next((layer for c in frame.claims for layer in c.layers if "|" in layer and "-" not in layer), "")
    taken = {m for c in frame.claims for layer in c.layers for m in MAIN if re.fullmatch(m + "[abc]?(-.*)?", layer)}
    free = [m for m in MAIN if m not in taken]
    drawn: dict[str, tuple[str, ...]] = {}
    if pair:
        at = random.randrange(len(MAIN) - 1)
        drawn = {pair[0]: (MAIN[at],), pair[2]: (MAIN[at + 1],)}
        free = [m for m in free if m not in (MAIN[at], MAIN[at + 1])]
    for letter in letters:
        if letter not in drawn:
            plural = any(s.startswith(letter + "+") for s in frame.slots)
            names = _several(free, random) if plural else (random.choice(free),)
            free = [m for m in free if m not in names]
            drawn[letter] = names if plural else (_within(names[0], random),)
    return drawn


def _several(free: list[str], random: Random) -> tuple[str, ...]:
    """Two or three layers in their order."""
    return tuple(sorted(random.sample(free, min(len(free), random.choice((2, 2, 2, 3)))), key=MAIN.index))


def _within(layer: str, random: Random) -> str:
    """Now and then a sublayer in place of its layer."""
    parts = [s for s in SUBLAYERS if s.rstrip("abc") == layer]
    return random.choice(parts) if parts and random.random() < 0.2 else layer


def _traits(frame: Frame, random: Random) -> dict[str, Trait]:
    drawn: dict[str, Trait] = {}
    for letter, (pool, forms) in _wanted(frame).items():
        turned = any(c.turned and c.trait == letter for c in frame.claims)
        options = [t for t in load_words().pools[pool] if forms <= set(t.forms) and (t.opposite or not turned)]
        others = [t for t in options if t not in drawn.values()]
        apart = [t for t in others if all(t.attribute != drawn[o].attribute for o in drawn if _together(frame, letter, o))]
        drawn[letter] = random.choice(apart or others or options)
    return drawn


@cache
def _wanted(frame: Frame) -> dict[str, tuple[str, set[str]]]:
    """Trait letters with their pool and the word forms that the text needs."""
    wanted: dict[str, tuple[str, set[str]]] = {}
    for slot in frame.slots:
        letter, _, rest = slot.partition(":")
        if letter in TRAITS and len(letter) == 1:
            pool, _, form = rest.rpartition(".")
            known = wanted.get(letter, (pool, set()))
            wanted[letter] = (known[0] or pool, known[1] | {form})
    return wanted


@cache
def _together(frame: Frame, one: str, other: str) -> bool:
    """True where two traits are said of the same layer of the same region."""
    places = [{(r, layer) for c in frame.claims if c.trait == t for r in c.regions for layer in c.layers} for t in (one, other)]
    return bool(places[0] & places[1])


# ---------------------------------------------------------------- from a binding to text and claims


def fill(frame: Frame, binding: Binding) -> Sentence:
    """The text that a binding gives, and its claims."""
    words: list[str] = []
    pieces = [_piece(part, dice, binding, words) for part, dice in zip(_parts(frame.text), binding.dice, strict=True)]
    text = re.sub(r" ([,.;:)])", r"\1", re.sub(r" +", " ", "".join(pieces))).strip()
    text = _START.sub(lambda m: _capital(text, m, binding), _ARTICLE.sub(r"\1n ", text))
    denied = {letter for slot in frame.slots if "~" in slot for letter in slot.partition("~")[2]} if binding.denied else set()
    claims = frozenset(c for p in frame.claims for c in _claims(p, binding, p.trait in denied))
    topic = binding.regions[frame.topic] if frame.topic else None
    return Sentence(text, claims, tuple(words), topic, frame, binding)


@cache
def _parts(text: str) -> tuple[tuple[str, str], ...]:
    """The text in pieces: ("slot", name), ("choice", "a|b") or ("text", words)."""
    parts: list[tuple[str, str]] = []
    at = 0
    for match in _PARTS.finditer(text):
        parts.append(("text", text[at : match.start()]))
        parts.append(("slot", match[1]) if match[1] else ("choice", match[2]))
        at = match.end()
    return (*parts, ("text", text[at:]))


def _piece(part: tuple[str, str], dice: float, binding: Binding, words: list[str]) -> str:
    kind, content = part
    if kind == "text":
        return content
    if kind == "choice":
        return _pick(content.split("|"), dice)
    return _slot(content, dice, binding, words)


def _slot(slot: str, dice: float, binding: Binding, words: list[str]) -> str:
    if "~" in slot:
        verb = slot.partition("~")[0]
        return _VERBS[verb] if binding.denied else verb
    name, _, form = slot.partition(":")
    for plain in (binding.strangers, binding.strata, binding.groups):
        if name in plain:
            return plain[name]
    if name in binding.regions:
        return _region(binding.regions[name], form, binding.family, dice)
    if name.rstrip("+") in binding.layers:
        return _layer(binding.layers[name.rstrip("+")], name.endswith("+"), form, binding.style, dice)
    if name in binding.traits:
        words.append(_pick(binding.traits[name].forms[form.rpartition(".")[2]], dice))
        return words[-1]
    return _pick(load_words().nouns[slot], dice)


def _region(code: str, form: str, family: Family, dice: float) -> str:
    shown = code.replace("'", "′") if dice < 0.5 else code
    if form == "code":
        return shown
    prefix = {"cortex": "area ", "hippocampus": "field "}.get(family.tissue, "")
    if form == "area":
        return prefix + shown
    prefixed = (prefix + shown,) if prefix else ()
    bare = (shown,) if family.bare and not code[0].isdigit() else ()
    return _pick((*prefixed, *bare, *bare, *family.named.get(code, ())), dice)


def _layer(layers: tuple[str, ...], plural: bool, form: str, style: str, dice: float) -> str:
    numerals = tuple(arabic(name) if style == "arabic" else name for name in layers)
    if not plural:
        return numerals[0] if form == "n" else layer_words(layers[0], style, form != "x", Random(dice))
    listed = " and ".join(filter(None, (", ".join(numerals[:-1]), numerals[-1])))
    return listed if form == "n" else f"{'laminae' if style == 'lamina' else 'layers'} {listed}"


def _capital(text: str, match: re.Match[str], binding: Binding) -> str:
    """An upper-case letter, but a label that starts with a small one keeps it."""
    return match[0] if text.startswith(binding.family.codes, match.start()) else match[0].upper()


def _claims(pattern: Pattern, binding: Binding, denied: bool) -> Iterator[Claim]:
    trait = binding.traits.get(pattern.trait)
    attribute, value = (trait.attribute, trait.value) if trait else pattern.trait.replace("+", " ").split("=")
    if pattern.turned and trait:
        value = trait.opposite
    compared = frozenset(binding.regions[r] for r in pattern.compared_to)
    for region in (code for letter in pattern.regions for code in _codes(letter, binding)):
        for layer in (name for letter in pattern.layers for name in _names(letter, binding)):
            yield region, layer, attribute, value, pattern.denied == denied, compared


def _codes(letter: str, binding: Binding) -> tuple[str, ...]:
    return binding.family.groups[binding.groups[letter]] if letter in binding.groups else (binding.regions[letter],)


def _names(letter: str, binding: Binding) -> tuple[str, ...]:
    if "|" in letter:
        return ("-".join(binding.layers.get(part, (part,))[0] for part in letter.split("|")),)
    return (binding.strata[letter],) if letter in binding.strata else binding.layers.get(letter, (letter,))


def _pick(options: Sequence[T], dice: float) -> T:
    return options[int(dice * len(options))]


def with_denial(sentence: Sentence, denied: bool) -> Sentence:
    """The same filling, its deniable verb denied or not."""
    return fill(sentence.frame, replace(sentence.binding, denied=denied))
