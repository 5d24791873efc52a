"""Other numbers make another exercise; other dates do not."""

import re

import pytest

from jobs.text.folding import folded_points
from jobs.text.masked_numbers import only_numbers_differ, read_words


def apart(a: str, b: str) -> bool:
    return only_numbers_differ(*(read_words(folded_points(text))[1] for text in (a, b)))


def test_an_exercise_with_other_numbers_is_another_exercise() -> None:
    assert apart("Solve 2x + 24 = 204 for x.", "Solve 17x + 148 = 301 for x.")
    assert not apart("Solve 2x + 24 = 204 for x.", "Solve 2x + 24 = 204 for x!")
    assert not apart("Solve 2x + 24 = 204 for x.", "Solve 17y + 148 = 301 for y.")  # left to the shingles


@pytest.mark.parametrize(
    "date",
    ["2020-10-15", "2020/1/5", "15.10.2020", "2020-10-15 10:30:00", "October 15th, 2020", "15 October 2020", "Oct 2020",
     "2020年10月15日", "© 2020-2024"],
)  # fmt: skip
def test_a_date_is_no_number_of_an_exercise(date: str) -> None:
    assert not apart(f"The sum of 3 and 4. Updated {date}", "The sum of 3 and 4. Updated 2019-01-02")


@pytest.mark.parametrize(
    "text", ["1024 - 24 = 1000", "x in 3/4", "the year 2020 had 366 days", "12:30", "May 5 apples"]
)
def test_numbers_that_are_no_dates_count(text: str) -> None:
    number = re.search(r"\d+", text)
    assert number is not None
    assert apart(text, text[: number.start()] + "7" + text[number.end() :])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Solve 3.5x = 7.", "Solve 12x = 24."),
        ("A town of 1,000 people", "A town of 950 people"),
        ("Find x², then stop.", "Find x³, then stop."),
        ("求 12 和 3 的和", "求 7 和 50 的和"),
        ("Line 1\n2020-10-15 then 4", "Line 2\n2021-11-16 then 5"),
    ],
)
def test_a_number_is_one_sign_however_it_is_written(one: str, other: str) -> None:
    assert apart(one, other) and not apart(one, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("image: torchx:0.6.0, params", "image: torchx:0.7.0, params"),
        ("Asked 3 years, 2 months ago. Solve x + 3 = 5.", "Asked 4 years, 11 months ago. Solve x + 3 = 5."),
        ("Viewed 1,203 times", "Viewed 14k times"),
    ],
)
def test_versions_and_what_a_site_counts_are_no_numbers_of_an_exercise(one: str, other: str) -> None:
    assert not apart(one, other)


def test_grouped_thousands_are_a_number() -> None:
    assert apart("It cost 1,000,000 in all", "It cost 1,250,000 in all") and apart("f(1.5) = 2", "f(1.25) = 2")
    assert apart("Tom was 5 years ago 7", "Tom was 5 years ago 8")


def test_numbers_at_the_edges_of_dates_stay_apart_from_them() -> None:
    assert not apart("at 2020-10-15", "at 2021-01-02") and apart("3 at 2020-10-15", "4 at 2020-10-15")
    assert read_words(folded_points("3 2020-10-15 4"))[1].numbers == read_words(folded_points("3 4"))[1].numbers
