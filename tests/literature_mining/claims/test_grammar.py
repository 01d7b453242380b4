"""Grammar beyond plain statements: comparison, coordination, denial, anaphora, places, borders."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.regions.table import RegionTable
from tests.literature_mining.claims.sentences import not_yet

READER = ClaimReader(RegionTable(tuple(Region(n) for n in ("Aa1", "Aa2", "Bb3", "Bb4"))))


def stated(text: str) -> list[str]:
    """Claims as `region layer value`, a denied value with a minus."""
    return sorted(f"{c.region} {c.layer} {'' if c.polarity else '-'}{c.value}" for c in READER.read(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # comparison
        ("Aa1 differs from Aa2 by a lower cell density in layers II and IIIa.", ["Aa1 II low", "Aa1 IIIa low"]),
        ("Layer IV of Aa1 was thicker than that of Aa2, and layer V was paler.", ["Aa1 IV broad", "Aa1 V pale"]),
        ("Bb3 has larger cells in layer V than Bb4, but not Aa1.", ["Bb3 V -large", "Bb3 V large"]),
        ("As in Aa1, the border to the white matter is sharp in Aa2.", ["Aa1 VI-WM sharp", "Aa2 VI-WM sharp"]),
        # coordination
        ("Both Aa1 and Aa2 show a prominent layer V.", ["Aa1 V prominent", "Aa2 V prominent"]),
        ("Layer II is dense in Aa1, but loosely packed in Aa2.", ["Aa1 II high", "Aa2 II low"]),
        ("Aa1 has a thin layer IV, whereas in Aa2 this layer is broad.", ["Aa1 IV thin", "Aa2 IV broad"]),
        ("Aa1 has a poor lamination; Aa2 is granular.", ["Aa1 all poor", "Aa2 all granular"]),
        ("Stratum oriens and stratum radiatum of Bb3 look pale.", ["Bb3 stratum oriens pale", "Bb3 stratum radiatum pale"]),
        # denial
        ("Cells are arranged in columns in Aa1 but not in Aa2.", ["Aa1 all columnar", "Aa2 all -columnar"]),
        (
            "Aa1 has neither a conspicuous layer II nor a sharp cortex/white matter border.",
            ["Aa1 II -prominent", "Aa1 VI-WM -sharp"],
        ),
        # anaphora
        ("Aa1 and Aa2 lie side by side. Both areas are agranular.", ["Aa1 all agranular", "Aa2 all agranular"]),
        ("Aa1 adjoins Bb3, which is characterized by a dense layer II.", ["Bb3 II high"]),
        # places and borders
        ("Aa1 shows a layer II of low cell density.", ["Aa1 II low"]),
        ("Giant pyramidal cells, the Betz cells, occur in layer Vb of Aa1.", ["Aa1 Vb Betz", "Aa1 Vb giant"]),
        ("Layer IV of Aa1 is sharply separated from layers III and V.", ["Aa1 III-IV sharp", "Aa1 IV-V sharp"]),
        ("In Aa1 pyramidal cells increase in size towards layer IV.", ["Aa1 all increases with depth"]),
    ],
)
def test_grammar(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A dense set of short tracts connects Aa1 and Aa2.",
        "In Aa1 the streamlines are drawn in light blue.",
        "The border between Aa1 and Aa2 was clearly visible.",
        "In Aa1, no barrels are visible.",
        "Neurons in layer V of Aa1 project to the spinal cord.",
    ],
)
def test_words_about_other_things_claim_nothing(text: str) -> None:
    assert stated(text) == []


NOT_YET: list[tuple[str, list[str], str]] = [
    (
        "The border between Aa1 and Aa2 is marked by an increase in the size of cells in layer III.",
        ["Aa2 III large"],
        "",
    ),
    (
        "From Aa1 to Aa2 the cell density in layer V decreased.",
        ["Aa2 V low"],
        "",
    ),
    (
        "A columnar arrangement was not found in Aa1, neither in layer III nor in layer V.",
        ["Aa1 III -columnar", "Aa1 V -columnar"],
        'a list after "neither" holds for each of its layers',
    ),
    (
        "Aa1 has a broad layer III. This layer merges with layer IV.",
        ["Aa1 III broad", "Aa1 III-IV blurred"],
        "",
    ),
    (
        "Bb3 is followed by the koniocortical area Bb4 with its prominent layer IV.",
        ["Bb4 IV prominent", "Bb4 all koniocortex"],
        "",
    ),
    (
        "In Aa1, large cells of layer III were found in sublayers IIIb and IIIc.",
        ["Aa1 IIIb large", "Aa1 IIIc large"],
        "where cells are found is nearer than whose they are",
    ),
    (
        "The borders between layers II and III and between layers V and VI of Aa1 are blurred.",
        ["Aa1 II-III blurred", "Aa1 V-VI blurred"],
        "",
    ),
    ("The Purkinje cell protein is expressed in neurons of Aa1.", [], "a protein named for a cell is no cell"),
    ("The larger size of Aa1 is due to evolution.", [], "the size of an area is not that of its cells"),
]
"""Sentences that the reader should read and does not: text, claims, what is missing."""


@pytest.mark.parametrize(("text", "expected"), [pytest.param(t, e, marks=not_yet(why) if why else ()) for t, e, why in NOT_YET])
def test_sentences_beyond_the_reader(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


def test_a_file_of_words_adds_to_the_lexicon(tmp_path: Path) -> None:
    path = tmp_path / "words.toml"
    path.write_text('[[word]]\nforms = ["velvety"]\nlayer = "texture = velvety"\n', encoding="utf-8")
    reader = ClaimReader(READER.table, load_lexicon(path))
    assert [(c.attribute, c.layer) for c in reader.read("Aa1 has a velvety, thin layer IV.")] == [
        ("texture", "IV"),
        ("layer_thickness", "IV"),
    ]


@pytest.mark.parametrize(
    "text", ["[[word]\n", '[[word]]\nforms = ["x"]\n', '[[word]]\nforms = ["x"]\nany = "dark"\n', '[nouns]\nstars = ["x"]\n']
)
def test_a_faulty_file_of_words_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"words\.toml"):
        load_lexicon(path)


_PIECES = st.sampled_from(
    "Aa1 Aa2 layer layers IV V and or , . ( ) not no less more large dense than in of between border cells which it this area was both to from".split()  # noqa: SIM905
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=25).map(" ".join)))
def test_any_text_is_read_without_fault_and_spans_lie_in_it(text: str) -> None:
    for claim in READER.read(text, topic="Aa1"):
        assert 0 <= claim.start < claim.end <= len(text)
        assert claim.region
        assert claim.layer
        assert claim.region not in claim.compared_to
