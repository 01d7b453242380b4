"""Vocabularies: attributes with their opposites, shipped ones by name, others by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.llm.vocabulary import values_by_attribute
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.vocabulary import are_opposed, attribute_of, read_toml, shipped
from cytoscribe.literature_mining.regions.table import RegionTable, with_plurals

CELLS = with_plurals(RegionTable((Region("neutrophil"), Region("monocyte"), Region("erythrocyte"))))


@pytest.mark.parametrize("name", shipped())
def test_every_attribute_of_a_word_is_described_and_every_opposite_is_a_value(name: str) -> None:
    lexicon = load_lexicon(vocabulary=name)
    values = values_by_attribute(lexicon)
    assert set(values) <= set(lexicon.kinds)
    spoken = {a: {*v, *lexicon.kinds[a].denied.values()} for a, v in values.items()}
    made = {"low-medium", "increases with depth", "decreases with depth"}
    for attribute, kind in lexicon.kinds.items():
        for pair in kind.opposed:
            assert pair <= spoken.get(attribute, set()) | made, (attribute, pair)


def test_a_vocabulary_that_does_not_ship_is_named_with_those_that_do() -> None:
    with pytest.raises(InputError, match="no vocabulary 'bloodcells'; name one of blood_cells, cytoarchitecture"):
        read_toml("bloodcells")


def test_opposites_belong_to_an_attribute() -> None:
    assert are_opposed("layer_thickness", "thin", "broad")
    assert not are_opposed("cell_size", "thin", "broad")
    assert attribute_of("of no vocabulary").opposites("thin") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Neutrophils have small granules and a nucleus with two to five lobes.", {"small", "two to five lobes"}),
        ("The monocyte has a kidney-shaped nucleus.", {"indented"}),
        ("Monocytes are larger than erythrocytes.", {"large"}),
        ("The neutrophil has fine chromatin and several nucleoli.", {"fine", "several"}),
    ],
)
def test_blood_cells_are_read_by_their_own_vocabulary(text: str, expected: set[str]) -> None:
    claims = ClaimReader(CELLS, load_lexicon(vocabulary="blood_cells")).read(text)
    assert {c.value for c in claims} == expected
    assert len({c.region for c in claims}) == 1


def test_a_file_of_the_same_form_is_a_vocabulary(tmp_path: Path) -> None:
    file = tmp_path / "nuclei.toml"
    file.write_text(
        '[nouns]\nrim = ["rim"]\n[[word]]\nforms = ["scalloped"]\nrim = "edge = scalloped"\n[attributes.edge]\nabout = "rim"\n'
    )
    claims = ClaimReader(CELLS, load_lexicon(vocabulary=file)).read("The rim of the monocyte is scalloped.")
    assert [(c.region, c.attribute, c.value) for c in claims] == [("monocyte", "edge", "scalloped")]


@pytest.mark.parametrize("content", ["[attributes.edge]\ncolour = 1\n", "[attributes.edge\n"])
def test_a_broken_vocabulary_is_one_clear_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "v.toml").write_text(content)
    with pytest.raises(InputError):
        load_lexicon(vocabulary=tmp_path / "v.toml")
