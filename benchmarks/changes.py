"""Changes to good files: bytes flipped, cut, doubled, moved, and values of a format's own that nobody expects; used by changed_files.py."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import re
from collections.abc import Callable
from typing import Any

TOKENS = (
    b"",
    b"\0",
    b"\xff",
    b"-1",
    b"NaN",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",
    b"9" * 30,
    b"\n",
    b",",
    b"=cmd|",
    b"\x1b[2J",
    b"\xe2\x80\xae",
    b"../../x",
    b"<script>",
    b"{{ 7 * 7 }}",
    b"[" * 2000,
    b" " * 3000,
    b"\n" * 3000,
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    -(10**400),
    float("nan"),
    float("inf"),
    "",
    " ",
    "\ud800",
    "\0",
    "a" * 20_000,
    "../../etc/passwd",
    "/",
    "\u2028",
    "=cmd|x",
    "\x1b[2J",
    [],
    {},
    [[]],
    [None],
    {"": None},
    [[[[[[1]]]]]],
    "9" * 5000,
    "1e400",
    "²",
)


def changed(content: bytes, draw: random.Random, name: str = "") -> bytes:
    """A changed file. name: tells the format, so that half of the changes keep to its form."""
    change = next((c for end, c in _BY_FORMAT.items() if name.endswith(end)), None)
    if change is not None and draw.random() < 0.5:
        with contextlib.suppress(Exception):  # a file that is not of this form any more is changed as bytes
            return change(content, draw)
    return _bytes(content, draw)


def _bytes(content: bytes, draw: random.Random) -> bytes:
    raw = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        at, length = draw.randrange(len(raw) + 1), draw.randint(0, 12)
        kind = draw.randrange(7)
        if kind == 0 and raw:
            raw[min(at, len(raw) - 1)] = draw.randrange(256)
        elif kind == 1 and draw.random() < 0.3:
            del raw[at:]
        elif kind == 2:
            raw[at : at + length] = raw[at : at + length] * draw.randint(2, 40)
        elif kind == 3:
            raw[at : at + length] = draw.choice(TOKENS)
        elif kind == 4:
            raw[at:at] = draw.choice(TOKENS)
        elif kind == 5:
            start = draw.randrange(len(raw) + 1)
            raw[at:at] = raw[start : start + 8 * length]
        else:
            del raw[at : at + length]
    return bytes(raw)


def _json(content: bytes, draw: random.Random) -> bytes:
    told = json.loads(content)
    for _ in range(draw.randint(1, 3)):
        told = _replaced(told, draw)
    return json.dumps(told).encode("utf-8", "surrogatepass")


def _replaced(told: Any, draw: random.Random) -> Any:
    """The same value with one part of it, at any depth, replaced, removed or doubled."""
    if not isinstance(told, (dict, list)) or not told or draw.random() < 0.1:
        return draw.choice(VALUES)
    keys = list(told) if isinstance(told, dict) else range(len(told))
    key = draw.choice(list(keys))
    made: Any = dict(told) if isinstance(told, dict) else list(told)
    deed = draw.random()
    if deed < 0.7:
        made[key] = _replaced(told[key], draw)
    elif deed < 0.85:
        del made[key]
    elif isinstance(made, list):
        made.insert(draw.randrange(len(made) + 1), draw.choice((*VALUES, told[key])))
    else:
        made[draw.choice(("", "x", "\ud800", "name", "../x", "a" * 5000))] = draw.choice((*VALUES, told[key]))
    return made


def _lines_of_json(content: bytes, draw: random.Random) -> bytes:
    lines = content.split(b"\n")
    at = draw.choice([i for i, line in enumerate(lines) if line])
    lines[at] = _json(lines[at], draw)
    return b"\n".join(lines)


def _zipped_json(content: bytes, draw: random.Random) -> bytes:
    return gzip.compress(_json(gzip.decompress(content), draw), 1)


_CELLS = (
    "",
    " ",
    "-1",
    "nan",
    "inf",
    "1e400",
    "9" * 400,
    "²",
    "½",
    "0x10",
    "1_0",
    '"',
    "a;b;c",
    "\u2028",
    "\x1b[2J",
    "=1+1",
    "../../x",
    "x" * 5000,
)


def _csv(content: bytes, draw: random.Random) -> bytes:
    rows = [line.split(",") for line in content.decode().split("\n")]
    for _ in range(draw.randint(1, 3)):
        row = draw.choice(rows)
        deed = draw.random()
        if deed < 0.6:
            row[draw.randrange(len(row))] = draw.choice((*_CELLS, *row))
        elif deed < 0.75:
            rows.append(list(draw.choice(rows)))
        elif deed < 0.9:
            row.insert(draw.randrange(len(row) + 1), draw.choice(_CELLS))
        elif len(rows) > 1:
            rows.remove(row)
    text = "\n".join(draw.choice([",", ",", ",", ";", "\t"]).join(row) if draw.random() < 0.02 else ",".join(row) for row in rows)
    return text.encode(draw.choice(["utf-8"] * 8 + ["utf-16", "utf-8-sig"]), "surrogatepass")


_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")


def _words(content: bytes, draw: random.Random) -> bytes:
    """Text with numbers, strings or words exchanged for others, as in TOML, YAML, templates and markup."""
    for _ in range(draw.randint(1, 3)):
        places = [m.span() for m in re.finditer(rb"\"[^\"\n]*\"|[\w.-]+|[<>{}\[\]%|=:#]", content)]
        (start, end), (first, last) = draw.choice(places), draw.choice(places)
        new = draw.choice([content[first:last], draw.choice(TOKENS), b"", content[start:end] * draw.randint(2, 300)])
        content = content[:start] + new + content[end:]
    return content


def _tensors(content: bytes, draw: random.Random) -> bytes:
    """safetensors: the header changed, its length kept right."""
    size = int.from_bytes(content[:8], "little")
    header = _json(content[8 : 8 + size], draw)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def _parquet(content: bytes, draw: random.Random) -> bytes:
    """A column of another type, without values, gone, twice, or renamed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(content))
    at = draw.randrange(table.num_columns)
    rows, name = table.num_rows, table.column_names[at]
    odd = draw.choice(
        [
            pa.nulls(rows),
            pa.array([draw.choice([0, -1, 2**62])] * rows),
            pa.array([draw.choice([float("nan"), float("inf"), 1e300])] * rows),
            pa.array([b"\xff\xfe"] * rows),
            pa.array([draw.choice(["", "\u2028", "\0", "x" * 5000, "/", "=1"])] * rows),
            pa.array([[1]] * rows),
            pa.array([{"a": 1}] * rows),
            pa.array([[None, "a"]] * rows),
            pa.array([True] * rows),
        ]
    )
    deed = draw.randrange(5)
    if deed < 3:
        table = table.set_column(at, name, odd)
    elif deed == 3:
        table = table.remove_column(at)
    else:
        table = table.slice(0, draw.randrange(rows + 1))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression=draw.choice(["snappy", "none", "zstd"]))
    return buffer.getvalue()


def _arrays(content: bytes, draw: random.Random) -> bytes:
    """npz and npy: arrays of other types and shapes."""
    import numpy as np

    odd = draw.choice(
        [
            np.zeros(0),
            np.array(5),
            np.array(["a", "b"]),
            np.full((6, 4), np.nan),
            np.full((6, 4), np.inf),
            np.zeros((6, 4, 2)),
            np.zeros((6, 0)),
            np.array([None, 1], dtype=object),
            np.zeros((6, 4), np.complex64),
            np.zeros(6, [("a", np.int8)]),
            np.array(["2020"], dtype="datetime64[D]"),
            np.full((6, 8), 2**40),
            np.full((6, 8), -1),
            np.full((6, 8), 0.5),
        ]
    )
    buffer = io.BytesIO()
    if content.startswith(b"PK"):
        held = dict(np.load(io.BytesIO(content)))
        held[draw.choice([*held, "x"])] = odd
        np.savez(buffer, **held)
    else:
        np.save(buffer, odd)
    return buffer.getvalue()


_BY_FORMAT: dict[str, Callable[[bytes, random.Random], bytes]] = {
    ".json": _json,
    ".geojson": _json,
    ".gz": _zipped_json,
    ".jsonl": _lines_of_json,
    ".csv": _csv,
    ".safetensors": _tensors,
    ".parquet": _parquet,
    ".npz": _arrays,
    ".npy": _arrays,
    **dict.fromkeys((".toml", ".jinja", ".md", ".txt", ".html", ".xml"), _words),
}
