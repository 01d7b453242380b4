"""regions.csv from the ontologies that atlases publish: openMINDS name lists (Julich-Brain), NIF terms, Allen structure graphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cytoscribe.errors import InputError
from cytoscribe.records import Region
from cytoscribe.runs import read_json
from cytoscribe.tables import read_csv
from literature_mining.regions.table import squeeze, write_regions

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BRACKETS = re.compile(r"^(?P<name>.+?)\s*\((?P<inside>.*?)\)?$")


def convert_regions(
    source: Annotated[
        Path, typer.Argument(help="openMINDS CSV (`lookupLabel,name,parents`), NIF JSON or Allen structure graph JSON.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The regions.csv to write.")] = Path("regions.csv"),
) -> None:
    """Turn an atlas's ontology, given as a file, into a regions.csv."""
    regions, dropped = convert(source)
    write_regions(out, regions)
    typer.echo(f"{len(regions)} regions in {out}; {dropped} aliases that several regions share were left out")


def convert(source: Path) -> tuple[list[Region], int]:
    """Regions of an ontology file, told by its content, and how many shared aliases were left out.

    Raises InputError where the file is none of the known kinds, or holds no region.
    """
    if source.suffix.lower() == ".csv":
        regions = list(_openminds(source))
    else:
        content = read_json(source)
        regions = list(_allen(content) if _is_allen(content) else _nif(source, content))
    if not regions:
        raise InputError("no region in it", where=source, fix="give an openMINDS CSV, a NIF JSON list or an Allen structure graph")
    return _unambiguous(regions)


def _openminds(source: Path) -> Iterator[Region]:
    """`Area hOc1 (V1, 17, CalcS)`: the label, other names, and last the place, which names no area."""
    for _, row in read_csv(source, ["name"]):
        match = _BRACKETS.match(row["name"])
        name, inside = (match.group("name"), match.group("inside")) if match else (row["name"], "")
        label = re.sub(r"^Area (?=\S*[A-Za-z])", "", name).strip() if re.match(r"^Area \S+$", name) else name
        short = label
        label = f"area {label}" if re.match(r"(?:Area )?\d\w*$", label) else label
        label = label.replace("area Area", "area")
        others = [part.strip() for part in inside.split(",")][:-1] if "," in inside else []
        aliases = [
            row["name"],
            name,
            f"area {label}" if " " not in label else "",
            short if " " not in short else "",
            *map(_area_name, others),
        ]
        parent = _CAMEL.sub(" ", re.sub(r"^[A-Z]+_", "", row.get("parents", "").split(";")[0])).replace("-", " ").lower()
        yield Region(label, _distinct(label, aliases), parent)


def _area_name(name: str) -> str:
    return f"area {name}" if re.fullmatch(r"\d+[a-z]?", name) else name


def _nif(source: Path, content: Any) -> Iterator[Region]:
    if not isinstance(content, list) or not all(isinstance(t, Mapping) and "label" in t for t in content):
        raise InputError(
            "unknown kind of ontology", where=source, fix="give an openMINDS CSV, a NIF JSON list or an Allen structure graph"
        )
    for term in content:
        number = re.search(r"area (\d+\w?)$", str(term["label"]))
        brodmann = [f"area {number.group(1)}", f"BA{number.group(1)}", f"BA {number.group(1)}"] if number else []
        aliases = [*_texts(term.get("synonyms")), *_texts(term.get("abbrev")), *brodmann]
        yield Region(str(term["label"]), _distinct(str(term["label"]), aliases))


def _texts(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []


def _is_allen(content: Any) -> bool:
    return isinstance(content, Mapping) and isinstance(content.get("msg"), list)


def _allen(content: Mapping[str, Any]) -> Iterator[Region]:
    waiting: list[tuple[Mapping[str, Any], str]] = [(node, "") for node in content["msg"]]
    while waiting:
        node, parent = waiting.pop(0)
        name = str(node.get("name", "")).strip()
        if name:
            yield Region(name, _distinct(name, [str(node.get("acronym", ""))]), parent)
        waiting += [(child, name) for child in node.get("children", [])]


def _distinct(label: str, aliases: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.strip().replace(";", ",") for a in aliases if a.strip() and a.strip() != label))


def _unambiguous(regions: list[Region]) -> tuple[list[Region], int]:
    """One row a label; aliases that mean two regions, or another region's label, left out."""
    unique = list({r.name: r for r in regions}.values())
    holders: dict[str, set[str]] = {}
    for region in unique:
        for name in region.names:
            holders.setdefault(squeeze(name), set()).add(region.name)
    dropped = sum(len(holders[squeeze(a)]) > 1 for r in unique for a in r.aliases)
    kept = [replace(r, aliases=tuple(a for a in r.aliases if len(holders[squeeze(a)]) == 1)) for r in unique]
    return kept, dropped
