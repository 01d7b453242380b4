"""Whether a sentence states a trait or denies it."""

from __future__ import annotations

from cytoscribe.literature_mining.claims.model import Clause, Node, Trait
from cytoscribe.literature_mining.claims.scope_names import effective_subjects


def is_denied(node: Node, clause: Clause, trait: Trait | None = None) -> bool:
    """Whether `clause` denies the trait of a node: by "no", "not", "without", a verb that lacks or does not find, or "neither"."""
    denied = node.phrase.negated != node.negated
    if trait is not None and trait.contrasted and (denied or node.clause.negated):
        return False  # "not thick but dense"
    if trait is not None and trait.negated:
        denied = not denied
    holder = node.holder
    while holder is not None:
        denied = denied != (holder.phrase.negated or holder.negated)
        holder = holder.holder
    own = node.clause
    root = node
    while root.holder is not None:
        root = root.holder
    subject = root in effective_subjects(clause)
    if subject:
        return denied != _subject_is_denied(clause)
    if own.verb_class == "lack":
        denied = not denied
    if any(s.phrase.negated for s in effective_subjects(own)):  # "no subdivision of area 9 has ..."
        denied = not denied
    return denied != (own.negated and root in [*own.said, *own.places])


def _subject_is_denied(clause: Clause) -> bool:
    """`giant cells are not found`, `are absent`: the verb denies what its subject is."""
    if clause.verb_class in ("place",):
        return clause.negated
    denied = False
    for said in clause.said:
        for trait in said.phrase.traits if said.phrase.kind == "adj" else ():
            value = next(
                (s[1] for w in trait.words for k, s in w.senses.items() if k == "layer" and s[0] == "layer_visibility"), ""
            )
            if value in ("absent", "visible"):
                denied = (value == "absent") != (clause.negated or said.negated or trait.negated)
    return denied
