"""Blocks of a page as Markdown: one walk over the table of nodes, with a stack of lists, items and quotes.

Plain paragraphs, headings, lists and tables are finished here. What holds delimiters or scripts, and code blocks,
becomes a piece: its raw run stands in the output, and `markdown` puts the finished text in its place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jobs.html.block_contexts import (
    CODE_BLOCK,
    CONTEXT,
    CONTEXT_COLUMNS,
    ITEM,
    LINE,
    LIST,
    MAX_MARKER,
    PARAGRAPH,
    PIECE_COLUMNS,
    QUOTED,
    add_piece,
    begin_block,
    close_context,
    open_context,
)
from jobs.html.boilerplate import HAS_LINE_NUMBERS, HAS_PRE, IS_BLOCK, is_boilerplate, measure
from jobs.html.characters import SPACE, Bytes
from jobs.html.inline_text import clear_run, copy_raw_run, copy_run, put_inline
from jobs.html.nodes import END, FOUND, HOLDS, KIND, LAST, MARKS, MAX_DEPTH, NAME_END, SIZE, Nodes
from jobs.html.tables import is_layout, put_table
from jobs.html.tags import TAG, UNKNOWN
from jobs.html.text_buffer import (
    CONTENT,
    LEVEL,
    OPTIONS,
    OUT,
    OVER,
    PIECES,
    POOL,
    SPECIAL,
    TOTAL,
    Writer,
    put,
    put_preformatted,
)
from jobs.html.word_marks import NO_QUOTE
from jobs.kernels import bare_kernel, kernel

MAX_CONTEXTS = 2 * MAX_DEPTH + 8
ROOM = 8
"""Bytes of output for a byte of the page; only floods of empty cells or deep lists would need more."""

_H1, _H6 = TAG["h1"], TAG["h6"]
_PRE, _UL, _OL, _DIR, _TABLE, _QUOTE, _HR, _LI, _MAIN, _ARTICLE = (
    TAG[name] for name in "pre ul ol dir table blockquote hr li main article".split()
)
_START = np.frombuffer(b' start="', dtype=np.uint8)
_SIGN = ord("#")


@kernel
def write_blocks(
    markup: Bytes, nodes: Nodes, body: int, formulas: Bytes, formula_places: npt.NDArray[np.int32], options: int
) -> tuple[Bytes, npt.NDArray[np.int32], Bytes, bool]:
    """The text below `body`: (output, pieces, their line prefixes, whether something did not fit).

    `formulas` and `formula_places` are those of `Writer`; PRINTED counts up here for formulas outside pieces.
    """
    measure(nodes, formula_places)
    size = len(markup) + len(formulas)
    writer = Writer(
        markup,
        nodes,
        np.empty(ROOM * size + 4096, dtype=np.uint8),
        np.empty(size + 4096, dtype=np.uint8),
        np.empty(ROOM * size + 4096, dtype=np.uint8),
        np.empty(MAX_CONTEXTS * MAX_MARKER, dtype=np.uint8),
        np.empty((len(nodes) + 1, PIECE_COLUMNS), dtype=np.int32),
        np.zeros((MAX_CONTEXTS, CONTEXT_COLUMNS), dtype=np.int64),
        np.empty((MAX_CONTEXTS, MAX_MARKER), dtype=np.uint8),
        np.zeros(16, dtype=np.int64),
        np.empty(MAX_CONTEXTS, dtype=np.int64),
        np.empty(MAX_CONTEXTS, dtype=np.int64),
        formulas,
        formula_places,
        np.empty((MAX_CONTEXTS, 3), dtype=np.int64),
    )
    state = writer.state
    state[OPTIONS] = options
    state[TOTAL] = max(1, nodes[body, SIZE])
    clear_run(writer)
    _walk(writer, body)
    return (
        writer.out[: state[OUT]],
        writer.pieces[: state[PIECES]],
        writer.pool[: state[POOL]],
        state[OVER] != 0,
    )


@bare_kernel
def _walk(writer: Writer, body: int) -> None:
    nodes, state = writer.nodes, writer.state
    opened = writer.opened
    depth, inside, node = 0, False, body + 1
    stop = nodes[body, LAST]
    while True:
        while depth > 0 and node >= opened[depth - 1, 0]:
            depth -= 1
            end_paragraph(writer, node)
            while state[LEVEL] > opened[depth, 1]:
                close_context(writer)
            inside = opened[depth, 2] != 0
        if node >= stop:
            end_paragraph(writer, node)
            return
        last, kind = nodes[node, LAST], nodes[node, KIND]
        in_list = writer.contexts[state[LEVEL], CONTEXT] == LIST
        is_element = kind >= UNKNOWN and nodes[node, FOUND] == 0
        if not is_element or not (nodes[node, HOLDS] & IS_BLOCK or in_list):
            put_inline(writer, node, last, inside)
            node = last
            continue
        end_paragraph(writer, node)
        if is_boilerplate(nodes, node, inside, state[TOTAL]) or kind == _HR:
            node = last
            continue
        if (not in_list or kind == _PRE or kind == _TABLE) and _put_whole(writer, node):
            node = last
            continue
        if depth >= len(opened):
            state[OVER] = 1
            node = last
            continue
        opened[depth, 0], opened[depth, 1], opened[depth, 2] = last, state[LEVEL], inside
        depth += 1
        inside = inside or kind == _MAIN or kind == _ARTICLE
        if kind == _UL or kind == _OL or kind == _DIR:
            open_context(writer, LIST, _first_number(writer, node) if kind == _OL else 0)
        elif in_list:
            open_context(writer, ITEM, 0)
        elif kind == _LI:
            open_context(writer, LIST, 0)
            open_context(writer, ITEM, 0)
        elif kind == _QUOTE and not nodes[node, MARKS] & NO_QUOTE:
            open_context(writer, QUOTED, 0)
        node += 1


@bare_kernel
def _put_whole(writer: Writer, node: int) -> bool:
    """Headings, code and tables of data to the output; False for an element whose blocks are looked at one by one."""
    nodes = writer.nodes
    kind, last = nodes[node, KIND], nodes[node, LAST]
    if _H1 <= kind <= _H6:
        clear_run(writer)
        put_inline(writer, node + 1, last, True)
        _end_run(writer, LINE, node)
        return True
    if kind == _PRE:
        _put_code_block(writer, node)
        return True
    if kind != _TABLE:
        return False
    if not is_layout(writer, node):
        put_table(writer, node)
        clear_run(writer)
        return True
    if nodes[node, HOLDS] & HAS_LINE_NUMBERS and nodes[node, HOLDS] & HAS_PRE:  # numbers in one cell, code in the other
        at = node + 1
        while at < last:
            if nodes[at, KIND] == _PRE:
                _put_code_block(writer, at)
                at = nodes[at, LAST]
            else:
                at += 1
        return True
    return False


@bare_kernel
def _put_code_block(writer: Writer, node: int) -> None:
    if writer.nodes[node, SIZE] == 0:
        return
    begin_block(writer)
    begin = writer.state[OUT]
    put_preformatted(writer, node + 1, writer.nodes[node, LAST])
    add_piece(writer, CODE_BLOCK, begin, node)


@bare_kernel
def end_paragraph(writer: Writer, node: int) -> None:
    """The run as a paragraph, if it is not blank."""
    if writer.state[CONTENT] != 0:
        _end_run(writer, PARAGRAPH, node)
    else:
        clear_run(writer)


@bare_kernel
def _end_run(writer: Writer, kind: int, node: int) -> None:
    """The run to the output as a paragraph or heading."""
    state = writer.state
    if state[CONTENT] != 0:
        begin_block(writer)
        if kind == LINE:
            for _ in range(writer.nodes[node, KIND] - _H1 + 1):
                put(writer, _SIGN)
            put(writer, SPACE)
        begin = state[OUT]
        if state[SPECIAL]:
            copy_raw_run(writer)
            add_piece(writer, kind, begin, node)
        else:
            copy_run(writer, state[LEVEL], kind == LINE, False)
    clear_run(writer)


@bare_kernel
def _first_number(writer: Writer, node: int) -> int:
    """The `start` of an ordered list, 1 if it has none."""
    markup, at, end = writer.markup, writer.nodes[node, NAME_END], writer.nodes[node, END]
    while at + len(_START) < end:
        step = 0
        while step < len(_START) and markup[at + step] == _START[step]:
            step += 1
        if step == len(_START):
            number, digits, at = 0, 0, at + step
            while at < end and 48 <= markup[at] <= 57 and digits < 7:
                number, digits, at = number * 10 + markup[at] - 48, digits + 1, at + 1
            return number if 0 < digits < 7 and number > 0 else 1
        at += 1
    return 1


__all__ = ["write_blocks"]
