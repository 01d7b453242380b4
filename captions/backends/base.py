"""What every caption writer offers: a batch of prompts in, completions out as they are finished, with their usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from captions.wording.scene import Scene
from cytoscribe.records import Claim


@dataclass(frozen=True)
class Sampling:
    """How a language model draws. temperature 0 is greedy; max_new_tokens bounds the answer."""

    temperature: float = 0.8
    top_p: float = 0.95
    max_new_tokens: int = 160


@dataclass(frozen=True)
class Prompt:
    """One caption to be written. A language model reads `system` and `user`; the template backend reads the claims themselves.

    `key` names the content (prompt, model, sampling, claims): equal keys are never asked twice. `named` says whether the caption
    may call the region by its name; `feedback` tells why an earlier attempt was refused. `schema` (JSON Schema) is the form that the
    answer is to have, None for free text: a wish that a backend may not be able to grant, so that whoever reads answers bears others.
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
    sampling: Sampling = Sampling()
    feedback: str = ""
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Completion:
    """What a backend wrote for a prompt. `error` is "" unless the request failed for good; tokens are the model's own, 0 unknown.

    truncated: the model was stopped by the limit of new tokens, so the text may end in mid-sentence. stated: (start, end, claim ids) of
    the words that state claims, where the writer knows them by construction; () for a language model.
    """

    key: str
    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    error: str = ""
    truncated: bool = False
    stated: Sequence[tuple[int, int, Sequence[str]]] = ()


CAPTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"caption": {"type": "string"}},
    "required": ["caption"],
    "additionalProperties": False,
}
"""The answer where captions are asked for as JSON."""


def messages(prompt: Prompt) -> list[dict[str, str]]:
    """The prompt as chat messages."""
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


class Backend(Protocol):
    """A writer of captions. `name` goes into the `model` column."""

    name: str

    def complete(self, prompts: Sequence[Prompt]) -> Iterator[Completion]:
        """Yield one completion a prompt, in any order, as soon as each is finished."""
        ...

    def close(self) -> None:
        """Free what the backend holds (a model, connections)."""
        ...
