"""Region tables out of ontology files of three kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences
from cytoscribe.literature_mining.regions.ontologies import convert, convert_regions
from cytoscribe.literature_mining.regions.table import read_regions, write_regions


def test_openminds_names_become_labels_and_aliases(tmp_path: Path) -> None:
    source = tmp_path / "names.csv"
    source.write_text(
        'lookupLabel,name,parents\nJBA_hOc1,"Area hOc1 (V1, 17, CalcS)",JBA_occipitalCortex\nJBA_x,Area 1 (PostCG),JBA_postcentralGyrus\n'
    )
    regions, dropped = convert(source)
    assert [(r.name, r.parent) for r in regions] == [("hOc1", "occipital cortex"), ("area 1", "postcentral gyrus")]
    assert {"V1", "area 17", "area hOc1"} <= set(regions[0].aliases)
    assert "CalcS" not in regions[0].aliases
    assert dropped == 0


def test_nif_terms(tmp_path: Path) -> None:
    source = tmp_path / "terms.json"
    source.write_text(json.dumps([{"label": "Brodmann (1909) area 4", "synonyms": ["gigantopyramidal area"], "abbrev": ["B09-4"]}]))
    regions, _ = convert(source)
    assert regions[0].name == "Brodmann (1909) area 4"
    assert {"gigantopyramidal area", "B09-4", "BA4"} <= set(regions[0].aliases)


def test_allen_graph_keeps_parents_and_drops_shared_acronyms(tmp_path: Path) -> None:
    children = [{"name": "Field one", "acronym": "F", "children": []}, {"name": "Field two", "acronym": "F"}]
    source = tmp_path / "graph.json"
    source.write_text(json.dumps({"msg": [{"name": "Whole", "acronym": "W", "children": children}]}))
    regions, dropped = convert(source)
    assert [(r.name, r.aliases, r.parent) for r in regions] == [
        ("Whole", ("W",), ""),
        ("Field one", (), "Whole"),
        ("Field two", (), "Whole"),
    ]
    assert dropped == 2


def test_siibra_tree_joins_left_and_right(tmp_path: Path) -> None:
    leaf = "Area hOc1 (V1, 17, CalcS)"
    area = {"name": leaf, "children": [{"name": f"{leaf} left"}, {"name": f"{leaf} right"}]}
    tree = {
        "regions": [
            {"name": "occipital cortex", "children": [area, {"name": "LB (Amygdala) left"}, {"name": "LB (Amygdala) right"}]}
        ]
    }
    source = tmp_path / "tree.json"
    source.write_text(json.dumps(tree))
    regions, _ = convert(source)
    assert [(r.name, r.parent) for r in regions] == [
        ("occipital cortex", ""),
        ("hOc1", "occipital cortex"),
        ("LB", "occipital cortex"),
    ]
    assert {"area hOc1", "V1", "area 17"} <= set(regions[1].aliases)
    assert "CalcS" not in regions[1].aliases


def test_definitions_become_a_paper(tmp_path: Path) -> None:
    defined = {
        "name": "Field one",
        "definition (description)": "A field with a dense fourth layer\nand a thin fifth.",
        "children": [],
    }
    empty = {"name": "Field two", "definition (description)": "Needs a definition of its own", "children": []}
    source = tmp_path / "graph.json"
    source.write_text(json.dumps({"msg": [{"name": "Whole", "children": [defined, empty]}]}))
    convert_regions(source, tmp_path / "regions.csv")
    document = read_document(tmp_path / "definitions.md")
    bodies = [(s.heading, s.text) for s in split_sentences(document) if s.kind == "body"]
    assert bodies == [("Field one", "A field with a dense fourth layer and a thin fifth.")]


def test_written_table_can_be_mined_with(tmp_path: Path, real_data: Path) -> None:
    for name in ("openminds_JBA_entities.csv", "brodmann_areas.json"):
        regions, _ = convert(real_data / "literature" / name)
        write_regions(tmp_path / "regions.csv", regions)
        assert read_regions(tmp_path / "regions.csv").names == tuple(r.name for r in regions)


def test_anything_else_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "odd.json"
    source.write_text('{"a": 1}')
    with pytest.raises(InputError, match="unknown kind of ontology"):
        convert(source)
