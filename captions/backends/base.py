"""What every caption writer offers: a batch of prompts in, completions out as they are finished, with their usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.records import Claim
from cytoscribe.llm.base import Completion, Sampling


@dataclass(frozen=True)
class Prompt:
    """One caption to be written. A language model reads `system` and `user` (`cytoscribe.llm.base.Request`); the template backend
    reads the claims themselves.

    `key` names the content (prompt, model, sampling, claims): equal keys are sent once. `named` says whether the caption may call
    the region by its name; `feedback` says why an earlier attempt was refused. `schema` is the form that the answer should have.
    """

    key: str
    region: str
    claims: tuple[Claim, ...]
    style: str
    template: str
    scene: Scene
    seed: int
    named: bool = True
    system: str = ""
    user: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    feedback: str = ""
    schema: Mapping[str, Any] | None = None


CAPTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"caption": {"type": "string"}},
    "required": ["caption"],
    "additionalProperties": False,
}
"""The answer where captions are requested as JSON."""


class Backend(Protocol):
    """A writer of captions: the template backend, or any `cytoscribe.llm.base.LanguageModel`. `name` goes into the `model` column."""

    name: str

    def complete(self, prompts: Sequence[Prompt]) -> Iterator[Completion]:
        """Yield one completion a prompt, in any order, as soon as each is finished."""
        ...

    def close(self) -> None:
        """Free what the backend holds (a model, connections)."""
        ...
