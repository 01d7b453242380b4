"""Whose trait it is: the region and the layer of a phrase, read off the clause that it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from literature_mining.claims.context import Context
from literature_mining.claims.layers import ORDER, WHITE_MATTER, between, in_part
from literature_mining.claims.structure import Clause, Node, Partner, Sentence
from literature_mining.claims.tokens import UNKNOWN

_PLACES = frozenset(
    ["of", "in", "within", "inside", "at", "for", "throughout", "among", "on", "over", "across", "along", "through", "around", "near",
     "in the case of", "in case of", "as to", "as for", "as regards", "as concerns", "concerning", "regarding", "with respect to", "beneath", "below", "above", "under"]
)  # fmt: skip
_TARGETS = frozenset(["to", "with", "from", "towards", "toward", "into", "against", "and"])
_LIKE = frozenset(["like", "as in", "just as in", "like in", "as is", "as are"])
_DEPTH = 8


@dataclass(frozen=True)
class Scope:
    """Names, and where they were found: own, below, holder, subject, place, front, antecedent, before, later, label or context.

    `foreign`: what was found is an area that the table lacks, so that nothing may be claimed.
    """

    names: tuple[str, ...] = ()
    how: str = ""
    foreign: bool = False

    def __bool__(self) -> bool:
        return bool(self.names) or self.foreign

    @property
    def known(self) -> tuple[str, ...]:
        """Names that the table lists."""
        return tuple(n for n in self.names if n != UNKNOWN)


NONE = Scope()


def effective_subjects(clause: Clause, depth: int = 0) -> list[Node]:
    """Subjects of a clause, its own or those it shares."""
    if clause.subjects or depth > _DEPTH:
        return clause.subjects
    if clause.shares and clause.leans is not None:
        return effective_subjects(clause.leans, depth + 1)
    return []


class Scopes:
    """Finds regions and layers of the nodes of one sentence."""

    def __init__(self, sentence: Sentence, context: Context) -> None:
        self._sentence, self._context = sentence, context
        self._named = tuple(dict.fromkeys(n for t in sentence.tokens if t.is_("region") for n in t.names))
        self._order = [t.names for t in sentence.tokens if t.is_("region") and t.names]

    # -------------------------------------------------------------- regions

    def region(self, node: Node, clause: Clause | None = None) -> Scope:
        """Regions that a phrase speaks of, seen from `clause` (its own by default)."""
        clause = clause or node.clause
        subject_first = node not in effective_subjects(clause) and clause.verb_class in (
            "be",
            "become",
            "have",
            "consist",
            "lack",
            "trait",
        )
        ways = [self._own_region(node), self.below_region(node)]
        if subject_first and self._is_container(node):
            ways.insert(1, self._subject_region(clause))
        for scope in ways:
            if scope:
                return scope
        if node.phrase.foreign:
            return Scope(foreign=True, how="own")
        return (
            self._possessed_region(node, clause)
            or self._holder_region(node)
            or self._joined_region(node)
            or self._clause_region(clause, node)
            or self._context_region(clause)
        )

    def _own_region(self, node: Node) -> Scope:
        phrase = node.phrase
        if phrase.regions:
            return Scope(phrase.regions, "own")
        pointed = self._pointed(node)
        if pointed:
            return pointed
        if phrase.noun == "area" and phrase.foreign:
            return Scope(foreign=True, how="own")
        return NONE

    def _pointed(self, node: Node) -> Scope:
        """`the former`, `both areas`, `this area`: regions named before, in the sentence or ahead of it."""
        phrase = node.phrase
        words = phrase.text.split()
        before = [n for t in self._sentence.tokens[: phrase.start] if t.is_("region") for n in t.names]
        candidates = list(dict.fromkeys(before))
        if len(candidates) < 2 and len(self._context.pair) > 1:
            candidates = list(self._context.pair)
        if phrase.noun in ("layer", "cells"):
            return NONE
        if words == ["both"] or words == ["all"] or words == ["each"]:
            return Scope(tuple(candidates), "pointed") if len(candidates) > 1 else NONE
        if "latter" in words or "lattermost" in words:
            return Scope(tuple(candidates[-1:]), "pointed")
        if "former" in words:
            return Scope(tuple(candidates[:1]), "pointed")
        if phrase.noun != "area" or phrase.foreign:
            return NONE
        if words[0] in ("both", "these", "the") and words[-1] in (
            "areas",
            "regions",
            "nuclei",
            "fields",
            "subdivisions",
            "cortices",
        ):
            if len(candidates) > 1:
                return Scope(tuple(candidates), "pointed")
            return Scope(self._context.pair, "pointed") if len(self._context.pair) > 1 else NONE
        if before and words[0] in ("this", "the", "its", "that"):
            return Scope(tuple(dict.fromkeys(before))[-1:], "pointed") if words[0] == "this" and not self._context.topic else NONE
        return NONE

    def below_region(self, node: Node) -> Scope:
        for below in node.below():
            if below.prep in _PLACES or (
                below.prep in ("to", "into", "between") and below.noun == "region" and node.noun == "border"
            ):
                scope = self._own_region(below)
                if scope:
                    return Scope(scope.names, "below", scope.foreign)
        return NONE

    def _is_container(self, node: Node) -> bool:
        """`a field in the pons`: an area that hangs on what is said of a subject is where it lies."""
        return node.noun != "region"

    def _possessed_region(self, node: Node, clause: Clause) -> Scope:
        """`its layer V`: of the subject, or of the subject of the clause before."""
        if node.phrase.back not in ("its", "their", "whose"):
            return NONE
        if node not in effective_subjects(clause):
            scope = self._subject_region(clause)
            if scope:
                return scope
        if node.phrase.back == "whose" and clause.antecedent is not None:
            return self.region(clause.antecedent)
        leans = clause.leans
        return self._subject_region(leans) if leans is not None and clause.kind in ("coord", "sub", "part") else NONE

    def _holder_region(self, node: Node) -> Scope:
        holder = node.holder
        while holder is not None:
            own = self._own_region(holder) if node.prep not in ("from", "than") else NONE
            for scope in (own, self._beside(holder, node)):  # what hangs on the same noun
                if scope:
                    return Scope(scope.names, "holder", scope.foreign)
            holder = holder.holder
        return NONE

    def _beside(self, holder: Node, node: Node) -> Scope:
        for below in holder.pps:
            if below is not node and below.prep in _PLACES:
                scope = self._own_region(below) or self.below_region(below)
                if scope:
                    return scope
        return NONE

    def _joined_region(self, node: Node) -> Scope:
        """`a wide layer II and a dense layer V of area A`: what hangs on the last of a list belongs to all."""
        for other in self._after_in_list(node):
            scope = self.below_region(other)
            if scope:
                return Scope(scope.names, "joined", scope.foreign)
        return NONE

    def _after_in_list(self, node: Node) -> Iterable[Node]:
        current = node
        pool = [*node.clause.said, *node.clause.subjects, *(node.holder.pps if node.holder else [])]
        for _ in range(_DEPTH):
            following = next((n for n in pool if n.joined is current), None)
            if following is None:
                return
            yield following
            current = following

    def _subject_region(self, clause: Clause | None, depth: int = 0) -> Scope:
        if clause is None or depth > _DEPTH:
            return NONE
        names: list[str] = []
        for subject in effective_subjects(clause):
            scope = self._own_region(subject) or (
                self.below_region(subject) if subject.noun not in ("cells",) or not names else NONE
            )
            names += scope.names
        if names:
            return Scope(tuple(dict.fromkeys(names)), "subject")
        if depth == 0 and self._is_pronoun(clause) and not self._leaning_region(clause):
            return Scope(self._context.regions, "context")
        if any(s.phrase.foreign for s in effective_subjects(clause)):
            return Scope(foreign=True, how="subject")
        return NONE

    def _is_pronoun(self, clause: Clause) -> bool:
        return any(s.phrase.back in ("pronouns_one", "its", "their") for s in effective_subjects(clause))

    def _leaning_region(self, clause: Clause) -> bool:
        return any(self._subject_region(c, 1) for c in self._leaning(clause))

    def _clause_region(self, clause: Clause, node: Node, depth: int = 0) -> Scope:
        if depth > _DEPTH:
            return NONE
        subject = self._subject_region(clause)
        if subject:
            return subject
        for how, nodes in (("place", clause.places), ("said", self._hanging(clause, node)), ("front", clause.fronted)):
            for other in nodes:
                if other is not node and (other.prep in _PLACES or how == "said" or self._is_goal(clause, other)):
                    scope = self._own_region(other) or self.below_region(other)
                    if scope:
                        return Scope(scope.names, how, scope.foreign)
                    if other.phrase.foreign:
                        return Scope(foreign=True, how=how)
        for said in clause.said:  # "a broad layer III characterises area A"
            if (
                said is not node
                and said.noun == "region"
                and not said.phrase.traits
                and clause.verb_class == "other"
                and node in clause.subjects
            ):
                return Scope(said.phrase.regions, "object")
        if clause.antecedent is not None and clause.antecedent is not node:
            scope = self._antecedent_region(clause.antecedent, depth)
            if scope:
                return scope
        if clause.kind in ("coord", "sub", "part", "rel", "aside", "main") and clause.leans is not None:
            scope = self._clause_region(clause.leans, node, depth + 1)
            if scope and not (clause.kind == "main" and scope.how == "said" and clause.leans.verb is not None):
                return Scope(scope.names, "before", scope.foreign)
        if clause.label is not None and clause.label is not clause:
            scope = self._label_region(clause.label)
            if scope:
                return scope
        return (self._later_region(clause) or self._partner_place(clause)) if depth == 0 else NONE

    def _is_goal(self, clause: Clause, node: Node) -> bool:
        """`on passing from B to A`: what is said holds for the goal."""
        return (
            node.prep in ("to", "into")
            and node.noun == "region"
            and any(n.prep == "from" and n.noun == "region" for n in clause.nodes())
        )

    def _partner_place(self, clause: Clause) -> Scope:
        """`the cells of layer V are larger than those of layer III in area A`: a comparison of layers inside the area."""
        groups = {p.group for p in clause.partners if p.node.phrase.layers}
        regions = [n for p in clause.partners if p.group in groups for n in p.node.phrase.regions]
        layers = bool(groups)
        return Scope(tuple(dict.fromkeys(regions)), "partner") if layers and regions else NONE

    def _hanging(self, clause: Clause, node: Node) -> list[Node]:
        """Places that hang on other parts of the predicate."""
        return [
            b
            for said in clause.said
            for b in said.pps
            if said is not node and (b.start > node.start or node.clause is not clause) and b.prep in ("in", "of", "within", "for")
        ]

    def _antecedent_region(self, antecedent: Node, depth: int) -> Scope:
        scope = self._own_region(antecedent) or self.below_region(antecedent) or self._holder_region(antecedent)
        if scope:
            return Scope(scope.names, "antecedent", scope.foreign)
        if antecedent.phrase.foreign:
            return Scope(foreign=True, how="antecedent")
        scope = self._clause_region(antecedent.clause, antecedent, depth + 1)
        return Scope(scope.names, "antecedent", scope.foreign) if scope else NONE

    def _label_region(self, label: Clause) -> Scope:
        for node in label.subjects:
            scope = self._own_region(node) or self.below_region(node)
            if scope:
                return Scope(scope.names, "label", scope.foreign)
        return self._label_region(label.label) if label.label is not None and label.label is not label else NONE

    def _later_region(self, clause: Clause) -> Scope:
        """`layer V is thin and layer III broad in area A`: a region at the end that holds for the clauses joined before it."""
        for later in self._sentence.clauses:
            if later.index <= clause.index or later.kind not in ("coord",) or self._subject_region(later):
                continue
            trailing = [*later.places, *(b for s in later.said for b in s.below())]
            for node in trailing:
                scope = self._own_region(node) if node.prep in ("in", "of", "within", "for") else NONE
                if scope:
                    return Scope(scope.names, "later", scope.foreign)
        return NONE

    def _context_region(self, clause: Clause) -> Scope:
        if any(s.phrase.foreign for s in effective_subjects(clause)):
            return Scope(foreign=True, how="subject")
        return Scope(self._context.regions, "heading" if self._context.topic == self._context.headings else "context")

    def partners(self, clause: Clause, after: int, own: Sequence[str] = ()) -> tuple[tuple[str, ...], bool]:
        """Regions that a comparative at token `after` compares with, and whether any partner is named. `own`: the claim's regions."""
        later = [
            c for c in self._sentence.clauses if c.index > clause.index and c.kind == "coord" and not self._subject_region(c).known
        ]
        for one in (clause, *later, *self._leaning(clause)):
            stated = [p for p in one.partners if p.kind in ("than", "unlike") and not p.negated]
            ahead = [p for p in stated if one is not clause or p.node.start > after]
            first = [p for p in ahead if p.group == ahead[0].group] if ahead else []
            behind = [p for p in stated if one is clause and p.node.start < after]
            for group in (first, behind):
                if group:
                    return self._named_partners(group), True
        for one in (clause, *self._leaning(clause)):
            opposed = tuple(n for n in self._opposed(one, own))
            if opposed:
                return opposed, True
        return (), False

    def refused_partners(self, clause: Clause, after: int) -> tuple[str, ...]:
        """`denser than in A, but not than in B`: the regions with which the comparison does not hold."""
        return self._named_partners([p for p in clause.partners if p.negated and p.node.start > after])

    def alike(self, clause: Clause) -> tuple[str, ...]:
        """`like area B`, `as in area B`: regions that have the same trait."""
        return self._named_partners([p for p in clause.partners if p.kind == "like" and p.node.prep in _LIKE])

    def _named_partners(self, partners: Sequence[Partner]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(n for p in partners for n in self._partner_region(p.node).known))

    def _opposed(self, clause: Clause, own: Sequence[str]) -> list[str]:
        """`is distinguished from B`, `the transition from B to A`, `of the two areas A and B`: the other region of the sentence."""
        found = [
            n
            for node in clause.nodes()
            if node.prep in ("from", "with", "to", "of", "between") and node.noun == "region"
            for n in node.phrase.regions
        ]
        pointed = [
            n
            for node in clause.nodes()
            if "latter" in node.phrase.text or "former" in node.phrase.text
            for n in self._named_before(node)
        ]
        return [n for n in dict.fromkeys([*found, *pointed]) if n not in own and n != UNKNOWN]

    def _named_before(self, node: Node) -> list[str]:
        return [n for t in self._sentence.tokens[: node.start] if t.is_("region") for n in t.names]

    def _leaning(self, clause: Clause) -> list[Clause]:
        chain: list[Clause] = []
        while clause.leans is not None and len(chain) < _DEPTH:
            clause = clause.leans
            chain.append(clause)
        return chain

    def _partner_region(self, node: Node) -> Scope:
        return self._own_region(node) or self._pointed(node)

    # -------------------------------------------------------------- layers

    def layer(self, node: Node, clause: Clause | None = None) -> Scope:
        """Layers that a phrase speaks of; `all` where it names none."""
        clause = clause or node.clause
        return (
            self._own_layer(node)
            or self.below_layer(node)
            or self._holder_layer(node)
            or self._subject_layer(clause, node)
            or self._joined_layer(node)
            or self._clause_layer(clause, node)
            or Scope(("all",), "none")
        )

    def _own_layer(self, node: Node) -> Scope:
        phrase = node.phrase
        if phrase.layers:
            return Scope(phrase.layers, "own")
        if phrase.head is not None and phrase.head.is_("layer"):
            return self._back_layer(node)
        if phrase.back == "one":
            before = self._named_noun(node)
            return Scope(before.phrase.layers, "pointed") if before is not None and before.phrase.layers else NONE
        if phrase.back == "pointed" and self.points_to_layer(node):
            layers = [n for t in self._sentence.tokens[: node.start] if t.is_("layer") for n in t.names]
            return (
                Scope((layers[0] if "former" in phrase.text else layers[-1],), "pointed")
                if phrase.text != "both"
                else Scope(tuple(layers), "pointed")
            )
        return NONE

    def points_to_layer(self, node: Node) -> bool:
        """`the latter` after two layers and not two regions."""
        before = self._sentence.tokens[: node.start]
        layers = [n for t in before if t.is_("layer") for n in t.names]
        regions = {n for t in before if t.is_("region") for n in t.names}
        return len(layers) > 1 and len(regions) < 2

    def _named_noun(self, node: Node) -> Node | None:
        """The noun that "one" stands for: the last layer or cells that were described before it."""
        nodes = [n for c in self._sentence.clauses for n in c.nodes() if n.start < node.start and n.noun in ("layer", "cells")]
        return max(nodes, key=lambda n: n.start, default=None)

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
            if below.prep in _PLACES or below.prep in ("between", "to", "into", "with"):
                scope = self._own_layer(below)
                if scope.names == ("all",) and below.prep == "of":
                    continue
                if scope and (not names or below.joined is not None):
                    names += [n for n in scope.names if n != WHITE_MATTER]
        for clause in self._sentence.clauses:  # "the neurons populating layer III"
            if not names and clause.kind == "part" and clause.antecedent is node and clause.verb_class in ("place", "other"):
                names = [n for said in [*clause.said, *clause.places] for n in said.phrase.layers]
        return Scope(tuple(dict.fromkeys(names)), "below") if names else NONE

    def _holder_layer(self, node: Node) -> Scope:
        holder = node.holder
        while holder is not None:
            for scope in (
                self._own_layer(holder),
                *(self._own_layer(b) for b in holder.pps if b is not node and b.prep in _PLACES),
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
        if depth > _DEPTH:
            return NONE
        subject = self._subject_layer(clause, node)
        if subject:
            return subject
        for how, nodes in (("place", clause.places), ("said", self._places_after(clause, node)), ("front", clause.fronted)):
            for other in nodes:
                if other is not node and other.prep in _PLACES | {"between"}:
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
        if clause.kind in ("coord", "sub") and clause.leans is not None and self._goes_on(clause):
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
        return (
            clause.shares
            or not clause.subjects
            or all(s.noun in ("pronoun", "cells", "density", "size", "arrangement") for s in clause.subjects)
        )

    def _context_layer(self, clause: Clause, node: Node) -> Scope:
        """`They are large`: cells or a layer of the sentence before."""
        subjects = effective_subjects(clause)
        pronoun = any(s.phrase.back in ("pronouns_one", "pronouns_many") for s in subjects)
        these = any(s.noun == "cells" and s.phrase.text.split()[0] in ("these", "they", "such", "its", "their") for s in subjects)
        if self._context.layers and ((pronoun and self._context.noun in ("layer", "cells")) or these):
            return Scope(self._context.layers, "context")
        return NONE

    # -------------------------------------------------------------- borders

    def border(self, node: Node, clause: Clause | None = None) -> Scope:
        """Layers on both sides of a border, as `II-III`; one layer where the text names one."""
        clause = clause or node.clause
        head = node.phrase.head
        if head is not None and "VI-WM" in head.names:
            return Scope(("VI-WM",), "own")
        below = [b for b in node.below() if b.phrase.layers]
        pairs = [x for b in below if b.prep == "between" or b.joined is not None for x in b.phrase.layers]
        if len(pairs) == 2:
            return Scope((between(pairs[0], pairs[1]),), "below")
        targets = [x for b in below if b.prep in _TARGETS for x in b.phrase.layers]
        sources = [x for b in below if b.prep not in _TARGETS for x in b.phrase.layers]
        if not sources:
            sources = [x for x in self._clause_layer(clause, node).names if x != "all"]
        if not sources and targets and WHITE_MATTER not in targets and node.holder is not None:
            sources = list(self._holder_layer(node).names)
        return Scope(joined(sources, targets), "below") if joined(sources, targets) else NONE

    def edge(self, sources: Sequence[str], adjective: Node) -> tuple[str, ...]:
        """Layers of a border that is said of a layer: `layer IV is clearly delineable from layers III and V`."""
        targets = [x for b in adjective.below() if b.prep in _TARGETS | {"of", "between"} for x in b.phrase.layers]
        targets += [x for n in _objects(adjective) for x in n.phrase.layers]
        return joined([s for s in sources if s != "all"], targets)


def _only_exists(said: Node) -> bool:
    """`large cells are present in layer V`: the adjective says no more than that they are there."""
    return all(s[0] == "layer_visibility" for t in said.phrase.traits for w in t.words for s in w.senses.values())


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
