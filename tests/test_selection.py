"""The rules that choose pages, domains and the end of rounds, at their edges."""

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
    decided_prefix,
    is_mathematical,
    is_saturated,
    mathematical_share,
    new_share,
    prefix_tree,
    score_at,
    score_bin,
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


def test_a_domain_is_mathematical_above_ten_per_cent_of_enough_pages() -> None:
    assert is_mathematical(100, 11, 0.1, 5)
    assert not is_mathematical(100, 10, 0.1, 5)
    assert not is_mathematical(4, 4, 0.1, 5)


def site(path: str, recalled: int, missed: int) -> list[tuple[str, bool]]:
    return [(f"https://www.example.org{path}/{n}", n < recalled) for n in range(recalled + missed)]


def test_prefixes_are_listed_where_their_shares_differ() -> None:
    tree = prefix_tree(site("/maths", 10, 0) + site("/blog", 0, 10) + site("/mixed", 5, 5) + site("/few", 2, 0), 5, 0.2)
    assert [(p.prefix, p.pages, p.recalled) for p in tree] == [
        ("example.org", 32, 17),
        ("example.org/blog", 10, 0),
        ("example.org/maths", 10, 10),
    ]


def test_a_difference_deep_down_is_found() -> None:
    tree = prefix_tree(site("/a/b/maths", 9, 1) + site("/a/b/news", 1, 9), 5, 0.2)
    assert [p.prefix for p in tree] == ["example.org", "example.org/a/b/maths", "example.org/a/b/news"]


def test_hosts_of_a_domain_are_judged_apart() -> None:
    pages = [("https://a.example.org/1", True), ("https://b.example.org/1", False)]
    assert [p.prefix for p in prefix_tree(pages, 5, 0.2)] == ["a.example.org", "b.example.org"]


def test_samples_show_first_what_would_join_the_seed() -> None:
    (tree,) = prefix_tree(site("/x", 4, 2), 100, 0.2)
    assert tree.samples == (
        "https://www.example.org/x/4", "https://www.example.org/x/5",
        "https://www.example.org/x/0", "https://www.example.org/x/1", "https://www.example.org/x/2",
    )  # fmt: skip
    assert tree.share == pytest.approx(4 / 6)


def test_the_order_of_pages_changes_nothing() -> None:
    pages = site("/a", 7, 2) + site("/b", 1, 8)
    assert prefix_tree(pages, 5, 0.2) == prefix_tree(pages[::-1], 5, 0.2)


def test_the_longest_decided_prefix_speaks_for_a_page() -> None:
    decisions = {"example.org": True, "example.org/blog": False, "example.org/blog/maths": True}
    assert decided_prefix("https://www.example.org/a", decisions) == "example.org"
    assert decided_prefix("https://example.org/blog/1", decisions) == ""
    assert decided_prefix("https://example.org/blog/maths/1", decisions) == "example.org/blog/maths"
    assert decided_prefix("https://example.org.evil.com/a", decisions) == ""
    assert decided_prefix("https://example.org/blogger", decisions) == "example.org"
