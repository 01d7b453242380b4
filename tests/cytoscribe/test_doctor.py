"""The doctor looks, reports gaps with what to do, and changes nothing."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from cytoscribe.cli import command, run
from cytoscribe.doctor import CORE, examine


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    httpd = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}/v1"
    httpd.shutdown()
    httpd.server_close()


def test_packages_devices_and_gaps_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("CYTO_ENDPOINT", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("CYTO_WEIGHTS", "/nowhere/at/all")
    findings = {f.name: f for f in examine(timeout_s=0.2)}
    assert all(findings[name].status == "ok" for name in CORE)
    assert findings["cpu"].status == "ok"
    assert (findings["CYTO_WEIGHTS"].status, findings["http://127.0.0.1:9/v1"].status) == ("optional", "optional")
    assert findings["spaCy, English"].status == "ok"
    assert all(f.fix for f in findings.values() if f.status != "ok")


def test_a_server_that_answers_is_seen_even_when_it_wants_a_key(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("CYTO_ENDPOINT", server)
    assert {f.name: f.status for f in examine(timeout_s=2)}[server] == "ok"


def test_json_is_for_machines_and_the_exit_code_says_whether_it_can_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("CYTO_WEIGHTS", raising=False)
    code = run(command("doctor"), ["--json", "--timeout", "0.2"])
    findings = json.loads(capsys.readouterr().out)
    assert code == int(any(f["status"] == "missing" for f in findings))
    assert {f["area"] for f in findings} >= {"package", "extra", "device", "server", "disk"}


def test_what_to_do_is_printed_whole_however_narrow_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("CYTO_WEIGHTS", "/nowhere/at/all")
    monkeypatch.setenv("COLUMNS", "60")
    run(command("doctor"), ["--timeout", "0.2"])
    told = capsys.readouterr().out
    fixes = [f.fix for f in examine(0.2) if f.fix]
    assert len(fixes) > 2
    assert all(fix in told for fix in fixes)
