"""The rules that choose pages and the end of rounds, at their edges."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.selection import (
    SCORE_BINS,
    Cut,
    Ranked,
    budget_bin,
    cut_within,
    is_saturated,
    mathematical_share,
    new_share,
    score_at,
    score_bin,
    strata_edges,
)


def keep(pages: Sequence[Ranked], budget: int) -> list[str]:
    """The two passes of recall, in memory: page ids kept within a budget."""
    bins: dict[int, int] = {}
    for page in pages:
        bins[score_bin(page.score)] = bins.get(score_bin(page.score), 0) + page.tokens
    found = budget_bin(bins, budget)
    cut = cut_within([p for p in pages if score_bin(p.score) == found[0]], found[1]) if found else Cut.at_score(0.0)
    return sorted(
        p.page_id for p in pages if p.score > cut.score or (p.score == cut.score and p.page_id <= cut.page_id)
    )


def test_the_budget_takes_the_best_pages_and_stops_before_the_first_that_does_not_fit() -> None:
    pages = [Ranked(0.9, "a", 50), Ranked(0.8, "b", 60), Ranked(0.7, "c", 1)]
    assert keep(pages, 200) == ["a", "b", "c"]
    assert keep(pages, 110) == ["a", "b"]
    assert keep(pages, 109) == ["a"]
    assert keep(pages, 49) == []


def test_equal_scores_are_cut_by_page_id() -> None:
    pages = [Ranked(0.5, name, 10) for name in ("c", "a", "b")]
    assert keep(pages, 20) == ["a", "b"]


def test_a_budget_that_ends_between_bins_keeps_the_next_bins_edge() -> None:
    edge = 6000 / SCORE_BINS
    assert keep([Ranked(edge, "a", 10), Ranked(edge - 0.00005, "b", 10)], 10) == ["a"]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=40, unique_by=lambda t: t),
    st.integers(0, 200),
)
def test_two_passes_agree_with_a_plain_sort(drawn: list[tuple[int, int]], budget: int) -> None:
    pages = [Ranked(s / 50, f"{n:03d}", t) for n, (s, t) in enumerate(drawn)]
    kept, left = [], budget
    for page in sorted(pages, key=lambda p: p.rank):
        if page.tokens > left:
            break
        left -= page.tokens
        kept.append(page.page_id)
    assert keep(pages, budget) == sorted(kept)


def test_scores_outside_the_range_fall_into_the_outer_bins() -> None:
    assert (score_bin(1.0), score_bin(1.1), score_bin(0.0), score_bin(-0.1)) == (9999, 9999, 0, 0)


def test_the_share_of_mathematics_is_found_from_scores_alone() -> None:
    sharp = {score_bin(0.999): 2_000, score_bin(0.001): 8_000}
    assert mathematical_share(sharp) == pytest.approx(0.2, abs=0.002)
    assert mathematical_share({score_bin(0.001): 100}) < 0.01
    assert mathematical_share({}) == 0.5


def test_overlapping_scores_do_not_mislead_the_share() -> None:
    # A page of either kind scores 0.75 or 0.25, rightly in three of four cases; a tenth of the pages is mathematics.
    pages = {score_bin(0.75): 75 + 225, score_bin(0.25): 25 + 675}
    assert mathematical_share(pages) == pytest.approx(0.1, abs=0.005)


def test_the_threshold_follows_the_share() -> None:
    assert score_at(0.5, 0.5) == 0.5
    assert score_at(0.5, 0.2) == pytest.approx(0.8)
    assert score_at(0.9, 0.5) == pytest.approx(0.9)
    assert score_at(0.0, 0.2) == 0.0
    assert score_at(0.5, 0.001) < 1


def test_a_round_is_saturated_at_two_per_cent_but_never_the_first() -> None:
    assert [is_saturated(r, s) for r, s in ((1, 0.0), (2, 0.02), (2, 0.0201), (4, 0.0))] == [False, True, False, True]
    assert (new_share(100, 2), new_share(0, 0)) == (0.02, 0.0)


def test_strata_of_what_was_kept_are_about_equally_large() -> None:
    pages = dict.fromkeys(range(5000, 6000), 10)
    assert strata_edges(pages, 0.55, 5) == [5600, 5700, 5800, 5900]
    assert strata_edges({**pages, 9999: 20_000}, 0.55, 5) == [9999], "a bin is never divided"
    assert strata_edges({9000: 900, **dict.fromkeys(range(9990, 10000), 10)}, 0.5, 5) == [], "none is tiny"
    assert strata_edges({}, 0.5, 5) == []
