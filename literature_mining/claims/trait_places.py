"""Where a trait is: its layers and regions, and how "respectively" deals them out."""

from __future__ import annotations

from collections.abc import Iterable

from cytoscribe.literature_mining.claims.bearers import Bearer
from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.layer_scope import Scopes
from cytoscribe.literature_mining.claims.layers import base, between, side_of
from cytoscribe.literature_mining.claims.model import Clause, Node, Sentence, Trait
from cytoscribe.literature_mining.claims.scope_names import Scope, effective_subjects
from cytoscribe.literature_mining.claims.senses import Meaning


class TraitPlaces:
    """Finds the layers and regions of the traits of one sentence."""

    def __init__(self, sentence: Sentence, scopes: Scopes, context: Context) -> None:
        self._sentence, self._scopes, self._context = sentence, scopes, context

    def layers(self, node: Node, bearer: Bearer, meaning: Meaning) -> Scope:
        """Layers that have a trait."""
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
        if meaning.attribute == "size_gradient":
            spans = [base(x) for b in (*node.below(), *bearer.node.below()) if b.prep in ("from", "to") for x in b.phrase.layers]
            whole = scopes.layer(bearer.node, bearer.clause)
            names = [x for x in spans if x] or [base(x) or x for x in whole.names]
            return Scope(tuple(dict.fromkeys(names)), whole.how)
        into = node.phrase.kind != "adj" or node.phrase.text.endswith(" into")  # "thick, split into Va and Vb"
        shared = self._sharing(node)
        adjective = [] if into else [b for b in shared.below() if b.phrase.layers]
        if adjective:
            return scopes.layer(shared, bearer.clause)
        found = scopes.layer(bearer.node, bearer.clause)
        gap = [b for b in bearer.clause.fronted if b.phrase.layers] if bearer.clause.shares else []
        if gap:  # "cells of layer V large, of layer VI small"
            found = Scope(gap[0].phrase.layers, "front")
        if bearer.noun == "cells" and bearer.node.phrase.back == "pronouns_many" and found.how in ("context", "none"):
            found = Scope(self._context.cells or found.names, "context")
        return found

    def _sharing(self, node: Node, *, alike: bool = True) -> Node:
        """`smaller and less dense in layer III of A`: adjectives share the place behind the last of them; alike: those that compare."""
        if node.pps or node.phrase.kind != "adj":
            return node
        relative = [bool(t.compares) for t in node.phrase.traits]
        after = next((n for n in node.clause.said if n.joined is node and n.phrase.kind == "adj"), None)
        if after is None or not after.pps:
            return node
        fits = [bool(t.compares) for t in after.phrase.traits][:1] == relative[:1] == [True]
        return after if fits or not alike else node

    def regions(self, node: Node, bearer: Bearer) -> Scope:
        """Regions that have a trait."""
        if node.phrase.kind == "adj":
            own = self._scopes.below_region(node)
            shared = own or self._scopes.below_region(self._sharing(node, alike=False))
            if own or shared.known:
                return shared
        front = [b for b in bearer.clause.fronted if b.phrase.regions and b.prep in ("in", "within", "for")]
        if bearer.clause is not bearer.node.clause and front:  # "in B it is dense"
            return Scope(front[0].phrase.regions, "front")
        if bearer.clause is not bearer.node.clause and bearer.clause.verb_class == "place":
            hung = [b for b in [*bearer.clause.places, *(x for s in bearer.clause.said for x in s.below())] if b.phrase.regions]
            if hung:
                return Scope(hung[0].phrase.regions, "place")
        return self._scopes.region(bearer.node, bearer.clause)

    def distributed(
        self, node: Node, trait: Trait, bearer: Bearer, regions: Scope, layers: Scope, partners: tuple[str, ...]
    ) -> Iterable[tuple[str, str, tuple[str, ...]]]:
        """Regions and layers of a claim; with "respectively" each goes with its own trait or partner."""
        names, strata = list(regions.names), list(layers.names)
        if (regions.how, layers.how) == ("place", "place") and (placed := self._placed(bearer.clause)):
            return [(r, s, partners) for r, s in placed]
        if self._sentence.respectively:
            place, count = _place_in_list(node, trait)
            fronted = regions.how in ("front", "place", "context", "heading") and layers.how == "own"
            headed = any(s.noun == "layer" for s in effective_subjects(bearer.clause))
            if count > 1 and len(strata) == count and (fronted or headed):  # "in A and B layers III and V are, respectively, ..."
                strata = [strata[place]]
            elif count > 1 and len(names) == count:
                names = [names[place]]
            elif count > 1 and len(strata) == count:
                strata = [strata[place]]
            elif len(partners) == len(names) > 1:
                return [(r, s, (p,)) for r, p in zip(names, partners, strict=True) for s in strata]
            elif len(names) == len(strata) > 1:
                return [(r, s, partners) for r, s in zip(names, strata, strict=True)]
        return [(r, s, partners) for r in names for s in strata]

    def _placed(self, clause: Clause) -> list[tuple[str, str]]:
        """`in layer III of A and in layer V of B`: each place with its own layer and region."""
        nodes = [n for n in clause.places if n.phrase.layers and n.prep in ("in", "within")]
        pairs = [(r, s) for n in nodes for r in self._scopes.below_region(n).known for s in n.phrase.layers]
        return pairs if len({r for r, _ in pairs}) > 1 else []

    def is_gradient(self, clause: Clause, trait: Trait, bearer: Bearer) -> bool:
        """`increases with depth`, `a superficial to deep increase`: a change within a layer."""
        if self._goes_deeper(trait):
            return True
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

    def _goes_deeper(self, trait: Trait) -> bool:
        """`increases from the upper to the deep part`, `from IIIa to IIIc`: within one layer."""
        nodes = [n for c in self._sentence.clauses for n in c.nodes() if self._sentence.tokens[n.start].start > trait.start]
        source = next((n for n in nodes if n.prep == "from"), None)
        if source is None:
            return False
        inner = source.phrase.layers
        if len(inner) > 1 and " to " in source.phrase.text and len({base(x) for x in inner}) == 1:
            return inner[0] < inner[-1]  # "from IIIa to IIIc"
        goal = next((n for n in nodes if n.prep in ("to", "into") and n.start > source.start), None)
        if goal is None:
            return False
        sides = (side_of(source.phrase.text), side_of(goal.phrase.text))
        layers = [n.phrase.layers[0] for n in (source, goal) if n.phrase.layers]
        same = len(layers) == 2 and base(layers[0]) == base(layers[1]) != "" and layers[0] < layers[1]
        return sides == ("upper", "lower") or same


def _place_in_list(node: Node, trait: Trait) -> tuple[int, int]:
    """Which of how many coordinated traits or phrases this one is."""
    groups = {t.group for t in node.phrase.traits}
    if len(groups) > 1:
        return trait.group, len(groups)
    said = [n for n in node.clause.said if n.phrase.kind == node.phrase.kind]
    if len(said) > 1 and node in said:
        return said.index(node), len(said)
    traits = node.phrase.traits
    return (traits.index(trait), len(traits)) if trait in traits and len(traits) > 1 else (0, 1)
