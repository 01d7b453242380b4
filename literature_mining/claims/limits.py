"""What keeps a trait from being a claim of the whole area: it is lessened, leads somewhere, or is that of a zone without a name."""

from __future__ import annotations

from cytoscribe.literature_mining.claims.bearers import Bearer
from cytoscribe.literature_mining.claims.model import Clause, Node
from cytoscribe.literature_mining.claims.scope_names import effective_subjects


def is_lessened(node: Node, clause: Clause) -> bool:
    """Whether another trait of the same thing says that there is less of it."""
    said = [n for n in clause.said if n.phrase.kind == "adj"] if node in effective_subjects(clause) else []
    return any(t.compares == "less" for n in (node, *said) for t in n.phrase.traits)


def leads_somewhere(node: Node, clause: Clause) -> bool:
    """`smaller towards layer IV`, `decreases towards the border`."""
    return any(b.prep in ("towards", "toward") for b in (*node.below(), *clause.places))


def is_some_zone(bearer: Bearer) -> bool:
    """`a narrow zone beside the ventricle is poor in cells`, `a dense strip of small cells marks ...`: some part, and nobody knows which."""
    root = bearer.node
    while root.holder is not None:
        root = root.holder
    described = bearer.clause.verb_class in ("be", "become", "have", "consist")
    return root.noun == "zone" and bearer.clause.verb is not None and (root in effective_subjects(bearer.clause) or not described)
