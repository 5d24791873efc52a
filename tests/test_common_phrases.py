"""A phrase is spared for a reason that was counted, and only then."""

from typing import Any

import pytest

from jobs.common_phrases import common_phrases

PHRASE = "let x and y be real numbers such that their sum"
LIST = "x 1 x 2 x 3 x 4 x 5"


def rows(phrase: str, domains: int, contexts: int = 1, share: float = 0.2) -> list[dict[str, Any]]:
    return [
        {"phrase": phrase, "page_id": f"p{d}", "domain": f"d{d}.org", "url": f"https://d{d}.org/", "benchmark": "b",
         "item": str(c), "context": f"{c} {c}", "share": share}
        for d in range(domains) for c in range(contexts)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shared", "reason"),
    [
        (rows("1 2 3 4 5 6 7 8 9 10", 1), "counting"),
        (rows(LIST, 2), "list"),
        (rows(LIST, 1), ""),
        (rows("3 4 4 5 5 6 6 7 7 8", 1), ""),
        (rows(PHRASE, 2, contexts=5), "many_texts"),
        (rows(PHRASE, 1, contexts=5), ""),
        (rows(PHRASE, 2, contexts=4), ""),
        (rows(PHRASE, 3), "many_domains"),
        (rows(PHRASE, 3, share=0.5), ""),
        (rows(PHRASE, 2), ""),
    ],
)
def test_reasons(shared: list[dict[str, Any]], reason: str) -> None:
    assert [p.reason for p in common_phrases(shared)] == ([reason] if reason else [])


def test_lists_of_one_form_on_two_domains_speak_for_each_other() -> None:
    other = [{**row, "domain": "other.org"} for row in rows("a 3 a 4 a 5 a 6 a 7 a 8", 1)]
    assert [p.reason for p in common_phrases(rows(LIST, 1) + other)] == ["list", "list"]


def test_the_evidence_is_counted() -> None:
    (phrase,) = common_phrases(rows(PHRASE, 3, contexts=2) + rows(PHRASE, 1, share=0.4) + rows("seven of it", 1))
    assert (phrase.phrase, phrase.texts, phrase.items, phrase.pages, phrase.domains) == (PHRASE, 2, 2, 3, 3)
    assert (phrase.share, phrase.benchmark, phrase.item, phrase.url) == (0.4, "b", "0", "https://d0.org/")
