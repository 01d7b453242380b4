"""Token counts of CLIP's own tokenizer, so that no caption is cut without a word."""

from __future__ import annotations

import gzip
import html
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PATTERN = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_MERGES = 49152 - 256 - 2


def count_tokens(text: str) -> int:
    """Tokens of CLIP's byte-pair encoding, with the start and end marks; equals open_clip's SimpleTokenizer."""
    import ftfy

    cleaned = html.unescape(html.unescape(ftfy.fix_text(text)))
    return len(_tokenizer().encode(" ".join(cleaned.split()).strip().lower()).ids) + 2


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    """The merges that ship with open_clip, in a tokenizer that starts without torch."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

    lines = gzip.decompress(_merges_file().read_bytes()).decode("utf-8").split("\n")
    merges = [(a, b) for a, b in (line.split() for line in lines[1 : _MERGES + 1])]
    letters = _byte_letters()
    words = [*letters, *(f"{x}</w>" for x in letters), *("".join(m) for m in merges)]
    tokenizer = Tokenizer(BPE({w: i for i, w in enumerate(words)}, merges, end_of_word_suffix="</w>"))
    split = Split(Regex(_PATTERN), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = Sequence([split, ByteLevel(add_prefix_space=False, use_regex=False)])  # type: ignore[assignment]
    return tokenizer


def _byte_letters() -> list[str]:
    """A printable letter for each byte, as in GPT-2's encoding."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(other))]


def _merges_file() -> Path:
    spec = find_spec("open_clip")
    assert spec is not None and spec.origin is not None, "open_clip is a dependency"  # noqa: PT018
    return Path(spec.origin).parent / "bpe_simple_vocab_16e6.txt.gz"
