"""The region table: spellings of files, and names that must mean one region each."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.regions.table import read_regions, write_regions


def _table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "regions.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("region,aliases,parent\nhOc1,V1;área 17,occipital\n", "utf-8"),
        ("region,aliases,parent\nhOc1,V1;área 17,occipital\n", "utf-8-sig"),
        ("region,aliases,parent\nhOc1,V1;área 17,occipital\n", "latin-1"),
        ('region;aliases;parent\nhOc1;"V1;área 17";occipital\n', "utf-8"),
    ],
)
def test_spellings_of_the_file_give_one_table(tmp_path: Path, text: str, encoding: str) -> None:
    table = read_regions(_table(tmp_path, text, encoding))
    assert [(r.name, r.aliases, r.parent) for r in table.regions] == [("hOc1", ("V1", "área 17"), "occipital")]


def test_no_region_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'region'"):
        read_regions(_table(tmp_path, "name,aliases\nhOc1,V1\n"))


def test_doubled_region_names_both_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 2 and in row 4"):
        read_regions(_table(tmp_path, "region\nhOc1\nhOc2\nhOc1\n"))


def test_shared_alias_names_both_rows(tmp_path: Path) -> None:
    path = _table(tmp_path, "region,aliases\nhOc1,striate area\nhOc2,Striate Area\n")
    with pytest.raises(InputError, match=r"row 2 \(hOc1\) and row 3 \(hOc2\)"):
        read_regions(path)
    table = read_regions(path, drop_shared=True)
    assert [r.aliases for r in table.regions] == [(), ()]
    assert "read for neither" in table.notes[0]


def test_shared_alias_goes_to_the_region_whose_label_it_spells(tmp_path: Path) -> None:
    table = read_regions(_table(tmp_path, "region,aliases\nhOc4d,V3A\nV3a,V3A;area V3a\n"))
    assert table.regions[0].aliases == ()
    assert table.regions[1].aliases == ("V3A", "area V3a")
    assert "row 2" in table.notes[0]
    assert "row 3" in table.notes[0]


def test_short_labels_keep_their_case_and_words_do_not(tmp_path: Path) -> None:
    table = read_regions(_table(tmp_path, "region,aliases\nTI,temporo-insular area\nTi,\n"))
    assert table.find("TI") == table.regions[0]
    assert table.find("Ti") == table.regions[1]
    assert table.find("Temporo-Insular Area") == table.regions[0]


def test_names_of_an_atlas_are_read_with_a_note(tmp_path: Path) -> None:
    names = ["Area hOc1 (V1, 17, CalcS) left", "Area hOc1 (V1, 17, CalcS) right", "Area 45 (IFG) left", "subiculum (ventral part)"]
    table = read_regions(_table(tmp_path, "region\n" + "".join(f'"{n}"\n' for n in names)))
    assert [(r.name, r.parent) for r in table.regions] == [("hOc1", "CalcS"), ("45", "IFG"), ("subiculum (ventral part)", "")]
    assert table.find("Area 45 (IFG) left") == table.regions[1]
    assert {"V1", "area 17", "area hOc1"} <= set(table.regions[0].aliases)
    assert "'hOc1' is read from 'Area hOc1 (V1, 17, CalcS) left' and" in table.notes[0]


def test_written_table_reads_back(tmp_path: Path) -> None:
    table = read_regions(_table(tmp_path, "region,aliases,parent,split,note\nFG1,area FG1,fusiform,unseen,x\nFG2,,fusiform,,y\n"))
    write_regions(tmp_path / "again.csv", table.regions)
    assert read_regions(tmp_path / "again.csv").regions == table.regions


def test_labels_that_may_be_one_region_are_noted(tmp_path: Path) -> None:
    table = read_regions(_table(tmp_path, "region\nFG 1\nFG2\nfg1\n24a\n24a'\n"))
    (note,) = table.notes
    assert "row 2 (FG 1) and row 4 (fg1) differ in case, spaces or hyphens alone" in note


def test_invisible_marks_and_numbers_of_spreadsheets_are_no_part_of_a_name(tmp_path: Path) -> None:
    table = read_regions(_table(tmp_path, "region,aliases\nhOc1\u202e\u2067,\u200fV1;area\u00a017\n17.0,\n"))
    assert [(r.name, r.aliases) for r in table.regions] == [("hOc1", ("V1", "area 17")), ("17", ())]
