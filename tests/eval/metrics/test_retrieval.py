"""Retrieval figures against loops, and the meaning of "fits" and "exact"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from cytoscribe.core.records import Caption, ImageRecord, image_claim_id
from cytoscribe.eval.metrics.bootstrap import draw_weights
from cytoscribe.eval.metrics.retrieval import first_fit, image_claims, leave_one_out, recall, same, transposed


def unit(rng: np.random.Generator, rows: int, width: int = 5) -> np.ndarray:
    values = rng.normal(size=(rows, width))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10_000))
def test_rank_of_the_first_fit_is_its_place_in_the_sorted_gallery(queries: int, gallery: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, g = unit(rng, queries), unit(rng, gallery)
    a, b = rng.integers(0, 3, queries), rng.integers(0, 3, gallery)
    rank, share = first_fit(q, g, same(a, b))
    for i in range(queries):
        order = np.argsort(-(q[i] @ g.T))
        places = [p for p, j in enumerate(order) if b[j] == a[i]]
        assert rank[i] == (places[0] if places else np.inf)
        assert share[i] == pytest.approx((b == a[i]).mean())


def test_ties_count_against_the_model() -> None:
    flat = np.ones((1, 1))
    rank, _ = first_fit(flat, np.ones((4, 1)), same(np.array([0]), np.array([1, 0, 1, 1])))
    assert rank[0] == 3


def test_recall_leaves_out_queries_that_nothing_fits() -> None:
    found = recall(np.array([0.0, 4, 20, np.inf]), np.array([0.5, 0.5, 0.5, 0]), 30, draw_weights(np.arange(4), np.zeros(4), 20, 0))
    assert {k: v.value for k, v in found.at.items()} == pytest.approx({1: 1 / 3, 5: 2 / 3, 10: 2 / 3})
    assert (found.queries, found.unanswerable, found.chance) == (3, 1, 0.5)


@given(st.integers(2, 15), st.integers(0, 10_000))
def test_leave_one_out_is_scikit_learns_average_precision_over_the_others(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    features, regions = unit(rng, size), rng.integers(0, 3, size)
    hit, ap, share = leave_one_out(features, regions, np.arange(size))
    for i in range(size):
        others = np.arange(size) != i
        fit, near = regions[others] == regions[i], features[others] @ features[i]
        if not fit.any():
            assert np.isnan([hit[i], ap[i], share[i]]).all()
            continue
        assert ap[i] == pytest.approx(average_precision_score(fit, near))
        assert hit[i] == fit[np.argmax(near)]
        assert share[i] == pytest.approx(fit.mean())


def test_equally_near_images_of_other_regions_stand_before() -> None:
    hit, ap, _ = leave_one_out(np.ones((4, 1)), np.array([0, 0, 1, 1]), np.arange(4))
    assert (hit == 0).all()
    assert ap == pytest.approx(1 / 3)


def test_only_other_sections_answer_where_asked() -> None:
    features = np.array([[1.0, 0], [1, 0], [0.6, 0.8], [0, 1]])
    regions, sections = np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1])
    assert leave_one_out(features, regions, np.arange(4))[0][0] == 1
    assert leave_one_out(features, regions, sections)[0][0] == 0


def caption(region: str, **claims: str) -> Caption:
    ids = tuple(image_claim_id(k, v) for k, v in claims.items())
    return Caption("id", region, "text", "text", "terse", "", "", ("paper:1", *ids), 3, 1.0)


def image(region: str, **attributes: str) -> ImageRecord:
    return ImageRecord(path=Path("x"), region=region, attributes={**attributes, "scanner": "a"})


def test_a_caption_fits_when_all_it_says_of_the_image_is_true() -> None:
    images = [image("A", size="big", shape="round"), image("A", size="big", shape=""), image("B", size="big", shape="round")]
    captions = [caption("A", size="big"), caption("A", size="big", shape="round"), caption("A", size="small"), caption("A")]
    claims = image_claims(images, captions)
    assert claims is not None
    everything = slice(0, 3)
    assert claims.fits(everything).tolist() == [[True, True, False, True], [True, False, False, True], [False] * 4]
    assert (transposed(claims.fits, 3)(slice(1, 3)) == claims.fits(everything)[:, 1:3].T).all()


def test_captions_that_say_nothing_of_single_images_have_no_image_claims() -> None:
    assert image_claims([image("A", size="big")], [caption("A")]) is None
