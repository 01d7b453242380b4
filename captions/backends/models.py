"""From the name that `--model` gives to the backend that writes."""

from __future__ import annotations

from cytoscribe.captions.backends.base import Backend
from cytoscribe.captions.backends.template import TemplateBackend
from cytoscribe.llm.models import BackendSettings, open_model


def open_backend(model: str, settings: BackendSettings | None = None) -> Backend:
    """`template` (the only model of the server where there is one), or a language model as `open_model` finds it.

    Raises InputError where the model, the server or the engine cannot be used.
    """
    settings = settings or BackendSettings()
    if model != TemplateBackend.name:
        return open_model(model, settings)
    return TemplateBackend() if settings.server is None else open_model("", settings)
