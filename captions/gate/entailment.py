"""Does a source claim support what a caption states?"""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.captions.wording.facets import is_relative
from cytoscribe.core.records import WHOLE, Claim
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.vocabulary import are_opposed, attribute_of
from cytoscribe.literature_mining.report.opposition import atoms, compatible, covers, states_absence

_LAYERS = ("I", "II", "III", "IV", "V", "VI")


def supporters(found: FoundClaim, sources: Sequence[Claim]) -> list[Claim]:
    """The source claims that together support the statement, at every one of its layers; [] where they do not."""
    own = [c for c in sources if _one_region(found, c)]
    direct = [c for c in own if _bears_out(found, c) and _at(found, c)]
    if direct or attribute_of(found.attribute).of_range:
        return direct
    layers = [x for x in _LAYERS if "-" in found.layer and covers(found.layer, x)]
    each = [[c for c in own if _bears_out(found, c) and c.layer == layer] for layer in layers]
    return [c for part in each for c in part] if each and all(each) else []


def is_faint(found: FoundClaim, sources: Sequence[Claim]) -> bool:
    """ "Layer V is visible": no claim of its own where a source speaks of that layer and none calls it absent or inconspicuous."""
    if (
        (found.attribute, found.value, found.polarity) != ("layer_visibility", "visible", True)
        or found.compared_to
        or found.relative
    ):
        return False
    there = [c for c in sources if compatible(c.layer, found.layer)]
    return bool(there) and not any(states_absence(c) or c.value == "inconspicuous" for c in there)


def bears_out(claim: Claim, attribute: str, value: str, stated: bool) -> bool:
    """Whether the claim's attribute, value and polarity support that the value is stated, or denied; its opposite, a synonym of
    what it denies and a weaker value count. Its layer and its comparison are not looked at."""
    if attribute != claim.attribute:
        return False
    known = attribute_of(attribute)
    if value in {claim.value, *known.weaker.get(claim.value, ())} and stated == claim.polarity:
        return True
    if known.denied.get(claim.value) == value and stated != claim.polarity:
        return True
    return claim.polarity and not stated and not claim.compared_to and are_opposed(attribute, claim.value, value)


def _one_region(found: FoundClaim, claim: Claim) -> bool:
    return found.region == claim.region or _mirrored(found, claim)


def _mirrored(found: FoundClaim, claim: Claim) -> bool:
    """ "B has a thinner layer IV than A" for "A has a broader layer IV than B"."""
    return found.region in claim.compared_to and found.compared_to == (claim.region,)


def _bears_out(found: FoundClaim, claim: Claim) -> bool:
    if found.region != claim.region:
        opposed = found.attribute == claim.attribute and are_opposed(claim.attribute, found.value, claim.value)
        return opposed and found.polarity and claim.polarity
    if not bears_out(claim, found.attribute, found.value, found.polarity):
        return False
    if found.compared_to:
        return set(found.compared_to) <= set(claim.compared_to)
    if found.relative:
        return True  # the partner is named elsewhere, or it is another layer
    if claim.attribute == "cell_type":
        return True  # where there are more of them, there are some
    return not claim.compared_to and not (is_relative(claim) and not found.evidence.hedged)


def _at(found: FoundClaim, claim: Claim) -> bool:
    """Whether the claim's place is the statement's: the same layer, a range that holds it, or a part whose cells it speaks of."""
    if found.layer == claim.layer:
        return True
    if attribute_of(claim.attribute).of_range:
        return False
    ranged = "-" in claim.layer and covers(claim.layer, found.layer)
    existence = claim.polarity and (claim.attribute == "cell_type" or claim.value in ("giant", "large"))
    holds = bool(atoms(claim.layer)) and covers(found.layer, claim.layer) and "-" not in found.layer
    anywhere = found.layer == WHOLE and (claim.attribute == "cell_type" or claim.value == "giant")
    return ranged or (existence and (holds or anywhere))
