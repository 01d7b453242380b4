"""Short sample papers of our own wording that state true facts, written as two-column PDF, JATS XML and Markdown."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from cytoscribe.core.runs import write_text
from cytoscribe.quickstart.sample_texts import NOTICE, Block, SamplePaper, papers
from cytoscribe.quickstart.typeset import write_pdf


def write_papers(folder: str | Path, seed: int = 0) -> list[Path]:
    """Write every sample paper into `folder` in its own format; returns the files."""
    folder, written = Path(folder), []
    for paper in papers():
        path = folder / f"{paper.key}.{'xml' if paper.format == 'jats' else paper.format}"
        if paper.format == "pdf":
            write_pdf(paper, path, seed)
        else:
            write_text(path, _jats(paper) if paper.format == "jats" else _markdown(paper))
        written.append(path)
    return written


def _markdown(paper: SamplePaper) -> str:
    marks = {"h2": "## ", "h3": "### ", "p": ""}
    body = "\n\n".join(marks[kind] + text for kind, text in paper.body)
    return f"# {paper.title}\n\n*{NOTICE}*\n\n{body}\n"


def _jats(paper: SamplePaper) -> str:
    names = "".join(f'<contrib contrib-type="author"><string-name>{escape(a)}</string-name></contrib>' for a in paper.authors)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<article article-type="other"><front><journal-meta><journal-title-group>'
        f"<journal-title>{NOTICE}</journal-title></journal-title-group></journal-meta><article-meta><title-group>"
        f"<article-title>{escape(paper.title)}</article-title></title-group><contrib-group>{names}</contrib-group>"
        f"</article-meta></front>\n<body>\n{_sections(paper.body)}</body></article>\n"
    )


def _sections(body: tuple[Block, ...]) -> str:
    """Nested JATS sections of the flat list of headings and paragraphs."""
    lines, depth = [], 0
    for kind, text in body:
        if kind == "p":
            lines.append(f"<p>{escape(text)}</p>")
            continue
        level = int(kind[1]) - 1
        lines.append("</sec>" * max(depth - level + 1, 0) + f"<sec><title>{escape(text)}</title>")
        depth = level
    return "\n".join([*lines, "</sec>" * depth]) + "\n"
