"""What the quickstart says at its end: a table of results, how long it took, and what to do with one's own data."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cytoscribe.quickstart.captioner import told
from cytoscribe.quickstart.outcome import QuickstartResult

FIGURES = (
    ("zero_shot.macro_f1", "known areas named right (zero-shot macro-F1)"),
    ("zero_shot.accuracy", "known areas named right (accuracy)"),
    ("open_set.auroc", "unseen areas distinguished from known ones (AUROC)"),
    ("open_set.fpr95", "unseen areas accepted at 95% of known ones (FPR95)"),
    ("open_set.known_rejected", "known areas rejected by mistake"),
    ("retrieval.i2i.map", "image finds images of its area (mAP)"),
)
"""Names in metrics.json and what they mean in words."""


def show(outcome: QuickstartResult, console: Console | None = None) -> None:
    """Print the results to standard output."""
    console = console or Console()
    console.print(_table(outcome))
    settings, seconds = outcome.settings, outcome.seconds
    console.print(
        f"{len(outcome.mined.claims)} claims from {len(outcome.mined.papers)} papers, "
        f"{len(outcome.captions.captions)} captions, {sum(s or 0 for s in seconds.values()):.0f} s in all "
        f"({', '.join(f'{name} {took(s)}' for name, s in seconds.items())})",
        highlight=False,
    )
    for one in told(outcome.captioned):
        console.print(one.text().removeprefix(f"{settings.out}/"), highlight=False, soft_wrap=True, markup=False)
    console.print(f"look at {outcome.report}\n", highlight=False)
    for line in next_commands(str(settings.out)):
        console.print(line, highlight=False, soft_wrap=True)


def _table(outcome: QuickstartResult) -> Table:
    table = Table(title="On subjects and areas that no training saw", title_justify="left")
    for heading in ("figure", "value", "95% interval", "n"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for name, words in FIGURES:
        figure = outcome.evaluation.figures.get(name)
        if figure is not None:
            low, high = figure.ci95 or (float("nan"), float("nan"))
            table.add_row(words, f"{figure.value:.3f}", f"{low:.3f} to {high:.3f}", str(figure.n))
    return table


def took(seconds: float | None) -> str:
    """A stage's time in words."""
    return "done before" if seconds is None else f"{seconds:.0f} s"


def next_commands(out: str) -> list[str]:
    """The commands that do the same with data of one's own."""
    return [
        "On your own data:",
        "  mine-descriptions --regions regions.csv --papers PAPERS --out mined",
        "  generate-captions --descriptions mined --model template --per-region 20 --out captions",
        "  train-lora --images images.csv --captions captions --base efficientnet_lite0_minilm --out model",
        "  evaluate --model model --images images.csv --captions captions --out evaluation",
        "  describe --model model --descriptions mined IMAGE...",
        "  train-captioner --images images.csv --captions captions --vision model --descriptions mined --out captioner",
        "  describe --captioner captioner IMAGE...",
        f"The files of this run show what each of them reads: {out}/regions.csv, {out}/papers, {out}/images.csv",
    ]
