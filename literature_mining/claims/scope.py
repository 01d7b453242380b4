"""Whose trait it is: the region of a phrase, read off the clause that it stands in."""

from __future__ import annotations

from collections.abc import Iterable

from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.model import Clause, Node, Sentence
from cytoscribe.literature_mining.claims.scope_names import DEPTH, NONE, PLACES, Scope, effective_subjects
from cytoscribe.literature_mining.claims.tokens import UNKNOWN

_BESIDE = frozenset(["behind", "beside", "next to", "adjacent to", "close to", "lateral to", "medial to", "rostral to", "caudal to", "dorsal to", "ventral to",
                     "anterior to", "posterior to", "opposite", "in front of", "around", "beyond"])  # fmt: skip


def _is_site(node: Node) -> bool:
    """`located in the posterior part of the insula, it ...`: where an area lies, not a part of it."""
    return node.phrase.part and any(b.prep == "of" and not set(b.phrase.regions) - {UNKNOWN} for b in node.pps)


class RegionScopes:
    """Finds the regions of the nodes of one sentence."""

    def __init__(self, sentence: Sentence, context: Context) -> None:
        self._sentence, self._context = sentence, context
        self._named = tuple(dict.fromkeys(n for t in sentence.tokens if t.is_("region") for n in t.names))
        self._order = [t.names for t in sentence.tokens if t.is_("region") and t.names]

    def region(self, node: Node, clause: Clause | None = None) -> Scope:
        """Regions that a phrase speaks of, seen from `clause` (its own by default)."""
        clause = clause or node.clause
        if any(n.phrase.part and not _is_site(n) for n in clause.fronted):
            return Scope(foreign=True, how="front")  # "in its caudal part, A has ..."
        defined = self._defined(clause) if node.noun != "region" else NONE
        if defined:
            return defined
        subject_first = node not in effective_subjects(clause) and clause.verb_class in (
            "be",
            "become",
            "have",
            "consist",
            "lack",
            "trait",
        )
        ways = [self._own_region(node), self.below_region(node)]
        border = any(
            s.noun == "border" for s in effective_subjects(clause)
        )  # "the border of A and B is marked by a thin layer IV in B"
        if (
            subject_first and node.noun != "region" and node.phrase.back != "one" and not border
        ):  # a field "in the pons" is no claim of the pons
            ways.insert(1, self._subject_region(clause) or self._described_region(clause))
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

    def _described_region(self, clause: Clause) -> Scope:
        """`A is a nucleus composed of large cells in the pons`: what a clause adds to a definition is about what is defined."""
        antecedent = clause.antecedent
        if antecedent is None or clause.kind not in ("part", "rel") or antecedent.phrase.regions:
            return NONE
        return self._subject_region(antecedent.clause) if antecedent.clause.verb_class == "be" else NONE

    def _defined(self, clause: Clause) -> Scope:
        """`Group of large cells in the pons` below a heading or behind a colon: a definition is about what it defines, wherever that lies."""
        root = clause
        while root.leans is not None and root.kind in ("part", "rel", "aside", "coord"):
            root = root.leans
        if root.verb is not None or root.kind != "main" or root.subjects or not root.said:
            return NONE
        if root.label is not None:
            return self._label_region(root.label)
        first = root.said[0]
        defines = first.noun in ("cells", "area", "zone", "") and not first.phrase.regions and not root.fronted
        opens = root is self._sentence.clauses[0] and len(self._context.headings) == 1
        return Scope(self._context.headings, "heading") if defines and opens else NONE

    def _own_region(self, node: Node) -> Scope:
        phrase = node.phrase
        if phrase.regions:
            return Scope(phrase.regions, "own")
        if phrase.part:
            return Scope(foreign=True, how="own")  # what the caudal part has, the area need not have
        if phrase.noun == "area" and any(b.prep in _BESIDE for b in node.pps):
            return Scope(foreign=True, how="own")  # "the area behind it"
        if phrase.noun == "area" and any(
            b.prep == "of" and not b.noun and b.phrase.head and b.phrase.head.text[:1].isupper() for b in node.pps
        ):
            return Scope(foreign=True, how="own")  # "the nucleus of Roller"
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
        if phrase.noun == "area" and "present" in words and self._context.headings:
            return Scope(self._context.headings, "heading")
        if phrase.noun != "area" or phrase.foreign:
            return NONE
        outer = self._sentence.tokens[phrase.start - 1].lower if phrase.start else ""
        if {words[0], outer} & {"neither", "either", "each", "every"} and len(candidates) > 1:
            return Scope(tuple(candidates), "pointed")
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
            if below.prep in PLACES or (
                below.prep in ("to", "into", "between") and below.noun == "region" and node.noun == "border"
            ):
                scope = self._own_region(below)
                if node.noun == "border" and below.prep == "between" and len(scope.names) == 2:
                    scope = Scope(scope.names[-1:], scope.how)  # what marks the border of A and B is what B has
                if (
                    not scope
                    and below.noun == "area"
                    and below.phrase.back
                    and below.phrase.determined
                    and not below.phrase.foreign
                ):
                    scope = Scope(self._context.regions, "context")  # "the neurons of the nucleus"
                if not scope and below.phrase.foreign and below.prep in ("of", "in", "within"):
                    scope = Scope(foreign=True)
                if scope:
                    return Scope(scope.names, "below", scope.foreign)
        for clause in self._sentence.clauses:  # "the neurons populating layer III of A"
            if clause.kind == "part" and clause.antecedent is node and clause.verb_class in ("place", "other"):
                held = [*(clause.said if clause.verb_class == "place" else ()), *(p for p in clause.places if p.prep in PLACES)]
                for other in held:
                    scope = self._own_region(other) or self.below_region(other)
                    if scope:
                        return Scope(scope.names, "below", scope.foreign)
        return NONE

    def _possessed_region(self, node: Node, clause: Clause) -> Scope:
        """`its layer V`: of the subject, or of the subject of the clause before."""
        if node.phrase.back not in ("its", "their", "whose"):
            return NONE
        if clause.kind == "part" and clause.antecedent is not None and clause.antecedent.noun in ("region", "area"):
            return self.region(clause.antecedent)  # "area A with its prominent layer IV"
        if node not in effective_subjects(clause) and (scope := self._subject_region(clause)):
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
            if below is not node and below.prep in PLACES:
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
        for _ in range(DEPTH):
            following = next((n for n in pool if n.joined is current), None)
            if following is None:
                return
            yield following
            current = following

    def _subject_region(self, clause: Clause | None, depth: int = 0) -> Scope:
        if clause is None or depth > DEPTH:
            return NONE
        names: list[str] = []
        for subject in effective_subjects(clause):
            scope = self._own_region(subject) or (
                self.below_region(subject) if subject.noun not in ("cells",) or not names else NONE
            )
            names += scope.names
        if names:
            return Scope(tuple(dict.fromkeys(names)), "subject")
        placed = any(n.phrase.regions for n in clause.places if n.prep in ("in", "within"))
        if (
            depth == 0
            and self._is_pronoun(clause)
            and not placed
            and not self._leaning_region(clause)
            and not self._front_region(clause)
        ):
            return Scope(self._context.regions, "context")
        if any(self.is_stranger(s, clause) for s in effective_subjects(clause)):
            return Scope(foreign=True, how="subject")
        return NONE

    def is_stranger(self, node: Node, clause: Clause) -> bool:
        """Whether a subject or a place is an area that the table lacks; an unknown noun with a bare "the" counts as one."""
        place = node.prep in ("in", "within")
        speaks = place or clause.verb_class in ("have", "consist", "lack", "be", "become")
        return node.phrase.foreign or (node.phrase.stranger and speaks and not node.pps)

    def _is_pronoun(self, clause: Clause) -> bool:
        return any(s.phrase.back in ("pronouns_one", "its", "their") for s in effective_subjects(clause))

    def _front_region(self, clause: Clause) -> bool:
        return any(n.phrase.regions or (n.phrase.foreign and not _is_site(n)) for n in clause.fronted)

    def _leaning_region(self, clause: Clause) -> bool:
        return any(self._subject_region(c, 1) for c in self._leaning(clause))

    def _clause_region(self, clause: Clause, node: Node, depth: int = 0) -> Scope:
        if depth > DEPTH:
            return NONE
        subject = self._subject_region(clause)
        if subject:
            return subject
        front = [one for n in clause.fronted for one in ((n, *n.pps) if n.prep == "from" else (n,))]
        for how, nodes in (("place", clause.places), ("said", self._hanging(clause, node)), ("front", front)):
            for other in nodes:
                layered = how == "front" and other.noun in ("layer", "border")  # "beneath layer II of A lies ..."
                if other is not node and (other.prep in PLACES or how == "said" or layered or self._is_goal(clause, other)):
                    scope = self._own_region(other) or self.below_region(other)
                    if scope:
                        listed = [x for n in nodes if n.prep == other.prep for x in n.phrase.regions] if how == "front" else []
                        return Scope(tuple(dict.fromkeys([*scope.names, *listed])), how, scope.foreign)
                    if how != "said" and self.is_stranger(other, clause):
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
            opened = clause.kind == "coord" and clause.leans.kind == "sub"  # "while layer V of X is broad, layer II is ..."
            if (
                scope
                and not (opened and scope.foreign)
                and not (clause.kind == "main" and scope.how == "said" and clause.leans.verb is not None)
            ):
                return Scope(scope.names, "before", scope.foreign)
        if clause.label is not None and clause.label is not clause:
            scope = self._label_region(clause.label)
            if scope:
                return scope
        return (self._later_region(clause) or self._partner_place(clause) or self._aside_region(clause)) if depth == 0 else NONE

    def _aside_region(self, clause: Clause) -> Scope:
        """`layer VI - as a rule sparse in A - contains ...`: the area that an aside about the subject names."""
        asides = [c for c in self._sentence.clauses if c.kind == "aside" and c.antecedent in clause.subjects]
        scopes = [self.below_region(n) for c in asides for n in c.said]
        return next((s for s in scopes if s), NONE)

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
        if (
            antecedent.noun in ("region", "area")
            and antecedent.holder is not None
            and antecedent.clause.verb_class in ("be", "become")
        ):
            subject = self._subject_region(antecedent.clause)  # "A is a group of cells in the pons that ..."
            if subject.known:
                return Scope(subject.names, "antecedent")
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
            listed = later.kind == "part" and not clause.subjects and later.verb is not None and later.verb.text.endswith(" of")
            if later.index <= clause.index or not (later.kind == "coord" or listed) or self._subject_region(later):
                continue
            trailing = [*later.places, *(b for s in later.said for b in s.below())]
            for node in trailing:
                scope = self._own_region(node) if node.prep in ("in", "of", "within", "for") else NONE
                if scope:
                    return Scope(scope.names, "later", scope.foreign)
        return NONE

    def _context_region(self, clause: Clause) -> Scope:
        if any(self.is_stranger(s, clause) for s in effective_subjects(clause)):
            return Scope(foreign=True, how="subject")
        return Scope(self._context.regions, "heading" if self._context.topic == self._context.headings else "context")

    def _leaning(self, clause: Clause) -> list[Clause]:
        chain: list[Clause] = []
        while clause.leans is not None and len(chain) < DEPTH:
            clause = clause.leans
            chain.append(clause)
        return chain
