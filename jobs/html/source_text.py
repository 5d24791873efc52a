"""Text and attributes of a page as served, written the way an HTML5 serialiser writes them.

What would need more of the standard than is here (a reference without its semicolon, a null, a name with odd
characters) makes the page UNSURE, and a full parser reads it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.html.characters import AMPERSAND, EQUALS, GREATER, LESS, QUOTE, SEMICOLON, SLASH, Bytes
from jobs.html.source_names import (
    CHARACTERS,
    LEGACY_REFERENCES,
    LONGEST_LEGACY,
    LONGEST_REFERENCE,
    REFERENCES,
    WINDOWS_1252,
)
from jobs.html.tags import (
    HASH_PRIME,
    HASH_START,
    look_up,
)
from jobs.kernels import bare_kernel

MAX_ATTRIBUTES = 64
"""Attributes of a tag; each is compared with all before it."""

WRITTEN, DEPTH, MODE, UNSURE, SELECTS, FORMS, QUIRKS, CLOSED, SKIP_NEWLINE = range(9)
"""Cells of `Source.state`. WRITTEN: bytes. DEPTH: open elements. MODE: where in the document. SELECTS, FORMS: open
ones. QUIRKS: not surely in standards mode. CLOSED: the last start tag ended with a slash. SKIP_NEWLINE: a `pre` has
just begun."""

_AMP, _LT, _GT, _QUOT, _NBSP = (
    np.frombuffer(word, dtype=np.uint8) for word in (b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&nbsp;")
)
_SHARP, _EXCLAMATION, _QUESTION = (ord(c) for c in "#!?")
_PLAIN = np.ones(256, dtype=np.bool_)
"""Bytes that are written as they are."""
_PLAIN[[*b'&<>"', 0xC2]] = False
IS_SPACE = np.zeros(256, dtype=np.bool_)
IS_SPACE[[*b" \t\n\f"]] = True
_IS_NAME = np.zeros(256, dtype=np.bool_)
_IS_NAME[[*b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:.@$%*+,;!?#()[]{}|~^&"]] = True
_IS_ALPHANUMERIC = np.zeros(256, dtype=np.bool_)
_IS_ALPHANUMERIC[[*b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"]] = True


class Source(NamedTuple):
    """A page that is read, and what is written of it."""

    page: Bytes
    out: Bytes
    names: npt.NDArray[np.int64]
    """Of the open elements: the number of the name, or the hash of it; a row each, the document itself first."""
    opened: npt.NDArray[np.int64]
    """(depth, columns of `source_scan`)."""
    seen: npt.NDArray[np.int64]
    """Hashes of the names of a tag's attributes."""
    state: npt.NDArray[np.int64]


@bare_kernel
def put_word(source: Source, word: Bytes) -> None:
    """A few bytes to the output."""
    put_bytes(source, word, 0, len(word))


@bare_kernel
def put_bytes(source: Source, page: Bytes, begin: int, end: int) -> None:
    """Bytes to the output as they are."""
    out, to = source.out, source.state[WRITTEN]
    if to + end - begin > len(out):
        source.state[UNSURE] = 1
        return
    for at in range(end - begin):
        out[to + at] = page[begin + at]
    source.state[WRITTEN] = to + end - begin


@bare_kernel
def put_lower(source: Source, first: int, begin: int, end: int) -> None:
    """A byte and a name in lower case to the output."""
    out, to, page = source.out, source.state[WRITTEN], source.page
    if to + 1 + end - begin > len(out):
        source.state[UNSURE] = 1
        return
    out[to] = first
    to += 1
    for at in range(begin, end):
        byte = page[at]
        out[to] = byte + 32 if 65 <= byte <= 90 else byte
        to += 1
    source.state[WRITTEN] = to


@bare_kernel
def put_text(source: Source, begin: int, end: int, last: int, in_value: bool) -> int:
    """Text, or the value of an attribute, with its references read and the serialiser's five written; where it ends.

    It ends at `end`, at the byte `last` (a quote), or, if that is `<`, where a tag begins.
    """
    page, out, state = source.page, source.out, source.state
    at, to, room = begin, state[WRITTEN], len(out)
    while at < end:
        stop = min(end, at + room - to)
        while at < stop and _PLAIN[page[at]]:
            out[to] = page[at]
            to += 1
            at += 1
        state[WRITTEN] = to
        if at >= end or (page[at] == last and (last != LESS or opens_markup(page, at))):
            return at
        if to >= room:
            state[UNSURE] = 1
        elif page[at] == AMPERSAND:
            at = _reference(source, at, end, in_value)
        else:
            at = _special(source, page, at, end, in_value)
        to = state[WRITTEN]
        if state[UNSURE]:
            return end
    return at


@bare_kernel
def opens_markup(page: Bytes, at: int) -> bool:
    """Whether a `<` begins a tag, comment or declaration; else it is text."""
    if at + 1 >= len(page):
        return True
    following = page[at + 1]
    return 97 <= following | 32 <= 122 or following == SLASH or following == _EXCLAMATION or following == _QUESTION


@bare_kernel
def _special(source: Source, page: Bytes, at: int, end: int, in_value: bool) -> int:
    """One byte (or no-break space) that the serialiser does not always write as it is; what follows it."""
    byte = page[at]
    if byte == AMPERSAND:
        put_word(source, _AMP)
    elif byte == LESS:
        put_word(source, _LT)
    elif byte == GREATER:
        put_word(source, _GT)
    elif byte == QUOTE and in_value:
        put_word(source, _QUOT)
    elif byte == 0xC2 and at + 1 < end and page[at + 1] == 0xA0:
        put_word(source, _NBSP)
        return at + 2
    else:
        put_bytes(source, page, at, at + 1)
    return at + 1


@bare_kernel
def _reference(source: Source, begin: int, end: int, in_value: bool) -> int:
    """What an ampersand begins: a character by name or number, or itself."""
    page = source.page
    at, hashed, legacy = begin + 1, HASH_START, 0
    if at < end and page[at] == _SHARP:
        return _numeric_reference(source, at + 1, end, in_value)
    while at < end and _IS_ALPHANUMERIC[page[at]] and at - begin <= LONGEST_REFERENCE:
        hashed = (hashed ^ np.int64(page[at])) * HASH_PRIME
        at += 1
        if at - begin - 1 <= LONGEST_LEGACY and look_up(LEGACY_REFERENCES, hashed) != 0:
            legacy = at
    if at < end and page[at] == SEMICOLON:
        row = look_up(REFERENCES, hashed)
        if row != 0:
            word, size = CHARACTERS[row - 1], 0
            while size < len(word) and word[size] != 0:
                size += 1
            _put_character(source, word, size, in_value)
            return at + 1
    # In a value a name without a semicolon counts only if no letter, digit or `=` follows.
    literal = legacy == 0 or (in_value and (legacy < at or (at < end and page[at] == EQUALS)))
    if not literal:
        source.state[UNSURE] = 1
    put_word(source, _AMP)
    return begin + 1


@bare_kernel
def _put_character(source: Source, word: Bytes, size: int, in_value: bool) -> None:
    at = 0
    while at < size:
        at = _special(source, word, at, size, in_value)


@bare_kernel
def _numeric_reference(source: Source, at: int, end: int, in_value: bool) -> int:
    page, state = source.page, source.state
    base = 10
    if at < end and page[at] | 32 == 120:
        base, at = 16, at + 1
    number, digits = 0, 0
    while at < end and digits < 8:
        byte = np.int64(page[at])
        if 48 <= byte <= 57:
            digit = byte - 48
        elif base == 16 and 97 <= byte | 32 <= 102:
            digit = (byte | 32) - 87
        else:
            break
        number, digits, at = number * base + digit, digits + 1, at + 1
    if digits == 0 or at >= end or page[at] != SEMICOLON:
        state[UNSURE] = 1
        return end
    if 0x80 <= number < 0xA0:
        number = WINDOWS_1252[number - 0x80]
    if number < 32 and not (number == 9 or number == 10) or number == 127 or not _is_character(number):
        state[UNSURE] = 1
        return end
    _put_point(source, number, in_value)
    return at + 1


@bare_kernel
def _is_character(number: int) -> bool:
    """Not a surrogate, nor a noncharacter that the scan would mistake for a mark."""
    return number < 0xD800 or 0xE000 <= number < 0xFDD0 or 0xFDF0 <= number < 0xFFFE or 0x10000 <= number < 0x110000


@bare_kernel
def _put_point(source: Source, number: int, in_value: bool) -> None:
    """A code point in UTF-8."""
    out, to = source.out, source.state[WRITTEN]
    if to + 8 > len(out):
        source.state[UNSURE] = 1
    elif number == 0xA0:
        put_word(source, _NBSP)
    elif number < 0x80:
        out[to] = number
        if number == LESS or number == GREATER or number == AMPERSAND or number == QUOTE:
            _special(source, out, to, to + 1, in_value)
        else:
            source.state[WRITTEN] = to + 1
    else:
        size = 2 if number < 0x800 else 3 if number < 0x10000 else 4
        for step in range(size - 1, 0, -1):
            out[to + step] = 0x80 | number & 0x3F
            number >>= 6
        out[to] = (0xF0 << (4 - size)) & 0xFF | number
        source.state[WRITTEN] = to + size


@bare_kernel
def read_name(page: Bytes, at: int) -> tuple[int, int]:
    """The hash of a tag's or attribute's name in lower case, and where the name ends."""
    hashed, size = HASH_START, len(page)
    while at < size and _IS_NAME[page[at]]:
        byte = np.int64(page[at])
        hashed = (hashed ^ (byte + 32 if 65 <= byte <= 90 else byte)) * HASH_PRIME
        at += 1
    return hashed, at
