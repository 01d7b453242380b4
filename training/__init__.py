"""Adapt CLIP to image-caption pairs that only the label connects, and learn to reject what was never seen.

`data` cuts tiles and reads images; `model` opens a base, adds adapters and exports the result; `loop` trains with the losses of
`losses`; `rejection` calibrates the decision "none of the regions I know".

    from cytoscribe.training import Optimisation, TrainSettings, train
    train(TrainSettings(Path("images.csv"), (Path("runs/captions"),), Path("runs/model"), optimisation=Optimisation(epochs=3)))
"""

from typing import TYPE_CHECKING

from cytoscribe.core.lazy import lazy
from cytoscribe.training.settings import ImageOptions, Objective, Optimisation, RejectionOptions, TrainSettings, Tuning

if TYPE_CHECKING:
    from cytoscribe.training.clip_fit import train

__all__ = ["ImageOptions", "Objective", "Optimisation", "RejectionOptions", "TrainSettings", "Tuning", "train"]
__getattr__ = lazy(__name__, {"train": "clip_fit"})
