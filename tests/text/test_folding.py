"""The table folds as unicodedata does."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.text.folding import folded_points
from jobs.text.masked_numbers import read_words
from jobs.text.ngrams import words

SOME = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("ABß½…ﬁΣςİ가각각éée\u0301ﾞ漢カﾞ２²\u00b4\0"), max_size=30
)


def folded(text: str) -> str:
    return folded_points(text).tobytes().decode("utf-32-le", "surrogatepass")


@settings(deadline=None)  # the first example compiles kernels
@given(SOME)
def test_words_are_those_of_the_slow_way(text: str) -> None:
    hashes, _ = read_words(folded_points(text))
    assert len(hashes) == len(words(text))
    assert len(set(hashes.tolist())) == len({words(text).joined(i, 1) for i in range(len(hashes))})


@settings(deadline=None)  # the first example compiles kernels
@given(SOME)
def test_letters_fold_as_unicodedata_folds_them(text: str) -> None:
    slow = unicodedata.normalize("NFKC", text).casefold()
    assert [c for c in folded(text) if c.isalnum()] == [c for c in slow if c.isalnum()]


@pytest.mark.parametrize(("text", "expected"), [("ÉCOLE № 2²", "école no 22"), ("Cafe\u0301", "café"), ("a…b", "a b")])
def test_examples(text: str, expected: str) -> None:
    assert folded(text) == expected
