"""Tables as Markdown: whether a table holds data or only places things, and its rows."""

from __future__ import annotations

from jobs.html.block_contexts import (
    CELL,
    PARAGRAPH,
    add_piece,
    begin_block,
    put_newline,
)
from jobs.html.characters import SPACE
from jobs.html.inline_text import clear_run, copy_raw_run, copy_run, put_inline
from jobs.html.nodes import FOUND, KIND, LAST, MARKS
from jobs.html.tags import LAYOUT_CELL, TAG, TAG_BITS
from jobs.html.text_buffer import CONTENT, LEVEL, OUT, PIPE, SEPARATOR, SPECIAL, Writer, put
from jobs.html.word_marks import PRESENTATION
from jobs.kernels import bare_kernel

MAX_COLUMNS = 60
MAX_ROWS = 2000

_TR, _TD, _TH, _P, _CAPTION, _THEAD, _TBODY, _TFOOT = (
    TAG[name] for name in "tr td th p caption thead tbody tfoot".split()
)
_DASH = ord("-")


@bare_kernel
def first_row(writer: Writer, table: int) -> int:
    """The first row of a table; its end if there is none."""
    return _row_from(writer, table, table + 1)


@bare_kernel
def next_row(writer: Writer, table: int, row: int) -> int:
    """The row after a row; the table's end if there is none."""
    return _row_from(writer, table, writer.nodes[row, LAST])


@bare_kernel
def _row_from(writer: Writer, table: int, node: int) -> int:
    nodes, end = writer.nodes, writer.nodes[table, LAST]
    while node < end:
        kind = nodes[node, KIND]
        if kind == _TR:
            return node
        node = node + 1 if kind == _THEAD or kind == _TBODY or kind == _TFOOT else nodes[node, LAST]
    return end


@bare_kernel
def is_layout(writer: Writer, table: int) -> bool:
    """Whether a table only places things: one column or row of cells, or blocks inside its cells."""
    nodes, end = writer.nodes, writer.nodes[table, LAST]
    if nodes[table, MARKS] & PRESENTATION:
        return True
    rows, most, headers = 0, 0, 0
    row = first_row(writer, table)
    while row < end:
        rows += 1
        cells, cell = 0, row + 1
        while cell < nodes[row, LAST]:
            if nodes[cell, KIND] == _TD or nodes[cell, KIND] == _TH:
                cells += 1
                headers += nodes[cell, KIND] == _TH
                if _holds_blocks(writer, cell):
                    return True
            cell = nodes[cell, LAST]
        most = max(most, cells)
        row = next_row(writer, table, row)
    return most < 2 or (rows < 2 and headers == 0)


@bare_kernel
def _holds_blocks(writer: Writer, cell: int) -> bool:
    nodes, node, paragraphs = writer.nodes, cell + 1, 0
    while node < nodes[cell, LAST]:
        if nodes[node, FOUND] != 0:
            node = nodes[node, LAST]
            continue
        if TAG_BITS[nodes[node, KIND]] & LAYOUT_CELL:
            return True
        paragraphs += nodes[node, KIND] == _P
        if paragraphs > 1:
            return True
        node += 1
    return False


@bare_kernel
def put_table(writer: Writer, table: int) -> None:
    """A table of data to the output, its caption before it."""
    nodes, end = writer.nodes, writer.nodes[table, LAST]
    child = table + 1
    while child < end:
        if nodes[child, KIND] == _CAPTION:
            _put_caption(writer, child)
            break
        child = nodes[child, LAST]
    width = _width(writer, table)
    row, rows = first_row(writer, table), 0
    while row < end and rows < MAX_ROWS:
        rows += _put_row(writer, row, width, rows == 0)
        row = next_row(writer, table, row)


@bare_kernel
def _put_caption(writer: Writer, caption: int) -> None:
    clear_run(writer)
    put_inline(writer, caption + 1, writer.nodes[caption, LAST], True)
    if writer.state[CONTENT] == 0:
        return
    begin_block(writer)
    begin = writer.state[OUT]
    if writer.state[SPECIAL]:
        copy_raw_run(writer)
        add_piece(writer, PARAGRAPH, begin, caption)
    else:
        copy_run(writer, writer.state[LEVEL], False, False)


@bare_kernel
def _width(writer: Writer, table: int) -> int:
    nodes, end, width = writer.nodes, writer.nodes[table, LAST], 0
    row = first_row(writer, table)
    while row < end:
        cells, cell = 0, row + 1
        while cell < nodes[row, LAST]:
            cells += nodes[cell, KIND] == _TD or nodes[cell, KIND] == _TH
            cell = nodes[cell, LAST]
        width = max(width, cells)
        row = next_row(writer, table, row)
    return min(width, MAX_COLUMNS)


@bare_kernel
def _is_filled(writer: Writer, row: int) -> bool:
    """Whether a cell of the row holds anything; nearly always the first does."""
    nodes, cell = writer.nodes, row + 1
    while cell < nodes[row, LAST]:
        if nodes[cell, KIND] == _TD or nodes[cell, KIND] == _TH:
            clear_run(writer)
            put_inline(writer, cell + 1, nodes[cell, LAST], True)
            if writer.state[CONTENT] != 0:
                return True
        cell = nodes[cell, LAST]
    return False


@bare_kernel
def _put_row(writer: Writer, row: int, width: int, is_first: bool) -> bool:
    """One row, and the rule after the first; False, with nothing put, if all its cells are blank."""
    if not _is_filled(writer, row):
        return False
    nodes, level = writer.nodes, writer.state[LEVEL]
    if is_first:
        begin_block(writer)
    else:
        put_newline(writer, level, False)
    cells, cell = 0, row + 1
    while cell < nodes[row, LAST] and cells < width:
        if nodes[cell, KIND] == _TD or nodes[cell, KIND] == _TH:
            _put_cell(writer, cell)
            cells += 1
        cell = nodes[cell, LAST]
    for _ in range(cells, width):
        put(writer, PIPE)
        put(writer, SPACE)
        put(writer, SPACE)
    put(writer, PIPE)
    if is_first:
        put_newline(writer, level, False)
        put(writer, PIPE)
        for _ in range(width):
            for _ in range(3):
                put(writer, _DASH)
            put(writer, PIPE)
    return True


@bare_kernel
def _put_cell(writer: Writer, cell: int) -> None:
    """A pipe and the cell's text on one line."""
    put(writer, PIPE)
    put(writer, SPACE)
    clear_run(writer)
    put_inline(writer, cell + 1, writer.nodes[cell, LAST], True)
    if writer.state[CONTENT] != 0:
        begin = writer.state[OUT]
        if writer.state[SPECIAL]:
            copy_raw_run(writer)
            writer.state[SEPARATOR] = begin
            add_piece(writer, CELL, begin, cell)
        else:
            copy_run(writer, writer.state[LEVEL], True, True)
    put(writer, SPACE)


__all__ = ["is_layout", "put_table"]
