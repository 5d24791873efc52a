"""The words of a text, what it says with its numbers masked, and which numbers they are.

Two texts that agree but for their numbers are two exercises, not one page twice. Dates, versions (2.13.0) and what a
site counts by itself ("viewed 1,203 times", "asked 3 years ago") are no numbers in this sense, or every copy of a page
with another "last updated" would be a page of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jobs.kernels import kernel
from jobs.text.folding import Points
from jobs.text.ngrams import ALONE_RANGES
from jobs.text.reading import Hashes, mix

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"  # noqa: E501
_DATE = re.compile(
    rf"""
    \b\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}\b (?:[t\ ]\d{{1,2}}:\d\d(?::\d\d)?)?      # 2026-11-22, with a time of day
    | \b\d{{1,2}}([-/.])\d{{1,2}}\2\d{{4}}\b
    | \d{{4}}\s?年\s?\d{{1,2}}\s?月 (?:\s?\d{{1,2}}\s?日)?
    | \b{_MONTH}\s+ (?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)? \d{{4}}\b                  # november 22nd, 2026
    | \b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH},?\s+\d{{4}}\b
    | (?:©|\(c\)|copyright)\s*\d{{4}} (?:\s*[-–]\s*\d{{4}})?
    """,
    re.X,
)
_STAMP = re.compile(
    r"\bviewed\s+[\d.,]+[km]?\s+times?\b|"
    r"\b(?:asked|answered|modified|updated|edited|posted|published|active|created|commented|replied)\s+"
    r"(?:(?:about|over|almost)\s+)?\d+\s+(?:second|minute|hour|day|week|month|year)s?(?:,\s+\d+\s+months?)?\s+ago\b"
)
_NO_SPANS = np.empty((2, 0), np.int64)
AROUND_YEAR = 24  # characters: "september 22nd, " before a year, "-11-22 10:30:00" behind it
APART, RUN, ALONE, DIGIT = 0, 1, 2, 3  # classes of characters: between words, in a word, a word, in a number


@dataclass(frozen=True)
class Masked:
    """Two digests of a text, 63 bits each, dates left out of both."""

    wording: int
    """Of the words with every number as one sign."""
    numbers: int
    """Of the sequence of numbers."""


def read_words(points: Points) -> tuple[Hashes, Masked]:
    """Hashes of the words of a folded text, shape (words,), and its digests. Words are those of `jobs.text.ngrams`."""
    classes = _classes()
    years = _years(points, classes).tolist()
    folded = points.tobytes().decode("utf-32-le", "surrogatepass")
    spans = date_spans(folded, years) if years else []
    if " ago" in folded or "viewed" in folded:
        spans = sorted(spans + [found.span() for found in _STAMP.finditer(folded)])
    starts, ends = np.array(spans, np.int64).T.copy() if spans else _NO_SPANS
    hashes, wording, numbers = _read(points, classes, starts, ends)
    return hashes, Masked(int(wording) >> 1, int(numbers) >> 1)


def only_numbers_differ(one: Masked, other: Masked) -> bool:
    """Two texts say the same with other numbers: two exercises, never one page twice."""
    return one.wording == other.wording and one.numbers != other.numbers


def date_spans(folded: str, years: list[int]) -> list[tuple[int, int]]:
    """Where dates begin and end, in order. `years`: where they may have their years; only their surroundings are
    searched, as the pattern is slow."""
    spans: list[tuple[int, int]] = []
    for year in years:
        last = spans[-1][1] if spans else 0
        if year >= last:
            date = _DATE.search(folded, max(last, year - AROUND_YEAR), year + 4 + AROUND_YEAR)
            if date:
                spans.append(date.span())
    return spans


@lru_cache(maxsize=1)
def _classes() -> npt.NDArray[np.uint8]:
    """Class of every code point."""
    of = ((DIGIT if c.isdecimal() else RUN if c.isalnum() else APART) for c in map(chr, range(0x110000)))
    classes = np.fromiter(of, dtype=np.uint8, count=0x110000)
    for first, last in ALONE_RANGES:
        part = classes[first : last + 1]
        part[part == RUN] = ALONE
    return classes


@kernel
def _years(points, classes):  # type: ignore[no-untyped-def]
    """Where runs of exactly four digits begin that may be a year, 1000 to 2999."""
    found = np.empty(len(points) // 4 + 1, np.int64)
    count, i = 0, 0
    while i < len(points):
        if classes[points[i]] != DIGIT:
            i += 1
            continue
        start = i
        while i < len(points) and classes[points[i]] == DIGIT:
            i += 1
        if i - start == 4 and (points[start] == 0x31 or points[start] == 0x32):
            found[count] = start
            count += 1
    return found[:count].copy()


@kernel
def _read(points, classes, starts, ends):  # type: ignore[no-untyped-def]
    """Hashes of the words, and the digests of wording and numbers; dates and the like lie at starts[k]:ends[k]."""
    prime, seed = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)
    size = len(points)
    hashes = np.empty(size, np.uint64)
    count, date = 0, 0
    wording, numbers = np.uint64(1), np.uint64(2)
    dots, groups, digits = 0, True, 0  # of a number: how many it has, whether they part groups of three digits
    word, masked, number = np.uint64(0), np.uint64(0), np.uint64(0)  # hashes of what is being read; 0: nothing
    for i in range(size + 1):
        point = np.uint64(points[i]) if i < size else np.uint64(0x20)
        kind = classes[point] if i < size else APART
        if kind in (RUN, DIGIT):
            word = ((word if word else seed) ^ point) * prime
        else:
            if word != 0:
                hashes[count] = mix(word)
                count += 1
                word = np.uint64(0)
            if kind == ALONE:
                hashes[count] = mix((seed ^ point) * prime)
                count += 1
        while date < len(starts) and i >= ends[date]:
            date += 1
        if date < len(starts) and i >= starts[date]:
            kind = APART
        if kind == DIGIT:
            if number == 0:
                masked = ((masked if masked else seed) ^ np.uint64(0x30)) * prime
                dots, groups, digits = 0, True, 0
            digits += 1
            number = ((number if number else seed) ^ point) * prime
            continue
        if number != 0:
            joins = (point == 0x2E or point == 0x2C) and i + 1 < size and classes[points[i + 1]] == DIGIT
            if joins and kind == APART and not (date < len(starts) and i + 1 >= starts[date]):
                number = (number ^ np.uint64(0x2E)) * prime  # 3.5 and 1,000 are one number
                groups = groups and (dots == 0 or digits == 3)
                dots += 1
                digits = 0
                continue
            if dots < 2 or (groups and digits == 3):  # else a version such as 2.13.0; 1,000,000 is a number
                numbers = mix(numbers ^ number)
            number = np.uint64(0)
        if kind == RUN:
            masked = ((masked if masked else seed) ^ point) * prime
            continue
        if masked != 0:
            wording = mix(wording ^ masked)
            masked = np.uint64(0)
        if kind == ALONE:
            wording = mix(wording ^ point)
    return hashes[:count].copy(), wording, numbers
