"""Verdicts on captions that anybody wrote: one JSON line a caption in, one a verdict out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytoscribe.captions.gate.region import Gate, Verdict
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import WHOLE, Claim, Region
from cytoscribe.core.runs import MOST_JSON, read_bytes
from cytoscribe.core.tables import read_records
from cytoscribe.literature_mining.claims.layers import numbered
from cytoscribe.literature_mining.claims.lexicon import Lexicon, forms, load_lexicon
from cytoscribe.literature_mining.claims.llm.vocabulary import values_by_attribute
from cytoscribe.literature_mining.claims.vocabulary import CORTEX, has_plural_names
from cytoscribe.literature_mining.regions.table import RegionTable, read_regions, with_plurals

_FORM = '{"region": "44", "caption": "...", "claims": [{"layer": "IV", "attribute": "layer_thickness", "value": "thin"}]}'


@dataclass(frozen=True)
class Text:
    """A caption of `region` that may state `claims`; `line` counts from 1."""

    line: int
    region: str
    caption: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be judged, and why."""

    line: int
    what: str


def read_texts(path: Path, known: Mapping[str, Claim], vocabulary: str | Path = CORTEX) -> tuple[list[Text], list[BadLine]]:
    """The captions of a JSON-lines file, and the lines that are none. known: claims by id, for lines that give `claim_ids`; vocabulary: of
    the claims that are given inline, which may use any of its words ("narrow" for thin, "4" for layer IV).

    Raises InputError where the file cannot be read or no line can be judged.
    """
    try:
        lines = read_bytes(path, MOST_JSON).decode("utf-8-sig").split("\n")  # text may hold other marks that end lines
    except UnicodeDecodeError as error:
        raise InputError("not a text in UTF-8", where=path, fix="give a file with one JSON object a line") from error
    lexicon = load_lexicon(vocabulary=vocabulary)
    texts: list[Text] = []
    bad: list[BadLine] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                texts.append(_text(number, json.loads(line), known, lexicon))
            except (json.JSONDecodeError, RecursionError) as error:
                bad.append(BadLine(number, f"not a line of JSON ({error})"))
            except ValueError as error:
                bad.append(BadLine(number, str(error)))
    if not texts:
        first = f" (line {bad[0].line}: {bad[0].what})" if bad else ""
        raise InputError(f"no caption that can be judged{first}", where=path, fix=f"write lines such as {_FORM}")
    return texts, bad


def judge_texts(texts: Iterable[Text], regions: Iterable[Region], vocabulary: str | Path = CORTEX) -> Iterator[dict[str, Any]]:
    """One verdict a caption, in order: `line`, `region`, `caption`, `accepted`, `reasons`, `supported`. vocabulary: as for mining."""
    texts = list(texts)
    listed = {r.name: r for r in regions}
    named = dict.fromkeys(n for t in texts for n in (t.region, *(o for c in t.claims for o in c.compared_to)))
    table = RegionTable((*listed.values(), *(Region(n) for n in named if RegionTable(tuple(listed.values())).find(n) is None)))
    if has_plural_names(vocabulary):
        table = with_plurals(table)
    gate = Gate(table, load_lexicon(vocabulary=vocabulary))
    for text in texts:
        row = table.find(text.region)
        yield _row(text, gate.check(text.caption, row.name if row else text.region, text.claims))


def read_known(folder: Path | None) -> tuple[dict[str, Claim], tuple[Region, ...]]:
    """Claims by id and regions of a mining run; nothing without a folder."""
    if folder is None:
        return {}, ()
    claims = {c.claim_id: c for c in read_records(folder / "claims.parquet", Claim)}
    table = folder / "regions.csv"
    return claims, read_regions(table, drop_shared=True).regions if table.exists() else ()


def _row(text: Text, verdict: Verdict) -> dict[str, Any]:
    return {
        "line": text.line,
        "region": text.region,
        "caption": text.caption,
        "accepted": verdict.faithful,
        "reasons": list(verdict.reasons),
        "supported": list(verdict.supported),
    }


def _text(number: int, row: Any, known: Mapping[str, Claim], lexicon: Lexicon) -> Text:
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    region, caption = (_string(row, key) for key in ("region", "caption"))
    if "claims" in row:
        if not isinstance(row["claims"], list):
            raise ValueError("'claims' must be a list")
        return Text(number, region, caption, tuple(_claim(region, i, c, lexicon) for i, c in enumerate(row["claims"])))
    ids = row.get("claim_ids")
    if not isinstance(ids, list):
        raise ValueError("neither 'claims' nor 'claim_ids'")
    if missing := [i for i in ids if not isinstance(i, str) or i not in known]:
        raise ValueError(f"claim '{missing[0]}' is not in --descriptions" if known else "'claim_ids' need --descriptions")
    return Text(number, region, caption, tuple(known[i] for i in ids))


def _string(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"'{key}' must be a text that is not empty")
    return value


def _claim(region: str, number: int, row: Any, lexicon: Lexicon) -> Claim:
    if not isinstance(row, dict):
        raise ValueError("a claim must be a JSON object")
    compared, polarity = row.get("compared_to") or [], row.get("polarity", True)
    if isinstance(compared, str):
        compared = [compared]
    if not isinstance(compared, list) or not all(isinstance(c, str) for c in compared) or not isinstance(polarity, bool):
        raise ValueError("'compared_to' must be a list of regions, 'polarity' true or false")
    layer = row.get("layer") or WHOLE
    if not isinstance(layer, str):
        raise ValueError("'layer' must be a text")
    attribute = _string(row, "attribute")
    said = (_layer(layer), attribute, _value(attribute, _string(row, "value"), lexicon), polarity, tuple(compared))
    return Claim(f"{region}-{number}", region, "", "", None, "", 0, 0, "", *said, 1.0)


def _layer(name: str) -> str:
    """A layer in the notation of claims: "4", "layer IV" and "iv" are IV; names of their own stay."""
    read = numbered(re.sub(r"^layers?\s+", "", name.strip(), flags=re.IGNORECASE))
    plain = re.fullmatch(r"(?:layers?\s+)?[IViv1-6abc\s/,-]+(?:to\s+[IViv1-6abc]+)?", name.strip(), flags=re.IGNORECASE)
    return read[0] if plain and len(read) == 1 else name


def _value(attribute: str, value: str, lexicon: Lexicon) -> str:
    """The vocabulary's value for a word of it. Raises ValueError on an attribute or a value that the vocabulary does not have."""
    values = values_by_attribute(lexicon)
    if attribute not in values and attribute not in lexicon.kinds:
        raise ValueError(f"unknown attribute '{attribute}' (use {', '.join(dict.fromkeys([*values, *lexicon.kinds]))})")
    meant = {v for w in lexicon.words.get(forms(value), ()) for a, v in w.senses.values() if a == attribute}
    kind = lexicon.kinds.get(attribute)
    if value in values.get(attribute, ()) or (
        kind is not None and len(meant) != 1 and (kind.open or (kind.measured and any(c.isdigit() for c in value)))
    ):
        return value
    if len(meant) != 1:
        raise ValueError(f"unknown value '{value}' of {attribute} (use {', '.join(values.get(attribute, ()))})")
    return meant.pop()
