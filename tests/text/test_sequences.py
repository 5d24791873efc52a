"""Sequences that anybody writes are told from what somebody wrote."""

import pytest

from jobs.text.sequences import is_counting, list_form


@pytest.mark.parametrize(
    "text",
    [
        "1 2 3 4 5 6 7 8 9 10", "10 9 8 7 6 5 4 3 2 1", "45 54 63 72 81 90 99 108 117 126", "0 0 0 0 0 0 0 0 0 0",
        "1 0 0 1 0 1 1 1 1 1", "a b a b a b b b a a", "c 1 2 3 4 5 6 7 8 9", "is 1 2 3 4 5 6 7 8 9 10 and",
    ],
)  # fmt: skip
def test_counting(text: str) -> None:
    assert is_counting(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "the sum of 1 2 3 4 5 6 7 8 9 10", "f k l k 1 1 4 l 1 4", "2 3 5 7 11 13 17 19 23 29",
        "she ate 2 slices and while she was distracted 3", "1 2 3 1 2 3 1 2 3 1",
        "1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5 9.5 10.5",
    ],
)  # fmt: skip
def test_no_counting(text: str) -> None:
    assert not is_counting(text.split())


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("x 1 x 2 x 3 x 4 x 5", "@ #"), ("a 1 b 1 a 2 b 2 a 3 b 3", "@ # @ #"), ("a b c d e f g h i j", "@"),
        ("x 1 x 2 x 2 x 3 x 3 x", "@ # @ #"), ("x 1 x 2 x 4 x 7 x 11", ""), ("5 2 4 3 3 4 2 5", "5 2 4 3 3 4 2 5"),
        ("let x and y be real numbers such that", ""),
    ],
)  # fmt: skip
def test_lists(text: str, form: str) -> None:
    assert list_form(text.split()) == form
