"""Turn claims into diverse, faithful captions and publish them as a dataset.

Claims come from papers (`units`) or from measured images (`morphology`); `plan` asks for captions, `backends` write them, the `gate`
refuses what the claims do not say, `wording` phrases the template route, `quality` measures the result, `publish` sends it to a Hub.

    from cytoscribe.captions import GenerateSettings, generate
    result = generate(GenerateSettings(Path("runs/captions"), descriptions=Path("runs/mined")))
    print(result.dataset())
"""

from typing import TYPE_CHECKING

from cytoscribe.captions.settings import AttributeSettings, GenerateSettings, Selection
from cytoscribe.core.lazy import lazy

if TYPE_CHECKING:
    from cytoscribe.captions.generation import GenerateResult, generate

__all__ = ["AttributeSettings", "GenerateResult", "GenerateSettings", "Selection", "generate"]
__getattr__ = lazy(__name__, {"generate": "generation", "GenerateResult": "generation"})
