"""The rules that choose: which pages a round keeps, when rounds end (paper 2.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ROUND_LIMIT = 4  # the paper stopped after four rounds
SATURATED_AT = 0.02  # paper: in round 4 about 98% of the pages had been collected in round 3
AFTER_ALL_IDS = "~"  # sorts after every page id: those are hex digits
SCORE_BINS = 10_000  # bins that the token budget is first cut by: fine enough for the cut bin to fit in memory


@dataclass(frozen=True)
class Ranked:
    """A page's place in the ranking: higher scores first, ties by page id, so that equal scores always cut alike."""

    score: float
    page_id: str
    tokens: int

    @property
    def rank(self) -> tuple[float, str]:
        return (-self.score, self.page_id)


@dataclass(frozen=True)
class Cut:
    """Where the ranking ends: the last page kept. All pages above `score`, and at `score` those up to `page_id`."""

    score: float
    page_id: str = ""
    binding: bool = False
    """The token budget ended the ranking, not the minimum score."""

    @classmethod
    def at_score(cls, score: float) -> "Cut":
        """Keep every page of at least this score."""
        return cls(score, AFTER_ALL_IDS)


def score_bin(score: float) -> int:
    """The bin of a score in 0..SCORE_BINS - 1."""
    return min(SCORE_BINS - 1, max(0, int(score * SCORE_BINS)))


def budget_bin(tokens_by_bin: Mapping[int, int], budget: int) -> tuple[int, int] | None:
    """The bin in which a budget of tokens runs out, and what of the budget is left for it; None where all fits."""
    left = budget
    for index in sorted(tokens_by_bin, reverse=True):
        if tokens_by_bin[index] > left:
            return index, left
        left -= tokens_by_bin[index]
    return None


def cut_within(pages: Iterable[Ranked], left: int) -> Cut:
    """The cut among all pages of one bin, at least one, with `left` tokens to spend.

    The first page that does not fit ends the ranking: a smaller one further down never overtakes it.
    """
    ranking = sorted(pages, key=lambda p: p.rank)
    cut = Cut(ranking[0].score, "", binding=True)  # none of this bin
    for page in ranking:
        if page.tokens > left:
            return cut
        left -= page.tokens
        cut = Cut(page.score, page.page_id, binding=True)
    return cut


def mathematical_share(pages_by_bin: Mapping[int, int], steps: int = 200) -> float:
    """The share of a crawl that is mathematics, estimated from scores alone.

    The classifier learned from as many positives as negatives, so its scores are probabilities for a crawl that is half
    mathematics. Expectation maximisation finds the share under which the corrected probabilities have that share as
    their mean (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities"). pages_by_bin: bin of the score -> pages. 0.5 for an empty crawl.
    """
    total = sum(pages_by_bin.values())
    middles = {b: ((b + 0.5) / SCORE_BINS, pages) for b, pages in sorted(pages_by_bin.items()) if pages}
    share = 0.5
    for _ in range(steps if total else 0):
        share = sum(pages * _corrected(score, share) for score, pages in middles.values()) / total
    return share


def _corrected(score: float, share: float) -> float:
    """A score learned at equal counts, as the probability where `share` of the pages are mathematics (Bayes)."""
    return share * score / (share * score + (1 - share) * (1 - score))


def score_at(probability: float, share: float) -> float:
    """The score whose corrected probability is `probability`: where half of all pages are mathematics, just that."""
    odds = probability * (1 - share)
    return odds / (odds + (1 - probability) * share) if odds else 0.0


def strata_edges(pages_by_bin: Mapping[int, int], lowest: float, strata: int) -> list[int]:
    """The bins at which all but the first of `strata` strata begin, of the pages from score `lowest` up.

    Each stratum holds its part of the pages or more; there are fewer where many pages share a bin. pages_by_bin: bin of
    the score -> pages.
    """
    kept = sorted((b, pages) for b, pages in pages_by_bin.items() if b >= score_bin(lowest) and pages)
    total = sum(pages for _, pages in kept)
    below = begun = 0
    edges: list[int] = []
    for index, pages in kept:
        if min(below - begun, total - below) * strata >= total:
            edges.append(index)
            begun = below
        below += pages
    return edges


def new_share(tokens: int, new_tokens: int) -> float:
    """New tokens as a share of all tokens that the round keeps; 1 for the first round, 0 for an empty one."""
    return new_tokens / tokens if tokens else 0.0


def is_saturated(round_number: int, share: float) -> bool:
    """Rounds end where at most 2% of the tokens are new; the first round has nothing to compare with."""
    return round_number > 1 and share <= SATURATED_AT
