"""Shares: their intervals, the domains and prefixes they single out, and the order in which people see them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.domain_shares import Prefix, expected_tokens, is_mathematical, prefix_tree, share_interval


@pytest.mark.parametrize(
    ("recalled", "pages", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table 1
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons_at_95_per_cent(recalled: int, pages: int, low: float, high: float) -> None:
    assert share_interval(recalled, pages) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_the_interval_holds_the_share_and_stays_a_share(pages: int, part: float) -> None:
    recalled = round(pages * part)
    low, high = share_interval(recalled, pages)
    assert 0 <= low <= recalled / pages + 1e-12 and recalled / pages - 1e-12 <= high <= 1
    assert share_interval(0, 0) == (0, 1)


def test_a_domain_is_mathematical_above_ten_per_cent_of_enough_pages() -> None:
    assert is_mathematical(100, 11, 0.1, 5)
    assert not is_mathematical(100, 10, 0.1, 5)
    assert not is_mathematical(4, 4, 0.1, 5)


def test_the_share_decides_and_the_interval_says_how_surely() -> None:
    assert is_mathematical(9, 1, 0.1, 5) and share_interval(1, 9)[0] < 0.1
    assert is_mathematical(9000, 1000, 0.1, 5) and share_interval(1000, 9000)[0] > 0.1


def site(path: str, recalled: int, missed: int, tokens: int = 10) -> list[tuple[str, bool, int]]:
    return [(f"https://www.example.org{path}/{n}", n < recalled, tokens) for n in range(recalled + missed)]


def test_prefixes_are_listed_where_their_shares_differ() -> None:
    tree = prefix_tree(site("/maths", 10, 0) + site("/blog", 0, 10) + site("/mixed", 5, 5) + site("/few", 2, 0), 5, 0.2)
    assert sorted((p.prefix, p.pages, p.recalled, p.missed_tokens) for p in tree) == [
        ("example.org", 32, 17, 150), ("example.org/blog", 10, 0, 100), ("example.org/maths", 10, 10, 0),
    ]  # fmt: skip


def test_a_difference_deep_down_is_found() -> None:
    tree = prefix_tree(site("/a/b/maths", 9, 1) + site("/a/b/news", 1, 9), 5, 0.2)
    assert {p.prefix for p in tree} == {"example.org", "example.org/a/b/maths", "example.org/a/b/news"}


def test_a_difference_that_chance_would_make_is_not_listed() -> None:
    sections = [page for n in range(200) for page in site(f"/{n}", (1, 3, 2)[n % 3], (5, 3, 4)[n % 3])]  # of 6 pages
    assert [p.prefix for p in prefix_tree(sections, 5, 0.15)] == ["example.org"]
    sections += site("/all", 6, 0)
    assert {p.prefix for p in prefix_tree(sections, 5, 0.15)} == {"example.org", "example.org/all"}


def test_a_large_site_of_like_sections_is_hardly_split_and_its_odd_sections_are_found() -> None:
    random = Random(1)
    pages = [(f"https://e.org/like{s}/{n}", random.random() < 0.3, 1)
             for s in range(2000) for n in range(random.randint(5, 20))]  # fmt: skip
    pages += [(f"https://e.org/odd{s}/{n}", random.random() < 0.9, 1) for s in range(50) for n in range(10)]
    listed = [p.prefix for p in prefix_tree(pages, 5, 0.2)]
    assert sum("odd" in p for p in listed) == 50
    assert sum("like" in p for p in listed) < 105, "the difference alone lists 317 of them"


def test_a_difference_that_is_sure_but_small_is_not_listed() -> None:
    tree = prefix_tree(site("/a", 600, 400) + site("/b", 500, 500), 5, 0.2)
    assert [p.prefix for p in tree] == ["example.org"]


def test_hosts_of_a_domain_are_judged_apart() -> None:
    pages = [("https://a.example.org/1", True, 1), ("https://b.example.org/1", False, 1)]
    assert [p.prefix for p in prefix_tree(pages, 5, 0.2)] == ["a.example.org", "b.example.org"]


def test_those_with_most_to_gain_come_first() -> None:
    # Long pages that were missed weigh more than many short ones, and less where little was recalled beside them.
    tree = prefix_tree(
        site("/found", 20, 0, 999) + site("/notes", 16, 4, 1000) + site("/shop", 0, 20, 400) + site("/mix", 9, 9, 10),
        5, 0.2,
    )  # fmt: skip
    assert [(p.prefix, p.expected_tokens) for p in tree] == [
        ("example.org", 6975), ("example.org/notes", 3200), ("example.org/found", 0), ("example.org/shop", 0),
    ]  # fmt: skip
    assert tree[0].expected_tokens == expected_tokens(4000 + 8000 + 90, 45 / 78)


def test_samples_show_first_what_would_join_the_seed() -> None:
    (tree,) = prefix_tree(site("/x", 4, 2), 100, 0.2)
    assert tree == Prefix("example.org", 6, 4, 20, (
        "https://www.example.org/x/4", "https://www.example.org/x/5",
        "https://www.example.org/x/0", "https://www.example.org/x/1", "https://www.example.org/x/2",
    ))  # fmt: skip
    assert tree.share == pytest.approx(4 / 6)


def test_the_order_of_pages_changes_nothing() -> None:
    pages = site("/a", 7, 2) + site("/b", 1, 8)
    assert prefix_tree(pages, 5, 0.2) == prefix_tree(pages[::-1], 5, 0.2)
