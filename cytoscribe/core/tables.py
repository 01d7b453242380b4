"""Tables in and out: CSV files that people wrote, checked by file, row and column, and Parquet files of records."""

from __future__ import annotations

import csv
import dataclasses
import difflib
import io
import types
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.parquet import read_parquet
from cytoscribe.core.places import Places
from cytoscribe.core.plain_text import from_cell, line, storable, to_cell
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.remote import beside, fetched_all
from cytoscribe.core.runs import atomic_path, read_bytes
from cytoscribe.core.spelling import GAPS, plain, shown

R = TypeVar("R")
Row = tuple[int, dict[str, str]]
MOST_COLUMNS = 10_000
MOST_CELLS = 20_000_000
MOST_BYTES = 256 << 20
"""Of a CSV: its cells take several times its size in memory."""
_SHOWN = 30
_NEAR = 0.85
"""How much two column names must resemble each other for one to be a slip of the other."""
SPLITS = ("train", "val", "test", "unseen")
_IMAGE_COLUMNS = ("image_path", "region", "subject", "section", "plane", "age", "pixel_size_um", "scale", "split", "mask_path")


def read_csv(path: str | Path, required: Sequence[str]) -> list[Row]:
    """Rows of a CSV as (spreadsheet row, column to stripped text); a byte-order mark, `;` or tab, and latin-1 are understood.

    Raises InputError where the file or a required column is missing, a row has too many cells, or there are no rows.
    """
    path = Path(path)
    content = _csv_text(path)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=_delimiter(content), strict=True)
    try:
        rows = list(_filled(reader, path))
    except csv.Error as error:
        raise InputError(
            f"not a readable CSV ({error})", where=cell(path, reader.line_num), fix="check the quotes in that row"
        ) from error
    if not rows:
        raise InputError("the file is empty", where=path, fix=f"give it a header with {', '.join(required)}")
    header = [from_cell(c.strip()) for c in rows[0][1]]
    _check_header(path, header, required)
    return [_row(path, header, number, cells) for number, cells in rows[1:]]


def _filled(reader: Iterable[list[str]], path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, with their numbers; raises InputError before they fill the memory."""
    count = 0
    for number, cells in enumerate(reader, start=1):
        if number == 1:
            _check_width(path, cells)
        count += len(cells)
        if count > MOST_CELLS:
            raise InputError(f"more than {MOST_CELLS:,} cells", where=cell(path, number), fix="split the table")
        if any(c.strip() for c in cells):
            yield number, cells


def _check_width(path: Path, header: Sequence[str]) -> None:
    if len(header) > MOST_COLUMNS:
        raise InputError(f"{len(header):,} columns, more than {MOST_COLUMNS:,}", where=path, fix="keep the columns that are needed")


def _csv_text(path: Path) -> str:
    raw = read_bytes(path, MOST_BYTES)
    if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("not a text file", where=path, fix="save the table as CSV (UTF-8)")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InputError("not a text file", where=path, fix="save the table as CSV (UTF-8)") from error
        if "\0" in text:  # UTF-32 begins like UTF-16
            raise InputError("not a text file in UTF-8 or UTF-16", where=path, fix="save the table as CSV (UTF-8)")
        return text
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _delimiter(text: str) -> str:
    header = text.lstrip().split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _check_header(path: Path, header: list[str], required: Sequence[str]) -> None:
    _check_width(path, header)
    missing = [c for c in required if c not in header]
    if missing:
        found = ", ".join(header[:_SHOWN]) + (" ..." if len(header) > _SHOWN else "")
        raise InputError(f"no column '{missing[0]}' (found: {found or 'none'})", where=path, fix=_way_out(missing[0], header))
    counts = Counter(c for c in header if c)
    twice = [c for c, count in counts.items() if count > 1]
    if twice:
        raise InputError(f"column '{twice[0]}' appears twice in the header", where=path, fix="rename or remove one of them")


def _way_out(missing: str, header: Sequence[str]) -> str:
    if missing == "region" and "image_path" in header and "label" in header:
        return "pass --region-column label, or rename that column"
    near = difflib.get_close_matches(missing, header, 1)
    return f"rename '{near[0]}'" if near else f"add the column '{missing}'"


def _row(path: Path, header: list[str], number: int, cells: list[str]) -> Row:
    if len(cells) > len(header) and any(c.strip() for c in cells[len(header) :]):
        raise InputError(
            f"{len(cells)} cells where the header has {len(header)}", where=cell(path, number), fix="quote cells that hold a comma"
        )
    padded = [*cells, *[""] * (len(header) - len(cells))]
    return number, {name: from_cell(value.strip()) for name, value in zip(header, padded, strict=False) if name}


def refuse_typos(path: str | Path, rows: Sequence[Row], known: Sequence[str]) -> None:
    """Raise InputError where a column that is not read is nearly one that would be, and that one is missing: it would be lost."""
    header = list(rows[0][1]) if rows else []
    by_key = {_bare(c): c for c in known if c not in header}
    for column in (c for c in header if c not in known):
        near = difflib.get_close_matches(_bare(column), by_key, 1, _NEAR)
        if near:
            meant = by_key[near[0]]
            raise InputError(f"column '{column}' is not read", where=path, fix=f"rename it to '{meant}', if that is what it is")


def _bare(column: str) -> str:
    return "".join(c for c in column.casefold() if c.isalnum())


def read_images(path: str | Path, *, region_column: str = "region") -> list[ImageRecord]:
    """Read images.csv (contract: `image_path, region` required, the rest used when there); paths are relative to the CSV.

    Whether the image files exist is not checked here: the stage that opens them counts what it must skip.
    Raises InputError naming row and column for an empty path or region, a bad pixel size or an unknown split.
    """
    path = Path(path)
    rows = read_csv(path, ["image_path", region_column])
    refuse_typos(path, rows, tuple(c for c in _IMAGE_COLUMNS if c != "region" or region_column == "region"))
    places = Places(path.parent, _fetched(rows, path.parent))
    records = [_image(path, number, row, region_column, places) for number, row in rows]
    if places.mended:
        say(f"{path.name}: {places.told()}")
    if not records:
        raise InputError("the table has a header but no images", where=path, fix="add one row per image")
    return _in_one_spelling(records, path)


def _fetched(rows: Sequence[Row], folder: Path) -> dict[str, Path]:
    """Copies of the images and masks that lie in object stores, by the paths as the table writes them."""
    texts = dict.fromkeys(t for _, row in rows for t in (row["image_path"], row.get("mask_path", "")) if t)
    urls = {text: url for text in texts if (url := beside(text, folder)) is not None}
    copies = fetched_all(urls.values()) if urls else {}
    return {text: copies[url] for text, url in urls.items()}


def _in_one_spelling(records: list[ImageRecord], path: Path) -> list[ImageRecord]:
    """The records with regions that differ in blanks, accents or `.0` alone as one region; what was mended is said."""
    first: dict[str, str] = {}
    for record in records:
        first.setdefault(plain(record.region), record.region)
    mended = {r.region: first[plain(r.region)] for r in records if first[plain(r.region)] != r.region}
    if not mended:
        return records
    say(f"{path.name}: regions that are one name: {shown(mended)}")
    return [dataclasses.replace(r, region=mended.get(r.region, r.region)) for r in records]


def _image(path: Path, number: int, row: dict[str, str], region_column: str, places: Places) -> ImageRecord:
    for column in ("image_path", region_column, "subject"):
        if row.get(column, "").lower() in GAPS:
            raise InputError(f"'{row[column]}' is a gap", where=cell(path, number, column), fix="fill it, or leave the row out")
    for column in ("image_path", region_column):
        if not row[column]:
            raise InputError("empty cell", where=cell(path, number, column), fix=f"give the {column} or remove the row")
    split = row.get("split", "").lower()
    if split and split not in SPLITS:
        raise InputError(f"unknown split '{split}'", where=cell(path, number, "split"), fix=f"use one of {', '.join(SPLITS)}")
    known = {*_IMAGE_COLUMNS, region_column}
    mask = row.get("mask_path", "")
    return ImageRecord(
        path=places.find(row["image_path"]),
        region=row[region_column],
        pixel_size_um=pixel_size(path, number, row.get("pixel_size_um", "")),
        split=split,
        mask_path=places.find(mask) if mask else None,
        attributes={k: v for k, v in row.items() if k not in known},
        row=number,
        **{k: row.get(k, "") for k in ("subject", "section", "plane", "age", "scale")},
    )


def pixel_size(path: Path, number: int, text: str) -> float | None:
    """The cell `pixel_size_um` of a row: micrometres a pixel, None where it is empty; raises InputError where it is not a size."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e4:
        raise InputError(
            f"pixel size '{text}' is not a positive number",
            where=cell(path, number, "pixel_size_um"),
            fix="give micrometres per pixel, e.g. 0.5",
        )
    return value


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV atomically: readers see the old file or the new one, never a part. No cell is a formula for a spreadsheet."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerows([to_cell(value) for value in row] for row in (columns, *rows))


def write_records(path: str | Path, kind: type[R], records: Iterable[R]) -> None:
    """Write dataclass records of one kind to Parquet, atomically, one column a field."""
    rows = [_storable(dataclasses.asdict(r)) for r in records]  # type: ignore[call-overload]
    with atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema_of(kind)), temporary)


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    """A row that Parquet can hold."""

    def one(value: Any) -> Any:
        return storable(value) if isinstance(value, str) else value

    return {k: tuple(map(one, v)) if isinstance(v, tuple) else one(v) for k, v in row.items()}


def read_records(path: str | Path, kind: type[R]) -> list[R]:
    """Read what `write_records` wrote; unknown columns are ignored.

    Raises InputError where the file is missing, is not Parquet, or lacks a column of the contract.
    """
    path = Path(path)
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    table = read_parquet(path, names, f"run the stage that writes this table of {kind.__name__.lower()}s again")
    listed = {f.name for f in dataclasses.fields(kind) if pa.types.is_list(schema_of(kind).field(f.name).type)}  # type: ignore[arg-type]
    try:
        rows = table.select(names).cast(schema_of(kind)).to_pylist()
    except Exception as error:  # another type, or text that is no UTF-8
        raise InputError(
            f"a column has the wrong type ({line(str(error))[:120]})",
            where=path,
            fix="run the stage that writes it again",
        ) from error
    _check_empty(path, kind, rows)
    return [kind(**{k: tuple(x for x in v or () if x is not None) if k in listed else v for k, v in row.items()}) for row in rows]


def _check_empty(path: Path, kind: type, rows: Sequence[dict[str, Any]]) -> None:
    """Raise InputError where a cell is empty that the record needs."""
    hints = typing.get_type_hints(kind)
    needed = [k for k, hint in hints.items() if type(None) not in typing.get_args(hint) and typing.get_origin(hint) is not tuple]
    for number, row in enumerate(rows, start=1):
        for name in needed:
            if row[name] is None:
                raise InputError(
                    "empty cell", where=f"{path}, record {number}, column '{name}'", fix="run the stage that writes it again"
                )


def schema_of(kind: type) -> pa.Schema:
    """Arrow schema of a flat dataclass: text, numbers, booleans, optional ones, and tuples of text."""
    hints = typing.get_type_hints(kind)
    return pa.schema([pa.field(f.name, _arrow(hints[f.name])) for f in dataclasses.fields(kind)])


def _arrow(hint: Any) -> pa.DataType:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
    if typing.get_origin(hint) is tuple:
        return pa.list_(pa.string())
    if typing.get_origin(hint) is typing.Literal:
        return pa.string()
    return {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}[hint]
