"""From the name of a model, and the engine, to what answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.llm import settings as llm_settings
from cytoscribe.llm.base import Completion, LanguageModel, Question, Request
from cytoscribe.llm.models import open_model, read_aliases
from cytoscribe.llm.settings import BackendSettings, Sampling, ServerSettings


class _Echo:
    """An engine of a contributor's own: it answers with the question."""

    def __init__(self, name: str) -> None:
        self.name = name

    def complete(self, prompts: Sequence[Request]) -> Iterator[Completion]:
        for prompt in prompts:
            yield Completion(prompt.key, prompt.user)

    def close(self) -> None:
        """Nothing to free."""


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine `echo`, added as CONTRIBUTING describes it."""
    module = ModuleType("cytoscribe_echo")

    def open_engine(model: str, settings: BackendSettings) -> LanguageModel:
        return _Echo(model)

    module.open_engine = open_engine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cytoscribe_echo", module)
    monkeypatch.setitem(llm_settings.ENGINES, "echo", "cytoscribe_echo")


@pytest.mark.usefixtures("echo")
def test_a_row_of_the_engines_is_all_that_opens_one() -> None:
    model = open_model("parrot", BackendSettings(engine="echo"))
    assert [c.text for c in model.complete([Question("k", "", "what?", Sampling())])] == ["what?"]
    assert model.name == "parrot"


@pytest.mark.usefixtures("echo")
def test_a_server_comes_before_the_engine() -> None:
    server = ServerSettings("http://127.0.0.1:9/v1", patience_s=0.0)
    with pytest.raises(InputError, match="the server cannot be reached"):
        open_model("parrot", BackendSettings(server=server, engine="echo"))


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"unknown engine 'steam'.*auto, vllm, transformers"):
        open_model("parrot", BackendSettings(engine="steam"))


def test_an_engine_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="vLLM is not installed"):
        open_model("parrot", BackendSettings(engine="vllm"))


def test_aliases_of_a_file_come_beside_those_that_ship(tmp_path: Path) -> None:
    shipped = read_aliases()
    (tmp_path / "own.json").write_text('{"mine": "org/model"}')
    assert read_aliases(tmp_path / "own.json") == {**shipped, "mine": "org/model"}
    (tmp_path / "own.json").write_text("[1]")
    with pytest.raises(InputError, match="short name to model"):
        read_aliases(tmp_path / "own.json")
