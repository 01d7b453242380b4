"""From the name that `--model` gives to the backend that writes."""

from __future__ import annotations

from captions.backends.base import Backend
from captions.backends.template import TemplateBackend


def open_backend(model: str, batch_size: int = 16) -> Backend:
    """`template`, or a Hub id, a folder or a GGUF file through transformers.

    Raises InputError where the model cannot be loaded.
    """
    if model == "template":
        return TemplateBackend()
    from captions.backends.in_transformers import TransformersBackend

    return TransformersBackend(model, batch_size)
