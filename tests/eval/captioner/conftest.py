"""The captioner that training's tests make, and drawn patterns."""

from tests.training.captioner.conftest import grids, trained
from tests.training.conftest import drawn

__all__ = ["drawn", "grids", "trained"]
