"""Tables by structure: headers, spans, lines across, and what is at odds with itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.literature_mining.papers.assemble import Metadata, Piece, assemble
from cytoscribe.literature_mining.papers.html_tree import rows_of, tree_of
from cytoscribe.literature_mining.papers.tables import Table, lay_out, read_table


def table_of(html: str) -> Table:
    text, cells = lay_out(rows_of(next(tree_of(html).iter("table"))))
    document = assemble(Path("made.html"), [Piece("Before it.", "body"), Piece(text, "table", cells=cells)], Metadata())
    table = read_table(document, document.blocks[-1])
    for row in table.rows:
        assert "\n" not in document.text[row.start : row.end]
        assert all(document.text[c.start : c.end] == c.text for c in row.cells if c)
    return table


def records(html: str) -> list[dict[str, str]]:
    return [{name: cell.text for name, cell in record.items()} for record in table_of(html).records()]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<table><tr><th>Area<th>IV<tr><td>A1<td rowspan=2>dense<tr><td>B2</table>",
            [{"Area": "A1", "IV": "dense"}, {"Area": "B2", "IV": "dense"}],
        ),
        (
            "<table><tr><td rowspan=2>Area<td colspan=2>Layer<tr><td>III<td>IV<tr><td>A1<td>broad<td>thin</table>",
            [{"Area": "A1", "Layer III": "broad", "Layer IV": "thin"}],
        ),
        ("<table><thead><tr><td>Area<td>IV</thead><tr><th>A1<td></table>", []),
        ("<table><tr><th>Area<th>IV<tr><th>A1<td>thin</table>", [{"Area": "A1", "IV": "thin"}]),
        ("<table><tr><th>Area<th>IV<th>IV<tr><td>A1<td>thin<td>dense</table>", [{"Area": "A1"}]),
        ("<table><tr><td>Area<td>IV<tr><td>A1<td>thin</table>", [{"Area": "A1", "IV": "thin"}]),
    ],
)
def test_records(html: str, expected: list[dict[str, str]]) -> None:
    assert records(html) == expected


def test_a_line_across_groups_the_rows_below_it() -> None:
    table = table_of(
        "<table><tr><th>Area<th>IV<tr><td colspan=2>Human<tr><td>A1<td>thin<tr><td colspan=2>Rat<tr><td>B2<td>broad</table>"
    )
    assert [(row.group.text if row.group else "", row.cells[0].text if row.cells[0] else "") for row in table.rows] == [
        ("Human", "A1"),
        ("Rat", "B2"),
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>a<td>b<td>c<tr><td>1<td>2</table>",
        "<table><tr><td>a<td rowspan=2>b<tr><td colspan=2>c</table>",
        "<table><tr><td>only one column<tr><td>of words</table>",
        "<table><tr><th>a<th>b</table>",
    ],
    ids=["ragged", "overlapping", "one column", "no body"],
)
def test_doubtful_structure_gives_no_cells(html: str) -> None:
    assert table_of(html) == Table()


def test_endless_spans_are_bounded() -> None:
    assert table_of("<table>" + "<tr><td colspan=9999 rowspan=9999>x" * 300 + "</table>") == Table()
