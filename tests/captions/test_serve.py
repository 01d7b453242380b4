"""`serve-llm`: the command line, a start that succeeds, one that fails, and one that hangs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from captions import serve
from captions.serve import ServeSettings, command_of, start, stop
from cytoscribe.errors import CytoscribeError


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
