"""The path from papers to an evaluated model, stage by stage, as the quickstart walks it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cytoscribe.phantom.images import SUBJECTS, ImageSettings, shown

if TYPE_CHECKING:
    from cytoscribe.eval.captioner.describer import Captioned
    from cytoscribe.eval.describer import Described
    from cytoscribe.eval.evaluator import Evaluation
    from cytoscribe.literature_mining.miner import MineResult

CAPTIONS_PER_REGION = 24
EPOCHS = 40


@dataclass(frozen=True)
class QuickstartSettings:
    """images_per_region: images drawn of each known area, over all splits; subjects: of training, validation and test; epochs: passes
    of the training over its images."""

    out: Path
    seed: int = 0
    images_per_region: int = 60
    subjects: tuple[int, int, int] = SUBJECTS
    epochs: int = EPOCHS
    overwrite: bool = False

    @cached_property
    def images(self) -> ImageSettings:
        return ImageSettings(per_region=self.images_per_region, seed=self.seed, subjects=self.subjects)


def prepare(settings: QuickstartSettings) -> tuple[Path, Path, Path]:
    """Write the sample papers, the region table and the images; returns their paths: papers folder, regions.csv, images.csv."""
    from cytoscribe.phantom.images import write_images, write_regions
    from cytoscribe.quickstart.papers import write_papers

    papers = settings.out / "papers"
    write_papers(papers, settings.seed)
    return papers, write_regions(settings.out), write_images(settings.out, settings.images)


def mine(settings: QuickstartSettings) -> MineResult:
    """Mine the sample papers into `mined/`."""
    from cytoscribe.literature_mining.miner import MineSettings
    from cytoscribe.literature_mining.miner import mine as stage

    return stage(
        MineSettings(
            regions=settings.out / "regions.csv",
            papers=(settings.out / "papers",),
            out=settings.out / "mined",
            seed=settings.seed,
            overwrite=settings.overwrite,
        )
    )


def write_captions(settings: QuickstartSettings) -> Any:
    """Write captions by templates into `captions/`."""
    from cytoscribe.captions.generation import GenerateSettings, generate

    return generate(
        GenerateSettings(
            out=settings.out / "captions",
            descriptions=settings.out / "mined",
            per_region=CAPTIONS_PER_REGION,
            seed=settings.seed,
            overwrite=settings.overwrite,
        )
    )


def train(settings: QuickstartSettings) -> dict[str, Any]:
    """Train the small base on images and captions into `model/`."""
    from cytoscribe.training.clip_fit import train as stage
    from cytoscribe.training.losses import Objective
    from cytoscribe.training.optimisation import Optimisation
    from cytoscribe.training.settings import ImageOptions, TrainSettings

    return stage(
        TrainSettings(
            images=settings.out / "images.csv",
            captions=(settings.out / "captions",),
            base="tiny",
            out=settings.out / "model",
            seed=settings.seed,
            overwrite=settings.overwrite,
            optimisation=Optimisation(epochs=settings.epochs, batch_size=32, learning_rate=4e-3),
            objective=Objective(image_weight=1.0),
            image=ImageOptions(augmentation="mild", laminar=True),
        )
    )


def evaluate(settings: QuickstartSettings) -> Evaluation:
    """Measure the model on the test subjects, and on the unseen areas, into `evaluation/`."""
    from cytoscribe.eval.evaluator import evaluate as stage
    from cytoscribe.eval.settings import EvaluateSettings

    return stage(
        EvaluateSettings(
            model=settings.out / "model",
            images=settings.out / "images.csv",
            out=settings.out / "evaluation",
            captions=settings.out / "captions",
            seed=settings.seed,
            overwrite=settings.overwrite,
        )
    )


def describe(settings: QuickstartSettings) -> tuple[Described, ...]:
    """Answers for one test image of every area, known and unseen, of the first test subject."""
    from cytoscribe.eval.describer import DescribeSettings
    from cytoscribe.eval.describer import describe as stage

    paths = tuple(settings.out / plan.path for plan in shown(settings.images))
    return tuple(stage(DescribeSettings(settings.out / "model", paths, settings.out / "mined")))


def train_captioner(settings: QuickstartSettings) -> dict[str, Any]:
    """Train a captioner with a small decoder of its own over the model, into `captioner/`."""
    from cytoscribe.quickstart.captioner import train_captioner as stage

    return stage(settings.out, settings.seed, settings.overwrite, settings.epochs)


def caption(settings: QuickstartSettings) -> tuple[Captioned, ...]:
    """What the captioner says of the same images that `describe` answers for."""
    from cytoscribe.quickstart.captioner import caption as stage

    return stage(settings.out, tuple(settings.out / plan.path for plan in shown(settings.images)))
