"""A second opinion on captions that the gate has accepted: what a judge is asked, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cytoscribe.captions.backends.base import Backend
from cytoscribe.captions.backends.models import open_backend
from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption, Claim
from cytoscribe.llm.models import BackendSettings
from cytoscribe.llm.store import CompletionStore


@dataclass(frozen=True)
class Case:
    """A caption and the claims that it may state."""

    caption: Caption
    claims: tuple[Claim, ...]
    scene: Scene

    @property
    def facts(self) -> list[str]:
        """The claims as plain sentences."""
        return [f.clauses[0] for f in self.scene.facets(self.claims)]


@dataclass(frozen=True)
class Opinion:
    """One row of judged.parquet. agrees: the caption states only what its claims state; score: the judge's own measure in [0, 1],
    None where it gives none; reason: "" where it agrees and says no more."""

    caption_id: str
    region: str
    caption: str
    judge: str
    agrees: bool
    score: float | None
    reason: str


class Judge(Protocol):
    """A judge that gives a second opinion."""

    name: str

    def opinions(self, cases: Sequence[Case], store: CompletionStore) -> list[Opinion]:
        """One opinion a case, in order. Answers are kept in the store, so that a resumed run asks none of them again."""
        ...


def open_judge(spec: str, backends: Mapping[str, Backend], settings: BackendSettings) -> Judge | None:
    """The judge that `--judge` names: "" for none, "nli:MODEL" (a cross-encoder, folder or Hub id), "llm" or "llm:MODEL".

    backends: those already open, by the name that opened them; "llm" takes the first that is a language model, or the server's
    only model. Raises InputError where the judge cannot be used.
    """
    kind, _, model = spec.partition(":")
    if not spec:
        return None
    if kind == "nli" and model:
        from cytoscribe.captions.gate.judge_nli import NliJudge

        return NliJudge(model)
    if kind == "llm":
        from cytoscribe.captions.gate.judge_llm import LlmJudge

        return LlmJudge(_writer(model, backends, settings))
    raise InputError(f"unknown judge '{spec}'", where="--judge", fix="give nli:MODEL, llm or llm:MODEL")


def _writer(model: str, backends: Mapping[str, Backend], settings: BackendSettings) -> Backend:
    wanted = model or next((m for m in backends if m != TemplateBackend.name), TemplateBackend.name)
    if wanted == TemplateBackend.name and settings.server is None:
        raise InputError("no language model to judge with", where="--judge", fix="give llm:MODEL, or --endpoint")
    return backends[wanted] if wanted in backends else open_backend(wanted, settings)
