"""The smallest Hub that the real client can publish to and load from: repositories in memory, files in commits, no LFS."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlparse

SHA = "a" * 40


class FakeHub:
    """`repos` maps "datasets/user/name" (or "models/user/name") to path to bytes; `private` says how each was made; `tokens` holds what was sent."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.repos: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_HubHandler,), {"hub": self}))
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        repo = f"{body.get('type', 'model')}s/{body.get('organization', 'me')}/{body['name']}"
        self.repos.setdefault(repo, {})
        self.private.setdefault(repo, bool(body.get("private")) or body.get("visibility") == "private")
        return {"url": f"{self.url}/{repo}", "name": body["name"]}

    def commit(self, repo: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        for line in lines:
            if line["key"] == "file":
                self.repos[repo][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        return {"success": True, "commitOid": SHA, "commitUrl": f"{self.url}/{repo}/commit/{SHA}"}

    def info(self, repo: str) -> dict[str, Any]:
        siblings = [{"rfilename": p} for p in self.repos[repo]]
        return {
            "id": repo.split("/", 1)[1],
            "sha": SHA,
            "private": self.private[repo],
            "siblings": siblings,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }

    def tree(self, repo: str, under: str) -> list[dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = {}
        for path, data in self.repos[repo].items():
            rows[path] = {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            parts = path.split("/")[:-1]
            for i in range(len(parts)):
                folder = "/".join(parts[: i + 1])
                rows[folder] = {"type": "directory", "path": folder, "size": 0, "oid": SHA}
        return [r for p, r in rows.items() if not under or p.startswith(under + "/")]


class _HubHandler(BaseHTTPRequestHandler):
    """Answers the requests that reach one FakeHub."""

    hub: FakeHub

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlparse(self.path).path)
        if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            return self._json({"error": "wrong token"}, 401)
        if path == "/api/repos/create":
            return self._json(self.hub.create(json.loads(body)))
        if match := re.fullmatch(r"/api/(\w+/[^/]+/[^/]+)/preupload/\w+", path):
            files = [{**f, "uploadMode": "regular", "shouldIgnore": False} for f in json.loads(body)["files"]]
            return self._json({"files": [{k: f[k] for k in ("path", "uploadMode", "shouldIgnore")} for f in files]})
        if match := re.fullmatch(r"/api/(\w+/[^/]+/[^/]+)/commit/\w+", path):
            return self._json(self.hub.commit(match[1], [json.loads(x) for x in body.splitlines() if x]))
        if match := re.fullmatch(r"/api/(\w+/[^/]+/[^/]+)/paths-info/\w+", path):
            return self._json(self.hub.tree(match[1], ""))
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        return self._json({"error": path}, 404)

    def do_HEAD(self) -> None:
        self._get(head=True)

    def do_GET(self) -> None:
        self._get(head=False)

    def _get(self, head: bool) -> None:
        path = unquote(urlparse(self.path).path)
        if match := re.fullmatch(r"/api/((?:datasets|models)/[^/]+/[^/]+)(?:/revision/\w+)?", path):
            return self._json(self.hub.info(match[1])) if match[1] in self.hub.repos else self._json({}, 404)
        if match := re.fullmatch(r"/api/((?:datasets|models)/[^/]+/[^/]+)/tree/\w+/?(.*)", path):
            return self._json(self.hub.tree(match[1], match[2]))
        if match := re.fullmatch(r"/((?:datasets/)?[^/]+/[^/]+)/resolve/\w+/(.+)", path):
            repo = match[1] if match[1].startswith("datasets/") else f"models/{match[1]}"
            data = self.hub.repos.get(repo, {}).get(match[2])
            if data is None:
                return self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
            return self._bytes(data, head)
        return self._json({"error": path}, 404)

    def _bytes(self, data: bytes, head: bool) -> None:
        status, start, end = 200, 0, len(data)
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            status, start, end = 206, int(match[1]), min(int(match[2] or len(data) - 1) + 1, len(data))
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", SHA)
        self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if not head:
            self.wfile.write(data[start:end])

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
