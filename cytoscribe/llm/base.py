"""What every language model offers: a batch of requests in, completions out as they are finished, with their usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cytoscribe.llm.settings import Sampling


class Request(Protocol):
    """What a language model reads. `key` names the content: equal keys are sent once.

    `schema` (JSON Schema) is the form that the answer should have, None for free text. A backend may be unable to enforce it, so the
    reader of an answer must cope with any text.
    """

    @property
    def key(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def sampling(self) -> Sampling: ...
    @property
    def schema(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True)
class Question:
    """A request of its own; captions have records of their own that are requests too."""

    key: str
    system: str
    user: str
    sampling: Sampling
    schema: Mapping[str, Any] | None = None
    seed: int = 0


@dataclass(frozen=True)
class Completion:
    """What a backend wrote for a request. `error` is "" unless the request failed for good; tokens are the model's own, 0 unknown.

    truncated: the model was stopped by the limit of new tokens, so the text may end in mid-sentence. stated: (start, end, claim ids)
    of the words that state claims, where the writer knows them by construction; () for a language model.
    """

    key: str
    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    error: str = ""
    truncated: bool = False
    stated: Sequence[tuple[int, int, Sequence[str]]] = ()


class LanguageModel(Protocol):
    """A language model, in this process or on a server. `name` goes into the `model` column."""

    name: str

    def complete(self, prompts: Sequence[Request]) -> Iterator[Completion]:
        """Yield one completion a request, in any order, as soon as each is finished."""
        ...

    def close(self) -> None:
        """Free what the backend holds (a model, connections)."""
        ...


def messages(prompt: Request) -> list[dict[str, str]]:
    """The request as chat messages."""
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
