"""Hashes of n-grams of words."""

from jobs.text.folding import folded_points
from jobs.text.masked_numbers import read_words
from jobs.text.ngrams import gram_hashes
from jobs.text.reading import Hashes


def hashes(text: str) -> Hashes:
    return read_words(folded_points(text))[0]


def test_equal_words_have_equal_hashes_and_order_matters() -> None:
    page = hashes("one two one three")
    assert page[0] == page[2] != page[1]
    a, b = (gram_hashes(hashes(text), 2)[0] for text in ("one two", "two one"))
    assert a != b and len(gram_hashes(page, 5)) == 0
