"""Noun phrases with their traits, and predicate adjectives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cytoscribe.literature_mining.claims.english import load_english
from cytoscribe.literature_mining.claims.model import Phrase, Trait
from cytoscribe.literature_mining.claims.tokens import Token


@dataclass
class _Modifiers:
    traits: list[Trait] = field(default_factory=list)
    types: list[Token] = field(default_factory=list)
    layers: tuple[str, ...] = ()
    unknown: list[str] = field(default_factory=list)
    compares: str = ""
    hedged: bool = False
    negated: bool = False
    fewer: bool = False
    determined: bool = False
    denies_next: bool = False
    back: str = ""
    group: int = 0
    contrasted: bool = False
    regions: tuple[str, ...] = ()
    foreign: bool = False
    some: bool = False
    placed: bool = False

    def add(self, token: Token) -> None:
        """Take a token that stands before the head."""
        if token.is_("trait") and not token.is_("determiners") and not (token.lower == "few" and self.some):
            compares = self.compares or ("more" if any(w.compares for w in token.words) else "")
            self.traits.append(Trait(token, token.start, compares, self.denies_next, self.hedged, self.group, self.contrasted))
            self.compares, self.denies_next = "", False
        if token.is_("type"):
            self.types.append(token)


def noun_phrase(tokens: Sequence[Token], at: int, before: Sequence[Phrase]) -> Phrase | None:
    mods = _Modifiers()
    position = at
    while position < len(tokens):
        token = tokens[position]
        if _points_alone(tokens, position, at, mods):
            break  # "the former has a thin layer I, the latter | a broad one"
        if (
            token.is_("region")
            and not token.is_("renamed")
            and mods.unknown
            and mods.unknown[-1].endswith("s")
            and tokens[position - 1].is_("unknown")
        ):
            break  # "in Nissl preparations | area 8 is ..."
        if token.is_("region") and position > at and tokens[position - 1].is_("evidence"):
            break
        if token.is_("layer") and position > at and _ends_a_place(tokens, position, mods, before):
            break  # "in the macaque | layer II is ..."
        if (
            mods.traits
            and mods.traits[-1].token is tokens[position - 1]
            and tokens[position - 1].lower.endswith((" into", " with", " from", " in"))
        ):
            break  # "subdivided into | sublayers Va and Vb"
        if _is_head(tokens, position):
            return _closed(tokens, at, position, mods)
        if token.lower in ("one", "ones") and position > at and (mods.traits or mods.types):
            return _pro_form(tokens, at, position, mods)
        if token.is_("conjunctions") and position > at and _modifiers_go_on(tokens, position, mods):
            mods.contrasted = mods.contrasted or token.lower == "but"
            position += 1
            continue
        if not _takes(tokens, position, mods, at):
            break
        position += 1
    return _headless(tokens, at, position, mods, before)


def _points_alone(tokens: Sequence[Token], at: int, first: int, mods: _Modifiers) -> bool:
    """Whether "the latter" is a phrase of its own, since what follows is what is said of it."""
    if at == first or tokens[at - 1].lower not in ("former", "latter") or mods.traits:
        return False
    if tokens[at].is_("determiners", "negative_determiners", "possessives"):
        return True
    for token in tokens[at:]:
        if not token.is_("trait", "adverbs", "hedges", "more", "less"):
            return not (token.noun or token.is_("layer", "region", "unknown")) and token is not tokens[at]
        if token.noun:
            return False
    return True


def _ends_a_place(tokens: Sequence[Token], at: int, mods: _Modifiers, before: Sequence[Phrase]) -> bool:
    """Whether the noun phrase before a layer is a place of its own."""
    last = tokens[at - 1]
    governed = bool(before) and before[-1].kind == "prep" and before[-1].text in ("in", "within")
    named = last.is_("species", "foreign_heads") or (last.is_("unknown") and not last.is_("participle"))
    return governed and mods.determined and not mods.traits and named


def _is_head(tokens: Sequence[Token], at: int) -> bool:
    token = tokens[at]
    if token.is_("region"):
        return not (at + 1 < len(tokens) and tokens[at + 1].is_("possessive"))
    if token.is_("layer"):
        return True
    if not token.noun:
        return False
    if token.is_("trait", "type") and at + 1 < len(tokens):  # "granule cells", "dense packing": the noun comes after
        after = tokens[at + 1]
        beyond = tokens[at + 2] if at + 2 < len(tokens) else None
        described = after.is_("trait", "type") and beyond is not None and bool(beyond.noun)
        return not (after.noun or after.is_("layer") or described) or after.is_("verb:be")
    return True


def _takes(tokens: Sequence[Token], at: int, mods: _Modifiers, first: int) -> bool:
    """Take the token as a modifier; False where the phrase ends before it."""
    token = tokens[at]
    if token.is_("possessive") or token.is_("region"):
        mods.regions = mods.regions or token.names
        mods.determined = True
    elif token.lower == "nor" and any(t.lower == "neither" for t in tokens[:at]):
        pass  # "neither thin nor dense" is denied as a whole
    elif token.is_("negative_determiners"):
        mods.negated = mods.determined = True
    elif token.is_("fewer"):
        mods.fewer = True
        if token.is_("trait"):
            mods.add(token)
    elif compared := _comparison(tokens, at, mods.compares):
        mods.compares = compared
    elif token.is_("trait"):
        mods.add(token)
    elif token.is_("negatives") and at > first:
        mods.denies_next = True
    elif token.is_("hedges"):
        mods.hedged = True
    elif token.is_("type"):
        mods.add(token)
    elif token.is_("determiners", "possessives"):
        if at > first and (token.lower == "that" or (not mods.determined and (mods.traits or mods.unknown))):
            return False
        mods.determined = True
        mods.some = token.lower in ("a", "these", "those", "the", "some")  # "a few cells" are some, "few cells" are sparse
        if token.lower in ("its", "their", "whose"):
            mods.back = token.lower
    elif token.is_("adverbs", "number", "foreign", "own", "parts", "deepward"):
        if token.is_("foreign"):
            mods.unknown.append(token.lower)
    elif (
        token.is_("features", "transparent", "evidence", "subdivisions", "foreign_heads", "species")
        and not token.is_("conjunctions")
        and not (token.verb and mods.traits)
    ):
        mods.foreign = mods.foreign or (token.is_("foreign_heads") and not token.noun)
    elif token.is_("unknown", "positions") and not token.is_("prepositions"):
        mods.unknown.append(token.lower)
        mods.placed = mods.placed or token.is_("positions")
    elif token.lower in ("(", ")") and at > first and _bracketed_modifier(tokens, at):
        pass
    else:
        return False
    return True


def _comparison(tokens: Sequence[Token], at: int, so_far: str) -> str:
    """The comparison that the token makes or goes on with: "equal", "less" or "more"; "" for a token that compares nothing."""
    token = tokens[at]
    if token.is_("equal") and token.lower in ("as", "equally") and is_degree(tokens, at):
        return "equal"
    if token.is_("trait"):
        return ""
    if token.is_("less"):
        return "less"
    return ("less" if so_far == "less" else "more") if token.is_("more") else ""


def _bracketed_modifier(tokens: Sequence[Token], at: int) -> bool:
    """`giant pyramidal (Betz) cells`: a modifier in brackets before its noun."""
    opening = at if tokens[at].text == "(" else at - 2
    if opening < 1 or opening + 3 >= len(tokens):
        return False
    begun, inner, ended, after = tokens[opening : opening + 4]
    fits = inner.is_("type", "trait") and not inner.is_("layer", "region") and bool(after.noun or after.is_("type", "trait"))
    return begun.text == "(" and ended.text == ")" and fits


def _modifiers_go_on(tokens: Sequence[Token], at: int, mods: _Modifiers) -> bool:
    """After `thin, but`, `large and`: another modifier of the same noun follows, and then the noun itself."""
    if not (mods.traits or mods.types or mods.unknown) or tokens[at].lower in ("/", "followed by"):
        return False
    if mods.placed and any(t.is_("positions") for t in tokens[at + 1 : at + 3]):
        return True  # "in the oral and interpolar parts"
    position, described = at + 1, False
    if position < len(tokens) and tokens[position].lower in ("and", "but", "or"):
        position += 1
    if position < len(tokens) and tokens[position].is_("trait") and tokens[position].lower.endswith((" with", " into", " from")):
        return False  # "II indistinct, | fusing with III"
    determined = position < len(tokens) and tokens[position].is_("determiners")
    if determined:
        if not (mods.determined and mods.traits):
            return False
        position += 1
    for ahead, token in enumerate(tokens[position : position + 8], position):
        if token.is_("layer", "region") or (token.noun and _is_head(tokens, ahead) and not token.is_("trait")):
            beyond = tokens[ahead + 1] if ahead + 1 < len(tokens) else None
            if not mods.determined and beyond is not None and beyond.verb and not beyond.is_("noun", "trait"):
                return False  # "is broad, and giant cells occur": the noun has a verb of its own
            if described and determined:
                mods.group += 1
            return described
        if token.is_("trait", "type"):
            described = True
        elif token.is_("unknown", "positions") or (token.is_("conjunctions") and described):
            continue
        elif not token.is_("adverbs", "hedges", "more", "less", "negatives", "equal", "number"):
            return False
        if token.verb and not token.is_("trait"):
            return False
    return False


def _closed(tokens: Sequence[Token], first: int, at: int, mods: _Modifiers) -> Phrase:
    """The phrase whose first noun stands at `at`: compounds take the last noun as head."""
    head, end = tokens[at], at + 1
    layers = head.names if head.is_("layer") else ()
    regions: tuple[str, ...] = head.names if head.is_("region") else mods.regions
    foreign = False
    while end < len(tokens) and _compounds(tokens, end, head):
        following = tokens[end]
        if following.is_("region"):
            regions = following.names
        if following.is_("type", "trait") and not following.noun:
            mods.add(following)
        else:
            head = _joined(head, following)
        end += 1
    if head.noun == "area" and not regions:
        foreign = mods.foreign or _is_foreign(mods)
    part = mods.placed and not regions and not layers and head.is_("parts", "subdivisions")
    foreign = foreign or part
    back = mods.back or ("this" if head.is_("back") else "")
    if head.noun == "area" and not regions and not foreign and not back:
        back = "area"
    return Phrase(
        "np", first, end, head, tuple(mods.traits), tuple(mods.types), layers, regions, foreign, back, mods.negated, mods.fewer,
        mods.compares if head.noun in ("cells", "density") and not mods.traits and not mods.fewer else "", mods.determined, tuple(mods.unknown), text=" ".join(t.lower for t in tokens[first:end]),
        part=part,
    )  # fmt: skip


def _compounds(tokens: Sequence[Token], at: int, head: Token) -> bool:
    """Whether the token at `at` goes on the compound noun: `layer V | pyramids`, `cell | density`, `cortex of` not."""
    token = tokens[at]
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.verb and token.verb != "other" and not token.is_("type"):
        return False
    if token.is_("conjunctions", "prepositions", "subordinators", "determiners"):
        return False
    if head.is_("layer"):
        if token.noun and token.noun not in ("area", "zone"):
            return True
        kinds = token.is_("type", "trait", "unknown")
        return kinds and after is not None and after.noun == "cells" and not token.verb
    if head.is_("region"):
        return token.noun in ("area",) and not head.is_("group")
    if head.noun == "area":
        return token.is_("region")
    if head.noun and token.noun and not (token.is_("trait") and head.noun == "layer"):
        return head.noun != "border" or token.noun == "border"
    return False


def _joined(head: Token, following: Token) -> Token:
    if following.is_("region") or (head.is_("region") and following.noun == "area"):
        return following if following.is_("region") else head
    return replace(following, start=head.start, text=f"{head.text} {following.text}")


def _is_foreign(mods: _Modifiers) -> bool:
    """`the insular cortex`, `neighbouring areas`: an area that is not the one spoken of; `this cortical area` is."""
    own = load_english().roles
    return any("own" not in own.get((word,), frozenset()) for word in mods.unknown)


def _headless(tokens: Sequence[Token], first: int, end: int, mods: _Modifiers, before: Sequence[Phrase]) -> Phrase | None:
    """A phrase without a noun that the lexicon knows: traits alone, a pronoun, or an unknown noun."""
    while end > first and tokens[end - 1].is_("adverbs", "hedges", "more", "less") and not tokens[end - 1].is_("trait"):
        end -= 1
    if end == first:
        return _pronoun(tokens, first)
    if tokens[end - 1].is_("participle") and mods.traits and end - first > 1:
        end -= 1  # "columnar organised"
    last = tokens[end - 1]
    if any(t.lower in ("latter", "former", "lattermost") for t in tokens[first:end]) and not mods.traits:
        return Phrase("np", first, end, last, back="pointed", determined=True, text=" ".join(t.lower for t in tokens[first:end]))
    text = " ".join(t.lower for t in tokens[first:end])
    if last.is_(
        "unknown", "transparent", "features", "parts", "subdivisions", "foreign_heads", "evidence", "species"
    ) and not last.is_("trait"):
        part = mods.placed and last.is_("parts", "subdivisions")
        foreign = part or any(t.is_("foreign_heads", "species") for t in tokens[first:end])
        return Phrase(
            "np", first, end, last, tuple(mods.traits), tuple(mods.types), negated=mods.negated, fewer=mods.fewer, back=mods.back,
            determined=mods.determined, foreign=foreign, part=part, stranger=_is_stranger(tokens, first, last, mods), regions=mods.regions, unknown=tuple(mods.unknown), text=text,
        )  # fmt: skip
    predicate = not mods.determined and any(w.pos == "verb" for w in last.words) and bool(before) and before[-1].kind == "np"
    if mods.traits:
        if any(w.pos == "noun" for w in last.words) and not predicate:
            return _nominal(tokens, first, end, mods, text)
        return Phrase(
            "adj",
            first,
            end,
            traits=tuple(mods.traits),
            types=tuple(mods.types),
            negated=mods.negated,
            back=mods.back,
            determined=mods.determined,
            fewer=mods.fewer,
            text=text,
        )
    if mods.types:
        return Phrase("adj", first, end, types=tuple(mods.types), text=text)
    return _pronoun(tokens, first)


def _is_stranger(tokens: Sequence[Token], first: int, last: Token, mods: _Modifiers) -> bool:
    """`the pulvinar`: an unknown noun with a bare "the" may be an area that the table lacks."""
    return tokens[first].lower == "the" and not mods.traits and last.is_("unknown") and not last.is_("participle")


def _pro_form(tokens: Sequence[Token], first: int, at: int, mods: _Modifiers) -> Phrase:
    """`a thin one`, `giant ones`: stands for the noun named before."""
    return Phrase(
        "np", first, at + 1, tokens[at], tuple(mods.traits), tuple(mods.types), negated=mods.negated, back="one", determined=True,
        text=" ".join(t.lower for t in tokens[first : at + 1]),
    )  # fmt: skip


def _nominal(tokens: Sequence[Token], first: int, end: int, mods: _Modifiers, text: str) -> Phrase:
    """`an abrupt widening`, `no clear columns`: the last trait is a noun, which bears no other trait."""
    packed = [t for t in mods.traits if any(s[0] == "cell_density" for w in t.words for s in w.senses.values())]
    own = (
        ()
        if mods.placed
        else tuple(t for t in mods.traits if t.token is tokens[end - 1] or (t in packed and tokens[end - 1].is_("transparent")))
    )
    return Phrase(
        "np",
        first,
        end,
        tokens[end - 1],
        own,
        tuple(mods.types),
        negated=mods.negated,
        fewer=mods.fewer,
        back=mods.back,
        determined=mods.determined,
        regions=mods.regions,
        unknown=tuple(mods.unknown),
        text=text,
    )


def _pronoun(tokens: Sequence[Token], at: int) -> Phrase | None:
    token = tokens[at]
    if token.lower in ("both", "all", "each") and at + 1 < len(tokens) and (tokens[at + 1].verb or tokens[at + 1].is_("layer")):
        return Phrase("np", at, at + 1, token, back="pointed", determined=True, text=token.lower)
    for role in ("pronouns_one", "pronouns_many"):
        if token.is_(role):
            return Phrase("np", at, at + 1, token, back=role, text=token.lower)
    if token.is_(
        "unknown", "positions", "determiners", "species", "transparent", "features", "foreign_heads", "parts", "own", "evidence"
    ):
        return Phrase(
            "np", at, at + 1, token, text=token.lower, foreign=token.is_("foreign_heads", "species"), unknown=(token.lower,)
        )
    return None


def is_degree(tokens: Sequence[Token], at: int) -> bool:
    """`as dense as`: the first "as" makes the trait an equal."""
    return any(t.is_("trait") for t in tokens[at + 1 : at + 3])
