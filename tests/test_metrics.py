"""Metrics against hand-counted values."""

import numpy as np
import pytest

from jobs.metrics import area_under_curve, precision_recall, reliability, stratified_share


def test_auc_counts_pairs_and_ties_as_half() -> None:
    truth = np.array([True, False, True, False])
    assert area_under_curve(truth, np.array([0.9, 0.1, 0.8, 0.2])) == 1.0
    assert area_under_curve(truth, np.array([0.1, 0.9, 0.2, 0.8])) == 0.0
    assert area_under_curve(truth, np.array([0.5, 0.5, 0.9, 0.1])) == pytest.approx(3.5 / 4)


def test_auc_of_one_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="2 positives and 0 negatives"):
        area_under_curve(np.array([True, True]), np.array([0.1, 0.2]))


def test_precision_and_recall() -> None:
    truth, chosen = np.array([True, True, True, False]), np.array([True, False, True, True])
    assert precision_recall(truth, chosen) == (2 / 3, 2 / 3)
    assert precision_recall(truth, np.zeros(4, bool)) == (0.0, 0.0)


def test_reliability_puts_a_score_of_one_into_the_last_bin() -> None:
    bins = reliability(np.array([True, True, False]), np.array([1.0, 0.95, 0.04]))
    assert [(b["from"], b["count"], b["positives"]) for b in bins] == [(0.0, 1, 0.0), (0.9, 2, 1.0)]


def test_a_share_by_strata_weighs_them_by_their_pages() -> None:
    estimate, low, high = stratified_share([(900, 20, 20), (100, 20, 10)])
    assert estimate == pytest.approx(0.95) and low < 0.93 < estimate < high
    assert stratified_share([(900, 20, 20), (100, 20, 10)]) == (estimate, low, high), "draws are seeded"


def test_the_interval_has_a_width_where_all_are_right_and_shrinks_with_more_judged() -> None:
    few, many = stratified_share([(50, 10, 10)]), stratified_share([(50, 1000, 1000)])
    assert few[0] == few[2] == many[0] == 1.0
    assert 0.7 < few[1] < 0.9 < 0.99 < many[1]
    low, high = stratified_share([(7, 100, 50)])[1:]
    assert (low, high) == pytest.approx((0.403, 0.597), abs=0.003), "Jeffreys' interval of 50 of 100"
