"""A class captions file: a JSON object from region to a list of texts, for naming regions in words of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json


def read_class_captions(path: str | Path, regions: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Texts of each known region, and the regions of the file that the model does not know (they are not used).

    Raises InputError where the file is not such an object, or a known region has no text.
    """
    told = read_json(path)
    if not isinstance(told, dict):
        raise InputError("not a JSON object", where=path, fix='write {"region": ["a text", ...], ...}')
    texts = {str(region): _texts(path, region, value) for region, value in told.items()}
    missing = [r for r in regions if not texts.get(r)]
    if missing:
        shown = ", ".join(missing[:3])
        raise InputError(f"no text for {len(missing)} regions that the model knows ({shown})", where=path, fix="give each one text")
    return {r: texts[r] for r in regions}, sorted(set(texts) - set(regions))


def _texts(path: str | Path, region: object, value: object) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(t, str) for t in listed):
        raise InputError(f"region '{region}' has no list of texts", where=path, fix='write "region": ["a text", ...]')
    return [t.strip() for t in listed if t.strip()]
