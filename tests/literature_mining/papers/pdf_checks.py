"""What several tests of the PDF reader share."""

from __future__ import annotations

from pathlib import Path

from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.sentences import split_sentences
from tests.literature_mining.typeset import FACTS


def sentences_of(document: Document, kind: str = "body") -> list[str]:
    return [s.text for s in split_sentences(document) if s.kind == kind]


def wanted(times: int) -> list[str]:
    return [f"In part {n} it is said so: {fact}" for n in range(times) for fact in FACTS]


def assert_spans(document: Document) -> None:
    for s in split_sentences(document):
        assert document.text[s.start : s.end] == s.text
        assert s.page is None or 1 <= s.page <= len(document.page_starts)


def made_pdf(path: Path, *objects: bytes) -> Path:
    """A PDF of these objects, the first of them its catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    path.write_bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, out.index(b"xref\n0")))
    return path
