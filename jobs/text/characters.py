"""How the maths reading sees each Unicode character: its class, its folded letters, the word it stands for.

Folding is casefold over compatibility forms, letter by letter: full-width and mathematical letters are plain ones,
accents stay, composed or not. Built in a third of a second once a process, then arrays that kernels index.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.text import tex_words

SEPARATOR, LETTER, DIGIT, ALONE, MARK, INVISIBLE, GREEK, EXPANDED, RAISED, SIGN, BACKSLASH, APOSTROPHE = range(12)

POINTS = 0x110000
ALONE_RANGES = (
    (0x3005, 0x3007), (0x3041, 0x3096), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x3FFFD),
)  # fmt: skip
"""Chinese and Japanese characters that need no folding: each is a word."""
LETTER_RANGES = ((0xAC00, 0xD7A3),)
"""Hangul syllables, letters that need no folding."""
FOLDED_RANGES = ((0, 0x3400), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xF900, 0x20000), (0xE0000, 0xE01F0))
"""Everything else that is assigned and no private use."""
APOSTROPHES = "'\u2018\u2019\u02bc\uff07"


class Characters(NamedTuple):
    """What kernels index (Numba takes named tuples): tables by code point, shape (POINTS,), and the letters that two of
    them point into."""

    classes: npt.NDArray[np.uint8]
    folded: npt.NDArray[np.int32]
    """Place in `letters` of the folded form: its length, then its letters; 0 where a character folds to itself."""
    named: npt.NDArray[np.int32]
    """Place in `letters` of the words that a GREEK or EXPANDED character stands for: how many, then for each its length
    and its letters."""
    growth: npt.NDArray[np.uint8]
    """The most letters that a character becomes, less one."""
    signs: npt.NDArray[np.uint8]
    letters: npt.NDArray[np.uint32]


@lru_cache(maxsize=1)
def characters() -> Characters:
    classes, signs = np.zeros(POINTS, np.uint8), np.zeros(POINTS, np.uint8)
    folded, named = np.zeros(POINTS, np.int32), np.zeros(POINTS, np.int32)
    growth = np.zeros(POINTS, np.uint8)
    letters = [0]

    for ranges, kind in ((ALONE_RANGES, ALONE), (LETTER_RANGES, LETTER)):
        for first, last in ranges:
            classes[first : last + 1] = kind
    for point in _to_fold(classes):
        seen = _seen(chr(point))
        classes[point] = seen.kind
        growth[point] = max(len(seen.folded), len("".join(seen.named)), 1) - 1
        if seen.folded not in ("", chr(point)):
            folded[point] = len(letters)
            letters += [len(seen.folded), *map(ord, seen.folded)]
        if seen.named:
            named[point] = len(letters)
            letters.append(len(seen.named))
            for word in seen.named:
                letters += [len(word), *map(ord, word)]
    for sign, code in tex_words.SIGNS.items():
        classes[ord(sign)], signs[ord(sign)] = SIGN, code
    return Characters(classes, folded, named, growth, signs, np.array(letters, np.uint32))


def _to_fold(classes: npt.NDArray[np.uint8]) -> Iterator[int]:
    for first, stop in FOLDED_RANGES:
        yield from (point for point in range(first, stop) if classes[point] == SEPARATOR)


@dataclass(frozen=True)
class _Seen:
    kind: int
    folded: str = ""
    named: tuple[str, ...] = ()


_GREEK_NAMES = {letter: name for name, letter in tex_words.GREEK.items()}


def _seen(char: str) -> _Seen:
    """One character outside the ranges above."""
    if char == "\\":
        return _Seen(BACKSLASH)
    if char in APOSTROPHES:
        return _Seen(APOSTROPHE)
    if char in tex_words.SYMBOLS:
        return _Seen(EXPANDED, named=tuple(tex_words.SYMBOLS[char].split()))
    if char in tex_words.DROPPED_SYMBOLS:
        return _Seen(SEPARATOR)
    digit = unicodedata.decimal(char, None)
    category = unicodedata.category(char)
    if digit is not None:
        return _Seen(DIGIT, str(digit))
    if category == "Cf" or "\ufe00" <= char <= "\ufe0f":
        return _Seen(INVISIBLE)
    if category[0] == "M":
        return _Seen(MARK, char)
    if _alone(unicodedata.normalize("NFKC", char)):
        return _Seen(ALONE, unicodedata.normalize("NFKC", char))
    return _folded(char, unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold()))


def _folded(char: str, folded: str) -> _Seen:
    """A character of letters, by what its compatibility form folds to."""
    name = _GREEK_NAMES.get(folded[0].replace("ς", "σ"), "")
    if name and all(unicodedata.category(c)[0] == "M" for c in folded[1:]):
        return _Seen(GREEK, folded, (name,))
    raised = unicodedata.decomposition(char).startswith(("<super>", "<sub>"))
    if raised and folded.isalnum():
        return _Seen(RAISED, folded)
    words = _words(folded)
    if not words:
        return _Seen(SEPARATOR)
    if words == [folded] and not folded[0].isdigit():
        return _Seen(LETTER, folded)
    return _Seen(EXPANDED, named=tuple(words))


def _words(folded: str) -> list[str]:
    """The words that a folded character holds: runs of letters with their marks, runs of digits, lone characters."""
    words: list[str] = []
    before = ""
    for char in folded:
        kind = before if before == "L" and unicodedata.category(char)[0] == "M" else _run(char)
        if kind and kind == before:
            words[-1] += char
        elif kind or _alone(char):
            words.append(char)
        before = kind
    return words


def _run(char: str) -> str:
    return "" if _alone(char) else "L" if char.isalpha() else "D" if char.isdigit() else ""


def _alone(form: str) -> bool:
    return len(form) == 1 and any(first <= ord(form) <= last for first, last in ALONE_RANGES)
