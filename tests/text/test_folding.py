"""The table folds as unicodedata does."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.text.folding import folded_points
from jobs.text.masked_numbers import read_words
from jobs.text.ngrams import ALONE_RANGES

SOME = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("ABß½…ﬁΣςİ가각각éée\u0301ﾞ漢カﾞ２²\u00b4\0"), max_size=30
)


def folded(text: str) -> str:
    return folded_points(text).tobytes().decode("utf-32-le", "surrogatepass")


def slow_words(text: str) -> list[str]:
    """Maximal runs of letters and digits, folded; each character of Chinese and Japanese alone."""
    words: list[str] = []
    in_run = False
    for character in unicodedata.normalize("NFKC", text).casefold():
        alone = character.isalnum() and any(first <= ord(character) <= last for first, last in ALONE_RANGES)
        if character.isalnum() and in_run and not alone:
            words[-1] += character
        elif character.isalnum():
            words.append(character)
        in_run = character.isalnum() and not alone
    return words


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
    assert slow_words(text) == expected
    assert len(read_words(folded_points(text))[0]) == len(expected)


@settings(deadline=None)  # the first example compiles kernels
@given(SOME)
def test_words_are_those_of_the_slow_way(text: str) -> None:
    hashes, _ = read_words(folded_points(text))
    assert len(hashes) == len(slow_words(text))
    assert len(set(hashes.tolist())) == len(set(slow_words(text)))


@settings(deadline=None)  # the first example compiles kernels
@given(SOME)
def test_letters_fold_as_unicodedata_folds_them(text: str) -> None:
    slow = unicodedata.normalize("NFKC", text).casefold()
    assert [c for c in folded(text) if c.isalnum()] == [c for c in slow if c.isalnum()]


@pytest.mark.parametrize(("text", "expected"), [("ÉCOLE № 2²", "école no 22"), ("Cafe\u0301", "café"), ("a…b", "a b")])
def test_examples(text: str, expected: str) -> None:
    assert folded(text) == expected
