"""A language model as judge: is every statement of the caption among the facts, yes or no, and why not?"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from cytoscribe.captions.backends.base import Backend, Prompt
from cytoscribe.captions.gate.judge import Case, Opinion
from cytoscribe.core.digests import fingerprint
from cytoscribe.core.errors import InputError
from cytoscribe.core.rendering import render
from cytoscribe.llm.base import Completion, Sampling
from cytoscribe.llm.store import CompletionStore

_SAMPLING = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=120)
_VERDICT = {
    "type": "object",
    "properties": {"faithful": {"type": "string", "enum": ["yes", "no"]}, "reason": {"type": "string"}},
    "required": ["faithful", "reason"],
    "additionalProperties": False,
}
_ANSWER = re.compile(r"\W*(yes|no)\b[\s:;,.*\"'–-]*(.*)", re.I | re.S)


class LlmJudge:
    """Asks a backend; facts and caption are fenced in the prompt and give no orders."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.name = f"llm:{backend.name}"

    def opinions(self, cases: Sequence[Case], store: CompletionStore) -> list[Opinion]:
        """One opinion a case. An answer that cannot be read counts as "no"; where none comes back at all, InputError is raised."""
        prompts = [self._prompt(case) for case in cases]
        missing = {p.key: p for p in prompts if store.get(p.key) is None}
        failed = 0
        for completion in self.backend.complete(list(missing.values())):
            store.put(completion)
            failed += bool(completion.error)
            if failed == len(missing):
                raise InputError(f"the judge does not answer ({completion.error})", where=self.name, fix="check --judge")
        return [self._opinion(case, store.get(p.key)) for case, p in zip(cases, prompts, strict=True)]

    def _prompt(self, case: Case) -> Prompt:
        shown = {"facts": [_fenced(f) for f in case.facts], "caption": _fenced(case.caption.caption)}
        system, _, user = render("cytoscribe.captions", "data/judge.jinja", shown).partition("=== user ===")
        system, user = system.strip(), user.strip()
        key = fingerprint({"judge": self.name, "system": system, "user": user})
        return Prompt(
            key=key,
            region=case.caption.region,
            claims=case.claims,
            style="judge",
            template="judge",
            scene=case.scene,
            seed=int(key, 16),
            system=system,
            user=user,
            sampling=_SAMPLING,
            schema=_VERDICT,
        )

    def _opinion(self, case: Case, completion: Completion | None) -> Opinion:
        agrees, reason = False, "the judge gave no answer"
        if completion is not None:
            agrees, reason = (False, f"the judge failed ({completion.error})") if completion.error else read_answer(completion.text)
        caption = case.caption
        return Opinion(caption.caption_id, caption.region, caption.caption, self.name, agrees, None, reason)


def read_answer(text: str) -> tuple[bool, str]:
    """(agrees, reason) of an answer: JSON with `faithful` and `reason`, or prose that opens with yes or no; else a "no" that says so."""
    text = re.sub(r"<think>.*?(</think>|$)", " ", text, flags=re.S).strip()
    told = _json(text)
    if told is not None:
        said, reason = str(told.get("faithful", "")).strip().lower(), " ".join(str(told.get("reason") or "").split())
        if said in ("yes", "true", "no", "false"):
            agrees = said in ("yes", "true")
            return agrees, reason or ("" if agrees else "the judge says no, without a reason")
    elif match := _ANSWER.match(text):
        agrees, reason = match[1].lower() == "yes", " ".join(match[2].split())
        return agrees, reason or ("" if agrees else "the judge says no, without a reason")
    return False, f"the judge's answer cannot be read ({' '.join(text.split())[:80] or 'empty'})"


def _json(text: str) -> dict[str, object] | None:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        answer = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _fenced(text: str) -> str:
    return text.replace("<", "(").replace(">", ")")
