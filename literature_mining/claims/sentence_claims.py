"""The claims of one parsed sentence: each trait with its bearer, layer, region, polarity and comparison."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cytoscribe.literature_mining.claims.bearers import Bearer, Bearers
from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.findings import Evidence, FoundClaim
from cytoscribe.literature_mining.claims.layer_scope import Scopes
from cytoscribe.literature_mining.claims.layers import base, between
from cytoscribe.literature_mining.claims.lexicon import Lexicon
from cytoscribe.literature_mining.claims.model import Clause, Node, Sentence, Trait
from cytoscribe.literature_mining.claims.polarity import is_denied
from cytoscribe.literature_mining.claims.scope import Scope, effective_subjects
from cytoscribe.literature_mining.claims.senses import Meaning, meaning_of
from cytoscribe.literature_mining.claims.tokens import UNKNOWN, Token

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

    def __init__(self, sentence: Sentence, scopes: Scopes, context: Context, lexicon: Lexicon) -> None:
        self._sentence, self._scopes, self._context, self._lexicon = sentence, scopes, context, lexicon
        self._needs = {t.noun for t in sentence.tokens} | {"layer" for t in sentence.tokens if t.is_("layer")}
        if any(t.is_("type") for t in sentence.tokens):
            self._needs.add("cells")
        self._bearers = Bearers(scopes, context)
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
                self._read_one(node, trait, clause, self._bearers.attributive(node, trait, clause))
            return
        measured = [b for b in node.pps if b.noun in ("size", "density", "thickness") and b.prep == "in"]  # "increase in size"
        for measure in measured:
            self._read_one(node, trait, clause, self._bearers.of(measure, clause, "predicate"))
        if measured:
            return
        subjects = effective_subjects(clause)
        things = [s for s in subjects if s.noun not in ("region", "area")]
        for subject in things if things and any(s.noun for s in things) else subjects:
            self._read_one(node, trait, clause, self._bearers.of(subject, clause, "predicate"))
        if not subjects:
            self._read_one(node, trait, clause, self._bearers.elsewhere(clause))

    def _read_one(self, node: Node, trait: Trait, clause: Clause, bearers: Iterable[Bearer]) -> None:
        """State the trait of the first bearer of which it says something."""
        for bearer in bearers:
            meaning = meaning_of(trait, bearer.noun, self._needs, self._lexicon, deeper=self._is_gradient(clause, trait, bearer))
            if meaning is None:
                continue
            if not (
                _is_existence(meaning) and bearer.noun in ("cells", "border", "arrangement")
            ):  # those deny their subject's traits
                self._state(node, trait, bearer, meaning)
            return

    def _is_gradient(self, clause: Clause, trait: Trait, bearer: Bearer) -> bool:
        """`increases with depth`, `a superficial to deep increase`: a change within a layer."""
        at = self._sentence.tokens.index(trait.token)
        starts = [c.start for c in self._sentence.clauses]
        first = max((s for s in starts if s <= at), default=0)
        tokens = self._sentence.tokens[first : min((s for s in starts if s > at), default=len(self._sentence.tokens))]
        if any(t.is_("deepward") for t in tokens):
            return True
        if any(t.lower in ("gradual", "gradually", "progressive", "progressively", "steadily", "steady") for t in tokens) and any(
            w.pos != "adj" for w in trait.words
        ):
            return True
        deeper = [
            t
            for k, t in enumerate(tokens[1:], 1)
            if t.is_("layer")
            and tokens[k - 1].lower in ("towards", "toward", "to")
            and t.names[-1:]
            and t.names[-1].endswith(("c", "IV"))
        ]
        return (
            bool(deeper)
            and trait.token.lower.startswith(("increas", "grow", "enlarg"))
            and bearer.noun in ("size", "cells", "nominal")
        )

    def _state(self, node: Node, trait: Trait, bearer: Bearer, meaning: Meaning) -> None:
        has = bearer.clause.verb_class in ("have", "consist", "be") and node in bearer.clause.said
        if has and any(s.noun == "other" for s in effective_subjects(bearer.clause)):
            return  # "mossy fibres form a dense band"
        if node.phrase.kind == "adj" and any(b.prep in _NEARNESS and b.noun == "layer" for b in node.pps):
            return  # "large near layer IV and small near layer II": a change within the layer
        layers = self._layers(node, bearer, meaning)
        regions = self._regions(node, bearer)
        if regions.foreign or not regions.names:
            return
        polarity = not is_denied(node, bearer.clause, trait) if meaning.polarity else is_denied(node, bearer.clause, trait)
        if meaning.value == "absent" and not polarity:
            meaning, polarity = replace(meaning, value="visible"), True
        compared, named = (), False
        if meaning.relative or any(p.kind == "unlike" for p in bearer.clause.partners):
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
        for region, layer, partners in self._distributed(node, trait, bearer, regions, layers, compared):
            others = tuple(p for p in partners if p != region) or (self._rivals(region) if meaning.relative and not named else ())
            self._add(node, trait, bearer, meaning, region, layer, polarity, others, regions, layers)
            if meaning.relative and (refused := self._scopes.refused_partners(bearer.clause, node.phrase.start)):
                self._add(node, trait, bearer, meaning, region, layer, not polarity, refused, regions, layers)
            if not meaning.relative:
                for other in self._scopes.alike(bearer.clause):
                    self._add(node, trait, bearer, meaning, other, layer, polarity, (), regions, layers)
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
            if excluded.start < node.start:
                continue
            groups = [p.group for p in bearer.clause.partners if p.node.start > node.start and not p.negated]
            partner = meaning.relative and bool(groups)
            if partner and groups[0] != max(p.group for p in bearer.clause.partners if p.node.start < excluded.start):
                continue  # the exclusion belongs to the comparison just before it
            for name in excluded.phrase.layers if not partner else ():
                self._add(node, trait, bearer, meaning, region, name, not polarity, (), regions, layers)
            for name in self._scopes.region(excluded).known if excluded.noun in ("region", "area", "pronoun") else ():
                if partner:
                    self._add(node, trait, bearer, meaning, region, layer, not polarity, (name,), regions, layers)
                else:
                    self._add(node, trait, bearer, meaning, name, layer, not polarity, (), regions, layers)

    def _rivals(self, region: str) -> tuple[str, ...]:
        """What an open comparison compares with: the rival of the sentence before, or the region spoken of so far."""
        spoken = self._context.rivals if region in self._context.topic else self._context.regions
        return tuple(r for r in spoken if r != region)

    def _layers(self, node: Node, bearer: Bearer, meaning: Meaning) -> Scope:
        scopes = self._scopes
        if meaning.attribute == "border":
            if bearer.noun == "border":
                return scopes.border(bearer.node, bearer.clause)
            source = scopes.layer(bearer.node, bearer.clause)
            edges = scopes.edge(source.names, node) if node.phrase.kind == "adj" else ()
            if not any(b.phrase.layers for b in node.below()) and len(source.names) == 2 and meaning.value == "blurred":
                edges = (between(*source.names),)  # "layers V and VI are undifferentiated"
            return Scope(edges, source.how) if edges else source
        if meaning.attribute == "cortical_type" and bearer.noun == "area":
            return Scope(("all",), "own")
        if bearer.noun in ("area", "lamination") and bearer.node.noun != "layer":
            own = scopes.layer(bearer.node, bearer.clause) if bearer.noun == "lamination" else Scope(("all",), "own")
            if node.phrase.kind == "adj" and bearer.noun == "area":
                return scopes.layer(node, bearer.clause) if any(b.phrase.layers for b in node.below()) else own
            return own
        into = node.phrase.kind != "adj" or node.phrase.text.endswith(" into")  # "thick, split into Va and Vb"
        adjective = [] if into else [b for b in node.below() if b.phrase.layers]
        if adjective:
            return scopes.layer(node, bearer.clause)
        found = scopes.layer(bearer.node, bearer.clause)
        if meaning.attribute == "size_gradient":
            return Scope(tuple(dict.fromkeys(base(x) or x for x in found.names)), found.how)
        return found

    def _regions(self, node: Node, bearer: Bearer) -> Scope:
        if node.phrase.kind == "adj":
            own = self._scopes.below_region(node)
            if own:
                return own
        front = [b for b in bearer.clause.fronted if b.phrase.regions and b.prep in ("in", "within", "for")]
        if bearer.clause is not bearer.node.clause and front:  # "in B it is dense"
            return Scope(front[0].phrase.regions, "front")
        place = [b for b in bearer.clause.places if b.prep in ("in", "of") and b.phrase.regions]
        if bearer.clause is not bearer.node.clause and bearer.clause.verb_class == "place":
            hung = [b for b in [*bearer.clause.places, *(x for s in bearer.clause.said for x in s.below())] if b.phrase.regions]
            if hung:
                return Scope(hung[0].phrase.regions, "place")
        if bearer.clause is not bearer.node.clause and place and bearer.place == "predicate":
            return Scope(place[0].phrase.regions, "place")
        return self._scopes.region(bearer.node, bearer.clause)

    # -------------------------------------------------------------- distribution

    def _distributed(
        self, node: Node, trait: Trait, bearer: Bearer, regions: Scope, layers: Scope, partners: tuple[str, ...]
    ) -> Iterable[tuple[str, str, tuple[str, ...]]]:
        """Regions and layers of a claim; with "respectively" each goes with its own trait or partner."""
        names, strata = list(regions.names), list(layers.names)
        if self._sentence.respectively:
            place, count = _place_in_list(node, trait)
            if count > 1 and len(names) == count:
                names = [names[place]]
            elif count > 1 and len(strata) == count:
                strata = [strata[place]]
            elif len(partners) == len(names) > 1:
                return [(r, s, (p,)) for r, p in zip(names, partners, strict=True) for s in strata]
            elif len(names) == len(strata) > 1:
                return [(r, s, partners) for r, s in zip(names, strata, strict=True)]
        return [(r, s, partners) for r in names for s in strata]

    # -------------------------------------------------------------- cells and layers that are there, or not

    def _read_types(self, node: Node, clause: Clause) -> None:
        """Kinds of cells whose presence is itself the claim."""
        if node.phrase.kind != "np" or not node.phrase.types:
            return
        if node.noun != "cells" and not (node.phrase.head is not None and node.phrase.head.is_("type")):
            return
        listed = clause.verb_class in ("consist", "presence") and node not in effective_subjects(clause)
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


def _place_in_list(node: Node, trait: Trait) -> tuple[int, int]:
    """Which of how many coordinated traits or phrases this one is."""
    groups = {t.group for t in node.phrase.traits}
    if len(groups) > 1:
        return trait.group, len(groups)
    said = [n for n in node.clause.said if n.phrase.kind == node.phrase.kind]
    if len(said) > 1 and node in said:
        return said.index(node), len(said)
    traits = node.phrase.traits
    return (traits.index(trait), len(traits)) if trait in traits and len(traits) > 1 and node.phrase.kind == "adj" else (0, 1)
