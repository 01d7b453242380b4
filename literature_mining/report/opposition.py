"""When two claims about one region cannot both hold, and which layers hold one another.

Same place: opposite values of one attribute, or one value stated and denied. A comparison opposes only a comparison with a region in
common, since "thinner than in B" leaves open how thin. Places overlap in three ways:

- a range against a layer inside it ("II-III" and "III"): what is said of the cells of the range is said of each layer, so the two
  oppose each other; thickness and borders belong to the range as a whole and do not;
- a layer against its own sublayer ("III" and "IIIc"), or the whole depth against a layer: no opposition, for a part may differ;
- a layer that is absent against anything that takes the layer or a part of it to be there.

A cortical type speaks of layer IV: granular cortex has one, agranular cortex has none, and dysgranular cortex has no prominent one.
"""

from __future__ import annotations

from functools import lru_cache

from cytoscribe.core.records import WHOLE
from cytoscribe.literature_mining.claims.findings import Statement
from cytoscribe.literature_mining.claims.vocabulary import are_opposed, attribute_of

_ATOMS = ("I", "II", "IIIa", "IIIb", "IIIc", "IVa", "IVb", "IVc", "Va", "Vb", "VIa", "VIb")
_WITH_LAYER_IV = ("granular", "koniocortex")


def plain_value(claim: Statement) -> tuple[str, bool]:
    """A claim's value and polarity with denials that have a word of their own resolved: "not sharp" is blurred."""
    value = None if claim.polarity or claim.compared_to else attribute_of(claim.attribute).denied.get(claim.value)
    return (value, True) if value else (claim.value, claim.polarity)


def contradict(one: Statement, other: Statement) -> bool:
    """True where both cannot hold. Claims of different regions oppose each other only where each compares with the other's region."""
    if one.region != other.region:
        return _compared_both_ways(one, other)
    if _absence_denied(one, other) or _absence_denied(other, one) or _type_denied(one, other) or _type_denied(other, one):
        return True
    comparable = bool(set(one.compared_to) & set(other.compared_to)) or not (one.compared_to or other.compared_to)
    return one.attribute == other.attribute and comparable and _one_place(one, other) and _opposite(one, other)


def covers(layer: str, part: str) -> bool:
    """True where `layer` is `part` or holds it: "III" holds "IIIc", "II-III" holds "II". The whole depth holds only itself."""
    return layer == part or (bool(atoms(part)) and atoms(part) <= atoms(layer))


def compatible(one: str, other: str) -> bool:
    """True where one of the two layers holds the other."""
    return covers(one, other) or covers(other, one) or one.removesuffix("s") == other.removesuffix("s")


@lru_cache(maxsize=1024)
def atoms(layer: str) -> frozenset[str]:
    """The sublayers that a numbered layer or range consists of; empty for the whole depth, borders to white matter and names."""
    parts = layer.split("-")
    places = [[i for i, a in enumerate(_ATOMS) if a == p or a.rstrip("abc") == p] for p in parts]
    return frozenset(_ATOMS[min(places[0]) : max(places[-1]) + 1]) if all(places) else frozenset()


def states_absence(claim: Statement) -> bool:
    """True where the claim says outright that its layer is not there."""
    return claim.attribute == "layer_visibility" and not claim.compared_to and plain_value(claim) == ("absent", True)


def _one_place(one: Statement, other: Statement) -> bool:
    if one.layer == other.layer:
        return True
    if attribute_of(one.attribute).of_range or "-" not in one.layer + other.layer:
        return False
    whole, part = (one.layer, other.layer) if "-" in one.layer else (other.layer, one.layer)
    return covers(whole, part) and part[-1:] not in "abc"


def _opposite(one: Statement, other: Statement) -> bool:
    (first, stated), (second, also) = plain_value(one), plain_value(other)
    if first == second:
        return stated != also
    return stated and also and are_opposed(one.attribute, first, second)


def _compared_both_ways(one: Statement, other: Statement) -> bool:
    """ "A is thinner than B" and "B is thinner than A"."""
    mutual = other.compared_to == (one.region,) and one.compared_to == (other.region,)
    same = (one.layer, one.attribute, one.value) == (other.layer, other.attribute, other.value)
    return mutual and same and one.polarity and other.polarity


def _absence_denied(gone: Statement, other: Statement) -> bool:
    """`gone` says that a layer is absent, and `other` takes it, or a part of it, to be there."""
    return states_absence(gone) and gone.layer != WHOLE and _presupposes(other, gone.layer)


def _presupposes(claim: Statement, layer: str) -> bool:
    """Whether the claim takes the layer to be there: a trait of it, a cell in it, a border of it; a denial takes nothing for granted."""
    if not claim.polarity or (claim.attribute, claim.value) == ("layer_visibility", "absent"):
        return False
    ends = claim.layer.split("-") if claim.attribute == "border" else [claim.layer]
    return any(covers(layer, end) for end in ends if end != WHOLE)


def _type_denied(kind: Statement, other: Statement) -> bool:
    """`kind` gives the cortical type of the region, and `other` says of layer IV what that type rules out."""
    if kind.attribute != "cortical_type" or kind.layer not in ("", WHOLE) or kind.compared_to or not kind.polarity:
        return False
    if kind.value in _WITH_LAYER_IV or kind.value == "dysgranular":
        return (states_absence(other) and covers(other.layer, "IV")) or (kind.value == "dysgranular" and _prominent_iv(other))
    return (
        kind.value == "agranular"
        and _presupposes(other, "IV")
        and (other.attribute, other.value) != ("layer_visibility", "inconspicuous")
    )


def _prominent_iv(claim: Statement) -> bool:
    said = (claim.attribute, claim.value, claim.polarity, claim.layer)
    return said == ("layer_visibility", "prominent", True, "IV") and not claim.compared_to
