"""What each training step contains: images (some of them outliers), questions, answers, and for each answer an image it does not fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from cytoscribe.training.captioner.outliers import OutlierBank
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.settings import Schedule
from cytoscribe.training.captioner.wording import Answer, answer_masked, answer_named, answer_unseen
from cytoscribe.training.data.pairs import CaptionPool, draw_images


@dataclass(frozen=True)
class Lesson:
    """One training step of B images.

    named: whether the question asks for the name of an image's region; answers: the text to learn for each image; others: (B,) index
    within the step of an image that the answer does not fit, -1 if there is none; turn: a random number for work that only a part of
    the step takes.
    """

    seen: Seen
    named: list[bool]
    answers: list[Answer]
    others: np.ndarray
    turn: int

    def __len__(self) -> int:
        return len(self.answers)


@dataclass
class Lessons:
    """What the captioner learns from. named, masked: the same images with captions of either wording; bank: outliers."""

    named: CaptionPool
    masked: CaptionPool
    bank: OutlierBank
    schedule: Schedule
    seed: int
    _odds: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def passes(self, epoch: int) -> int:
        """Passes over the images in an epoch: several where they are few. Names alone are soon learned, and take a quarter of them."""
        wanted = self.schedule.least_steps / self.schedule.epochs / (4 if epoch < self.schedule.label_epochs else 1)
        return max(1, int(np.ceil(wanted / self.steps_per_pass)))

    @property
    def steps_per_pass(self) -> int:
        return max(1, len(self.named.image_regions) // self.schedule.batch_size)

    def steps(self, epochs: int) -> int:
        """Steps of the first `epochs` epochs."""
        return sum(self.steps_per_pass * self.passes(epoch) for epoch in range(epochs))

    def order(self, epoch: int) -> np.ndarray:
        """Image indices of an epoch, `batch_size` for each of its steps (fewer where there are fewer images in all)."""
        schedule, size = self.schedule, self.steps_per_pass * self.schedule.batch_size
        turns = [
            draw_images(self.named, self.seed, epoch + i * schedule.all_epochs, schedule.sampling)
            for i in range(self.passes(epoch))
        ]
        return np.concatenate([turn[:size] for turn in turns])

    def seen(self, images: np.ndarray, rng: np.random.Generator) -> tuple[Seen, np.ndarray]:
        """The images, outliers in the place of some of them, and which (B,) bool."""
        strange = (rng.random(len(images)) < self.schedule.outlier_share) & self.bank.usable
        seen = self.bank.known.rows(torch.from_numpy(images))
        places = np.flatnonzero(strange)
        if len(places):
            drawn = self.bank.draw(len(places), rng)
            seen.grid[places], seen.vector[places] = drawn.grid.to(seen.grid.dtype), drawn.vector.to(seen.vector.dtype)
        return seen, strange

    def draw(self, epoch: int, images: np.ndarray, rng: np.random.Generator) -> Lesson:
        """The lesson of a step. The first epochs ask for names alone."""
        count, pool = len(images), self.named
        names_alone = epoch < self.schedule.label_epochs
        asks_name = (rng.random(count) >= self.schedule.masked_share) | names_alone
        named, masked = self.captions(self.named, images, rng), self.captions(self.masked, images, rng)
        answers = [
            answer_named(pool.names[pool.image_regions[i]], pool.texts[n]) if ask else answer_masked(self.masked.texts[m])
            for i, n, m, ask in zip(images, named, masked, asks_name, strict=True)
        ]
        turn = pool.image_regions[images] == epoch % len(pool.names)
        playing = turn & (rng.random(count) < self.schedule.rotating_share)
        seen, strange = self.seen(images, rng)
        unseen = strange | playing
        answers = [answer_unseen() if u else a for u, a in zip(unseen, answers, strict=True)]
        fits = np.where(asks_name[None], self.named.fits(images, named), self.masked.fits(images, masked))
        fits = np.where(unseen[None] | unseen[:, None], unseen[None] == unseen[:, None], fits)
        shown = [Answer(a.start, "") for a in answers] if names_alone else answers
        return Lesson(seen, asks_name.tolist(), shown, _others(fits, rng), int(rng.integers(2**16)))

    def captions(self, pool: CaptionPool, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(B,) a caption for each image, of those that fit it: the more it states, the likelier."""
        return np.array([rng.choice(pool.choices[i], p=self._chances(pool, int(i))) for i in images])

    def _chances(self, pool: CaptionPool, image: int) -> np.ndarray:
        choices = pool.choices[image]
        key = id(pool), id(choices)  # images that make the same claims share one array
        if key not in self._odds:
            said = np.array([max(1, len(pool.sources[c])) if pool.sources else 1 for c in choices], dtype=float)
            odds = said**self.schedule.detail
            self._odds[key] = odds / odds.sum()
        return self._odds[key]


def _others(fits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each answer, column of fits (images, answers), the place of an image that it does not fit; -1 where it fits all."""
    found = np.full(fits.shape[1], -1)
    for answer, column in enumerate(fits.T):
        wrong = np.flatnonzero(~column)
        if len(wrong):
            found[answer] = wrong[rng.integers(len(wrong))]
    return found
