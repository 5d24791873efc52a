"""The kernel of the maths reading: one pass over code points, left to right, linear in the length of the text.

Functions take the place to read from (`i`) and to write letters to (`at`), and return both behind what they took.
"""

from __future__ import annotations

import numpy as np

from jobs.kernels import bare_kernel, kernel
from jobs.text.characters import (
    ALONE,
    APOSTROPHE,
    BACKSLASH,
    DIGIT,
    EXPANDED,
    GREEK,
    INVISIBLE,
    LETTER,
    MARK,
    RAISED,
    SEPARATOR,
    SIGN,
)  # fmt: skip
from jobs.text.markup_kernel import (
    BANG,
    CLOSE,
    COMMA,
    FIRST_SIGN,
    FRACTION,
    OPEN,
    REVERSE,
    SPACE,
    copy_word,
    joined_signs,
    read_command,
    read_sign,
)  # fmt: skip
from jobs.text.reading import word_hash

GREEK_WORD = 3
"""So many Greek letters in a row are a word, fewer are symbols."""
STAR, UNDERLINE, BACKQUOTE, POINT, FULL_COMMA, FULL_POINT = 42, 95, 96, 46, 0xFF0C, 0xFF0E


@kernel
def read(points, table, names):  # type: ignore[no-untyped-def]
    """The words of a text, as in ReadText."""
    classes, folded, named, forms = table.classes, table.folded, table.named, table.letters
    trie, commands, tags, synonyms = names.trie, names.commands, names.tags, names.synonyms
    size = len(points)
    hashes, starts, ends, signs, letters, bounds = _room(points, table.growth)
    count, at, i, sign, arguments = 0, 0, 0, 0, 0
    while i < size:
        kind = classes[points[i]]
        if kind == SEPARATOR:
            arguments = arguments if points[i] == SPACE else 0
            i += 1
            continue
        start, first, code = i, at, 0
        if kind == LETTER:
            i, at = _letters(points, i, classes, folded, forms, letters, at)
        elif kind == DIGIT and not arguments:
            i, at = _number(points, i, classes, folded, forms, letters, at)
        elif kind in (ALONE, DIGIT):
            i, at = i + 1, _fold(points[i], folded, forms, letters, at)
        elif kind == BACKSLASH:
            i, at, code = read_command(points, i, trie, commands, synonyms, letters, at)
            sign = joined_signs(sign, code - FIRST_SIGN if code > FIRST_SIGN else 0)
        elif kind == SIGN:
            i, added = read_sign(points, i, table.signs, trie, tags)
            sign = joined_signs(sign, added)
        elif kind == GREEK:
            i, at = _greek(points, i, classes, folded, named, forms, letters, at)
        elif kind == RAISED:
            i, at = _raised(points, i, classes, folded, forms, letters, at)
        elif kind == EXPANDED:
            at, count, sign = _expanded(
                named[points[i]], forms, hashes, starts, ends, signs, letters, bounds, at, count, i, sign
            )
            first, i = at, i + 1
        else:  # marks without a letter, apostrophes outside words, what nobody sees
            i += 1
        arguments = 2 if code == FRACTION else max(0, arguments - 1) if kind == DIGIT else 0
        if at > first:
            hashes[count], signs[count] = word_hash(letters, first, at), sign
            starts[count], ends[count], bounds[count + 1] = start, i, at
            count, sign = count + 1, 0
    return hashes[:count], starts[:count], ends[:count], signs[:count], letters[:at], bounds[: count + 1]


@kernel
def _room(points, growth):  # type: ignore[no-untyped-def]
    """Arrays for the most words and letters that a text can have."""
    most = len(points)
    for point in points:
        if point > 127:
            most += growth[point]
    return (
        np.empty(most, np.uint64), np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.uint16),
        np.empty(most, np.uint32), np.zeros(most + 1, np.int32),
    )  # fmt: skip


@bare_kernel
def _fold(point, folded, forms, letters, at):  # type: ignore[no-untyped-def]
    place = folded[point]
    if place == 0:
        letters[at] = point
        return at + 1
    return copy_word(forms, place, letters, at)


@bare_kernel
def _expanded(place, forms, hashes, starts, ends, signs, letters, bounds, at, count, i, sign):  # type: ignore[no-untyped-def]
    """A character that stands for words: each is closed here."""
    parts = np.int64(forms[place]) if place else 0
    place += 1
    for _ in range(parts):
        first = at
        at = copy_word(forms, place, letters, at)
        place += np.int64(forms[place]) + 1
        hashes[count], signs[count] = word_hash(letters, first, at), sign
        starts[count], ends[count], bounds[count + 1] = i, i + 1, at
        count, sign = count + 1, 0
    return at, count, sign


@bare_kernel
def _letters(points, i, classes, folded, forms, letters, at):  # type: ignore[no-untyped-def]
    """A run of letters; apostrophes and Markdown marks between two letters are not there."""
    size = len(points)
    while i < size:
        point = points[i]
        kind = classes[point]
        if kind in (LETTER, MARK):
            place = folded[point]
            i += 1
            if place:
                at = copy_word(forms, place, letters, at)
            else:  # nearly always: the call would cost more than the letter
                letters[at] = point
                at += 1
            continue
        end = _marks(points, i, classes)
        if end in (i, size) or classes[points[end]] != LETTER:
            break
        i = end
    return i, at


@bare_kernel
def _marks(points, i, classes):  # type: ignore[no-untyped-def]
    """Behind what may stand inside a word without parting it."""
    size = len(points)
    while i < size:
        kind = classes[points[i]]
        if kind in (INVISIBLE, APOSTROPHE) or points[i] == BACKQUOTE:
            i += 1
        elif (points[i] == STAR or points[i] == UNDERLINE) and i + 1 < size and points[i + 1] == points[i]:
            i += 2
        else:
            break
    return i


@bare_kernel
def _number(points, i, classes, folded, forms, letters, at):  # type: ignore[no-untyped-def]
    """Digits, with decimals, and without what parts thousands: `,` `{,}` `\\,` `,\\!` before three digits."""
    size = len(points)
    while i < size:
        point = points[i]
        if classes[point] == DIGIT:
            at = _fold(point, folded, forms, letters, at)
            i += 1
        elif classes[point] == INVISIBLE:
            i += 1
        elif point in (POINT, FULL_POINT) and i + 1 < size and classes[points[i + 1]] == DIGIT:
            letters[at] = POINT
            at += 1
            i += 1
        else:
            skip = _thousands(points, i)
            digits = 0
            while skip and i + skip + digits < size and classes[points[i + skip + digits]] == DIGIT:
                digits += 1
            if digits != 3:
                break
            i += skip
    return i, at


@bare_kernel
def _thousands(points, i):  # type: ignore[no-untyped-def]
    """Length of a mark between groups of digits, 0 where there is none."""
    rest = len(points) - i
    if points[i] == COMMA or points[i] == FULL_COMMA:
        return 3 if rest > 3 and points[i + 1] == REVERSE and points[i + 2] == BANG else 1
    if points[i] == OPEN and rest > 3 and points[i + 1] == COMMA and points[i + 2] == CLOSE:
        return 3
    if points[i] == REVERSE and rest > 2 and points[i + 1] == COMMA:
        return 2
    return 0


@bare_kernel
def _greek(points, i, classes, folded, named, forms, letters, at):  # type: ignore[no-untyped-def]
    """A Greek word, or one letter as its name."""
    size = len(points)
    end = i
    while end < size and (classes[points[end]] == GREEK or classes[points[end]] == MARK):
        end += 1
    if end - i < GREEK_WORD:
        return i + 1, copy_word(forms, named[points[i]] + 1, letters, at)
    while i < end:
        at = _fold(points[i], folded, forms, letters, at)
        i += 1
    return i, at


@bare_kernel
def _raised(points, i, classes, folded, forms, letters, at):  # type: ignore[no-untyped-def]
    """Superscripts or subscripts in a row: all digits, or all letters."""
    size = len(points)
    digits = _is_digit(classes, folded, forms, points[i])
    while i < size and classes[points[i]] == RAISED and _is_digit(classes, folded, forms, points[i]) == digits:
        at = _fold(points[i], folded, forms, letters, at)
        i += 1
    return i, at


@bare_kernel
def _is_digit(classes, folded, forms, point):  # type: ignore[no-untyped-def]
    return classes[forms[folded[point] + 1]] == DIGIT
