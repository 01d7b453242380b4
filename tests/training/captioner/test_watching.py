"""What is looked at after each epoch."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.training.captioner.watching import another


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_another_image_is_of_another_label(labels: list[int]) -> None:
    found = another(np.array(labels))
    for i, j in enumerate(found):
        assert labels[i] != labels[j] if len(set(labels)) > 1 else i == j
