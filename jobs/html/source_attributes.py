"""Attributes of a page as served, written the way an HTML5 serialiser writes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jobs.html.characters import APOSTROPHE, EQUALS, GREATER, QUOTE, SLASH, SPACE
from jobs.html.source_names import (
    AS_WRITTEN,
    MATHML_ATTRIBUTES,
    SVG,
    SVG_ATTRIBUTES,
)
from jobs.html.source_text import (
    CLOSED,
    IS_SPACE,
    UNSURE,
    WRITTEN,
    Source,
    put_bytes,
    put_lower,
    put_text,
    read_name,
)
from jobs.html.tags import (
    HASH_PRIME,
    HASH_START,
    look_up,
)
from jobs.kernels import bare_kernel


@bare_kernel
def put_cased(source: Source, begin: int, end: int, hashed: int, names: npt.NDArray[np.int64]) -> None:
    """A name in SVG or MathML, some of which have capitals; it must be spelled as the parser would write it."""
    page, exact = source.page, HASH_START
    for at in range(begin, end):
        exact = (exact ^ np.int64(page[at])) * HASH_PRIME
    if look_up(names, exact) == AS_WRITTEN:
        put_bytes(source, page, begin, end)
    elif exact != hashed or look_up(names, exact) != 0:
        source.state[UNSURE] = 1
    else:
        put_bytes(source, page, begin, end)


@bare_kernel
def put_attributes(source: Source, at: int, language: int) -> int:
    """The attributes of a start tag and its `>`; what follows them. The first of two with the same name counts."""
    page, state, size = source.page, source.state, len(source.page)
    count = 0
    state[CLOSED] = 0
    while at < size and not state[UNSURE]:
        byte = page[at]
        if IS_SPACE[byte]:
            at += 1
            continue
        if byte == GREATER:
            put_bytes(source, page, at, at + 1)
            return at + 1
        if byte == SLASH:
            at += 1
            state[CLOSED] = at < size and page[at] == GREATER
            continue
        begin = at
        hashed, at = read_name(page, at)
        name_end = at
        if name_end == begin or count >= len(source.seen):
            break
        known = 0
        while known < count and source.seen[known] != hashed:
            known += 1
        written = state[WRITTEN]
        _put_attribute_name(source, begin, name_end, hashed, language)
        at = _put_value(source, at)
        if known < count:
            state[WRITTEN] = written
            state[UNSURE] |= language != 0
        else:
            source.seen[count] = hashed
            count += 1
    state[UNSURE] = 1
    return size


@bare_kernel
def _put_attribute_name(source: Source, begin: int, end: int, hashed: int, language: int) -> None:
    if not language:
        put_lower(source, SPACE, begin, end)
        return
    put_lower(source, SPACE, begin, begin)
    put_cased(source, begin, end, hashed, SVG_ATTRIBUTES if language & SVG else MATHML_ATTRIBUTES)


@bare_kernel
def _put_value(source: Source, at: int) -> int:
    """`="value"` of an attribute whose name ends at a byte; what follows the value."""
    page, out, state, size = source.page, source.out, source.state, len(source.page)
    to = state[WRITTEN]
    if to + 3 > len(out):
        state[UNSURE] = 1
        return size
    out[to], out[to + 1] = EQUALS, QUOTE
    state[WRITTEN] = to + 2
    after_name = at
    while at < size and IS_SPACE[page[at]]:
        at += 1
    if at >= size or page[at] != EQUALS:
        at = after_name
    else:
        at += 1
        while at < size and IS_SPACE[page[at]]:
            at += 1
        begin = at
        if at < size and page[at] == QUOTE:
            at = put_text(source, begin + 1, size, QUOTE, True) + 1
        elif at < size and page[at] == APOSTROPHE:
            at += 1
            while at < size and page[at] != APOSTROPHE:
                at += 1
            at = put_text(source, begin + 1, at, 0, True) + 1
        else:
            while at < size and not IS_SPACE[page[at]] and page[at] != GREATER:
                at += 1
            put_text(source, begin, at, 0, True)
            state[UNSURE] |= begin == at or at >= size
    to = state[WRITTEN]
    if to + 1 > len(out) or at > size:
        state[UNSURE] = 1
        return size
    out[to] = QUOTE
    state[WRITTEN] = to + 1
    return at
