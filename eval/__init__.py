"""Say how good a model, its captions and its rejection are, with intervals.

`evaluator` measures (`metrics`) and shows (`report`); `describer` answers for single images, `section_map` for whole sections.

    from cytoscribe.eval import EvaluateSettings, evaluate
    found = evaluate(EvaluateSettings(Path("runs/model"), Path("images.csv"), Path("runs/eval")))
    print(found.figures["zero_shot.macro_f1"])
"""

from typing import TYPE_CHECKING

from cytoscribe.core.lazy import lazy
from cytoscribe.eval.settings import DescribeSettings, EvaluateSettings

if TYPE_CHECKING:
    from cytoscribe.eval.describer import Described, describe
    from cytoscribe.eval.evaluation import Evaluation
    from cytoscribe.eval.evaluator import evaluate

__all__ = ["DescribeSettings", "Described", "EvaluateSettings", "Evaluation", "describe", "evaluate"]
__getattr__ = lazy(
    __name__,
    {
        "Described": "describer",
        "Evaluation": "evaluation",
        "describe": "describer",
        "evaluate": "evaluator",
    },
)
