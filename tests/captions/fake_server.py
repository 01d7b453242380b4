"""An OpenAI-compatible server on loopback that misbehaves as it is told."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeServer:
    """`faults` maps the number of a request (from 1) to what goes wrong with it: a status, "hang", "broken", "empty", "drop", "cut",
    ("says", TEXT), ("content", VALUE), ("raw", BYTES), "drip" (a byte at a time), "endless", "bomb" (20 MB as 20 kB of gzip), "echo" (an error that
    quotes the request's headers, in red); `judgement` answers requests that hold a caption to be judged; `always` is the fault of every
    request that `faults` does not name, `listing` that of requests for the list of models; `says` makes the answer out of the
    request's body; `refuses_schemas`: a request that asks for a form of its answer is refused with 400."""

    def __init__(
        self,
        faults: dict[int, Any] | None = None,
        port: int = 0,
        delay: float = 0.0,
        answer: str = "",
        always: Any = None,
        *,
        refuses_schemas: bool = False,
        listing: Any = None,
        says: Callable[[dict[str, Any]], str] | None = None,
    ) -> None:
        self.refuses_schemas, self.listing, self.says = refuses_schemas, listing, says
        self.faults, self.delay, self.answer, self.always = faults or {}, delay, answer, always
        self.judgement = '{"faithful": "yes", "reason": ""}'
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.running = self.most = self.count = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_ServerHandler,), {"fake": self}))
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def write(self, body: dict[str, Any], number: int) -> str:
        """What a request is answered with when nothing goes wrong."""
        if self.says:
            return self.says(body)
        if "<caption>" in body["messages"][1]["content"]:
            return self.judgement
        return self.answer or caption_of(body, number)


class _ServerHandler(BaseHTTPRequestHandler):
    """Answers the requests that reach one FakeServer."""

    fake: FakeServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.fake.listing is not None:
            self._misbehave(self.fake.listing, {}, 0)
        else:
            self._send(200, {"data": [{"id": "tiny"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.fake.lock:
            self.fake.count += 1
            number = self.fake.count
            self.fake.bodies.append(body)
            self.fake.headers.append(dict(self.headers))
            self.fake.running += 1
            self.fake.most = max(self.fake.most, self.fake.running)
        time.sleep(self.fake.delay)
        try:
            self._misbehave(self.fake.faults.get(number, self.fake.always), body, number)
        finally:
            with self.fake.lock:
                self.fake.running -= 1

    def _misbehave(self, fault: Any, body: dict[str, Any], number: int) -> None:
        if self.fake.refuses_schemas and "response_format" in body:
            self._send(400, {"error": {"message": "response_format is not supported"}})
            return
        if fault == "hang":
            time.sleep(3)
        if fault == "drop":
            self.connection.close()
            return
        if fault in ("drip", "endless", "bomb"):
            self._pour(fault)
        elif fault == "echo":
            self._raw(500, f"\x1b[31mbad {dict(self.headers)}\x1b]0;title\x07".encode())
        elif isinstance(fault, tuple) and fault[0] == "raw":
            self._raw(200, fault[1])
        elif fault == "broken":
            self._raw(200, b'{"choices": [{"mess')
        elif isinstance(fault, int):
            self._send(fault, {"error": {"message": "context length exceeded" if fault == 400 else "busy"}})
        else:
            text = "" if fault == "empty" else fault[1] if isinstance(fault, tuple) else self.fake.write(body, number)
            choice = {"message": {"content": text}, "finish_reason": "length" if fault == "cut" else "stop"}
            self._send(200, {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 5}})

    def _pour(self, fault: str) -> None:
        """A body without an end in sight; the client hangs up."""
        self.send_response(200)
        if fault == "bomb":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(OSError):
            if fault == "bomb":
                self.wfile.write(gzip.compress(b" " * 20_000_000, 1))
            for _ in range(0 if fault == "bomb" else 2000):
                self.wfile.write(b" " if fault == "drip" else b" " * 100_000)
                self.wfile.flush()
                time.sleep(0.1 if fault == "drip" else 0)

    def _send(self, status: int, value: Any) -> None:
        self._raw(status, json.dumps(value).encode())

    def _raw(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def caption_of(body: dict[str, Any], number: int = 0) -> str:
    """A caption made of the facts of the prompt, word for word; the seed, else the number of the request, varies its form."""
    facts = [
        line[2:]
        for line in body["messages"][1]["content"].split("<facts>")[1].split("</facts>")[0].splitlines()
        if line[:2] == "- "
    ]
    seed = body.get("seed", number)
    joint = ("; ", ", and ", ". Also, ", " and moreover ")[seed % 4]
    opening = ("Here, ", "In this area, ", "One sees that ", "")[seed // 4 % 4]
    return f"{opening}{joint.join(facts)}."


@contextmanager
def serving(*args: Any, **kwargs: Any) -> Iterator[FakeServer]:
    """A fake server for the length of a block."""
    server = FakeServer(*args, **kwargs)
    try:
        yield server
    finally:
        server.stop()


def count_prompts(server: FakeServer) -> Counter[str]:
    """How often each prompt was asked."""
    return Counter(json.dumps(b, sort_keys=True) for b in server.bodies)
