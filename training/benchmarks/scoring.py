"""Figures over graded answers: accuracy with an interval, Maj@K and Pass@K (paper 5.2.2 and 6)."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers with a percentile bootstrap interval over questions."""

    questions: int
    right: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.right / self.questions

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.right} of {self.questions}; 95% {self.low:.1%} to {self.high:.1%})"


def accuracy(correct: Sequence[bool], seed: int = 0) -> Accuracy:
    """Accuracy over questions; raises ValueError where there are none.

    The interval resamples questions, so it covers the choice of questions, not the noise of training.
    """
    if not correct:
        raise ValueError("no answers to score")
    right, count = sum(correct), len(correct)
    # Resampling n yes/no answers with replacement and averaging them is a binomial draw.
    means = np.random.default_rng(seed).binomial(count, right / count, RESAMPLES) / count
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Accuracy(count, right, float(low), float(high))


def pass_at_k(samples: int, right: int, k: int) -> float:
    """Probability that at least one of k samples drawn without replacement is right: 1 - C(n-c, k) / C(n, k)."""
    if not 0 < k <= samples:
        raise ValueError(f"k must lie between 1 and the {samples} samples, got {k}")
    return 1.0 - math.comb(samples - right, k) / math.comb(samples, k)


def majority(answers: Sequence[str]) -> str:
    """The most frequent non-empty answer, the earliest one at a tie; '' where all are empty."""
    counts = Counter(a for a in answers if a)
    return max(counts, key=lambda a: counts[a]) if counts else ""
