"""Any OpenAI-compatible server by URL (vLLM serve first of all): many requests at once, patient with a server that restarts."""

from __future__ import annotations

import asyncio
import os
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from captions.backends.base import Completion, Prompt, messages
from cytoscribe.answers import REFUSED, response_format
from cytoscribe.errors import InputError
from cytoscribe.progress import say


@dataclass(frozen=True)
class ServerSettings:
    """endpoint: base URL with its /v1; concurrency: requests in flight; timeout_s: of one request; retries: of one request,
    with doubling waits; patience_s: how long a server that refuses connections is waited for; send_seed: a seed with each request, which not every
    server bears (vLLM 0.32 without a GPU dies of it) and none keeps under batching: every answer is stored instead."""

    endpoint: str
    concurrency: int = 32
    timeout_s: float = 120.0
    retries: int = 6
    patience_s: float = 180.0
    send_seed: bool = False


class _TransientError(Exception):
    """Worth another try."""


class _FatalError(Exception):
    """No request can succeed: a wrong key, an unknown model."""


class ServerBackend:
    """Chat completions over HTTP. The key comes from CYTO_API_KEY or OPENAI_API_KEY and is never stored or shown."""

    def __init__(self, model: str, settings: ServerSettings) -> None:
        self.settings, self._bears_schemas = settings, True
        self.endpoint = settings.endpoint.rstrip("/")
        if not self.endpoint.startswith(("http://", "https://")):
            raise InputError(f"'{settings.endpoint}' is no URL", where="--endpoint", fix="give e.g. http://localhost:8000/v1")
        self.name = self._model(model)

    def complete(self, prompts: Sequence[Prompt]) -> Iterator[Completion]:
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

    def _thread(self, prompts: list[Prompt], done: queue.Queue[Any], stop: threading.Event) -> None:
        try:
            asyncio.run(self._all(prompts, done, stop))
        except BaseExceptionGroup as group:
            done.put(group.exceptions[0])
        except BaseException as error:
            done.put(error)
        done.put(None)

    async def _all(self, prompts: list[Prompt], done: queue.Queue[Any], stop: threading.Event) -> None:
        import httpx

        limits = httpx.Limits(max_connections=self.settings.concurrency, max_keepalive_connections=self.settings.concurrency)
        waiting = iter(prompts)
        timeout = httpx.Timeout(self.settings.timeout_s, connect=min(10.0, self.settings.timeout_s))
        async with httpx.AsyncClient(limits=limits, timeout=timeout, headers=_headers()) as client:

            async def work() -> None:
                for prompt in waiting:
                    if stop.is_set():
                        return
                    done.put(await self._one(client, prompt))

            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.concurrency, len(prompts))):
                    group.create_task(work())

    async def _one(self, client: Any, prompt: Prompt) -> Completion:
        started = time.perf_counter()
        tries, reason, refused_since = 0, "", 0.0
        while tries <= self.settings.retries:
            try:
                return await self._ask(client, prompt)
            except _TransientError as error:
                reason = str(error)
                refused = reason.startswith("cannot connect")
                refused_since = (refused_since or time.perf_counter()) if refused else 0.0
                if refused and time.perf_counter() - refused_since > self.settings.patience_s:
                    raise _FatalError(f"the server does not answer ({reason})") from error
                tries += not refused
                await asyncio.sleep(min(20.0, 0.25 * 2 ** min(tries, 6)) * (0.5 + random.random()))
        return Completion(prompt.key, "", seconds=time.perf_counter() - started, error=reason)

    async def _ask(self, client: Any, prompt: Prompt) -> Completion:
        """The answer, in the form that the prompt wishes unless the server refuses just that, which the user is told once."""
        started = time.perf_counter()
        formed = bool(prompt.schema) and self._bears_schemas
        answer = await self._post(client, self._body(prompt, formed=formed))
        if formed and answer.status_code in REFUSED:
            plain = await self._post(client, self._body(prompt, formed=False))
            if plain.status_code == 200 and self._bears_schemas:
                self._bears_schemas = False
                say(f"note: {self.endpoint} refuses a form of answers ({_reason(answer.text)}); asked without, read as they come")
            answer = plain
        if answer.status_code in (401, 403, 404):
            raise _FatalError(f"the server refuses ({answer.status_code}: {_reason(answer.text)})")
        if answer.status_code in (*REFUSED, 413):
            return Completion(prompt.key, "", error=f"refused by the server: {_reason(answer.text)}")
        if answer.status_code != 200:
            raise _TransientError(f"status {answer.status_code}: {_reason(answer.text)}")
        return _completion(prompt, answer, time.perf_counter() - started)

    async def _post(self, client: Any, body: dict[str, Any]) -> Any:
        import httpx

        try:
            return await client.post(f"{self.endpoint}/chat/completions", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _TransientError(f"cannot connect: {error}") from error
        except httpx.TimeoutException as error:
            raise _TransientError(f"no answer in {self.settings.timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise _TransientError(f"{type(error).__name__}: {error}") from error

    def _body(self, prompt: Prompt, *, formed: bool) -> dict[str, Any]:
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
        what = f"model '{wanted}' is not served" if wanted else "the server has several models"
        raise InputError(what, where=self.endpoint, fix=f"choose --model from {', '.join(served) or '(none listed)'}")

    def _served(self) -> list[str]:
        import httpx

        try:
            answer = httpx.get(f"{self.endpoint}/models", headers=_headers(), timeout=10.0)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            fix = "start the server (e.g. `vllm serve MODEL`), or check --endpoint"
            raise InputError(f"the server cannot be reached ({error})", where=self.endpoint, fix=fix) from error
        if answer.status_code in (401, 403):
            raise InputError("the server wants another key", where=self.endpoint, fix="set CYTO_API_KEY")
        try:
            return [str(m["id"]) for m in answer.json()["data"]]
        except (ValueError, KeyError, TypeError):
            return []


def _headers() -> dict[str, str]:
    key = os.environ.get("CYTO_API_KEY") or os.environ.get("OPENAI_API_KEY") or ""
    return {"Authorization": f"Bearer {key}"} if key else {}


def _reason(body: str) -> str:
    return " ".join(body.split())[:200]


def _completion(prompt: Prompt, answer: Any, seconds: float) -> Completion:
    try:
        data = answer.json()
        choice = data["choices"][0]
        text = choice["message"]["content"] or ""
        usage = data.get("usage") or {}
        tokens = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise _TransientError(f"the answer is broken ({type(error).__name__})") from error
    return Completion(prompt.key, text, *tokens, seconds, truncated=choice.get("finish_reason") == "length")
