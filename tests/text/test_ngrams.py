"""Words of a text, and hashes of their n-grams."""

import pytest

from jobs.text.ngrams import gram_hashes, words


def split(text: str) -> list[str]:
    page = words(text)
    return [page.joined(i, 1) for i in range(len(page))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Solve 2x+3=7.", ["solve", "2x", "3", "7"]),
        ("设集合A={1，２}", ["设", "集", "合", "a", "1", "2"]),
        ("ひらがな カナ", list("ひらがなカナ")),
        ("Straße ﬁne x²", ["strasse", "fine", "x2"]),
        ("한국어 문장", ["한국어", "문장"]),
        (" \n—!", []),
        ("", []),
        ("a_b 𝐱", ["a", "b", "x"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_equal_words_have_equal_hashes_and_order_matters() -> None:
    page = words("one two one three")
    assert page.hashes[0] == page.hashes[2] != page.hashes[1]
    a, b = (gram_hashes(words(t).hashes, 2)[0] for t in ("one two", "two one"))
    assert a != b and len(gram_hashes(page.hashes, 5)) == 0
