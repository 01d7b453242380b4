"""Token counts of CLIP's own tokenizer, so that no caption is cut without a word."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

CLIP_CONTEXT = 77
"""Tokens that CLIP's text tower reads, start and end marks included."""


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer()


def count_tokens(text: str) -> int:
    """Tokens of CLIP's byte-pair encoding (its vocabulary ships with open_clip), with the start and end marks."""
    return len(_tokenizer().encode(text)) + 2
