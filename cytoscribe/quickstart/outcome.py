"""Everything that a run of the quickstart produced, for the page and the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cytoscribe.quickstart.stages import QuickstartSettings

if TYPE_CHECKING:
    from cytoscribe.eval.captioner.describer import Captioned
    from cytoscribe.eval.describer import Described
    from cytoscribe.eval.evaluator import Evaluation
    from cytoscribe.literature_mining.miner import MineResult


@dataclass(frozen=True)
class QuickstartResult:
    """Everything that the stages produced; seconds: name of a stage to the time it took, None where an earlier call had done it."""

    settings: QuickstartSettings
    mined: MineResult
    captions: Any
    trained: dict[str, Any]
    evaluation: Evaluation
    described: tuple[Described, ...]
    captioned: tuple[Captioned, ...] = ()
    seconds: dict[str, float | None] = field(default_factory=dict)

    @property
    def report(self) -> Path:
        return self.settings.out / "report.html"
