"""Any OpenAI-compatible server by URL (vLLM serve first of all): many requests at once, patient with a server that restarts."""

from __future__ import annotations

import asyncio
import queue
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say
from cytoscribe.llm.base import Completion, Request, messages
from cytoscribe.llm.client import Address, Reply, TransientError, get, request, response_format
from cytoscribe.llm.settings import ServerSettings

_REFUSED = (400, 422)
"""Statuses by which servers refuse a request that asks for what they do not know."""
_MOST_TOKENS = 2**31
_SIGNS = 64
"""Characters that one token may have; an answer with more was not held to its limit of tokens, and is cut off."""


class _FatalError(Exception):
    """No request can succeed: a wrong key, an unknown model."""


class ServerBackend:
    """Chat completions over HTTP. The key comes from CYTO_API_KEY or OPENAI_API_KEY and is never stored or shown."""

    def __init__(self, model: str, settings: ServerSettings) -> None:
        self.settings, self._bears_schemas = settings, True
        self._address = Address(settings.endpoint)
        self.endpoint = self._address.shown
        self.name = self._model(model)

    def complete(self, prompts: Sequence[Request]) -> Iterator[Completion]:
        """Completions in the order in which the server finishes them; a request that fails for good has its `error` set."""
        done: queue.Queue[Completion | BaseException | None] = queue.Queue()
        stop = threading.Event()
        thread = threading.Thread(target=self._thread, args=(list(prompts), done, stop), daemon=True)
        thread.start()
        try:
            while (item := done.get()) is not None:
                if isinstance(item, _FatalError):
                    raise InputError(str(item), where=self.endpoint, fix="check --model, --endpoint and the key")
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stop.set()
            thread.join(timeout=10)

    def close(self) -> None:
        """Nothing is held between batches."""

    def _thread(self, prompts: list[Request], done: queue.Queue[Any], stop: threading.Event) -> None:
        try:
            asyncio.run(self._all(prompts, done, stop))
        except BaseExceptionGroup as group:
            done.put(group.exceptions[0])
        except BaseException as error:
            done.put(error)
        done.put(None)

    async def _all(self, prompts: list[Request], done: queue.Queue[Any], stop: threading.Event) -> None:
        import httpx

        limits = httpx.Limits(max_connections=self.settings.concurrency, max_keepalive_connections=self.settings.concurrency)
        waiting = iter(prompts)
        timeout = httpx.Timeout(self.settings.timeout_s, connect=min(10.0, self.settings.timeout_s))
        async with httpx.AsyncClient(limits=limits, timeout=timeout) as client:

            async def work() -> None:
                for prompt in waiting:
                    if stop.is_set():
                        return
                    done.put(await self._one(client, prompt))

            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.concurrency, len(prompts))):
                    group.create_task(work())

    async def _one(self, client: Any, prompt: Request) -> Completion:
        started = time.perf_counter()
        tries, reason, refused_since = 0, "", 0.0
        while tries <= self.settings.retries:
            try:
                return await self._ask(client, prompt)
            except TransientError as error:
                reason = str(error)
                refused_since = (refused_since or time.perf_counter()) if error.refused else 0.0
                if error.refused and time.perf_counter() - refused_since > self.settings.patience_s:
                    raise _FatalError(f"the server does not answer ({reason})") from error
                tries += not error.refused
                await asyncio.sleep(min(20.0, 0.25 * 2 ** min(tries, 6)) * (0.5 + random.random()))
        return Completion(prompt.key, "", seconds=time.perf_counter() - started, error=reason)

    async def _ask(self, client: Any, prompt: Request) -> Completion:
        """The answer, in the form that the prompt wishes unless the server refuses just that, which is said once."""
        started = time.perf_counter()
        formed = bool(prompt.schema) and self._bears_schemas
        answer = await self._post(client, self._body(prompt, formed=formed))
        if formed and answer.status in _REFUSED:
            plain = await self._post(client, self._body(prompt, formed=False))
            if plain.status == 200 and self._bears_schemas:
                self._bears_schemas = False
                say(f"note: {self.endpoint} refuses a form of answers ({self._reason(answer)}); asked without, read as they come")
            answer = plain
        if answer.status in (401, 403, 404) or 300 <= answer.status < 400:
            raise _FatalError(f"the server refuses ({answer.status}: {self._reason(answer)})")
        if answer.status in (*_REFUSED, 413):
            return Completion(prompt.key, "", error=f"refused by the server: {self._reason(answer)}")
        if answer.status != 200:
            raise TransientError(f"status {answer.status}: {self._reason(answer)}")
        completion = _completion(prompt.key, answer.json(), time.perf_counter() - started)
        most = _SIGNS * prompt.sampling.max_new_tokens
        text = self._address.without_secrets(completion.text[:most])
        return replace(completion, text=text, truncated=completion.truncated or len(completion.text) > most)

    async def _post(self, client: Any, body: dict[str, Any]) -> Reply:
        return await request(client, self._address, "chat/completions", self.settings.timeout_s, body)

    def _reason(self, answer: Reply) -> str:
        return self._address.clean(answer.text)

    def _body(self, prompt: Request, *, formed: bool) -> dict[str, Any]:
        sampling = prompt.sampling
        body: dict[str, Any] = {
            "model": self.name,
            "messages": messages(prompt),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
        }
        if self.settings.send_seed:
            body["seed"] = prompt.seed % 2**31
        if formed and prompt.schema:
            body["response_format"] = response_format(prompt.schema)
        return body

    def _model(self, wanted: str) -> str:
        """The model's name on the server; the only one served where none is wanted. Raises InputError where it is not there."""
        served = self._served()
        if wanted in served or (wanted and not served):
            return wanted
        if not wanted and len(served) == 1:
            return served[0]
        what = f"model '{wanted}' is not served" if wanted else "the server has several models" if served else "no model is named"
        raise InputError(what, where=self.endpoint, fix=f"choose --model from {', '.join(served[:20]) or '(none listed)'}")

    def _served(self) -> list[str]:
        try:
            answer = get(self._address, "models", min(10.0, self.settings.timeout_s))
        except TransientError as error:
            fix = "start the server (e.g. `vllm serve MODEL`), or check --endpoint"
            raise InputError(f"the server cannot be reached ({error})", where=self.endpoint, fix=fix) from error
        if answer.status in (401, 403):
            raise InputError("the server wants another key", where=self.endpoint, fix="set CYTO_API_KEY")
        try:
            return [self._address.clean(m["id"]) for m in answer.json()["data"] if isinstance(m["id"], str)]
        except (TransientError, KeyError, TypeError):
            return []


def _completion(key: str, data: Any, seconds: float) -> Completion:
    """The completion in an answer. Raises TransientError where a field has another type than the protocol gives it."""
    choices = _typed(data, dict, "the answer").get("choices")
    choice = _typed((_typed(choices, list, "choices") or [None])[0], dict, "choices")
    content = _typed(choice.get("message"), dict, "message").get("content")
    text = _typed("" if content is None else content, str, "content")
    usage = data.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return Completion(key, text, *tokens, seconds, truncated=choice.get("finish_reason") == "length")


def _typed(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        raise TransientError(f"the answer is broken ({name} is of type {type(value).__name__})")
    return value


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else 0
