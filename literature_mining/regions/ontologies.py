"""regions.csv from the ontologies that atlases publish: openMINDS name lists (Julich-Brain), NIF terms, Allen graphs, siibra trees.

Where an ontology defines its entries, the definitions become a Markdown file that can be mined."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.records import Region
from cytoscribe.core.runs import read_json, write_text
from cytoscribe.core.tables import read_csv
from cytoscribe.literature_mining.regions.atlas_names import merge_sides, parse_name
from cytoscribe.literature_mining.regions.table import squeeze, write_regions

_KINDS = "give an openMINDS CSV, a NIF JSON list, an Allen structure graph or a siibra region tree"
_UNDEFINED = re.compile(r"needs? (?:a )?definition|no definition|not defined|not (?:included|described)", re.IGNORECASE)
_SHORTEST = 20
"""A definition of fewer characters defines nothing."""
_LONGEST = 300
"""Characters of a name: no region has a longer one."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BRACKETS = re.compile(r"^(?P<name>.+?)\s*\((?P<inside>.*?)\)?$")


def convert_regions(
    source: Annotated[
        Path,
        typer.Argument(help="openMINDS CSV (`lookupLabel,name,parents`), NIF JSON, Allen structure graph or siibra tree JSON."),
    ],
    out: Annotated[Path, typer.Option("--out", help="The regions.csv to write.")] = Path("regions.csv"),
) -> None:
    """Turn an atlas's ontology, given as a file, into a regions.csv."""
    regions, dropped = convert(source)
    write_regions(out, regions)
    typer.echo(f"{len(regions)} regions in {out}; {dropped} aliases that several regions share were left out")
    definitions = list(read_definitions(source))
    if definitions:
        file = out.with_name("definitions.md")
        write_text(
            file, "\n\n".join([f"# Definitions of {source.stem}", *(f"## {name}\n\n{text}" for name, text in definitions)]) + "\n"
        )
        typer.echo(f"{len(definitions)} definitions in {file}: mine them with mine-descriptions --regions {out} --papers {file}")


def convert(source: Path) -> tuple[list[Region], int]:
    """Regions of an ontology file, whose format is recognised by its content, and how many shared aliases were left out.

    Raises InputError where the file is none of the known kinds, or holds no region.
    """
    if source.suffix.lower() == ".csv":
        regions = list(_openminds(source))
    else:
        content = read_json(source)
        top = _top(content)
        regions = merge_sides(_tree(top))[0] if top is not None else list(_nif(source, content))
    if not regions:
        raise InputError("no region in it", where=source, fix=_KINDS)
    return _unambiguous(regions)


def read_definitions(source: Path) -> Iterator[tuple[str, str]]:
    """Name and definition of each entry of an ontology file that has one, in the file's order; entries still to be defined are left out."""
    top = _top(read_json(source)) if source.suffix.lower() != ".csv" else None
    for node, _ in _nodes(top or []):
        text = " ".join(str(next((v for k, v in node.items() if k.lower().startswith("definition") and v), "")).split())
        if len(text) > _SHORTEST and not _UNDEFINED.search(text[:60]):
            yield _name_of(node), text


def _openminds(source: Path) -> Iterator[Region]:
    """`Area hOc1 (V1, 17, CalcS)`: the label, other names, and last the place, which names no area."""
    for number, row in read_csv(source, ["name"]):
        _check_name(row["name"], cell(source, number, "name"))
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
        raise InputError("unknown kind of ontology", where=source, fix=_KINDS)
    for term in content:
        _check_name(str(term["label"]), source)
        number = re.search(r"area (\d+\w?)$", str(term["label"]))
        brodmann = [f"area {number.group(1)}", f"BA{number.group(1)}", f"BA {number.group(1)}"] if number else []
        aliases = [*_texts(term.get("synonyms")), *_texts(term.get("abbrev")), *brodmann]
        yield Region(str(term["label"]), _distinct(str(term["label"]), aliases))


def _texts(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []


def _top(content: Any) -> Sequence[Any] | None:
    """The outermost nodes of a tree of regions: an Allen structure graph's, or those of siibra; None for another kind of file."""
    if isinstance(content, Mapping):
        lists = [content[k] for k in ("msg", "regions", "children") if isinstance(content.get(k), list)]
        return lists[0] if lists else None
    tree = isinstance(content, list) and any(isinstance(n, Mapping) and "name" in n for n in content)
    return content if tree else None


def _nodes(top: Sequence[Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The nodes of a tree that have a name, level by level, each with its parent's name."""
    waiting: deque[tuple[Any, str]] = deque((node, "") for node in top)
    while waiting:
        node, parent = waiting.popleft()
        if not isinstance(node, Mapping):
            continue
        name = _name_of(node)
        if name:
            yield node, parent
        children = node.get("children")
        waiting.extend((child, name or parent) for child in (children if isinstance(children, list) else ()))


def _name_of(node: Mapping[str, Any]) -> str:
    """The name on one line, "" where the node has none that could be a region's."""
    name = node.get("name")
    name = " ".join(name.split()) if isinstance(name, str) else ""
    return name if len(name) <= _LONGEST else ""


def _check_name(name: str, where: str | Path) -> None:
    if not 0 < len(name.strip()) <= _LONGEST:
        raise InputError(f"a name of {len(name.strip()):,} characters", where=where, fix=f"give 1 to {_LONGEST}")


def _tree(top: Sequence[Any]) -> Iterator[Region]:
    for node, parent in _nodes(top):
        name, above = _name_of(node), parse_name(parent)
        own = parse_name(name)
        if own and above and own.label == above.label:
            continue  # a hemisphere of the region above
        yield Region(name, _distinct(name, [str(node.get("acronym") or "")]), above.label if above else parent)


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
