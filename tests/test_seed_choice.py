"""Which pages become examples: never a seed's twin as a negative, never more negatives than positives."""

from jobs.seed_choice import Candidate, Example, Known, candidate, choose_examples

ALL, NONE = 1 << 63, 0
FIRST = Known(frozenset({"https://m.org/a"}), {}, {})
LATER = Known(frozenset({"https://m.org/a"}), {"id1": "seed file"}, {"m.org/maths": True, "m.org/maths/chat": False})


def kind(page_id: str, url: str, known: Known, below: int = ALL, formulas: int = 0) -> str:
    found = candidate(page_id, url, "m.org", formulas, known, "0", below)
    return found.kind if found else ""


def test_a_seeds_page_is_found_by_any_spelling_of_its_address() -> None:
    assert kind("x", "http://www.m.org/a/?utm_source=y#z", FIRST) == "known"
    assert kind("x", "https://m.org/b", FIRST) == "random"


def test_later_a_twin_of_a_positive_is_neither_an_example_nor_a_negative() -> None:
    assert kind("id1", "https://m.org/a", LATER) == "known"
    assert kind("id2", "https://m.org/a#twin", LATER) == ""


def test_pages_under_approved_prefixes_are_candidates_and_under_rejected_ones_random() -> None:
    found = candidate("x", "https://m.org/maths/1", "m.org", 7, LATER, "0", NONE)
    assert found is not None and (found.kind, found.origin) == ("approved", "approved:m.org/maths")
    assert kind("x", "https://m.org/maths/chat/1", LATER) == "random"


def test_a_page_with_formulas_may_be_a_positive_but_never_a_random_negative() -> None:
    assert kind("x", "https://n.org/", FIRST, formulas=1) == ""
    assert kind("x", "https://m.org/a", FIRST, formulas=1) == "known"
    assert kind("x", "https://m.org/maths/1", LATER, formulas=1) == "approved"


def test_a_page_whose_draw_is_too_high_is_not_in_the_random_sample() -> None:
    assert kind("x", "https://n.org/", FIRST, NONE) == ""


def page(page_id: str, draw: int, kind: str, canonical: str = "") -> Candidate:
    origin = {"known": "seed file", "approved": "approved:m.org", "random": "crawl"}[kind]
    return Candidate(page_id, canonical or page_id, "m.org", draw, kind, origin)


def test_negatives_are_the_smallest_draws_and_as_many_as_positives() -> None:
    pages = [page("a", 9, "known"), page("b", 8, "known"), *(page(f"r{n}", n, "random") for n in range(5))]
    assert choose_examples(pages[::-1], 0, 10) == [
        Example("a", "math", "seed file"), Example("b", "math", "seed file"),
        Example("r0", "other", "crawl"), Example("r1", "other", "crawl"),
    ]  # fmt: skip
    assert sum(e.label == "other" for e in choose_examples(pages, 1, 10)) == 3
    assert sum(e.label == "other" for e in choose_examples(pages, 9, 4)) == 4


def test_a_seed_is_one_page_however_often_it_was_crawled() -> None:
    twins = [page("a", 5, "known", "https://m.org/a"), page("b", 4, "known", "https://m.org/a")]
    assert choose_examples(twins, 0, 0) == [Example("b", "math", "seed file")]


def test_approved_pages_join_and_are_never_negatives() -> None:
    pages = [page("a", 1, "known"), *(page(f"p{n}", n, "approved", "https://m.org/same") for n in range(2))]
    assert choose_examples(pages, 0, 10) == [
        Example("a", "math", "seed file"),
        Example("p0", "math", "approved:m.org"), Example("p1", "math", "approved:m.org"),
    ]  # fmt: skip
