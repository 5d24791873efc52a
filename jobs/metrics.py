"""How well scores tell two kinds of pages apart, and how many of a choice are right by a sample of it."""

from collections.abc import Sequence

import numpy as np

DRAWS = 100_000
"""Draws for an interval: its ends stray by less than 0.001 between seeds."""


def area_under_curve(truth: np.ndarray, scores: np.ndarray) -> float:
    """ROC AUC: the chance that a positive scores above a negative, ties counting half (Mann-Whitney).

    truth: bool [n], scores: float [n]. Raises ValueError where one kind is missing.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        raise ValueError(f"AUC needs both kinds, got {positives} positives and {negatives} negatives")
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # tied scores share the mean of their ranks
    return float((ranks[where][truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def precision_recall(truth: np.ndarray, chosen: np.ndarray) -> tuple[float, float]:
    """Precision and recall of a choice; 0 where nothing is chosen or nothing is true. Both bool [n]."""
    hits = int((truth & chosen).sum())
    return hits / max(1, int(chosen.sum())), hits / max(1, int(truth.sum()))


def reliability(truth: np.ndarray, scores: np.ndarray, bins: int = 10) -> list[dict[str, float]]:
    """For each tenth of the score range that holds examples: its lower edge, mean score, share of positives, count."""
    index = np.minimum((scores * bins).astype(int), bins - 1)
    return [
        {"from": b / bins, "mean_score": float(scores[index == b].mean()), "positives": float(truth[index == b].mean()),
         "count": int((index == b).sum())}
        for b in range(bins)
        if (index == b).any()
    ]  # fmt: skip


def stratified_share(strata: Sequence[tuple[int, int, int]]) -> tuple[float, float, float]:
    """A share of a population, estimated from a random sample of each stratum: (estimate, low, high), 95% interval.

    strata: (pages, judged, right) of each, at least one judged in each. Every stratum counts by its pages, not by how
    many were judged. The interval is that of the sum over strata of beta distributions under Jeffreys' prior, taken
    from seeded draws: it keeps its width where all judged pages are right, as the normal interval does not
    (Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion").
    """
    total = sum(pages for pages, _, _ in strata)
    draw = np.random.default_rng(0)
    shares = np.zeros(DRAWS)
    estimate = 0.0
    for pages, judged, right in strata:
        estimate += pages / total * right / judged
        shares += pages / total * draw.beta(right + 0.5, judged - right + 0.5, DRAWS)
    low, high = np.quantile(shares, (0.025, 0.975))
    return estimate, min(float(low), estimate), max(float(high), estimate)
