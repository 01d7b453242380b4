"""The one HTTP client for language-model servers: every answer is bounded in time, bytes and depth, and no secret is shown.

A server is as untrusted as a file from the internet. It may answer one byte a second, never end, send 10 kB that unpack to 10 GB,
echo the key, or put escape sequences for the terminal into an error message.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import zlib
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import printable

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
MAX_BYTES = 4_000_000
"""Of one answer, as sent and as unpacked. An answer of 4,000 tokens takes about 20,000."""
MAX_DEPTH = 64
"""Of the lists and objects of one answer; a chat completion needs six."""
KEYS = ("CYTO_API_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold the key, in the order in which they count."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_LEAST_SECRET = 4
"""Shorter secrets are not searched for in texts: they would stand in many words by chance."""


class TransientError(Exception):
    """A request failed in a way that a retry may fix. `refused`: no connection was made, so the server may be restarting."""

    def __init__(self, what: str, *, refused: bool = False) -> None:
        self.refused = refused
        super().__init__(what)


@dataclass(frozen=True)
class Reply:
    """Status and decoded body of an answer."""

    status: int
    text: str

    def json(self) -> Any:
        """The body as JSON. Raises TransientError where it is none, holds NaN or Infinity, or nests deeper than MAX_DEPTH."""
        try:
            if _depth(self.text) > MAX_DEPTH:
                raise TransientError("the answer is broken (nested too deeply)")
            return json.loads(self.text, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise TransientError("the answer is broken (no JSON)") from error


class Address:
    """The base URL of a server, without the secrets that a URL can hold.

    `shown` is what messages may say: scheme, host, port and path. User name and password become a header, as does the key from the
    environment where the URL has none and `keyed`. Raises InputError where the text is not an http URL, or the key cannot be sent.
    """

    def __init__(self, endpoint: str, *, keyed: bool = True) -> None:
        import httpx

        self.shown = shown(endpoint)
        try:
            url = httpx.URL(endpoint.strip())
        except (httpx.InvalidURL, ValueError):  # their texts quote the URL, and with it a password
            url = None
        if url is None or url.scheme not in ("http", "https") or not url.host:
            raise InputError(f"'{self.shown}' is not a URL", where="--endpoint", fix="give e.g. http://localhost:8000/v1")
        self._user = url.userinfo.decode("ascii", "replace")
        self._login = (url.username, url.password)
        self._url = url.copy_with(userinfo=b"", fragment=None)
        self._key = _key() if keyed and not self._user else ""
        secrets = (self._key, url.password, self._user, self._user.partition(":")[2], self._basic(), *url.params.values())
        self._secrets = tuple(sorted({s for s in secrets if s}, key=len, reverse=True))

    def url(self, path: str) -> httpx.URL:
        """The address of a path below the base; a query of the base is kept."""
        return self._url.copy_with(path=f"{self._url.path.rstrip('/')}/{path}" if path else self._url.path)

    def headers(self) -> dict[str, str]:
        """Login, and the wish that nothing be compressed: then a small answer cannot unpack to a large one."""
        login = {}
        if self._user:
            login = {"Authorization": f"Basic {self._basic()}"}
        elif self._key:
            login = {"Authorization": f"Bearer {self._key}"}
        return {"Accept-Encoding": "identity", **login}

    def clean(self, text: str, most: int = 200) -> str:
        """A server's text as one short line for people: without secrets and control characters."""
        return self.without_secrets(" ".join(text[: 20 * most].split()), _LEAST_SECRET)[:most]

    def without_secrets(self, text: str, least: int = 8) -> str:
        """A server's text without control characters, and without secrets of `least` characters or more that it echoes."""
        text = printable(text)
        for secret in self._secrets:
            text = text.replace(secret, "***") if len(secret) >= least else text
        return text

    def _basic(self) -> str:
        return base64.b64encode(":".join(self._login).encode()).decode() if self._user else ""


def shown(endpoint: str) -> str:
    """A URL as messages may show it: without user name, password, query and fragment."""
    rest = re.sub(r"^(\s*[a-z+.-]*://)?.*@", r"\1", endpoint, flags=re.IGNORECASE | re.DOTALL)
    return printable(re.split(r"[?#]", rest)[0]).strip().rstrip("/")[:200]


async def request(
    client: httpx.AsyncClient, address: Address, path: str, seconds: float, body: Mapping[str, Any] | None = None
) -> Reply:
    """GET, or POST of a JSON body. `seconds` bounds the whole exchange, not the wait for the next byte.

    Raises TransientError where no whole answer comes in time, or it is longer than MAX_BYTES.
    """
    import httpx

    try:
        async with asyncio.timeout(seconds):
            method = "GET" if body is None else "POST"
            async with client.stream(method, address.url(path), json=body, headers=address.headers()) as answer:
                return Reply(answer.status_code, _unpacked(await _raw(answer), answer.headers.get("content-encoding", "")))
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise TransientError(f"cannot connect: {address.clean(str(error)) or 'no answer'}", refused=True) from error
    except (TimeoutError, httpx.TimeoutException) as error:
        raise TransientError(f"no answer in {seconds:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransientError(f"{type(error).__name__}: {address.clean(str(error))}") from error


def get(address: Address, path: str, seconds: float) -> Reply:
    """One GET, from code that is not asynchronous. Raises TransientError as `request` does."""

    async def one() -> Reply:
        import httpx

        async with httpx.AsyncClient(timeout=seconds) as client:
            return await request(client, address, path, seconds)

    return in_thread(one())


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, run in a thread: a notebook has a running event loop, in which none may be started."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The `response_format` of a request whose answer is to fit a JSON Schema; strict servers want an object with all keys required."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": True}}


async def _raw(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in answer.aiter_raw(65_536):
        size += len(part)
        if size > MAX_BYTES:
            raise TransientError(f"the answer is longer than {MAX_BYTES:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _unpacked(raw: bytes, encoding: str) -> str:
    """The text, also of servers that compress although asked not to; what unpacks to more than MAX_BYTES is refused unread."""
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        packed = zlib.decompressobj(wbits=47)
        try:
            raw = packed.decompress(raw, MAX_BYTES)
        except zlib.error as error:
            raise TransientError("the answer is broken (damaged compression)") from error
        if packed.unconsumed_tail:
            raise TransientError(f"the answer is longer than {MAX_BYTES:,} bytes when unpacked")
    elif encoding.strip().lower() not in ("", "identity"):
        raise TransientError("the answer is compressed in a way that was not offered")
    return raw.decode("utf-8", "replace")


def _depth(text: str) -> int:
    """How deeply brackets nest outside strings, counted before any parser builds what they hold."""
    depth = deepest = 0
    for sign in re.findall(r"[\[{\]}]", _STRING.sub("", text)):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _key() -> str:
    name = next((n for n in KEYS if os.environ.get(n, "").strip()), "")
    key = os.environ.get(name, "").strip()
    if not re.fullmatch(r"[!-~]*", key):  # the HTTP library would quote it in its error
        raise InputError("the key holds spaces or signs that cannot be sent", where=name, fix="set it to the key alone")
    return key
