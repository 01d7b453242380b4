"""The claims of one parsed sentence: each trait with its bearer, layer, region, polarity and comparison."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from cytoscribe.literature_mining.claims.bearers import Bearer, Bearers
from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.findings import Evidence, FoundClaim
from cytoscribe.literature_mining.claims.layer_scope import Scopes
from cytoscribe.literature_mining.claims.layers import isocortical
from cytoscribe.literature_mining.claims.lexicon import Lexicon
from cytoscribe.literature_mining.claims.limits import is_lessened, is_some_zone, leads_somewhere
from cytoscribe.literature_mining.claims.model import Clause, Node, Sentence, Trait
from cytoscribe.literature_mining.claims.polarity import is_denied
from cytoscribe.literature_mining.claims.scope_names import Scope, effective_subjects
from cytoscribe.literature_mining.claims.senses import Meaning, meaning_of
from cytoscribe.literature_mining.claims.tokens import UNKNOWN, Token
from cytoscribe.literature_mining.claims.trait_places import TraitPlaces

_SEEN = frozenset(
    ["found", "seen", "observed", "detected", "identified", "recognised",
     "recognized", "discerned", "distinguished", "noted", "demonstrated"]
)  # fmt: skip
_NEARNESS = frozenset(["near", "close to", "next to", "adjacent to", "towards", "toward"])
_MEASURES = frozenset(["size", "density", "thickness"])
_NUMBERS = ("two", "three", "four", "five", "six", "seven")
_BE = frozenset(["is", "are", "was", "were", "be", "been"])


class SentenceClaims:
    """Reads the claims of one parsed sentence."""

    def __init__(
        self, sentence: Sentence, scopes: Scopes, context: Context, lexicon: Lexicon, strata: AbstractSet[str] = frozenset()
    ) -> None:
        self._strata = strata
        self._sentence, self._scopes, self._context, self._lexicon = sentence, scopes, context, lexicon
        self._needs = {t.noun for t in sentence.tokens} | {"layer" for t in sentence.tokens if t.is_("layer")}
        if any(t.is_("type") for t in sentence.tokens):
            self._needs.add("cells")
        self._bearers = Bearers(scopes, context)
        self._places = TraitPlaces(sentence, scopes, context)
        self._found: dict[tuple[object, ...], FoundClaim] = {}
        self._of_clause: dict[int, list[FoundClaim]] = {}

    def read(self) -> list[FoundClaim]:
        """All claims, in the order of their words, each once."""
        for clause in self._sentence.clauses:
            for node in clause.nodes():
                self._read_node(node, clause)
            if clause.shares and clause.verb_class == "place" and clause.leans is not None:
                for subject in effective_subjects(clause):
                    self._read_node(subject, clause)
            if clause.repeats and clause.leans is not None:
                self._repeat(clause, clause.leans)
        return sorted(self._found.values(), key=lambda c: (c.start, c.end))

    def _repeat(self, clause: Clause, said: Clause) -> None:
        """`and so has area B`: the claims of the clause before, of another region or layer."""
        subject = clause.subjects[0]
        layers = [n for b in subject.below() for n in b.phrase.layers] or list(subject.phrase.layers)
        for claim in list(self._of_clause.get(said.index, [])):
            for region in self._scopes.region(subject).known if subject.noun != "layer" else (claim.region,):
                for layer in layers or [claim.layer]:
                    repeated = replace(claim, region=region, layer=layer, polarity=claim.polarity != clause.negated)
                    self._found.setdefault((*repeated.identity, repeated.relative), repeated)

    def _read_node(self, node: Node, clause: Clause) -> None:
        for trait in node.phrase.traits:
            if node.phrase.fewer and trait.token.lower not in ("fewer", "fewest"):
                continue
            self._read_trait(node, trait, clause)
        if node.joined is not None and not node.phrase.traits and node.noun in _MEASURES and not node.phrase.determined:
            for trait in node.joined.phrase.traits:  # "the low density and width of layer III"
                self._read_trait(node, trait, clause)
        if node.phrase.more in ("more", "less") and node not in effective_subjects(clause):
            value = "high" if node.phrase.more == "more" else "low"
            head = node.phrase.head
            assert head is not None
            meaning = Meaning("cell_density", value, relative=True)
            self._state(node, Trait(head, head.start), Bearer(node, "cells", clause, "attributive"), meaning)
        self._read_types(node, clause)
        self._read_existence(node, clause)
        self._read_number(node, clause)

    # -------------------------------------------------------------- traits

    def _read_trait(self, node: Node, trait: Trait, clause: Clause) -> None:
        if node.phrase.kind == "np":
            measures = (
                [b for b in node.pps if b.prep in ("in", "of") and b.noun in _MEASURES] if node.phrase.head is trait.token else []
            )
            for measure in measures if len(measures) > 1 else []:  # "an increase in size and density"
                self._read_one(node, trait, clause, self._bearers.of(measure, clause, "nominal"))
            if len(measures) < 2:
                self._read_one(
                    node, trait, clause, [*self._bearers.attributive(node, trait, clause), *self._bearers.labelled(clause)]
                )
            return
        measured = [b for b in node.pps if b.noun in ("size", "density", "thickness") and b.prep == "in"]  # "increase in size"
        for measure in measured:
            self._read_one(node, trait, clause, self._bearers.of(measure, clause, "predicate"))
        if measured:
            return
        if clause.verb_class in ("have", "consist") and node.joined is not None and node.joined.noun == "cells":
            self._read_one(node, trait, clause, self._bearers.of(node.joined, clause, "predicate"))
            return  # "layer V has large pyramids, but smaller than in area B"
        subjects = effective_subjects(clause)
        shared = self._shared_noun(node, clause)
        if shared is not None:
            self._read_one(node, trait, clause, [shared])
            return
        things = [s for s in subjects if s.noun not in ("region", "area")]
        for subject in things if things and any(s.noun for s in things) else subjects:
            self._read_one(node, trait, clause, self._bearers.of(subject, clause, "predicate"))
        if not subjects:
            self._read_one(node, trait, clause, self._bearers.elsewhere(clause))

    def _shared_noun(self, node: Node, clause: Clause) -> Bearer | None:
        """`A has a thin | and B a broad layer II`, `its largest cells in layer V and its smallest | in layer II`: a noun that a
        determined adjective has from the phrase behind or before it."""
        if not node.phrase.determined or clause.verb_class not in ("have", "consist") or node not in clause.said:
            return None
        following = self._sentence.clauses[clause.index + 1 :] if clause.said[-1] is node else []
        ahead = [s for c in following[:1] if c.kind == "coord" for s in c.said if s.noun in ("layer", "cells")]
        if ahead:
            return Bearer(ahead[0], ahead[0].noun, clause, "attributive")
        behind = [s for s in clause.said if s.start < node.start and s.noun in ("layer", "cells")]
        return Bearer(node, behind[-1].noun, clause, "attributive") if behind and node.pps else None

    def _read_one(self, node: Node, trait: Trait, clause: Clause, bearers: Iterable[Bearer]) -> None:
        """State the trait of the first bearer of which it says something."""
        gone = [s for w in trait.words for s in w.senses.values() if s[0] == "layer_visibility" and s[1] in ("absent", "visible")]
        if (
            gone
            and clause.kind == "rel"
            and clause.antecedent is not None
            and clause.antecedent.noun in ("cells", "arrangement", "")
        ):
            self._deny_elsewhere(node, trait, clause, clause.antecedent)
            return
        for bearer in bearers:
            meaning = meaning_of(
                trait, bearer.noun, self._needs, self._lexicon, deeper=self._places.is_gradient(clause, trait, bearer)
            )
            if meaning is None:
                continue
            if not (
                _is_existence(meaning) and bearer.noun in ("cells", "border", "arrangement")
            ):  # those deny their subject's traits
                self._state(node, trait, bearer, meaning)
            return

    def _is_alternative(self, node: Node, trait: Trait, meaning: Meaning) -> bool:
        """`visible or not visible`, `prominent or inconspicuous`: either may hold, so that neither is stated."""
        tokens = self._sentence.tokens
        if " or not " in node.phrase.text or [t.lower for t in tokens[max(0, node.start - 2) : node.start]] == ["or", "not"]:
            return True
        at = tokens.index(trait.token)
        for near, far in ((at + 1, at + 2), (at - 1, at - 2)):
            if 0 <= far < len(tokens) and tokens[near].lower == "or":
                senses = [s for w in tokens[far].words for s in w.senses.values()]
                opposed = any(s[0] == meaning.attribute and s[1] == self._lexicon.poles.get(meaning.value) for s in senses)
                if opposed or (far > at and tokens[far].is_("negatives")):
                    return True
        return False

    def _deny_elsewhere(self, node: Node, trait: Trait, clause: Clause, antecedent: Node) -> None:
        """`A has a columnar arrangement, which is missing in B`: what was said of the antecedent, of another region."""
        tokens = self._sentence.tokens
        start, end = tokens[antecedent.phrase.start].start, tokens[antecedent.phrase.end - 1].end
        there = any(s == ("layer_visibility", "visible") for w in trait.words for s in w.senses.values()) != is_denied(
            node, clause, trait
        )
        for claim in list(self._of_clause.get(antecedent.clause.index, [])):
            for region in self._scopes.below_region(node).known if start <= claim.start and claim.end <= end else ():
                repeated = replace(claim, region=region, polarity=claim.polarity == there, compared_to=())
                self._found.setdefault((*repeated.identity, repeated.relative), repeated)

    def _state(self, node: Node, trait: Trait, bearer: Bearer, meaning: Meaning) -> None:
        has = bearer.clause.verb_class in ("have", "consist", "be") and node in bearer.clause.said
        if has and any(s.noun == "other" for s in effective_subjects(bearer.clause)):
            return  # "mossy fibres form a dense band"
        if node.phrase.kind == "adj" and any(b.prep in _NEARNESS and b.noun == "layer" for b in node.pps):
            return  # "large near layer IV and small near layer II": a change within the layer
        if self._is_alternative(node, trait, meaning) or (
            trait.token.lower in ("numerous", "abundant") and bearer.node.phrase.unknown
        ):
            return  # "prominent or inconspicuous layers", "head-direction cells are numerous"
        if meaning.attribute == "arrangement" and not meaning.relative and is_lessened(node, bearer.clause):
            return  # "a less prominent columnar arrangement than in area B"
        if meaning.attribute == "arrangement" and any(t.compares == "more" for t in node.phrase.traits if node.phrase.kind == "np"):
            meaning = replace(meaning, relative=True)
        changes = meaning.relative or any(w.pos == "verb" and "density" in w.senses for w in trait.words)
        if changes and meaning.attribute != "size_gradient" and leads_somewhere(node, bearer.clause):
            return  # "become smaller towards the surface": a change within the area
        if meaning.attribute == "cortical_type" and meaning.relative:
            return  # "less granular than area B" says of neither that it is granular
        layers = self._places.layers(node, bearer, meaning)
        if layers.names == ("all",) and (is_some_zone(bearer) or meaning.value == "sublaminated"):
            return  # an area with subdivisions is not one with sublayers
        regions = self._places.regions(node, bearer)
        if regions.foreign or not regions.names:
            return
        polarity = not is_denied(node, bearer.clause, trait) if meaning.polarity else is_denied(node, bearer.clause, trait)
        if meaning.value == "absent" and not polarity:
            meaning, polarity = replace(meaning, value="visible"), True
        compared, named = (), False
        if meaning.relative or (meaning.attribute != "cortical_type" and any(p.kind == "unlike" for p in bearer.clause.partners)):
            compared, named = self._scopes.partners(bearer.clause, node.phrase.start, regions.names)
        if meaning.attribute == "layer_visibility" and layers.names == ("all",):
            if _is_existence(meaning) and bearer.noun not in ("layer", "lamination"):
                return  # "the existence of area B", "the areas are identifiable": nothing of their layers
            meaning = replace(
                meaning,
                attribute="lamination",
                value={"prominent": "clear", "visible": "clear", "inconspicuous": "poor", "absent": "poor"}[meaning.value],
            )
        if meaning.attribute == "border" and layers.names == ("all",) and bearer.noun == "layer":  # "its layers are well defined"
            meaning = replace(meaning, attribute="lamination", value="clear" if meaning.value == "sharp" else "poor")
        if meaning.relative and set(regions.names) & set(compared) and regions.how in ("context", "heading"):
            return  # the area spoken of is what another, unnamed one is compared with
        for region, layer, partners in self._places.distributed(node, trait, bearer, regions, layers, compared):
            others = tuple(p for p in partners if p != region) or (
                self._rivals(region, node.start) if meaning.relative and not named else ()
            )
            self._add(node, trait, bearer, meaning, region, layer, polarity, others, regions, layers)
            if meaning.relative and (refused := self._scopes.refused_partners(bearer.clause, node.phrase.start)):
                self._add(node, trait, bearer, meaning, region, layer, not polarity, refused, regions, layers)
            if not meaning.relative:
                for other in self._scopes.alike(bearer.clause):
                    self._add(node, trait, bearer, meaning, other, layer, polarity, (), regions, layers)
                for other in self._scopes.alike_layers(bearer.clause):
                    self._add(node, trait, bearer, meaning, region, other, polarity, (), regions, layers)
            self._deny_excluded(node, trait, bearer, meaning, region, layer, polarity, regions, layers)

    def _deny_excluded(
        self,
        node: Node,
        trait: Trait,
        bearer: Bearer,
        meaning: Meaning,
        region: str,
        layer: str,
        polarity: bool,
        regions: Scope,
        layers: Scope,
    ) -> None:
        """`in A, but not in B`, `in layer V, but not in layer II`: B and layer II are denied the trait."""
        for excluded in bearer.clause.excluded:
            verb = bearer.clause.verb
            if excluded.start < node.start and not (verb is not None and excluded.start < verb.start < node.start):
                continue
            groups = [p.group for p in bearer.clause.partners if p.node.start > node.start and not p.negated]
            partner = meaning.relative and bool(groups)
            if partner and groups[0] != max(p.group for p in bearer.clause.partners if p.node.start < excluded.start):
                continue  # the exclusion belongs to the comparison just before it
            own = self._scopes.below_region(excluded).known or (region,)
            for name in excluded.phrase.layers if not partner else ():
                for area in own:
                    self._add(node, trait, bearer, meaning, area, name, not polarity, (), regions, layers)
            for name in self._scopes.region(excluded).known if excluded.noun in ("region", "area", "pronoun") else ():
                if partner:
                    self._add(node, trait, bearer, meaning, region, layer, not polarity, (name,), regions, layers)
                else:
                    self._add(node, trait, bearer, meaning, name, layer, not polarity, (), regions, layers)

    def _rivals(self, region: str, before: int) -> tuple[str, ...]:
        """What an open comparison compares with: the rival of the sentence before, or the region spoken of so far."""
        spoken = self._context.rivals if region in self._context.topic else self._context.regions
        return tuple(r for r in spoken if r != region) or self._scopes.named_before(before, region)

    # -------------------------------------------------------------- cells and layers that are there, or not

    def _read_types(self, node: Node, clause: Clause) -> None:
        """Kinds of cells whose presence is itself the claim."""
        if node.phrase.kind == "adj" and node in clause.said:
            self._read_predicate_types(node, clause)
        if node.phrase.kind != "np" or not node.phrase.types:
            return
        if node.noun != "cells" and not (node.phrase.head is not None and node.phrase.head.is_("type")):
            return
        listed = (clause.verb_class in ("consist", "presence") or node.prep == "rich in") and node not in effective_subjects(clause)
        prominent = next((t for t in node.phrase.traits if any(s[1] == "*" for w in t.words for s in w.senses.values())), None)
        for token in {t.types[0]: t for t in node.phrase.types}.values():
            name, claimed = token.types
            if not (claimed or listed or prominent):
                continue
            if node in effective_subjects(clause) and not claimed and not prominent:
                continue
            meaning = Meaning("cell_type", name)
            bearer = Bearer(node, "cells", clause, "attributive")
            self._state(node, Trait(token, token.start), bearer, meaning)

    def _read_predicate_types(self, node: Node, clause: Clause) -> None:
        """`the neurons are large and multipolar`."""
        for subject in (s for s in effective_subjects(clause) if s.noun == "cells"):
            for token in node.phrase.types:
                if token.types[1]:
                    bearer = Bearer(subject, "cells", clause, "predicate")
                    self._state(node, Trait(token, token.start), bearer, Meaning("cell_type", token.types[0]))

    def _read_existence(self, node: Node, clause: Clause) -> None:
        """`no layer IV`, `lacks layer IV`, `without layer IV`, `the presence of layer IV`."""
        if (
            node.phrase.kind != "np"
            or node.noun != "layer"
            or node.phrase.traits
            or not node.phrase.layers
            or node.prep in ("in", "of", "within")
        ):
            return
        head = node.phrase.head
        assert head is not None
        if head.names[0] in ("all", "WM") or any(b.phrase.traits for b in node.pps) or not head.is_("layer"):
            return
        denied = is_denied(node, clause)
        if node.holder is not None:
            return
        if node in effective_subjects(clause):
            self._read_found(node, clause, head)
            return
        present = clause.verb_class == "presence"
        if (denied and (node.phrase.negated or node.negated or clause.verb_class in ("lack", "have"))) or present:
            meaning = Meaning(
                "layer_visibility", "absent" if denied and not present else "visible", polarity=not (denied and not present)
            )
            self._state(node, Trait(head, head.start), Bearer(node, "layer", clause, "attributive"), meaning)

    def _read_number(self, node: Node, clause: Clause) -> None:
        """`is made up of two layers`, `the five layers of the cortex`: how many layers there are."""
        head = node.phrase.head
        if node.phrase.kind != "np" or head is None or head.names != ("all",):
            return
        number = next((w for w in node.phrase.text.split() if w in _NUMBERS), "")
        if number and (clause.verb_class in ("have", "consist") or clause.verb is None):
            bearer = Bearer(node, "lamination", clause, "attributive")
            self._state(node, Trait(head, head.start), bearer, Meaning("lamination", f"{number}-layered"))

    def _read_found(self, node: Node, clause: Clause, head: Token) -> None:
        """`layer IV cannot be identified`, `layer IV was found in ...`: the verb says whether the layer is there."""
        words = clause.verb.text.split() if clause.verb is not None else []
        if clause.verb_class == "place" and words and words[-1] in _SEEN and any(w in _BE for w in words):
            value = "absent" if clause.negated else "visible"
            meaning = Meaning("layer_visibility", value, polarity=not clause.negated)
            self._state(node, Trait(head, head.start), Bearer(node, "layer", clause, "predicate"), meaning)

    # -------------------------------------------------------------- the claim

    def _add(
        self, node: Node, trait: Trait, bearer: Bearer, meaning: Meaning, region: str, layer: str, polarity: bool,
        partners: tuple[str, ...], regions: Scope, layers: Scope,
    ) -> None:  # fmt: skip
        if region == UNKNOWN:
            return
        layer = layer if region in self._strata else isocortical(layer)
        start, end = self._span(node, trait, bearer)
        evidence = Evidence(
            regions.how, layers.how, bearer.noun, bearer.place, len(self._sentence.clauses),
            self._context.age if regions.how in ("context", "heading") else 0,
            max(0, len({n for t in self._sentence.tokens if t.is_("region") for n in t.names}) - len(regions.names)),
            trait.hedged, len(node.phrase.unknown),
        )  # fmt: skip
        if not polarity and meaning.attribute == "layer_visibility" and meaning.value == "absent":
            meaning, polarity = replace(meaning, value="visible"), True
        claim = FoundClaim(
            region, layer, meaning.attribute, meaning.value, polarity, partners, start, end, 1.0, meaning.relative, evidence
        )
        kept = self._found.setdefault((*claim.identity, meaning.relative), claim)
        self._of_clause.setdefault(bearer.clause.index, []).append(kept)

    def _span(self, node: Node, trait: Trait, bearer: Bearer) -> tuple[int, int]:
        """The words that carry the claim: from the trait to the noun that has it."""
        tokens = self._sentence.tokens
        head = bearer.node.phrase.head
        places = [trait.token]
        if head is not None and head.start >= 0 and head in tokens:
            places.append(head)
        elif bearer.node.phrase.kind == "np":
            places += tokens[bearer.node.phrase.start : bearer.node.phrase.end]
        return min(t.start for t in places), max(t.end for t in places)


def _is_existence(meaning: Meaning) -> bool:
    return meaning.attribute == "layer_visibility" and meaning.value in ("absent", "visible")
