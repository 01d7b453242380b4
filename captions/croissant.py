"""Croissant metadata of a captions folder (MLCommons Croissant 1.0): what its files are, for search engines and loaders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cytoscribe.core.digests import file_digest

FILE = "croissant.json"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(folder: Path, files: Sequence[Path], repo: str, licence: str, home: str) -> dict[str, Any]:
    """The JSON-LD of a dataset. files: relative to `folder`; home: address of the Hub that it goes to.

    Every Parquet file is a FileObject with its checksum; every flat column of text or numbers of it is a field.
    """
    tables = [f for f in files if f.suffix == ".parquet"]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": repo.replace("/", "_"),
        "description": "Captions that state what their sources claim of regions or cells; see README.md.",
        "url": f"{home}/datasets/{repo}",
        **({"license": licence} if licence else {}),
        "distribution": [_file(folder, f, f"{home}/datasets/{repo}/resolve/main") for f in tables],
        "recordSet": [_records(folder, f) for f in tables],
    }


def _file(folder: Path, name: Path, base: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name.as_posix(),
        "name": name.as_posix(),
        "contentUrl": f"{base}/{name.as_posix()}",
        "contentSize": f"{(folder / name).stat().st_size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file_digest(folder / name),
    }


def _records(folder: Path, name: Path) -> dict[str, Any]:
    key = name.with_suffix("").as_posix().replace("/", "_")
    fields = [f for f in pq.read_schema(folder / name) if _kind(f.type)]
    return {
        "@type": "cr:RecordSet",
        "@id": key,
        "name": key,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{key}/{f.name}",
                "name": f"{key}/{f.name}",
                "dataType": _kind(f.type),
                **({"repeated": True} if pa.types.is_list(f.type) else {}),
                "source": {"fileObject": {"@id": name.as_posix()}, "extract": {"column": f.name}},
            }
            for f in fields
        ],
    }


def _kind(kind: pa.DataType) -> str:
    """Croissant's word for a column's type; "" for nested ones."""
    if pa.types.is_list(kind):
        kind = kind.value_type
    if pa.types.is_string(kind):
        return "sc:Text"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    return "sc:Float" if pa.types.is_floating(kind) else ""
