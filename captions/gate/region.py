"""The faithfulness gate: every claim that a caption states must be among its sources, and every word of it accounted for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cytoscribe.captions.gate.entailment import bears_out, is_faint, supporters
from cytoscribe.captions.gate.reader import CaptionReader, ReadBack, ReadWord, template_words
from cytoscribe.core.records import WHOLE, Claim
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.lexicon import Lexicon
from cytoscribe.literature_mining.regions.table import RegionTable
from cytoscribe.literature_mining.report.opposition import compatible


@dataclass(frozen=True)
class GateVerdict:
    """supported: ids of the source claims that were read back; score: supported statements over all that were read, 1.0 for none
    read; reasons: why the caption is refused, empty where it is faithful."""

    supported: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]

    @property
    def faithful(self) -> bool:
        return not self.reasons


class Gate:
    """Reads captions of regions back with the miner's own reader. table: all regions, so that a foreign name is noticed; lexicon: of the
    vocabulary that the claims were mined with, cortex's where none is given."""

    def __init__(self, table: RegionTable, lexicon: Lexicon | None = None) -> None:
        self.table = table
        self.reader = CaptionReader(table, lexicon)

    def check(self, text: str, region: str, sources: Sequence[Claim]) -> GateVerdict:
        """The verdict on a caption of `region` that may state `sources` and nothing else."""
        return self.judge(self.reader.account(text, region), text, region, sources)

    def judge(self, account: ReadBack, text: str, region: str, sources: Sequence[Claim]) -> GateVerdict:
        """The verdict on a caption whose account is at hand."""
        supported: dict[str, None] = {}
        faults: list[str] = []
        for found in account.claims:
            claims = supporters(found, sources)
            supported.update(dict.fromkeys(c.claim_id for c in claims))
            if not claims and not is_faint(found, sources):
                faults.append(f"says '{text[found.start : found.end]}' ({_told(found, region)}), which its sources do not")
        faults += self._words(account.words, region, sources) + _idle_layers(account, sources)
        faults += _questions(account, sources) + self._idle_partners(account, region)
        if not supported and not faults:
            faults.append("states none of its facts")
        total = max(1, len(account.claims), len(faults))
        return GateVerdict(tuple(supported), round(1 - len(set(faults)) / total, 3), tuple(dict.fromkeys(faults)))

    def _words(self, words: Sequence[ReadWord], region: str, sources: Sequence[Claim]) -> list[str]:
        """Content words that neither the vocabulary, nor the templates, nor the sources hold; foreign names and numbers."""
        allowed = {region, *(o for c in sources for o in c.compared_to)}
        names = {n for a in allowed if (row := self.table.find(a)) for n in row.names} | allowed
        held = {w for c in sources for w in _plain(f"{c.layer} {c.value} {c.sentence} {c.span}")} | {
            w for n in names for w in _plain(n)
        }
        faults = []
        for word in words:
            if word.role == "region" and not self._named(word.text, names):
                faults.append(f"names {word.text}, which its sources do not")
            elif word.role == "number" and word.text not in held:
                faults.append(f"gives the number {word.text}, which its sources do not")
            elif word.role == "unread" and not _is_held(word, sources) and not (word.is_type and set(_plain(word.text)) <= held):
                faults.append(f"says '{word.text}', which its sources do not say")
            elif word.role == "unknown" and not all(w in held or w in template_words() for w in _plain(word.text)):
                faults.append(f"says '{word.text}', which neither its sources nor the vocabulary do")
        return faults

    def _idle_partners(self, account: ReadBack, region: str) -> list[str]:
        """Regions that are named although nothing is compared with them ("compared with B, layer IV is dense")."""
        if any(c.relative and not c.compared_to for c in account.claims):
            return []
        used = {region, *(n for c in account.claims for n in (c.region, *c.compared_to))}
        return [
            f"names {w.text} without a comparison" for w in account.words if w.role == "region" and not self._named(w.text, used)
        ]

    def _named(self, text: str, names: set[str]) -> bool:
        if self.reader.finder is None:
            return True
        mentions = self.reader.finder.find(text)
        labels = {r.name for n in names if (r := self.table.find(n))} | names
        if not mentions:  # an area that the table lacks
            return any(text.casefold() == n.casefold() for n in names)
        return all(set(m.regions) & labels for m in mentions)


def _is_held(word: ReadWord, sources: Sequence[Claim]) -> bool:
    """Whether a trait that was read of nothing is at least one of the sources', stated or denied."""
    return any(
        bears_out(claim, attribute, value, stated)
        for claim in sources
        for attribute, value in word.traits
        for stated in (True, False)
    )


def _idle_layers(account: ReadBack, sources: Sequence[Claim]) -> list[str]:
    """Layers that are named although neither the caption nor its sources say anything of them ("... and in layer III as well")."""
    spoken = [c.layer for c in (*account.claims, *sources)]
    return [
        f"names layer {name}, and what it states of it cannot be read"
        for word in account.words
        for name in word.names
        if name not in (WHOLE, "WM") and not any(compatible(name, s) or name in s.split("-") for s in spoken)
    ]


def _questions(account: ReadBack, sources: Sequence[Claim]) -> list[str]:
    """A question after a trait of which no source speaks, and so nothing can answer it."""
    held = {c.attribute for c in sources}
    missing = account.named - held or (account.asked if account.asked and not account.asked & held else frozenset())
    return [f"asks for {', '.join(sorted(missing)).replace('_', ' ')}, of which its sources do not speak"] if missing else []


def _plain(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _told(found: FoundClaim, region: str) -> str:
    place = "the whole area" if found.layer == WHOLE else f"layer {found.layer}"
    whose = "" if found.region == region else f" of {found.region}"
    denial = "" if found.polarity else "not "
    beside = f", compared with {', '.join(found.compared_to)}" if found.compared_to else ""
    return f"{place}{whose}: {found.attribute.replace('_', ' ')} {denial}{found.value}{beside}"
