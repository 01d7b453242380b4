"""Which section trains: as the table says, by whole subjects, and never on two sides."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import write_csv
from cytoscribe.training.data.section_table import SectionFacts, read_section_table, splits_of
from cytoscribe.training.data.sections import check_pixel_sizes, section_name

NAMES = [f"s{i:02}" for i in range(12)]


def test_whole_subjects_are_split_where_there_are_enough() -> None:
    facts = {n: SectionFacts(subject=f"b{i // 2}") for i, n in enumerate(NAMES)}
    splits = splits_of(NAMES, facts, seed=3)
    assert all(splits[NAMES[i]] == splits[NAMES[i + 1]] for i in range(0, 12, 2))
    assert set(splits.values()) == {"train", "val", "test"}
    tested = splits_of(NAMES, facts, test=("s04",))
    assert [n for n, s in tested.items() if s == "test"] == ["s04", "s05"]


def test_one_brain_is_split_by_section() -> None:
    facts = {n: SectionFacts(subject="only") for n in NAMES}
    assert splits_of(NAMES, facts) == splits_of(NAMES, {})


def test_the_tables_splits_are_kept_and_a_subject_on_two_sides_is_refused() -> None:
    given = {n: SectionFacts(f"b{i % 4}", None, "test" if i % 4 == 0 else "train") for i, n in enumerate(NAMES)}
    assert splits_of(NAMES, given)["s04"] == "test"
    given["s04"] = SectionFacts("b0", None, "train")
    with pytest.raises(InputError, match="subject 'b0' is in test and train"):
        splits_of(NAMES, given)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["s00", "train", ""], ["s00", "test", ""]], "row 3.*section 's00' is in test and train"),
        ([["s00", "", ""], ["s00", "", ""]], "row 3.*section 's00' is listed twice"),
        ([["s00", "learn", ""]], "row 2, column 'split'.*unknown split 'learn'"),
        ([["s00", "", "-1"]], "row 2, column 'pixel_size_um'.*pixel size '-1' is not a positive number"),
        ([["s00", "train", ""]], "section 's01' has no split although others have"),
        ([["other", "", ""]], "names none of the sections.*first section is 's00'"),
    ],
)
def test_faults_of_the_table_name_the_row(tmp_path: Path, rows: list[list[str]], message: str) -> None:
    write_csv(tmp_path / "sections.csv", ["section", "split", "pixel_size_um"], rows)
    with pytest.raises(InputError, match=message):
        read_section_table(tmp_path / "sections.csv", NAMES)


def test_pixel_sizes_ten_times_apart_are_refused_by_name() -> None:
    check_pixel_sizes({"a": 1.0, "b": 9.9, "c": None}, needed=False)
    with pytest.raises(InputError, match=r"differ 20-fold: a has 0\.5 um a pixel, c has 10"):
        check_pixel_sizes({"a": 0.5, "b": 1.0, "c": 10.0}, needed=False)
    with pytest.raises(InputError, match=r"1 of 2 sections do not say their pixel size \(b\)"):
        check_pixel_sizes({"a": 1.0, "b": None}, needed=True)


@pytest.mark.parametrize("name", ["s1.png", "s1.ome.tif", "s1.geojson", "s1.ome.tif.geojson", "s1.ome.geojson", "s1.svs"])
def test_a_section_is_called_the_same_whatever_its_format(name: str) -> None:
    assert section_name(Path("folder") / name) == "s1"


def test_rows_are_matched_in_spite_of_spelling_and_strays_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("section,pixel_size_um\na1.ome.tif,1\nA2,2\nb9,3\n")
    facts = read_section_table(tmp_path / "t.csv", ["a1", "a2", "a3"])
    assert (facts["a1"].pixel_size_um, facts["a2"].pixel_size_um) == (1.0, 2.0)
    told = capsys.readouterr().err
    assert "'a1.ome.tif' as 'a1', 'A2' as 'a2'" in told
    assert "1 rows match no section (b9)" in told
    assert "1 of 3 sections have no row (a3)" in told


def test_a_slip_in_a_column_and_a_missing_subject_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("section,subjct\na1,x\n")
    with pytest.raises(InputError, match="column 'subjct' is not read; rename it to 'subject'"):
        read_section_table(tmp_path / "t.csv", ["a1"])
    (tmp_path / "t.csv").write_text("section,subject\na1,x\na2,\n")
    with pytest.raises(InputError, match="section 'a2' has no subject although others have"):
        read_section_table(tmp_path / "t.csv", ["a1", "a2"])
