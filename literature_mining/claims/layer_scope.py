"""Which layers a trait is of, read off the clause that it stands in; borders have two."""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.literature_mining.claims.comparison_scope import ComparisonScopes
from cytoscribe.literature_mining.claims.layers import ORDER, WHITE_MATTER, base, between, in_part
from cytoscribe.literature_mining.claims.model import Clause, Node
from cytoscribe.literature_mining.claims.scope_names import DEPTH, NONE, PLACES, Scope, effective_subjects

_TARGETS = frozenset(["to", "with", "from", "towards", "toward", "into", "against", "and"])


class Scopes(ComparisonScopes):
    """Finds the layers of the nodes of one sentence beside their regions."""

    def layer(self, node: Node, clause: Clause | None = None) -> Scope:
        """Layers that a phrase speaks of; `all` where it names none."""
        clause = clause or node.clause
        return (
            self._own_layer(node)
            or self._apposed_layer(node)
            or self.below_layer(node)
            or self._holder_layer(node)
            or self._subject_layer(clause, node)
            or self._joined_layer(node)
            or self._clause_layer(clause, node)
            or (Scope(self._context.section, "heading") if self._context.section else Scope(("all",), "none"))
        )

    def _own_layer(self, node: Node) -> Scope:
        phrase = node.phrase
        if phrase.layers:
            return Scope(phrase.layers, "own")
        if phrase.head is not None and phrase.head.is_("layer"):
            return self._back_layer(node)
        if phrase.text in ("that", "those") and any(b.phrase.regions for b in node.pps) and not self.below_layer(node):
            before = [n for c in self._sentence.clauses for n in c.nodes() if n.start < node.start and n.phrase.layers]
            return Scope(before[-1].phrase.layers, "pointed") if before else NONE  # "while that of area B is thin"
        if phrase.back == "one":
            placed = self.below_layer(node)
            before = self._named_noun(node) if not placed else None
            if placed:
                return placed
            return Scope(before.phrase.layers, "pointed") if before is not None and before.phrase.layers else NONE
        if phrase.back == "pointed" and self.points_to_layer(node):
            layers = [n for t in self._sentence.tokens[: node.start] if t.is_("layer") for n in t.names]
            return (
                Scope((layers[0] if "former" in phrase.text else layers[-1],), "pointed")
                if phrase.text != "both"
                else Scope(tuple(layers), "pointed")
            )
        return NONE

    def _apposed_layer(self, node: Node) -> Scope:
        """`the lamina dissecans, a thin stripe`, `a pale stripe, the layer IVb`: a zone that a layer beside it names."""
        tokens, phrase = self._sentence.tokens, node.phrase
        if phrase.noun != "zone":
            return NONE
        same = [
            s for s in node.clause.said if node in node.clause.subjects and node.clause.verb_class == "be" and not s.phrase.traits
        ]
        if same and same[0].phrase.layers:
            return Scope(same[0].phrase.layers, "said")  # "the layer of small cells is layer V"
        before, after = tokens[max(0, phrase.start - 2) : phrase.start], tokens[phrase.end : phrase.end + 4]
        if len(before) == 2 and before[0].is_("layer") and before[1].text == "," and tokens[phrase.start].is_("determiners"):
            return Scope(before[0].names, "own")
        named = [t for t in after[1:3] if t.is_("layer") and t.names]
        closed = bool(named) and all(t.text in ",.;:)(" for t in after[after.index(named[0]) + 1 :])
        return Scope(named[0].names, "own") if closed and after[0].text == "," else NONE

    def points_to_layer(self, node: Node) -> bool:
        """`the latter` after two layers and not two regions."""
        before = self._sentence.tokens[: node.start]
        layers = [n for t in before if t.is_("layer") for n in t.names]
        regions = {n for t in before if t.is_("region") for n in t.names}
        return len(layers) > 1 and len(regions) < 2

    def _named_noun(self, node: Node) -> Node | None:
        """The noun that "one" stands for: the last layer or cells that were described before it."""
        many = node.phrase.text.endswith("ones")
        nodes = [n for c in self._sentence.clauses for n in c.nodes() if n.start < node.start]
        nodes = [
            n
            for n in nodes
            if n.noun not in ("", "region", "area", "pronoun", "other") and (not many or n.phrase.text.endswith("s"))
        ]
        return max(nodes, key=lambda n: (n.holder is None or n.noun == "cells", n.start), default=None)

    def one_noun(self, node: Node) -> str:
        """Kind of noun that "one" stands for."""
        before = self._named_noun(node)
        return before.noun if before is not None else ""

    def _back_layer(self, node: Node) -> Scope:
        """`this layer`, `its outer zone`: the layer spoken of, or a part of it."""
        head = node.phrase.head
        assert head is not None
        before = [t.names for t in self._sentence.tokens[: node.start] if t.is_("layer") and t.names and t.names != ("all",)]
        names = before[-1] if before else (self._context.mentioned if "sublayer" in head.lower else self._context.layers)
        side = next((r.removeprefix("part:") for r in head.roles if r.startswith("part:")), "")
        if side and before:
            names = next((n for n in reversed(before) if len(n) == 1), names)
        return Scope(in_part(names, side, zone=True), "pointed") if names else Scope(("all",), "pointed")

    def below_layer(self, node: Node) -> Scope:
        names: list[str] = []
        for below in node.below():
            if below.prep in PLACES or below.prep in ("between", "to", "into", "with"):
                scope = self._own_layer(below)
                if node.noun != "border" and below.holder is not None and below.holder.noun == "border":
                    continue  # "cells at the border to layer IV"
                if scope.names == ("all",) and below.prep == "of":
                    continue
                if scope and (not names or below.joined is not None):
                    names += [n for n in scope.names if n != WHITE_MATTER]
        for clause in self._sentence.clauses:  # "the neurons populating layer III"
            if not names and clause.kind == "part" and clause.antecedent is node and clause.verb_class in ("place", "other"):
                names = [n for said in [*clause.said, *clause.places] for n in said.phrase.layers]
        whole = [n for n in dict.fromkeys(names) if base(n) == n or base(n) not in names]  # "in layer III, mainly in IIIc"
        return Scope(tuple(whole), "below") if names else NONE

    def _holder_layer(self, node: Node) -> Scope:
        holder = node.holder
        while holder is not None:
            for scope in (
                self._own_layer(holder),
                self._apposed_layer(holder),
                *(self._own_layer(b) for b in holder.pps if b is not node and b.prep in PLACES),
            ):
                if scope:
                    return Scope(scope.names, "holder")
            holder = holder.holder
        return NONE

    def _subject_layer(self, clause: Clause, node: Node) -> Scope:
        subjects = effective_subjects(clause)
        if node in subjects:
            return NONE
        names = [n for s in subjects for n in (self._own_layer(s) or self.below_layer(s)).names]
        return Scope(tuple(dict.fromkeys(names)), "subject") if names else NONE

    def _joined_layer(self, node: Node) -> Scope:
        """`a widening and a denser packing of layer II`: measures of a list share what hangs on the last one."""
        if node.pps or node.noun in ("cells", "layer", "lamination", "area", "region", "border"):
            return NONE
        for other in self._after_in_list(node):
            if other.noun in ("layer", "cells", "lamination", "area", "border"):
                return NONE
            scope = self.below_layer(other)
            if scope:
                return Scope(scope.names, "joined")
        return NONE

    def _clause_layer(self, clause: Clause, node: Node, depth: int = 0) -> Scope:
        if depth > DEPTH:
            return NONE
        subject = self._subject_layer(clause, node)
        if subject:
            return subject
        filled = [s for s in clause.said if s.noun == "layer" and not s.phrase.traits]
        if filled and clause.verb_class == "place" and node in effective_subjects(clause):
            return Scope(filled[0].phrase.layers, "said")  # "large cells populate layer III"
        for how, nodes in (("place", clause.places), ("said", self._places_after(clause, node)), ("front", clause.fronted)):
            for other in nodes:
                if other is not node and other.prep in PLACES | {"between"}:
                    scope = self._own_layer(other) or self.below_layer(other)
                    if scope:
                        return Scope(scope.names, how)
        if clause.antecedent is not None:
            antecedent = clause.antecedent
            scope = self._own_layer(antecedent) or self.below_layer(antecedent) or self._holder_layer(antecedent)
            if not scope and antecedent.noun != "region":
                scope = self._clause_layer(antecedent.clause, antecedent, depth + 1)
            if scope:
                return Scope(scope.names, "antecedent")
            if antecedent.noun == "region":
                return NONE
        if self._goes_on(clause) and clause.leans is not None:
            scope = self._clause_layer(clause.leans, node, depth + 1)
            if scope:
                return Scope(scope.names, "before")
        if clause.label is not None:
            names = [n for s in clause.label.subjects for n in self._own_layer(s).names]
            if names:
                return Scope(tuple(names), "label")
        return self._context_layer(clause, node)

    def _places_after(self, clause: Clause, node: Node) -> list[Node]:
        """Places that hang on what is said of a subject: `cells are small in layer II`."""
        if node in effective_subjects(clause) and clause.verb_class in ("place", "be", "other", "become"):
            return [b for said in clause.said for b in said.pps if not said.phrase.traits or _only_exists(said)]
        return []

    def _goes_on(self, clause: Clause) -> bool:
        """Whether a coordinated clause is still about the same layer: it has no subject of its own, or a pronoun or cells."""
        if clause.kind == "main":
            return any(s.phrase.back in ("pronouns_one", "pronouns_many") for s in clause.subjects)
        return clause.kind in ("coord", "sub") and (
            clause.shares
            or not clause.subjects
            or all(s.noun in ("pronoun", "cells", "density", "size", "arrangement") for s in clause.subjects)
        )

    def _context_layer(self, clause: Clause, node: Node) -> Scope:
        """`They are large`: cells or a layer of the sentence before."""
        subjects = effective_subjects(clause)
        pronoun = any(s.phrase.back in ("pronouns_one", "pronouns_many") for s in subjects)
        these = any(s.noun == "cells" and self._points_back(s) for s in subjects)
        if self._context.layers and ((pronoun and self._context.noun in ("layer", "cells")) or these):
            return Scope(self._context.layers, "context")
        return NONE

    def _points_back(self, cells: Node) -> bool:
        """`these cells`, or `its cells` where what came before was a layer and no area."""
        opening = cells.phrase.text.split()[0]
        named = any(t.is_("region") for t in self._sentence.tokens[: cells.start])
        return opening in ("these", "they", "such") or (opening in ("its", "their") and self._context.noun == "layer" and not named)

    # -------------------------------------------------------------- borders

    def border(self, node: Node, clause: Clause | None = None) -> Scope:
        """Layers on both sides of a border, as `II-III`; one layer where the text names one."""
        clause = clause or node.clause
        head = node.phrase.head
        if head is not None and "VI-WM" in head.names:
            return Scope(("VI-WM",), "own")
        below = [b for b in node.below() if b.phrase.layers]
        sides = [b for b in below if b.prep == "between"] or [b for b in [*clause.fronted, *clause.places] if b.prep == "between"]
        pairs = [x for b in sides for x in b.phrase.layers]
        if pairs and len(pairs) % 2 == 0:
            return Scope(tuple(between(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True)), "below")
        parted = self._parted(clause) if node in clause.subjects else ()
        if len(parted) == 2:
            return Scope((between(*parted),), "below")
        targets = [x for b in below if b.prep in _TARGETS for x in b.phrase.layers]
        sources = [x for b in below if b.prep not in _TARGETS for x in b.phrase.layers]
        if not sources:
            sources = [x for x in self._clause_layer(clause, node).names if x != "all"]
        if not sources and targets and WHITE_MATTER not in targets and node.holder is not None:
            sources = list(self._holder_layer(node).names)
        if not targets and len(sources) == 2 and head is not None and not head.lower.endswith("s"):
            sources, targets = sources[:1], sources[1:]  # "layers V and VI with a distinct mutual boundary"
        return Scope(joined(sources, targets), "below") if joined(sources, targets) else NONE

    def _parted(self, clause: Clause) -> tuple[str, ...]:
        """`a sharp border separates layer VI from the white matter`: what its verb sets apart."""
        verb = clause.verb
        if verb is None or not any(t.is_("parting") for t in self._sentence.tokens[verb.start : verb.end]):
            return ()
        return tuple(x for n in clause.said for m in (n, *(b for b in n.below() if b.prep == "from")) for x in m.phrase.layers)

    def edge(self, sources: Sequence[str], adjective: Node) -> tuple[str, ...]:
        """Layers of a border that is said of a layer: `layer IV is clearly delineable from layers III and V`."""
        targets = [x for b in adjective.below() if b.prep in _TARGETS | {"of", "between"} for x in b.phrase.layers]
        targets += [x for n in _objects(adjective) for x in n.phrase.layers]
        return joined([s for s in sources if s != "all"], targets)


def _only_exists(said: Node) -> bool:
    """`large cells are present in layer V`: the adjective says no more than that they are there."""
    return all(s[0] in ("layer_visibility", "lamination") for t in said.phrase.traits for w in t.words for s in w.senses.values())


def _objects(adjective: Node) -> list[Node]:
    """`merges with | layer IV`: the noun phrase after a verb that ends in a preposition."""
    said = adjective.clause.said
    at = said.index(adjective) if adjective in said else len(said)
    return said[at + 1 : at + 2] if adjective.phrase.text.split()[-1] in ("with", "into", "from", "to") else []


def joined(sources: Sequence[str], targets: Sequence[str]) -> tuple[str, ...]:
    """Borders between each source and each target; the targets or sources alone where the other side is not named."""
    if WHITE_MATTER in targets or WHITE_MATTER in sources:
        return ("VI-WM",)
    if not sources or not targets:
        alone = list(targets or sources)
        if len(alone) == 2 and not sources and all(x in ORDER for x in alone):
            return (between(alone[0], alone[1]),)
        return tuple(alone)
    return tuple(dict.fromkeys(between(s, t) for s in sources for t in targets if s != t))
