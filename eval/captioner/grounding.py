"""Every sentence of a generated caption before the claim gate: what no claim bears out is struck, what stays names paper and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cytoscribe.captions.gate.gate import Checks, open_gate
from cytoscribe.captions.gate.region import GateVerdict
from cytoscribe.captions.wording.scene import statement
from cytoscribe.core.records import WHOLE, Claim
from cytoscribe.eval.report.evidence import PaperPages, papers_behind
from cytoscribe.literature_mining.papers.sentences import spans_of
from cytoscribe.training.captioner.knowledge import IMAGES_TABLE, Knowledge

IDLE = "states none of its facts"
"""The gate's word for a sentence that claims nothing: no fault beside others that do."""


@dataclass(frozen=True)
class GroundedSentence:
    """A sentence of a caption. claims: those that bear it out; reasons: why it was struck, () where it stays."""

    text: str
    claims: tuple[Claim, ...]
    reasons: tuple[str, ...]

    @property
    def kept(self) -> bool:
        return not self.reasons

    @property
    def sources(self) -> tuple[PaperPages, ...]:
        """Papers and pages of its claims; none where they are of images."""
        return papers_behind([c for c in self.claims if c.document != IMAGES_TABLE])


@dataclass(frozen=True)
class Grounded:
    """A caption's sentences in order."""

    sentences: tuple[GroundedSentence, ...] = ()

    @property
    def text(self) -> str:
        """The sentences that stay."""
        return " ".join(s.text for s in self.sentences if s.kept)

    @property
    def marked(self) -> str:
        """All sentences, those struck between tildes."""
        return " ".join(s.text if s.kept else f"~~{s.text}~~" for s in self.sentences)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims that bear out what stays, each once."""
        return tuple({c.claim_id: c for s in self.sentences for c in s.claims if s.kept}.values())

    @property
    def evidence(self) -> tuple[tuple[str, tuple[PaperPages, ...]], ...]:
        """Each statement that stays, in words, with its papers and pages; statements of images have none."""
        groups: dict[tuple[object, ...], list[Claim]] = {}
        for claim in self.claims:
            groups.setdefault(statement(claim), []).append(claim)
        return tuple((_worded(c[0]), papers_behind([x for x in c if x.document != IMAGES_TABLE])) for c in groups.values())

    @property
    def sources(self) -> tuple[PaperPages, ...]:
        """Papers and pages of what stays."""
        return papers_behind([c for c in self.claims if c.document != IMAGES_TABLE])

    @property
    def struck(self) -> int:
        """Sentences that were struck."""
        return sum(not s.kept for s in self.sentences)


@dataclass(frozen=True)
class Account:
    """What a caption states before given claims. supported: ids of claims that bear it out; faults: statements that none does."""

    supported: tuple[str, ...]
    faults: tuple[str, ...]


class Ground:
    """Reads captions of regions against what is known of each."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.gate: Checks = open_gate(knowledge.scene())

    def of(self, text: str, region: str, claims: Sequence[Claim] | None = None) -> Grounded:
        """The caption of `region`, sentence by sentence. claims: what may be stated, default all that is known of the region.

        A sentence is read behind those that stay, since "it" and "there" mean what they named.
        """
        known = list(self.knowledge.claims_of(region) if claims is None else claims)
        by_id = {c.claim_id: c for c in known}
        kept: list[str] = []
        borne: set[str] = set()
        found = []
        for start, end in spans_of(text):
            sentence = text[start:end].strip()
            verdict = self.gate.check(" ".join([*kept, sentence]), region, known)
            reasons = faults_of(verdict)
            own = () if reasons else tuple(by_id[i] for i in verdict.supported if i in by_id and i not in borne)
            if not reasons:
                kept.append(sentence)
                borne |= {c.claim_id for c in own}
            found.append(GroundedSentence(sentence, own, reasons))
        if not borne:  # what states nothing of the region is no description of it
            return Grounded(tuple(replace(s, reasons=s.reasons or (IDLE,)) for s in found))
        return Grounded(tuple(found))

    def account(self, text: str, region: str, claims: Sequence[Claim] | None = None) -> Account:
        """What the whole caption states, before the claims given or all that is known of the region."""
        verdict = self.gate.check(text, region, list(self.knowledge.claims_of(region) if claims is None else claims))
        return Account(verdict.supported, faults_of(verdict))


def _worded(claim: Claim) -> str:
    """ "layer IV, layer thickness: thin"."""
    place = "" if claim.layer == WHOLE else f"layer {claim.layer}, "
    beside = f", compared with {', '.join(claim.compared_to)}" if claim.compared_to else ""
    return f"{place}{claim.attribute.replace('_', ' ')}: {'' if claim.polarity else 'not '}{claim.value.replace('_', ' ')}{beside}"


def faults_of(verdict: GateVerdict) -> tuple[str, ...]:
    """Why a text is refused, without the remark that it claims nothing."""
    return tuple(r for r in verdict.reasons if r != IDLE)
