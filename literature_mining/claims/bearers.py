"""What a trait is said of: the noun it stands before, the subject of its clause, or what a pronoun means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.layer_scope import Scopes
from cytoscribe.literature_mining.claims.model import Clause, Node, Trait
from cytoscribe.literature_mining.claims.scope_names import effective_subjects

_MEASURES = frozenset(["size", "density", "thickness"])
ABOUT = frozenset(["as to", "as for", "as regards", "as concerns", "concerning", "regarding", "with respect to", "with regard to"])


@dataclass(frozen=True)
class Bearer:
    """What a trait is said of: the node, the kind of noun whose sense counts, and the clause that says so."""

    node: Node
    noun: str
    clause: Clause
    place: str


class Bearers:
    """Finds what the traits of one sentence are said of."""

    def __init__(self, scopes: Scopes, context: Context) -> None:
        self._scopes, self._context = scopes, context

    def elsewhere(self, clause: Clause) -> Iterator[Bearer]:
        """Bearers of a predicate without a subject, likeliest first."""
        holders: list[Node] = []
        antecedent = clause.antecedent
        while antecedent is not None:
            holders.append(antecedent)
            antecedent = antecedent.holder
        for holder in sorted(holders, key=lambda n: clause.kind == "aside" and n.noun not in _MEASURES):
            yield from self.of(holder, clause, "predicate")  # "the size of the cells (smaller in A)"
        if clause.index == 0 and clause.antecedent is None and self._context.section and clause.verb is None and clause.said:
            yield Bearer(clause.said[0], "layer", clause, "predicate")  # "Layer I. Broad."
        if clause.antecedent is None:
            label = clause.label.subjects if clause.label is not None else []
            for subject in label:
                yield from self.of(subject, clause, "predicate")
            if not label and clause.kind in ("coord", "part", "sub") and clause.leans is not None:
                for said in reversed(clause.leans.said if clause.kind == "sub" else []):
                    yield from self.of(said, clause, "predicate")
                for subject in effective_subjects(clause.leans):
                    yield from self.of(subject, clause, "predicate")

    def labelled(self, clause: Clause) -> Iterator[Bearer]:
        """`layer III: wide, large pyramids`: the layer of a label, for what cells cannot be."""
        if clause.verb is None and clause.label is not None:
            yield from (Bearer(s, "layer", clause, "predicate") for s in clause.label.subjects if s.noun == "layer")

    def attributive(self, node: Node, trait: Trait, clause: Clause) -> Iterator[Bearer]:
        noun = node.noun
        if any(w.pos == "noun" for w in trait.words) and node.phrase.head is trait.token:
            handed = [b for b in node.pps if b.prep in ("of", "in", "between", "within") and b.noun not in ("", "region", "area")]
            for below in handed[:1]:
                yield from self.of(below, clause, "nominal")
            yield Bearer(node, "nominal", clause, "nominal")
            for subject in effective_subjects(clause):
                yield from self.of(subject, clause, "nominal")
            return
        if noun in ("", "arrangement", "area") and node.phrase.head is not None and node.phrase.head.is_("transparent"):
            for below in node.pps:
                if below.prep == "of" and below.noun in ("region", "area"):  # "the parvocellular part of nucleus B"
                    yield Bearer(node, "area", clause, "attributive")
                elif below.prep == "of" and below.noun == "cells" and _counts(node):  # "a small number of cells"
                    yield Bearer(below, "density", clause, "attributive")
                elif below.prep == "of":
                    yield from self.of(below, clause, "attributive")
        if noun == "zone" and any(b.prep == "of" and b.noun in ("other", "area") for b in node.pps):
            return  # "a cell-free strip of fibres", "a thin strip of cortex"
        if node.phrase.back == "one":
            yield Bearer(node, self._scopes.one_noun(node), clause, "attributive")
        elif noun:
            yield Bearer(node, "area" if noun == "region" else noun, clause, "attributive")

    def of(self, node: Node, clause: Clause, place: str) -> Iterator[Bearer]:
        phrase = node.phrase
        head = phrase.head
        if phrase.kind != "np" or head is None:
            return
        if phrase.part:
            yield Bearer(node, "area", clause, place)
            return
        if head.is_("transparent", "parts") and not node.noun:
            for below in node.pps:
                if below.prep == "of":
                    yield from self.of(below, clause, place)
            return
        if phrase.back == "pointed":
            yield Bearer(node, "layer" if self._scopes.points_to_layer(node) else "area", clause, place)
            return
        if phrase.back in ("pronouns_one", "pronouns_many") and node.noun == "pronoun":
            yield from self._pronoun(node, clause, place)
            return
        if any(w.pos == "noun" for t in phrase.traits for w in t.words if t.token is head):
            yield Bearer(node, "arrangement", clause, place)
        if node.noun:
            yield Bearer(node, "area" if node.noun == "region" else node.noun, clause, place)

    def _pronoun(self, node: Node, clause: Clause, place: str) -> Iterator[Bearer]:
        """`it`, `they`: the subject of the clause before, else what the sentence before was about."""
        own = node.clause
        about = [b for b in own.fronted if b.prep in ABOUT]
        earlier = about or _agreeing(node, own)
        if earlier:
            own_place = any(b.phrase.layers or b.phrase.regions for b in node.pps)  # "those of layer V"
            for subject in earlier:
                for bearer in self.of(subject, clause, place):
                    yield Bearer(node, bearer.noun, clause, place) if own_place else bearer
            return
        kinds = {"layer": ("layer", "area"), "cells": ("cells", "layer"), "region": ("area",)}.get(
            self._context.noun, ("area", "layer", "cells")
        )
        if node.phrase.back == "pronouns_many" and self._context.cells:
            kinds = ("cells", *(k for k in kinds if k != "cells"))
        for kind in kinds:
            yield Bearer(node, kind, clause, place)


def _counts(node: Node) -> bool:
    return node.phrase.text.split()[-1] in ("number", "numbers", "quantity", "quantities", "amount", "amounts", "proportion")


def _agreeing(node: Node, own: Clause) -> list[Node]:
    """Subjects of the clauses before that a pronoun can mean: those of its number, else the nearest."""
    if own.leans is None or own.kind not in ("coord", "sub", "rel", "main"):
        return []
    many = node.phrase.back == "pronouns_many" or node.phrase.text.split()[0] in ("these", "those")
    placed = any(n.phrase.regions for n in (*own.fronted, *own.places, *node.pps))
    before: Clause | None = own.leans
    while before is not None:
        subjects = effective_subjects(before)
        fitting = [s for s in subjects if s.noun not in ("pronoun", "") and _is_plural(s) == many]
        objects = [s for s in before.said if s.noun == "layer" and _is_plural(s) == many]
        held = bool(objects) and before.verb_class == "have" and not placed and not _types_an_area(own)
        if held and fitting and fitting[0].noun == "region":
            return [objects[-1], *fitting]  # "A has a layer IV; it is thin": what an area has before the area
        if fitting and not (placed and fitting[0].noun == "region"):
            return fitting
        if objects and (placed or not any(s.noun for s in subjects)):
            return objects[-1:]  # "A has a thin layer IV, while in B it is broad", "X described layer IV as thick, but it is thin"
        before = before.leans
    cells = [n for n in own.leans.nodes() if n.noun == "cells" and many]
    return cells[-1:] or effective_subjects(own.leans)


def _types_an_area(clause: Clause) -> bool:
    """Whether it says what only an area is: `granular`."""
    words = [w for said in clause.said for t in said.phrase.traits for w in t.words]
    return any(attribute == "cortical_type" for w in words for attribute, _ in w.senses.values())


def _is_plural(node: Node) -> bool:
    phrase = node.phrase
    if phrase.layers or phrase.regions:
        return len(phrase.layers or phrase.regions) > 1 or phrase.text.split()[0] in ("both", "these")
    return phrase.text.endswith("s") and not phrase.text.endswith(("ss", "us"))
