"""Settings of captions: what cannot go together is refused before work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.captions.settings import GenerateSettings
from cytoscribe.core.errors import InputError
from cytoscribe.llm.settings import BackendSettings, ServerSettings

ENGINE = BackendSettings(engine="vllm")


def test_an_engine_that_nothing_uses_is_refused() -> None:
    with pytest.raises(InputError, match="--engine vllm: the template uses no engine; name a model with --model"):
        GenerateSettings(Path("out"), backend=ENGINE)


@pytest.mark.parametrize("models", [("org/model",), ("template", "org/model")])
def test_an_engine_beside_a_model_is_used(models: tuple[str, ...]) -> None:
    assert GenerateSettings(Path("out"), models=models, backend=ENGINE).backend is ENGINE


def test_a_server_or_a_judge_may_use_what_the_template_does_not() -> None:
    GenerateSettings(Path("out"), judge="llm:org/model", backend=ENGINE)
    GenerateSettings(Path("out"), backend=BackendSettings(ServerSettings("http://localhost:8000/v1"), engine="vllm"))


def test_a_style_has_one_quota() -> None:
    with pytest.raises(InputError, match="style 'terse' has two quotas"):
        GenerateSettings(Path("out"), quotas=(("terse", 1), ("terse", 2)))
