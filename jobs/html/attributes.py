"""Attributes of an element, read once in the compiled scan: the marks that their words give it."""

from __future__ import annotations

import numpy as np

from jobs.html.characters import COLON, EQUALS, GREATER, QUOTE, SPACE, Bytes, is_space
from jobs.html.tags import HASH_PRIME, HASH_START, TAG, look_up
from jobs.html.word_marks import (
    ATTRIBUTE_INITIALS,
    ATTRIBUTES,
    CLASS,
    DISPLAY_WRAPPER,
    FORMULA,
    HIDDEN,
    HIDDEN_ATTRIBUTE,
    HREF,
    HREF_ATTRIBUTE,
    ID,
    KEPT_ASIDE,
    KEPT_ASIDE_WORDS,
    LOCAL_LINK,
    LONGEST_ATTRIBUTE,
    NAME_WORDS,
    NAMED,
    NAMES_MARKS,
    NONE,
    ROLE,
    ROLES,
    STYLE,
    TYPE,
    UNTIL_FOUND,
)
from jobs.kernels import bare_kernel

_SCRIPT, _ASIDE = TAG["script"], TAG["aside"]
_SHARP = ord("#")
_MATH_TYPE, _DISPLAY, _VISIBILITY = (
    np.frombuffer(word, dtype=np.uint8) for word in (b"math/", b"display", b"visibility")
)
_NO_DISPLAY, _NO_VISIBILITY = (np.frombuffer(word, dtype=np.uint8) for word in (b"none", b"hidden"))


@bare_kernel
def attribute_marks(markup: Bytes, at: int, kind: int) -> tuple[int, int]:
    """Marks of an element from its attributes, and where they end (at `>`)."""
    size = len(markup)
    marks = 0
    while at < size and markup[at] != GREATER:
        if markup[at] == SPACE:
            at += 1
            continue
        begin = at
        at += 1  # a name may begin with `=`
        while at < size and markup[at] != EQUALS and markup[at] != SPACE and markup[at] != GREATER:
            at += 1
        name_end = at
        value, value_end = at, at
        if at + 1 < size and markup[at] == EQUALS and markup[at + 1] == QUOTE:
            value = at + 2
            value_end = value
            while value_end < size and markup[value_end] != QUOTE:
                value_end += 1
            at = value_end + 1
        if name_end - begin <= LONGEST_ATTRIBUTE and ATTRIBUTE_INITIALS[markup[begin]]:
            name = look_up(ATTRIBUTES, _hash(markup, begin, name_end))
            if name != 0:
                marks |= _marks_of(markup, name, value, value_end, kind)
    return marks, min(at, size)


@bare_kernel
def _marks_of(markup: Bytes, name: int, value: int, end: int, kind: int) -> int:
    """Marks that one known attribute gives."""
    if name == CLASS or name == ID:
        marks = _word_marks(markup, value, end, name == CLASS)
        if kind == _ASIDE:
            for word in range(KEPT_ASIDE_WORDS.shape[0]):
                if _contains(markup, value, end, KEPT_ASIDE_WORDS[word]):
                    marks |= KEPT_ASIDE
        return marks
    if name == STYLE:
        return HIDDEN if _hides(markup, value, end) else 0
    if name == HIDDEN_ATTRIBUTE:
        return 0 if _equals(markup, value, end, UNTIL_FOUND) else HIDDEN
    if name == ROLE:
        return look_up(ROLES, _hash(markup, value, end))
    if name == HREF_ATTRIBUTE:
        return HREF | LOCAL_LINK if value < end and markup[value] == _SHARP else HREF
    if name == TYPE:
        return FORMULA if kind == _SCRIPT and _begins(markup, value, end, _MATH_TYPE) else NONE
    return FORMULA  # a data attribute that carries formulas


@bare_kernel
def _word_marks(markup: Bytes, at: int, end: int, is_class: bool) -> int:
    """Marks of the words of a class or id: whole words as written, and the letters in them in lower case."""
    marks, words = 0, 0
    while at < end and words < 40:
        while at < end and is_space(markup[at]):
            at += 1
        whole, letters, letters_begin = HASH_START, HASH_START, at
        begin = at
        while at < end and not is_space(markup[at]):
            byte = np.int64(markup[at])
            whole = (whole ^ byte) * HASH_PRIME
            lower = byte | 32
            if 97 <= lower <= 122:
                letters = (letters ^ lower) * HASH_PRIME
            else:
                if at > letters_begin:
                    marks |= NAMED if look_up(NAME_WORDS, letters) != 0 else 0
                letters, letters_begin = HASH_START, at + 1
            at += 1
        if at > letters_begin:
            marks |= NAMED if look_up(NAME_WORDS, letters) != 0 else 0
        if at > begin:
            found = look_up(NAMES_MARKS, whole)
            marks |= found if is_class else found & ~(FORMULA | DISPLAY_WRAPPER)
        words += 1
    return marks


@bare_kernel
def _hash(markup: Bytes, at: int, end: int) -> int:
    hashed = HASH_START
    while at < end:
        hashed = (hashed ^ np.int64(markup[at])) * HASH_PRIME
        at += 1
    return hashed


@bare_kernel
def _begins(markup: Bytes, at: int, end: int, word: Bytes) -> bool:
    """Whether the bytes begin with a lower-case ASCII word, in either case."""
    if end - at < len(word):
        return False
    for step in range(len(word)):
        byte = markup[at + step]
        if 65 <= byte <= 90:
            byte += 32
        if byte != word[step]:
            return False
    return True


@bare_kernel
def _equals(markup: Bytes, at: int, end: int, word: Bytes) -> bool:
    return end - at == len(word) and _begins(markup, at, end, word)


@bare_kernel
def _contains(markup: Bytes, at: int, end: int, padded: Bytes) -> bool:
    """Whether the bytes hold a word; `padded` ends with zeros."""
    size = 0
    while size < len(padded) and padded[size] != 0:
        size += 1
    while at + size <= end:
        if _begins(markup, at, end, padded[:size]):
            return True
        at += 1
    return False


@bare_kernel
def _hides(markup: Bytes, at: int, end: int) -> bool:
    """Whether a style declares `display: none` or `visibility: hidden`."""
    while at + 12 <= end:
        first = markup[at] | 32
        if first == 100 and _declares(markup, at, end, _DISPLAY, _NO_DISPLAY):
            return True
        if first == 118 and _declares(markup, at, end, _VISIBILITY, _NO_VISIBILITY):
            return True
        at += 1
    return False


@bare_kernel
def _declares(markup: Bytes, at: int, end: int, name: Bytes, value: Bytes) -> bool:
    """Whether a declaration of `name: value` begins here."""
    if not _begins(markup, at, end, name):
        return False
    at += len(name)
    while at < end and is_space(markup[at]):
        at += 1
    if at >= end or markup[at] != COLON:
        return False
    at += 1
    while at < end and is_space(markup[at]):
        at += 1
    return _begins(markup, at, end, value)
