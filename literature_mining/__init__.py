"""Read papers and extract cytoarchitectonic claims per region, each grounded in a sentence on a page.

The way of a paper: `papers` turns a file into sentences with their pages and headings; `regions` finds the areas they name; `claims`
reads what a sentence says of which layer of which area; `report` weighs what papers say against each other.

    from cytoscribe.literature_mining import MineSettings, mine
    result = mine(MineSettings(Path("regions.csv"), (Path("papers"),), Path("runs/mined")))
    print(result.table())
"""

from typing import TYPE_CHECKING

from cytoscribe.core.lazy import lazy
from cytoscribe.literature_mining.settings import MineSettings, ModelSettings

if TYPE_CHECKING:
    from cytoscribe.literature_mining.miner import MineResult, mine

__all__ = ["MineResult", "MineSettings", "ModelSettings", "mine"]
__getattr__ = lazy(__name__, {"mine": "miner", "MineResult": "miner"})
