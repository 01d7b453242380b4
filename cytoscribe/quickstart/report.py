"""The quickstart's page: what was put in, what was mined, what the model says, and links to each stage's own report."""

from __future__ import annotations

from importlib import resources

from cytoscribe.quickstart.areas import areas
from cytoscribe.quickstart.outcome import Outcome
from cytoscribe.quickstart.summary import FIGURES, next_commands
from cytoscribe.runs import write_text


def write_report(outcome: Outcome) -> None:
    """Write report.html into the run folder: self-contained but for the pictures and reports beside it."""
    import jinja2

    text = resources.files("cytoscribe.quickstart").joinpath("data/report.html.jinja").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    figures = outcome.evaluation.figures
    content = {
        "answers": _answers(outcome),
        "figures": [(words, figures[name]) for name, words in FIGURES if name in figures],
        "seconds": outcome.seconds,
        "claims": len(outcome.mined.claims),
        "papers": sorted(p.name for p in (outcome.settings.out / "papers").iterdir()),
        "captions": len(outcome.captions.captions),
        "commands": "\n".join(next_commands(str(outcome.settings.out))[1:-1]),
    }
    write_text(outcome.report, page.from_string(text).render(content))


def _answers(outcome: Outcome) -> list[dict[str, object]]:
    """One card an area: its picture, what the papers say of it, a caption, and what the model answered."""
    texts = {d.region: d.text for d in outcome.mined.descriptions}
    captions: dict[str, str] = {}
    for caption in outcome.captions.captions:
        captions.setdefault(caption.region, caption.masked_caption)
    cards = []
    for area, found in zip(areas(), outcome.described, strict=True):
        right = found.answer == ("unseen" if area.split == "unseen" else area.name)
        cards.append(
            {
                "area": area.name,
                "alias": area.aliases[0],
                "unseen": area.split == "unseen",
                "picture": found.image.relative_to(outcome.settings.out).as_posix(),
                "answer": found.answer,
                "right": right,
                "p": found.p_value,
                "plausible": found.plausible[:3],
                "description": texts.get(area.name, ""),
                "caption": captions.get(area.name, ""),
            }
        )
    return cards
