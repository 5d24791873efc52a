"""Lists, items and quotes around the block that is written: what parts blocks, and what stands before each line."""

from __future__ import annotations

from jobs.html.characters import SPACE, Bytes
from jobs.html.text_buffer import LEVEL, NEWLINE, OUT, OVER, PIECES, POOL, SEPARATOR, Writer, put
from jobs.kernels import bare_kernel

CONTEXT, STARTED, PREFIX, NUMBER, MARKER = range(5)
"""Columns of `Writer.contexts`. CONTEXT: its kind. STARTED: a block of it is written. PREFIX: bytes before each of its
lines. NUMBER: of the next item, 0 for bullets. MARKER: bytes before its first line (in `Writer.markers`)."""
CONTEXT_COLUMNS, MAX_MARKER = 5, 12
ROOT, LIST, ITEM, QUOTED = range(4)

PIECE_KIND, PIECE_SEPARATOR, PIECE_BEGIN, PIECE_END, PREFIX_BEGIN, PREFIX_END, PIECE_NODE = range(7)
"""Columns of `Writer.pieces`: its kind; where the bytes begin that part it from the block before, where its own begin
and end; its line prefix in the pool; for a code block the node."""
PIECE_COLUMNS = 7
PARAGRAPH, LINE, CELL, CODE_BLOCK = range(4)
"""Kinds of pieces; LINE and CELL are kept on one line."""

_GREATER, _DASH, _DOT, _ZERO = ord(">"), ord("-"), ord("."), ord("0")


@bare_kernel
def put_newline(writer: Writer, level: int, blank: bool) -> None:
    """An end of line and the prefix of context `level`; before a blank line only what ends with a quote's sign."""
    put(writer, NEWLINE)
    size = writer.contexts[level, PREFIX]
    if blank:
        while size > 0 and writer.prefix[size - 1] != _GREATER:
            size -= 1
    for at in range(size):
        put(writer, writer.prefix[at])


@bare_kernel
def begin_block(writer: Writer) -> None:
    """What stands before a block: line ends after the block before it, and the marks of contexts that begin with it."""
    state, contexts = writer.state, writer.contexts
    state[SEPARATOR] = state[OUT]
    level = state[LEVEL]
    begun = level
    while begun > 0 and contexts[begun, STARTED] == 0:
        begun -= 1
    if contexts[begun, STARTED] != 0:
        if contexts[begun, CONTEXT] == ROOT or contexts[begun, CONTEXT] == QUOTED:
            put_newline(writer, begun, True)
        put_newline(writer, begun, False)
    contexts[begun, STARTED] = 1
    for inner in range(begun + 1, level + 1):
        contexts[inner, STARTED] = 1
        for at in range(contexts[inner, MARKER]):
            put(writer, writer.markers[inner, at])


@bare_kernel
def open_context(writer: Writer, kind: int, number: int) -> None:
    """Enter a list (`number`: of its first item, 0 for bullets), an item or a quote."""
    state, contexts = writer.state, writer.contexts
    outer = state[LEVEL]
    level = outer + 1
    if level >= len(contexts):
        state[OVER] = 1
        return
    state[LEVEL] = level
    marker = writer.markers[level]
    size = 0
    if kind == QUOTED:
        marker[0], marker[1], size = _GREATER, SPACE, 2
    elif kind == LIST and contexts[outer, CONTEXT] == LIST:
        marker[0], marker[1], size = SPACE, SPACE, 2
    elif kind == ITEM:
        size = _item_marker(marker, contexts[outer, NUMBER])
        if contexts[outer, NUMBER] > 0:
            contexts[outer, NUMBER] += 1
    before = contexts[outer, PREFIX]
    for at in range(size):
        writer.prefix[before + at] = marker[at] if kind == QUOTED else SPACE
    contexts[level, CONTEXT], contexts[level, STARTED], contexts[level, PREFIX] = kind, 0, before + size
    contexts[level, NUMBER], contexts[level, MARKER] = number, size


@bare_kernel
def _item_marker(marker: Bytes, number: int) -> int:
    if number <= 0:
        marker[0], marker[1] = _DASH, SPACE
        return 2
    digits = 1
    while number >= 10**digits and digits < 9:
        digits += 1
    for step in range(digits):
        marker[digits - 1 - step] = _ZERO + number % 10
        number //= 10
    marker[digits], marker[digits + 1] = _DOT, SPACE
    return digits + 2


@bare_kernel
def close_context(writer: Writer) -> None:
    """Leave the innermost list, item or quote. What it holds is a block of the context around it."""
    level = writer.state[LEVEL]
    if level > 0:
        writer.state[LEVEL] = level - 1


@bare_kernel
def add_piece(writer: Writer, kind: int, begin: int, node: int) -> None:
    """Note that the output from `begin` on is for Python to finish."""
    state, pieces = writer.state, writer.pieces
    number, pool = state[PIECES], state[POOL]
    size = writer.contexts[state[LEVEL], PREFIX]
    if number >= len(pieces) or pool + size > len(writer.pool):
        state[OVER] = 1
        return
    for at in range(size):
        writer.pool[pool + at] = writer.prefix[at]
    pieces[number, PIECE_KIND], pieces[number, PIECE_SEPARATOR] = kind, state[SEPARATOR]
    pieces[number, PIECE_BEGIN], pieces[number, PIECE_END] = begin, state[OUT]
    pieces[number, PREFIX_BEGIN], pieces[number, PREFIX_END] = pool, pool + size
    pieces[number, PIECE_NODE] = node
    state[PIECES], state[POOL] = number + 1, pool + size
