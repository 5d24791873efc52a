"""Kernels for what stands between words: TeX commands, operators, HTML tags. Part of the maths reading."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.kernels import bare_kernel

UNSEEN = 0x200B
"""What decoded HTML references are filled up with."""
ALPHABET_ORDER = "abcdefghijklmnopqrstuvwxyz0123456789"
ALPHABET = len(ALPHABET_ORDER)
WORD, LAYOUT, FRACTION, ENVIRONMENT, FIRST_SIGN, FIRST_SYNONYM = 0, 1, 2, 3, 16, 32
"""What a command is: a word, something to drop, or FIRST_SIGN + an operator, FIRST_SYNONYM + a place in `synonyms`."""
LESS, GREATER, BANG, DASH, SLASH, COMMA, OPEN, CLOSE, REVERSE = 60, 62, 33, 45, 47, 44, 123, 125, 92
NEWLINE, SPACE, TAB, BAR, C, L, R = 10, 32, 9, 124, 99, 108, 114
LESS_SIGN, GREATER_SIGN, EQUAL_SIGN, TO_OR_EQUAL = 4, 5, 3, 2  # as in jobs.text.tex_words.SIGNS
LONGEST_ENVIRONMENT, LONGEST_COMMENT = 32, 4096
"""So many characters are looked at for an end: what has none may not cost its length again and again."""


class Names(NamedTuple):
    """Commands and tags: a trie by node and character, and for each node what the name that ends there is."""

    trie: npt.NDArray[np.int16]
    commands: npt.NDArray[np.int32]
    tags: npt.NDArray[np.bool_]
    synonyms: npt.NDArray[np.uint32]
    """Words that commands are read as: a length, then letters."""


@bare_kernel
def copy_word(source, place, letters, at):  # type: ignore[no-untyped-def]
    """Write the word at `place`: its length, then its letters."""
    length = np.int64(source[place])
    for k in range(length):
        letters[at + k] = source[place + 1 + k]
    return at + length


@bare_kernel
def read_command(points, i, trie, commands, synonyms, letters, at):  # type: ignore[no-untyped-def]
    """A TeX command: its word, unless it is layout or a sign; and what it is."""
    size = len(points)
    i += 1
    first, node = i, 0
    while i < size and (97 <= points[i] <= 122 or 65 <= points[i] <= 90):
        node = _follow(trie, node, points[i])
        i += 1
    if i == first:
        return i, at, LAYOUT  # \, \{ \\ and such: what follows the backslash is read as it stands
    code = commands[node] if node > 0 else WORD
    if code >= FIRST_SYNONYM:
        return i, copy_word(synonyms, code - FIRST_SYNONYM, letters, at), WORD
    if code == ENVIRONMENT:
        return _environment(points, i), at, code
    if code == WORD:
        for k in range(first, i):
            letters[at] = points[k] | 32
            at += 1
    return i, at, code


@bare_kernel
def _environment(points, i):  # type: ignore[no-untyped-def]
    """Behind the name of an environment in braces, or right here where none follows."""
    size = len(points)
    end = i
    while end < size and points[end] == SPACE:
        end += 1
    if end < size and points[end] == OPEN:
        for close in range(end + 1, min(size, end + LONGEST_ENVIRONMENT)):
            if points[close] == CLOSE:
                return _columns(points, close + 1)
            if points[close] == NEWLINE or points[close] == OPEN:
                break
    return i


@bare_kernel
def _columns(points, i):  # type: ignore[no-untyped-def]
    """Behind the columns of an array (`{l|cr}`), or right here where none follow."""
    size = len(points)
    end = i + 1
    while end < size and (points[end] == L or points[end] == C or points[end] == R or points[end] == BAR):
        end += 1
    return end + 1 if end < size and end > i + 1 and points[i] == OPEN and points[end] == CLOSE else i


@bare_kernel
def read_sign(points, i, codes, trie, tags):  # type: ignore[no-untyped-def]
    """An operator and its number; 0 for a mark of quotation at the start of a line, and for HTML."""
    point = points[i]
    if point == LESS:
        end = _markup(points, i, trie, tags)
        if end > i:
            return end, 0
    if point == GREATER:
        before = i - 1
        while before >= 0 and (points[before] == SPACE or points[before] == GREATER):
            before -= 1
        if before < 0 or points[before] == NEWLINE:
            return i + 1, 0
    return i + 1, codes[point]


@bare_kernel
def joined_signs(before, code):  # type: ignore[no-untyped-def]
    """Signs in a row as one number: repeated ones count once, `<=` is one sign."""
    if code == 0 or before & 15 == code:
        return before
    if code == EQUAL_SIGN and (before & 15 == LESS_SIGN or before & 15 == GREATER_SIGN):
        return before + TO_OR_EQUAL
    return (before << 4 | code) & 0xFFFF


@bare_kernel
def _markup(points, i, trie, tags):  # type: ignore[no-untyped-def]
    """Behind the tag or comment that begins here, or right here where none does."""
    size = len(points)
    k = i + 1
    if k + 2 < size and points[k] == BANG and points[k + 1] == DASH and points[k + 2] == DASH:
        for end in range(k + 3, min(size, k + LONGEST_COMMENT)):
            if points[end] == GREATER and _closes(points, end):
                return end + 1
        return i
    if k < size and points[k] == SLASH:
        k += 1
    node = _follow(trie, 0, points[k]) if k < size else -1
    while k < size and node > 0:
        k += 1
        following = _follow(trie, node, points[k]) if k < size else -1
        if following < 0:
            break
        node = following
    if node <= 0 or k == size or not tags[node] or not _ends_a_name(points[k]):
        return i
    while k < size and points[k] != GREATER and points[k] != LESS:
        k += 1
    return k + 1 if k < size and points[k] == GREATER else i


@bare_kernel
def _follow(trie, node, point):  # type: ignore[no-untyped-def]
    """The node behind an ASCII letter or digit, -1 behind none."""
    if node < 0:
        return -1
    if 97 <= point <= 122:
        following = trie[node, point - 97]
    elif 65 <= point <= 90:
        following = trie[node, point - 65]
    elif 48 <= point <= 57:
        following = trie[node, point - 48 + 26]
    else:
        return -1
    return following if following else -1


@bare_kernel
def _ends_a_name(point):  # type: ignore[no-untyped-def]
    return point in (SPACE, TAB, NEWLINE, SLASH, GREATER, UNSEEN)


@bare_kernel
def _closes(points, i):  # type: ignore[no-untyped-def]
    """Two dashes stand before this place; decoding may have put what nobody sees between."""
    while points[i - 1] == UNSEEN:
        i -= 1
    return points[i - 1] == DASH and points[i - 2] == DASH
