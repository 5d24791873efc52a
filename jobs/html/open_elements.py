"""The open elements of a page as served: what a start or end tag closes by the rules of the HTML standard.

Only the rules of pages that nest well are here. Where the standard repairs (formatting that overlaps blocks, text in a
table outside its cells, end tags of nothing), the page is UNSURE.
"""

from __future__ import annotations

import numpy as np

from jobs.html.characters import GREATER, LESS, SLASH, Bytes
from jobs.html.source_names import (
    ADDRESS,
    BARRIER,
    BITS_OF,
    CAPTION,
    CELL,
    COL,
    COLGROUP,
    DIV,
    FOREIGN,
    IMPLIED,
    MARKER,
    OPTGROUP,
    OPTION,
    POINT,
    SCRIPT,
    SECTION,
    SELECT,
    SPECIAL,
    STYLE,
    TABLE,
    TABLE_CONTEXT,
    TABLE_PART,
    TBODY,
    TR,
    P,
)
from jobs.html.source_text import DEPTH, SELECTS, UNSURE, WRITTEN, Source
from jobs.kernels import bare_kernel

NAME_BEGIN, NAME_END, BITS, PARAGRAPH = range(4)
"""Columns of `Source.opened`. Where its name is written; its bits; the row of the `p` that a block inside ends,
0 if none."""
COLUMNS = 4

_TBODY, _TR, _COLGROUP = (np.frombuffer(name, dtype=np.uint8) for name in (b"tbody", b"tr", b"colgroup"))


@bare_kernel
def top_bits(source: Source) -> int:
    """Bits of the innermost open element."""
    return source.opened[source.state[DEPTH], BITS]


@bare_kernel
def top_name(source: Source) -> int:
    """Name of the innermost open element: its number, or else its hash."""
    return source.names[source.state[DEPTH]]


@bare_kernel
def push(source: Source, name: int, bits: int, name_begin: int, name_end: int) -> None:
    """Open an element whose start tag is written."""
    depth = source.state[DEPTH] + 1
    if depth >= len(source.names):
        source.state[UNSURE] = 1
        return
    source.state[DEPTH] = depth
    opened = source.opened
    source.names[depth] = name
    opened[depth, NAME_BEGIN], opened[depth, NAME_END], opened[depth, BITS] = name_begin, name_end, bits
    if bits & (BARRIER | POINT):
        opened[depth, PARAGRAPH] = 0
    else:
        paragraph = opened[depth - 1, PARAGRAPH]
        if name == P:
            paragraph = depth
        opened[depth, PARAGRAPH] = paragraph


@bare_kernel
def put_end_tag(source: Source, name_begin: int, name_end: int) -> None:
    """`</name>`, the name from what is written."""
    out, to = source.out, source.state[WRITTEN]
    size = name_end - name_begin
    if to + size + 3 > len(out):
        source.state[UNSURE] = 1
        return
    out[to], out[to + 1] = LESS, SLASH
    for at in range(size):
        out[to + 2 + at] = out[name_begin + at]
    out[to + 2 + size] = GREATER
    source.state[WRITTEN] = to + size + 3


@bare_kernel
def pop(source: Source) -> None:
    """Close the innermost open element."""
    depth = source.state[DEPTH]
    if depth <= 0:
        source.state[UNSURE] = 1
        return
    put_end_tag(source, source.opened[depth, NAME_BEGIN], source.opened[depth, NAME_END])
    source.state[DEPTH] = depth - 1


@bare_kernel
def open_implied(source: Source, word: Bytes, name: int) -> None:
    """Open an element whose start tag was left out."""
    out, to = source.out, source.state[WRITTEN]
    if to + len(word) + 2 > len(out):
        source.state[UNSURE] = 1
        return
    out[to] = LESS
    for at in range(len(word)):
        out[to + 1 + at] = word[at]
    out[to + 1 + len(word)] = GREATER
    source.state[WRITTEN] = to + 2 + len(word)
    push(source, name, BITS_OF[name], to + 1, to + 1 + len(word))


@bare_kernel
def pop_implied(source: Source, but: int) -> None:
    """Close elements whose end tag may be left out, up to one with the name `but`."""
    while top_bits(source) & IMPLIED and top_name(source) != but:
        pop(source)


@bare_kernel
def pop_through(source: Source, name: int) -> None:
    """Close the element of this name, and before it what needs no end tag."""
    if top_name(source) != name:
        pop_implied(source, name)
        if top_name(source) != name:
            source.state[UNSURE] = 1
            return
    pop(source)


@bare_kernel
def end_paragraph(source: Source) -> None:
    """Close the `p` that a block ends."""
    if source.opened[source.state[DEPTH], PARAGRAPH] > 0:
        pop_through(source, P)


@bare_kernel
def end_item(source: Source, first: int, second: int) -> None:
    """Close the list item (of either name) that a new one ends."""
    row = source.state[DEPTH]
    while row > 0:
        name, bits = source.names[row], source.opened[row, BITS]
        if name == first or name == second:
            pop_through(source, name)
            return
        if bits & POINT or (bits & SPECIAL and name != ADDRESS and name != DIV and name != P):
            return
        row -= 1


@bare_kernel
def is_open(source: Source, name: int) -> bool:
    """Whether an element of this name is open, outwards to a cell or object."""
    row = source.state[DEPTH]
    while row > 0 and not source.opened[row, BITS] & MARKER:
        if source.names[row] == name:
            return True
        row -= 1
    return False


@bare_kernel
def is_inside_barrier(source: Source) -> bool:
    """Whether any but `html` and plain elements are open."""
    for row in range(2, source.state[DEPTH] + 1):
        if source.opened[row, BITS] & (BARRIER | FOREIGN | TABLE_CONTEXT):
            return True
    return source.state[SELECTS] != 0


@bare_kernel
def place_in_select(source: Source, name: int) -> None:
    """Close the options that a new one ends; a `select` holds nothing else."""
    if name != OPTION and name != OPTGROUP:
        source.state[UNSURE] = 1
        return
    if top_name(source) == OPTION:
        pop(source)
    if name == OPTGROUP and top_name(source) == OPTGROUP:
        pop(source)
    if top_name(source) != SELECT and top_name(source) != OPTGROUP:
        source.state[UNSURE] = 1


@bare_kernel
def place_in_table(source: Source, name: int, bits: int) -> None:
    """Close cells, rows and sections that a part of a table ends, and open those whose start tag was left out."""
    if not bits & TABLE_PART:
        if (name != SCRIPT and name != STYLE) or top_name(source) == COLGROUP:
            source.state[UNSURE] = 1
        return
    pop_implied(source, 0)
    while not source.state[UNSURE]:
        innermost, top = top_name(source), top_bits(source)
        if bits & CELL:
            if innermost == TR:
                return
            if top & SECTION:
                open_implied(source, _TR, TR)
                continue
        elif name == TR:
            if top & SECTION:
                return
        elif name == COL and innermost == COLGROUP:
            return
        if innermost == TABLE:
            if bits & CELL or name == TR:
                open_implied(source, _TBODY, TBODY)
                continue
            if name == COL:
                open_implied(source, _COLGROUP, COLGROUP)
            return
        if not (top & (CELL | SECTION) or innermost == TR or innermost == COLGROUP):
            source.state[UNSURE] = 1
            return
        pop(source)


@bare_kernel
def end_in_table(source: Source, name: int, bits: int) -> None:
    """The end tag of a table or of a part of one."""
    if top_name(source) != name:
        pop_implied(source, 0)
    if not (name == CAPTION or bits & CELL or name == COLGROUP):
        while top_name(source) != name:
            innermost, top = top_name(source), top_bits(source)
            inside_row = top & CELL or (innermost == TR and name != TR)
            if not (inside_row or name == TABLE and (top & SECTION or innermost == COLGROUP)):
                break
            pop(source)
    if top_name(source) != name:
        source.state[UNSURE] = 1
        return
    pop(source)
