"""The compiled reading of jobs.text.normalise: UTF-8 in, its tokens out, a space behind each.

The tables say of every character what the Python reading says of it; what is done with them is the token pattern.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.kernels import bare_kernel, kernel

SYMBOL, SPACE, LETTER, ALONE = range(4)
POINTS = 0x110000
ALONE_RANGES = (
    (0x3005, 0x3007), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
"""Kana, Han with its extensions and compatibility forms: scripts without spaces, where one character is one token.
Hangul is left out on purpose: Korean puts spaces between words."""
BACKSLASH, BLANK = 92, 32


class Tables(NamedTuple):
    """By code point, shape (POINTS,)."""

    classes: npt.NDArray[np.uint8]
    lower: npt.NDArray[np.int32]


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Built once a process, in a quarter of a second."""
    classes, lower = np.zeros(POINTS, np.uint8), np.arange(POINTS, dtype=np.int32)
    for first, last in ALONE_RANGES:
        classes[first : last + 1] = ALONE
    for point in range(ALONE_RANGES[-1][0]):  # beyond there are no letters and no white space
        char = chr(point)
        if char.isspace():
            classes[point] = SPACE
        elif classes[point] != ALONE and char.isalnum():
            classes[point] = SYMBOL if char.isdecimal() else LETTER  # a digit stands alone, as symbols do
        folded = plain_letters(char).lower()
        if folded != char:
            lower[point] = ord(folded)
    return Tables(classes, lower)


def plain_letters(text: str) -> str:
    """Letters whose lower case depends on what stands beside them, or is two characters, as plain ones."""
    return text.replace("Σ", "σ").replace("ς", "σ").replace("İ", "i")


@bare_kernel
def decoded(text, at):  # type: ignore[no-untyped-def]
    """The character that begins at a byte of valid UTF-8, and where the next begins."""
    first = np.int64(text[at])
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (text[at + 1] & 0x3F), at + 2
    if first < 0xF0:
        return (first & 0x0F) << 12 | (np.int64(text[at + 1]) & 0x3F) << 6 | (text[at + 2] & 0x3F), at + 3
    upper = (first & 0x07) << 18 | (np.int64(text[at + 1]) & 0x3F) << 12
    return upper | (np.int64(text[at + 2]) & 0x3F) << 6 | (text[at + 3] & 0x3F), at + 4


@bare_kernel
def put(out, end, point):  # type: ignore[no-untyped-def]
    """Write a character as UTF-8; returns the new end."""
    if point < 0x80:
        out[end] = point
        return end + 1
    if point < 0x800:
        out[end] = 0xC0 | point >> 6
        out[end + 1] = 0x80 | point & 0x3F
        return end + 2
    if point < 0x10000:
        out[end] = 0xE0 | point >> 12
        out[end + 1] = 0x80 | point >> 6 & 0x3F
        out[end + 2] = 0x80 | point & 0x3F
        return end + 3
    out[end] = 0xF0 | point >> 18
    out[end + 1] = 0x80 | point >> 12 & 0x3F
    out[end + 2] = 0x80 | point >> 6 & 0x3F
    out[end + 3] = 0x80 | point & 0x3F
    return end + 4


@bare_kernel
def is_latin(byte):  # type: ignore[no-untyped-def]
    return 65 <= byte <= 90 or 97 <= byte <= 122


@kernel
def write_tokens(text, bounds, classes, lower):  # type: ignore[no-untyped-def]
    """Write the tokens of each text: (bytes, bounds of the texts in them, tokens of each text).

    text: the UTF-8 bytes of all texts under NFKC, uint8; bounds: where each begins, and the end of the last, int64
    [n + 1]. Each token has a blank behind it, so that a text of n tokens has n blanks.
    """
    # A byte becomes two at most: an ASCII character and its blank; lower case of two bytes has three at most.
    out = np.empty(2 * (bounds[-1] - bounds[0]) + 4, np.uint8)
    ends = np.zeros(len(bounds), np.int64)
    counts = np.zeros(len(bounds) - 1, np.int64)
    end = 0
    for i in range(len(counts)):
        at, last = bounds[i], bounds[i + 1]
        while at < last:
            point, after = decoded(text, at)
            kind = classes[point]
            if kind == SPACE:
                at = after
                continue
            end = put(out, end, lower[point])
            at = after
            if kind == LETTER:
                while at < last:
                    point, after = decoded(text, at)
                    if classes[point] != LETTER:
                        break
                    end = put(out, end, lower[point])
                    at = after
            elif point == BACKSLASH:
                while at < last and is_latin(text[at]):
                    out[end] = text[at]
                    end, at = end + 1, at + 1
            out[end] = BLANK
            end += 1
            counts[i] += 1
        ends[i + 1] = end
    return out[:end], ends, counts
