"""Bytes of a page: what they are called here, white space, entities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jobs.kernels import bare_kernel

Bytes = npt.NDArray[np.uint8]

LESS, GREATER, SLASH, EQUALS, QUOTE, APOSTROPHE, SPACE, AMPERSAND, SEMICOLON, COLON = (ord(c) for c in "<>/=\"' &;:")


@bare_kernel
def is_space(byte: int) -> bool:
    """HTML white space and vertical tab."""
    return byte == SPACE or 9 <= byte <= 13


@bare_kernel
def characters(markup: Bytes, begin: int, end: int) -> int:
    """Characters of a text without white space at its ends; an entity is one character."""
    while begin < end and is_space(markup[begin]):
        begin += 1
    while begin < end and is_space(markup[end - 1]):
        end -= 1
    count, at = 0, begin
    while at < end:
        byte = markup[at]
        count += (byte & 0xC0) != 0x80
        if byte == AMPERSAND:
            at += entity_size(markup, at, end)
        else:
            at += 1
    return count


@bare_kernel
def entity_size(markup: Bytes, at: int, end: int) -> int:
    """Bytes of the entity at an ampersand: the serialiser writes `&amp; &lt; &gt; &nbsp; &quot;` and no others."""
    for size in range(3, 7):
        if at + size <= end and markup[at + size - 1] == SEMICOLON:
            return size
    return 1
