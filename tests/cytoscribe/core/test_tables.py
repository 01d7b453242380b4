"""Tables that people write arrive in many shapes; what cannot be read is named by file, row and column."""

from __future__ import annotations

import csv
import dataclasses
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption, Claim, Description
from cytoscribe.core.tables import read_csv, read_images, read_records, schema_of, write_csv, write_records

CLAIM = Claim(
    "c1", "V1", "a.pdf", "", None, "Layer IV is broad.", 3, 21, "broad", "IV", "layer_thickness", "broad", True, ("V2",), 0.9
)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"region,aliases\nhOc1,V1;area 17\n", "hOc1"),
        (b"\xef\xbb\xbfregion,aliases\nhOc1,V1\n", "hOc1"),
        ("region;aliases\nGyrus précentral;M1\n".encode("latin-1"), "Gyrus précentral"),
        (b"region\taliases\r\nhOc1\tV1\r\n", "hOc1"),
        ("region,aliases\nhOc1,V1\n".encode("utf-16"), "hOc1"),
    ],
)
def test_every_common_encoding_and_delimiter_is_read(tmp_path: Path, raw: bytes, name: str) -> None:
    path = tmp_path / "regions.csv"
    path.write_bytes(raw)
    assert [row["region"] for _, row in read_csv(path, ["region"])] == [name]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "empty"),
        (b"name\nV1\n", "no column 'region' (found: name)"),
        (b"region,region\nV1,V2\n", "appears twice"),
        (b"region,a\nV1,x,y\n", "row 2: 3 cells where the header has 2"),
        (b'region\n"V1\n', "quotes"),
        (b"\x00\x01\x02", "not a text file"),
    ],
)
def test_unusable_tables_say_what_and_where(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "regions.csv"
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read_csv(path, ["region"])
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('region,note\nV1,"two\nlines"\n\nV2,\n')
    assert [(n, row["region"]) for n, row in read_csv(path, ["region"])] == [(2, "V1"), (4, "V2")]


def test_images_resolve_paths_beside_the_table_and_keep_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "images.csv"
    path.write_text("image_path,label,split,pixel_size_um,cell_size\na/b.png,neutrophil,Train,0.5,big\n")
    (record,) = read_images(path, region_column="label")
    assert record.path == tmp_path / "a/b.png"
    assert (record.region, record.split, record.pixel_size_um) == ("neutrophil", "train", 0.5)
    assert record.attributes == {"cell_size": "big"}


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",V1,,", "image_path"),
        ("a.png,,,", "region"),
        ("a.png,V1,zero,", "pixel_size_um"),
        ("a.png,V1,-1,", "pixel_size_um"),
        ("a.png,V1,,dev", "split"),
    ],
)
def test_a_bad_image_row_is_named_by_row_and_column(tmp_path: Path, row: str, column: str) -> None:
    path = tmp_path / "images.csv"
    path.write_text(f"image_path,region,pixel_size_um,split\nok.png,V1,,\n{row}\n")
    with pytest.raises(InputError, match=f"row 3, column '{column}'"):
        read_images(path)


@pytest.mark.slow
@given(
    st.lists(
        st.builds(
            lambda text, page, compared: dataclasses.replace(CLAIM, sentence=text, page=page, compared_to=tuple(compared)),
            st.text(),
            st.none() | st.integers(1, 9999),
            st.lists(st.text(max_size=5), max_size=3),
        ),
        max_size=5,
    )
)
def test_records_come_back_from_parquet_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, claims: list[Claim]) -> None:
    path = tmp_path_factory.mktemp("records") / "claims.parquet"
    write_records(path, Claim, claims)
    assert read_records(path, Claim) == claims


def test_contract_columns_are_those_that_other_programs_read() -> None:
    assert schema_of(Claim).names == (
        [
            "claim_id",
            "region",
            "document",
            "doi",
            "page",
            "sentence",
            "sentence_start",
            "sentence_end",
            "span",
            "layer",
            "attribute",
            "value",
            "polarity",
            "compared_to",
            "score",
            "species",
            "supported_by",
        ]
    )
    assert schema_of(Description).names == ["region", "text", "claim_ids", "documents", "agreement", "contradictions", "species"]
    assert schema_of(Caption).names == (
        ["caption_id", "region", "caption", "masked_caption", "style", "template", "model", "claim_ids", "n_tokens", "faithfulness"]
    )


def test_a_missing_broken_or_foreign_parquet_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    with pytest.raises(InputError, match="no such file"):
        read_records(path, Claim)
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(InputError, match="not a readable Parquet"):
        read_records(path, Claim)
    write_records(path, Description, [])
    with pytest.raises(InputError, match="no column 'claim_id'"):
        read_records(path, Claim)


def test_csv_written_is_csv_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", ["region", "note"], [["V1", 'a "b", c']])
    assert read_csv(tmp_path / "t.csv", ["region"]) == [(2, {"region": "V1", "note": 'a "b", c'})]


def test_no_written_cell_is_a_formula_and_names_come_back(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    names = ["=cmd|' /C calc'!A0", "+1+1", "-x", "@SUM(A1)", "'quoted", "V1"]
    write_csv(path, ["region", "=bad"], [[n, -1.5] for n in names])
    with path.open(newline="") as file:
        cells = [c for row in csv.reader(file) for c in row]
    assert not [c for c in cells if c.startswith(("=", "+", "@")) or (c.startswith("-") and c != "-1.5")]
    rows = read_csv(path, ["region", "=bad"])
    assert [r["region"] for _, r in rows] == names
    assert {r["=bad"] for _, r in rows} == {"-1.5"}


def test_a_header_of_hundreds_of_thousands_of_columns_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{i}" for i in range(200_000)) + "\n1\n")
    start = time.monotonic()
    with pytest.raises(InputError, match="200,000 columns"):
        read_csv(path, ["region"])
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"\xff\xfe\x00\xd8\x00\xd8", b"a\rb\x00"])
def test_broken_encodings_are_one_line(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(raw)
    with pytest.raises(InputError):
        read_csv(tmp_path / "t.csv", ["region"])


@pytest.mark.parametrize(
    "column", [pa.array([None]), pa.array([[1]]), pa.array([{"a": 1}]), pa.array([b"\xff\xfe"]), pa.array([1.5])]
)
@pytest.mark.parametrize("name", ["region", "sentence_start", "compared_to", "score"])
def test_columns_of_another_kind_are_one_line_or_the_right_kind(tmp_path: Path, column: pa.Array, name: str) -> None:
    path = tmp_path / "claims.parquet"
    write_records(path, Claim, [CLAIM])
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.column_names.index(name), name, column), path)
    try:
        (claim,) = read_records(path, Claim)
    except InputError:
        return
    assert isinstance(getattr(claim, name), type(getattr(CLAIM, name)))


def test_half_a_surrogate_pair_is_stored_as_a_question_mark(tmp_path: Path) -> None:
    odd = dataclasses.replace(CLAIM, document="a\udcff.pdf", compared_to=("\ud800",))
    write_records(tmp_path / "c.parquet", Claim, [odd])
    (read,) = read_records(tmp_path / "c.parquet", Claim)
    assert (read.document, read.compared_to) == ("a?.pdf", ("?",))


def test_a_label_column_is_pointed_to_where_the_region_lacks(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("image_path,label\na.png,V1\n")
    with pytest.raises(InputError, match="--region-column label"):
        read_images(tmp_path / "cells.csv")
    (tmp_path / "regions.csv").write_text("regions\nV1\n")
    with pytest.raises(InputError, match="rename 'regions'"):
        read_csv(tmp_path / "regions.csv", ["region"])


def test_column_names_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    write_records(path, Claim, [CLAIM])
    path.write_bytes(path.read_bytes().replace(b"polarity", b"\xa1olarity"))
    with pytest.raises(InputError, match="Parquet"):
        read_records(path, Claim)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-be", "utf-16-le"])
def test_a_table_in_an_encoding_that_is_not_read_is_called_so(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "regions.csv").write_bytes("region\nhOc1\n".encode(encoding))
    with pytest.raises(InputError, match=r"not a text file.*save the table as CSV \(UTF-8\)"):
        read_csv(tmp_path / "regions.csv", ["region"])
