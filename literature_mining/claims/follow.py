"""The context after a sentence: what its subject, its layers and its comparisons leave behind for the next one."""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.layer_scope import Scopes
from cytoscribe.literature_mining.claims.model import Clause, Node, Sentence
from cytoscribe.literature_mining.claims.scope_names import Scope, effective_subjects
from cytoscribe.literature_mining.claims.tokens import UNKNOWN

_PLACES = frozenset(["in", "within", "for", "throughout", "of", "as to", "as for", "as regards", "concerning", "regarding"])


def follow(context: Context, sentence: Sentence, scopes: Scopes, claims: Sequence[FoundClaim]) -> Context:
    """The context that the sentence after this one is read in."""
    tokens = sentence.tokens
    mentioned = layers = next(
        (t.names for t in reversed(tokens) if t.is_("layer") and t.names and not {"WM", "all"} & set(t.names)), ()
    )
    spoken = _subject(sentence, scopes)
    named = tuple(dict.fromkeys(n for t in tokens if t.is_("region") for n in t.names if n != UNKNOWN))
    topic, lost, age = context.topic, context.lost, context.age + 1
    if spoken.foreign and not spoken.names:
        topic, lost, age = (), True, 0
    elif spoken.names:
        topic, lost, age = spoken.names, False, 0
    elif claims:
        last = claims[-1]
        topic, lost, age = tuple(dict.fromkeys(c.region for c in claims if c.start == last.start)), False, 0
    elif named and not context.topic and not lost:
        topic, age = (named[0],), 0
    pair = _pair(context, sentence, named)
    compared = [c.compared_to for c in claims if c.compared_to]
    rivals = compared[-1] if compared else context.rivals if topic == context.topic else ()
    if not compared and len(named) == 2 and len(topic) == 1 and topic[0] in named:  # "A resembles B. However, ... of A is looser."
        rivals = tuple(n for n in named if n != topic[0])
    subject = _main_subject(sentence)
    noun = subject.noun if subject is not None else ""
    kind = {"layer": "layer", "cells": "cells", "region": "region", "area": "region"}.get(
        noun, context.noun if noun == "pronoun" else ""
    )
    if kind in ("layer", "cells") and subject is not None:
        own = scopes.layer(subject)
        layers = own.names if own.how not in ("none", "") else layers
    return Context(
        topic, context.headings, pair, rivals, layers or context.layers, mentioned or context.mentioned, kind, age, lost,
        _cells(sentence, scopes), _named_alone(sentence) or context.section,
        context.counted or any(c.attribute == "lamination" and c.value.endswith("-layered") for c in claims),
    )  # fmt: skip


def _named_alone(sentence: Sentence) -> tuple[str, ...]:
    """`Layer I.`: a sentence that only names a layer is a heading of what follows."""
    spoken = [t for t in sentence.tokens if t.is_("layer") or t.roles - {"punctuation"}]
    return spoken[0].names if len(spoken) == 1 and spoken[0].is_("layer") and spoken[0].names != ("all",) else ()


def _cells(sentence: Sentence, scopes: Scopes) -> tuple[str, ...]:
    """Layers of the cells that a sentence speaks of last; empty where it speaks of none."""
    nodes = [n for c in sentence.clauses for n in c.nodes() if n.noun == "cells"]
    return scopes.layer(max(nodes, key=lambda n: n.start)).names if nodes else ()


def _main_subject(sentence: Sentence) -> Node | None:
    for clause in sentence.clauses:
        if clause.kind in ("main", "coord"):
            subjects = effective_subjects(clause)
            if subjects:
                return subjects[0]
    return None


def _subject(sentence: Sentence, scopes: Scopes) -> Scope:
    """The region that the sentence is about: of its first main clause's subject, else of the place it opens with."""
    for clause in sentence.clauses:
        if clause.kind not in ("main", "label", "coord"):
            continue
        subjects = effective_subjects(clause)
        pronoun = any(s.phrase.back in ("pronouns_one", "pronouns_many", "its", "their") for s in subjects)
        if pronoun and not any(n for s in subjects for n in s.phrase.regions if n != UNKNOWN):
            return Scope()
        named = clause.said[0].phrase if clause.verb is None and len(clause.said) == 1 and not clause.fronted else None
        if named is not None and named.regions and not named.traits and len(sentence.clauses) == 1:  # "Area FG1."
            known = tuple(n for n in named.regions if n != UNKNOWN)
            return Scope(known, "subject") if known else Scope(foreign=True, how="subject")
        introduced = _introduced(sentence, clause)
        if introduced:
            return Scope(introduced, "subject")
        fronted = [n for n in clause.fronted if n.prep in _PLACES]
        for node in [*subjects, *([] if pronoun else fronted)]:
            if node.phrase.regions:
                known = tuple(n for n in node.phrase.regions if n != UNKNOWN)
                return Scope(known, "subject") if known else Scope(foreign=True, how="subject")
            if node.phrase.part:
                return Scope()
            if scopes.is_stranger(node, clause) and not node.prep:
                return Scope(foreign=True, how="subject")
            below = [
                b for b in node.below() if b.phrase.regions and b.phrase.regions != (UNKNOWN,) and b.prep in ("of", "in", "within")
            ]
            if below:
                return Scope(below[0].phrase.regions, "subject")
        if effective_subjects(clause):
            return Scope()
    return Scope()


def _introduced(sentence: Sentence, clause: Clause) -> tuple[str, ...]:
    """`dorsal to A there is an area, B`: the region that a sentence brings in."""
    verb = clause.verb
    if verb is None or not any(t.lower == "there" for t in sentence.tokens[max(0, verb.start - 2) : verb.start]):
        return ()
    said = [n for s in clause.said for n in (s, *s.below()) if n.phrase.regions and n.prep in ("", "of")]
    return tuple(n for n in said[-1].phrase.regions if n != UNKNOWN) if said else ()


def _pair(context: Context, sentence: Sentence, named: tuple[str, ...]) -> tuple[str, ...]:
    grouped = [t.names for t in sentence.tokens if t.is_("region") and len(t.names) > 1 and UNKNOWN not in t.names]
    if grouped:
        return grouped[-1]
    return named if len(named) == 2 else context.pair
