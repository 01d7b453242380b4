"""`serve-llm`: the command line, a start that succeeds, one that fails, and one that hangs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cytoscribe.captions import serve
from cytoscribe.captions.serve import ServeSettings, command_of, start, stop
from cytoscribe.core.errors import CytoscribeError


def test_the_command_resolves_short_names_and_sets_the_flags() -> None:
    command = command_of(ServeSettings("qwen", port=8123, tensor_parallel=2, extra=("--enforce-eager",)))
    assert "Qwen/Qwen2.5-7B-Instruct" in command
    assert command[-2:] == ["--enable-prefix-caching", "--enforce-eager"]
    assert "8123" in command


def _python(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_it_waits_until_the_server_answers(tmp_path: Path) -> None:
    asked: list[str] = []
    settings = ServeSettings("tiny", python=_python(tmp_path, "import time; time.sleep(30)"))
    process = start(settings, answers=lambda url: (asked.append(url), len(asked) > 1)[1])
    assert process.poll() is None
    stop(process)
    assert process.poll() is not None
    assert asked[0].endswith(":8000/v1")


@pytest.mark.parametrize(
    ("script", "message"), [("raise SystemExit(3)", "code 3"), ("import time; time.sleep(30)", "did not answer")]
)
def test_a_start_that_fails_says_so(tmp_path: Path, script: str, message: str) -> None:
    settings = ServeSettings("tiny", python=_python(tmp_path, script), wait_s=1.5)
    with pytest.raises(CytoscribeError, match=message):
        start(settings, answers=lambda _: False)


def test_without_vllm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "find_spec", lambda _: None)
    with pytest.raises(CytoscribeError, match="extra 'vllm'"):
        start(ServeSettings("tiny"))


_SERVER = """import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Models(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

Path(__file__).with_name("pid").write_text(str(os.getpid()))
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Models).serve_forever()
"""


@pytest.mark.slow
def test_ending_the_command_ends_the_server(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [
        sys.executable,
        "-c",
        "from cytoscribe.cli import main; main()",
        "serve-llm",
        "tiny",
        "--port",
        port,
        "--python",
        _python(tmp_path, _SERVER),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready")
    process.terminate()
    process.communicate(timeout=30)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
