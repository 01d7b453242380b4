"""The form of answers that OpenAI-compatible servers are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REFUSED = (400, 422)
"""Statuses by which servers refuse a request that asks for what they do not know."""


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The `response_format` of a request whose answer is to fit a JSON Schema; strict servers want an object with all keys required."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": True}}
