"""The server route: bounded concurrency, retries, time-outs, a server that dies, and what is asked after a kill."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path

import pytest

from cytoscribe.captions.backends.models import open_backend
from cytoscribe.captions.dataset import Rejected
from cytoscribe.captions.generation import GenerateSettings, NoCaptionsError, generate
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import write_json
from cytoscribe.core.tables import read_records
from cytoscribe.llm.models import BackendSettings, read_aliases
from cytoscribe.llm.server import ServerSettings
from tests.captions.fake_server import FakeServer, count_prompts, serving


def _settings(mined: Path, out: Path, url: str, per_region: int = 4, **changes: object) -> GenerateSettings:
    server = ServerSettings(
        url, **{"concurrency": 3, "timeout_s": 1.0, "retries": 3, "patience_s": 5.0, "send_seed": True, **changes}
    )  # type: ignore[arg-type]
    return GenerateSettings(
        out=out,
        descriptions=mined,
        models=("tiny",),
        per_region=per_region,
        backend=BackendSettings(server=server),
        styles=("textbook", "microscope"),
    )


def test_captions_come_from_the_server_and_are_gated(mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYTO_API_KEY", "secret-token")
    with serving(delay=0.02) as server:
        result = generate(_settings(mined, tmp_path / "out", server.url))
    assert result.captions
    assert {c.model for c in result.captions} == {"tiny"}
    assert 1 < server.most <= 3
    assert server.headers[0]["Authorization"] == "Bearer secret-token"
    written = "".join(p.read_text(errors="ignore") for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert "secret-token" not in written


def test_transient_faults_are_tried_again(mined: Path, tmp_path: Path) -> None:
    faults = {1: 503, 2: "broken", 3: "drop", 4: 429, 5: "hang"}
    with serving(faults) as server:
        result = generate(_settings(mined, tmp_path / "out", server.url))
    assert result.captions
    assert not any("failed" in r.reason for r in result.rejected)


def test_refused_empty_and_cut_answers_are_rejections_with_reasons(mined: Path, tmp_path: Path) -> None:
    with serving({1: 400, 2: "empty", 3: "cut"}) as server:
        result = generate(_settings(mined, tmp_path / "out", server.url, concurrency=1))
    reasons = " | ".join(r.reason for r in result.rejected)
    assert "context length exceeded" in reasons
    assert "empty" in reasons
    assert "cut off" in reasons


def test_an_unfaithful_model_gets_nothing_through_and_is_told_why(mined: Path, tmp_path: Path) -> None:
    with (
        serving(answer="Layer II is prominent, and the human gyrus has 7 columns.") as server,
        pytest.raises(NoCaptionsError, match=r"all \d+ captions were rejected: unfaithful"),
    ):
        generate(_settings(mined, tmp_path / "out", server.url))
    assert not list((tmp_path / "out").glob("data/*"))
    assert all(r.reason.startswith("unfaithful") for r in read_records(tmp_path / "out" / "rejected.parquet", Rejected))
    assert any("An earlier caption was refused" in b["messages"][1]["content"] for b in server.bodies)


def test_the_only_model_of_a_server_needs_no_name_and_is_told_why_it_was_refused(mined: Path, tmp_path: Path) -> None:
    with serving(answer="Layer II is prominent.") as server:
        settings = dataclasses.replace(_settings(mined, tmp_path / "out", server.url), models=("template",))
        with pytest.raises(NoCaptionsError):
            generate(settings)
        assert "An earlier caption was refused" in asked_of(server)
    assert {r.model for r in read_records(tmp_path / "out" / "rejected.parquet", Rejected)} == {"tiny"}


def asked_of(server: FakeServer) -> str:
    """Everything the server was asked."""
    return "\n".join(b["messages"][1]["content"] for b in server.bodies)


def test_a_server_that_dies_and_comes_back_is_waited_for(mined: Path, tmp_path: Path) -> None:
    first = FakeServer(delay=0.05)
    later: list[FakeServer] = []

    def restart() -> None:
        while first.count < 4:
            time.sleep(0.01)
        first.stop()
        time.sleep(0.5)
        later.append(FakeServer(port=first.port))

    thread = threading.Thread(target=restart)
    thread.start()
    result = generate(_settings(mined, tmp_path / "out", first.url, timeout_s=2.0))
    thread.join()
    later[0].stop()
    assert result.captions
    assert later[0].count


def test_a_slow_request_does_not_use_up_the_patience_with_a_restart(mined: Path, tmp_path: Path) -> None:
    first = FakeServer({1: "hang"})
    later: list[FakeServer] = []

    def restart() -> None:
        _wait(first, 1)
        first.stop()
        time.sleep(1.3)  # the request times out at 0.6 s, and is refused for the first time after more than the patience
        later.append(FakeServer(port=first.port))

    thread = threading.Thread(target=restart)
    thread.start()
    slow = {"concurrency": 1, "timeout_s": 0.6, "patience_s": 0.8}
    result = generate(_settings(mined, tmp_path / "out", first.url, per_region=1, **slow))
    thread.join()
    later[0].stop()
    assert result.captions


@pytest.mark.slow
def test_a_server_that_stays_away_ends_the_run_and_the_next_one_goes_on(mined: Path, tmp_path: Path) -> None:
    settings = _settings(mined, tmp_path / "out", "", patience_s=0.3)
    first = FakeServer(delay=0.05)
    thread = threading.Thread(target=lambda: (_wait(first, 4), first.stop()))
    thread.start()
    server = ServerSettings(first.url, concurrency=1, timeout_s=1.0, retries=1, patience_s=0.3, send_seed=True)
    dying = GenerateSettings(**{**settings.__dict__, "backend": BackendSettings(server=server)})
    with pytest.raises(InputError, match="does not answer"):
        generate(dying)
    thread.join()
    answered = set(count_prompts(first))
    with serving() as second:
        back = BackendSettings(server=ServerSettings(second.url, concurrency=1, send_seed=True))
        resumed = generate(GenerateSettings(**{**settings.__dict__, "backend": back}))
    assert resumed.reused >= 2
    repeated = answered & set(count_prompts(second))
    assert len(repeated) <= 1  # the one that was in flight
    assert max(count_prompts(second).values()) == 1


def _wait(server: FakeServer, requests: int) -> None:
    while server.count < requests:
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("url", "model", "message"),
    [
        ("http://127.0.0.1:9/v1", "tiny", "cannot be reached"),
        ("localhost:8000", "tiny", "is not a URL"),
    ],
)
def test_a_server_that_is_not_there_is_one_clear_line(url: str, model: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_backend(model, BackendSettings(server=ServerSettings(url)))


def test_an_unknown_model_names_those_served_and_one_needs_no_name() -> None:
    with serving() as server:
        settings = BackendSettings(server=ServerSettings(server.url))
        assert open_backend("template", settings).name == "tiny"
        with pytest.raises(InputError, match="choose --model from tiny"):
            open_backend("huge", settings)


def test_short_names_come_from_a_file_that_users_extend(tmp_path: Path) -> None:
    write_json(tmp_path / "mine.json", {"mine": "org/model"})
    names = read_aliases(tmp_path / "mine.json")
    assert names["mine"] == "org/model"
    assert {"llama", "qwen", "mistral", "gemma"} <= set(names)
    write_json(tmp_path / "bad.json", ["mine"])
    with pytest.raises(InputError, match="short name"):
        read_aliases(tmp_path / "bad.json")


def test_captions_are_asked_for_as_json_and_read_out_of_it(mined: Path, tmp_path: Path) -> None:
    settings = {"structured": True, "per_region": 1, "styles": ("terse",)}
    with serving(answer='{"caption": "agranular cortex"}') as server:
        result = generate(dataclasses.replace(_settings(mined, tmp_path / "out", server.url), **settings))
        asked = [b["response_format"] for b in server.bodies]
    assert asked
    assert all(a["json_schema"]["schema"]["required"] == ["caption"] for a in asked)
    assert not [c.caption for c in result.captions if "{" in c.caption]


def test_a_server_that_refuses_the_form_is_told_once_and_asked_without(
    mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(refuses_schemas=True) as server:
        settings = dataclasses.replace(_settings(mined, tmp_path / "out", server.url, concurrency=1), structured=True, judge="llm")
        result = generate(settings)
        formed = ["response_format" in b for b in server.bodies]
    assert result.captions
    assert not any("failed" in r.reason for r in result.rejected)
    assert formed == [True, *[False] * (len(formed) - 1)]
    shown = capsys.readouterr().err
    assert shown.count("refuses a form of answers") == 1
    assert "response_format is not supported" in shown


def test_a_prompt_that_is_refused_for_itself_does_not_cost_the_others_their_form(mined: Path, tmp_path: Path) -> None:
    with serving({1: 400, 2: 400}) as server:
        settings = dataclasses.replace(_settings(mined, tmp_path / "out", server.url, concurrency=1), structured=True)
        result = generate(settings)
        formed = ["response_format" in b for b in server.bodies]
    assert formed[:2] == [True, False]
    assert all(formed[2:])
    assert "context length exceeded" in " | ".join(r.reason for r in result.rejected)
