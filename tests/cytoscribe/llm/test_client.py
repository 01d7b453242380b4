"""Servers that misbehave: every answer is bounded, every field checked, and no secret or escape sequence reaches a message."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import printable
from cytoscribe.doctor import examine
from cytoscribe.llm.base import Completion, Question, Sampling
from cytoscribe.llm.client import Address, shown
from cytoscribe.llm.server import ServerBackend, ServerSettings
from cytoscribe.llm.store import CompletionStore
from tests.captions.fake_server import serving


def _answer(fault: Any, timeout_s: float = 20.0) -> Completion:
    question = Question("key", "system", "user", Sampling())
    with serving(always=fault) as server:
        backend = ServerBackend("tiny", ServerSettings(server.url, timeout_s=timeout_s, retries=0))
        (completion,) = backend.complete([question])
    return completion


def _content(value: Any) -> tuple[str, bytes]:
    usage = {"prompt_tokens": float("inf"), "completion_tokens": -1}
    return ("raw", json.dumps({"choices": [{"message": {"content": value}}], "usage": usage}).replace("Infinity", "1e999").encode())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("drip", "no answer in 1 s"),
        ("endless", "longer than 4,000,000 bytes"),
        ("bomb", "longer than 4,000,000 bytes when unpacked"),
        (("raw", b"[" * 100_000 + b"]" * 100_000), "nested too deeply"),
        (("raw", b'{"choices": ' + b'{"a":' * 70 + b"1" + b"}" * 71), "nested too deeply"),
        (("raw", b'{"choices": [{"message": {"content": NaN}}]}'), "no JSON"),
        (("raw", b"[]"), "the answer is of type list"),
        (("raw", b'{"choices": {"0": 1}}'), "choices is of type dict"),
        (("raw", b'{"choices": []}'), "choices is of type NoneType"),
        (("raw", b'{"choices": [{"message": "words"}]}'), "message is of type str"),
        (_content([{"type": "text", "text": "words"}]), "content is of type list"),
        (_content(7), "content is of type int"),
        (_content({"caption": "words"}), "content is of type dict"),
    ],
)
def test_an_answer_out_of_bounds_is_an_error_in_time(fault: Any, message: str) -> None:
    started = time.monotonic()
    completion = _answer(fault, 1.0 if fault == "drip" else 20.0)
    assert message in completion.error
    assert completion.text == ""
    assert time.monotonic() - started < 15


def test_an_answer_beyond_its_limit_of_tokens_is_cut_off() -> None:
    completion = _answer(_content("words " * 100_000))
    assert completion.truncated
    assert len(completion.text) == 64 * Sampling().max_new_tokens


def test_brackets_inside_a_string_do_not_count_as_depth() -> None:
    assert _answer(_content('\\"' + "[" * 500)).text == '\\"' + "[" * 500


def test_figures_that_are_none_and_half_characters_are_mended() -> None:
    completion = _answer(_content("half \ud83d\x1b[2J"))
    assert (completion.text, completion.error) == ("half ?", "")
    assert (completion.prompt_tokens, completion.completion_tokens) == (0, 0)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://user:PASSWORD@host:8000/v1/", "http://host:8000/v1"),
        ("user:PASSWORD@host:8000/v1", "host:8000/v1"),
        ("http://user:PASS/WORD@host/v1", "http://host/v1"),
        ("http://user:PASSWORD?@host/v1?api_key=PASSWORD#PASSWORD", "http://host/v1"),
        ("http://user:PASS@WORD@host", "http://host"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, seen: str) -> None:
    assert shown(url) == seen


@pytest.mark.parametrize("url", ["user:PASSWORD@host:8000/v1", "http://user:PASS/WORD@host/v1", "http://user:PASSWORD@host:x/v1"])
def test_an_address_that_is_none_is_named_without_its_secrets(url: str) -> None:
    with pytest.raises(InputError, match="is not a URL") as caught:
        Address(url)
    assert "WORD" not in str(caught.value)
    assert "PASS" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["key", "password"])
def test_no_secret_and_no_escape_sequence_reaches_messages_or_files(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "regions.csv").write_text("region,aliases\nAa1,area Aa1\n")
    (tmp_path / "paper.md").write_text("# Aa1\n\nArea Aa1 has a thin layer IV.\n")
    secret = "Sesame-open-7"
    monkeypatch.setenv("CYTO_API_KEY", f"{secret}\n" if where == "key" else "")
    for fault in ("echo", "drop", ("says", f"the key is {secret}")):
        with serving(always=fault) as server:
            url = server.url if where == "key" else server.url.replace("//", f"//user:{secret}@")
            monkeypatch.setenv("CYTO_ENDPOINT", url)
            places = ["--regions", str(tmp_path / "regions.csv"), "--papers", str(tmp_path / "paper.md")]
            model = ["--extractor", "both", "--endpoint", url, "--timeout", "1", "--retries", "0", "--out", str(tmp_path / "out")]
            assert run(command("mine-descriptions"), [*places, *model]) == 2
            run(command("doctor"), ["--timeout", "1"])
            assert server.headers[0]["Authorization"].startswith("Bearer " if where == "key" else "Basic ")
            told = capfd.readouterr()
            for text in (told.out + told.err, *(p.read_text(errors="ignore") for p in tmp_path.rglob("*") if p.is_file())):
                assert secret not in text
                assert "\x1b" not in text


def test_a_key_that_cannot_be_sent_is_named_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYTO_API_KEY", "open sésame")
    with pytest.raises(InputError, match="CYTO_API_KEY: the key holds") as caught:
        Address("http://localhost:8000/v1")
    assert "open" not in str(caught.value)


def test_a_list_of_models_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-the-doctor")
    for fault, message in (("drip", "no answer in 0.5 s"), ("endless", "longer than"), ("bomb", "longer than")):
        with serving(listing=fault) as server:
            with pytest.raises(InputError, match=message):
                ServerBackend("tiny", ServerSettings(server.url, timeout_s=0.5 if fault == "drip" else 20.0))
            monkeypatch.setenv("CYTO_ENDPOINT", server.url)
            assert {f.name: f.status for f in examine(timeout_s=0.5)}[server.url] == "optional"


def test_what_a_terminal_obeys_is_left_out() -> None:
    assert printable("a\x1b[1;31mb\x1b]52;c;aGk=\x07c\x9b2Jd\x08\r\u202ee\tf\n") == "abcde\tf\n"


def test_a_stored_answer_whose_text_rotted_is_sent_again(tmp_path: Path) -> None:
    journal = tmp_path / "completions.jsonl"
    store = CompletionStore(journal)
    store.put(Completion("a", "a thin layer, said", prompt_tokens=3))
    store.put(Completion("b", 'of a "sum": 1'))
    store.close()
    journal.write_text(journal.read_text().replace("thin", "thim"))
    again = CompletionStore(journal)
    assert again.get("a") is None
    assert (found := again.get("b")) is not None
    assert found.text == 'of a "sum": 1'


@pytest.mark.parametrize(
    "line",
    [
        '{"key": "b", "text": ["words"]}',
        '{"key": "b", "text": 7}',
        '{"key": "b", "text": "half \\ud83d"}',
        '{"key": "b", "text": "words", "seconds": Infinity}',
        '{"key": "b", "text": "words", "seconds": 1' + "0" * 400 + "}",
        '{"key": "b", "text": "words", "truncated": "no"}',
        '{"key": "b", "text": "words", "prompt_tokens": 1.5}',
        '{"key": ["b"], "text": "words"}',
        '{"key": "b", "text": "words", "more": 1}',
        "[" * 100_000,
        '"b"',
    ],
)
def test_a_stored_answer_of_wrong_types_is_dropped_and_sent_again(tmp_path: Path, line: str) -> None:
    journal = tmp_path / "completions.jsonl"
    journal.write_text('{"key": "a", "text": "kept", "seconds": 1}\n' + line + "\n")
    store = CompletionStore(journal)
    assert len(store) == 1
    store.put(Completion("b", "now \ud83d whole"))
    store.close()
    again = CompletionStore(journal)
    assert [c.text for k in "ab" if (c := again.get(k))] == ["kept", "now ? whole"]
