"""Inline content of a page: the run of text that a paragraph, heading or cell is made of, and its way to the output."""

from __future__ import annotations

import numpy as np

from jobs.html.block_contexts import put_newline
from jobs.html.boilerplate import HAS_FORMULA, HAS_LOCAL_LINK, is_boilerplate
from jobs.html.characters import SPACE
from jobs.html.nodes import BEGIN, END, FOUND, HOLDS, KIND, LAST, MARKS
from jobs.html.tags import BLOCK, CODE, TAG, TAG_BITS, TEXT, UNKNOWN
from jobs.html.text_buffer import (
    ATOM,
    BACK_QUOTE,
    BREAK,
    CELL_BEGIN,
    CELL_END,
    CODE_END,
    CONTENT,
    EM,
    EM_END,
    EVERYTHING,
    NEWLINE,
    OPTIONS,
    OUT,
    OVER,
    PIPE,
    PRINTED,
    RUN,
    SPECIAL,
    SUB,
    SUB_END,
    SUP,
    SUP_END,
    TEXT_BEGIN,
    TEXT_END,
    TOTAL,
    Writer,
    put,
    put_code,
    put_mark,
    put_number,
    put_space,
    put_text,
)
from jobs.html.text_buffer import CODE as CODE_MARK
from jobs.html.word_marks import NOTE
from jobs.kernels import bare_kernel

BACKSLASH = ord("\\")
_BR, _PRE, _SUP, _SUB, _EM, _I, _VAR = (TAG[name] for name in "br pre sup sub em i var".split())
_NO_MARK, _SPACE_MARK = 0, 1
_COPIED = np.ones(256, dtype=np.bool_)
"""Bytes of a run that are copied as they are."""
_COPIED[[SPACE, PIPE, 0xEF]] = False


@bare_kernel
def clear_run(writer: Writer) -> None:
    """Begin a new run."""
    writer.state[RUN] = 0
    writer.state[CONTENT] = 0
    writer.state[SPECIAL] = 1 if writer.state[OPTIONS] & EVERYTHING else 0


@bare_kernel
def put_inline(writer: Writer, first: int, stop: int, inside_content: bool) -> None:
    """The content of nodes `first` to `stop` to the run; blocks among them become words between spaces."""
    nodes, ends, marks = writer.nodes, writer.inline_ends, writer.inline_marks
    node, depth = first, 0
    while True:
        while depth > 0 and node >= ends[depth - 1]:
            depth -= 1
            _close(writer, marks[depth])
        if node >= stop:
            return
        last, kind = nodes[node, LAST], nodes[node, KIND]
        if kind < UNKNOWN:
            if kind == TEXT:
                put_text(writer, nodes[node, BEGIN], nodes[node, END])
            node = last
            continue
        if nodes[node, FOUND] != 0:
            if nodes[node, FOUND] > 0:
                put_number(writer, nodes[node, FOUND] - 1)
            node = last
            continue
        if kind == _BR:
            put_mark(writer, BREAK)
            node = last
            continue
        bits = TAG_BITS[kind]
        if (kind == _PRE or bits & CODE) and not nodes[node, HOLDS] & HAS_FORMULA and put_code(writer, node + 1, last):
            node = last
            continue
        if is_boilerplate(nodes, node, inside_content, writer.state[TOTAL]) or (
            kind == _SUP and _is_note(writer, node)
        ):
            node = last
            continue
        mark = _NO_MARK
        if kind == _SUP or kind == _SUB:
            put_mark(writer, SUP if kind == _SUP else SUB)
            mark = SUP_END if kind == _SUP else SUB_END
            writer.state[SPECIAL] = 1
        elif kind == _EM or kind == _I or kind == _VAR:
            put_mark(writer, EM)
            mark = EM_END
        elif bits & BLOCK:
            put_space(writer)
            mark = _SPACE_MARK
        if depth < len(ends):
            ends[depth], marks[depth] = last, mark
            depth += 1
            node += 1
        else:
            writer.state[OVER] = 1
            node = last


@bare_kernel
def _close(writer: Writer, mark: int) -> None:
    if mark == _SPACE_MARK:
        put_space(writer)
    elif mark != _NO_MARK:
        put_mark(writer, mark)


@bare_kernel
def _is_note(writer: Writer, node: int) -> bool:
    """A footnote's mark: a superscript that is named so or links within the page."""
    return (writer.nodes[node, MARKS] & NOTE) != 0 or (writer.nodes[node, HOLDS] & HAS_LOCAL_LINK) != 0


@bare_kernel
def copy_run(writer: Writer, level: int, single_line: bool, in_table: bool) -> None:
    """A plain run to the output: marks dropped, code between back-quotes, white space at both ends left out.

    Line breaks become ends of line with the prefix of context `level`, or spaces in a heading or cell.
    """
    run, out, size = writer.run, writer.out, writer.state[RUN]
    at, started, spaces, breaks, ticks, formula_end = 0, False, False, False, 0, -1
    to = writer.state[OUT]
    while at < size:
        if to + 2 * (size - at) + 8 > len(out):
            writer.state[OVER] = 1
            break
        while at < size and _COPIED[run[at]] and not (spaces or breaks or formula_end == to):
            out[to] = run[at]
            to += 1
            at += 1
            started = True
        if at >= size:
            break
        byte, mark = run[at], 0
        if byte == 0xEF and at + 2 < size and run[at + 1] == 0xB7 and 0x90 <= run[at + 2] < 0xB0:
            mark = run[at + 2]
            at += 3
            if mark == BREAK:
                breaks = True
                continue
            if mark == CODE_END:
                for _ in range(ticks):
                    out[to] = BACK_QUOTE
                    to += 1
                continue
            if mark != CODE_MARK and mark != ATOM:
                continue
        elif byte == SPACE:
            spaces = True
            at += 1
            continue
        if started and breaks and not single_line:
            writer.state[OUT] = to
            put_newline(writer, level, False)
            to = writer.state[OUT]
        elif started and (spaces or breaks) or formula_end == to and (mark == ATOM or 48 <= byte <= 57):
            out[to] = SPACE
            to += 1
        spaces, breaks, started = False, False, True
        if mark == ATOM:
            number = 0
            while at < size and run[at] != 0xEF:
                number, at = number * 10 + run[at] - 48, at + 1
            at += 3
            writer.state[OUT] = to
            _put_formula(writer, number, level, single_line, in_table)
            to = writer.state[OUT]
            formula_end = to
            continue
        if mark == CODE_MARK:
            ticks = 2 if _holds_tick(writer, at) else 1
            for _ in range(ticks):
                out[to] = BACK_QUOTE
                to += 1
            continue
        at += 1
        if byte == PIPE and in_table:
            out[to] = BACKSLASH
            to += 1
        out[to] = byte
        to += 1
    writer.state[OUT] = to


@bare_kernel
def _put_formula(writer: Writer, number: int, level: int, single_line: bool, in_table: bool) -> None:
    """A formula of the tree as it is printed; the lines of an environment get the prefix of the context."""
    place = writer.formula_places[number]
    place[PRINTED] += 1
    at, end = place[CELL_BEGIN if in_table else TEXT_BEGIN], place[CELL_END if in_table else TEXT_END]
    while at < end:
        byte = writer.formulas[at]
        if byte == NEWLINE and single_line:
            put(writer, SPACE)
        elif byte == NEWLINE:
            put_newline(writer, level, False)
        else:
            put(writer, byte)
        at += 1


@bare_kernel
def _holds_tick(writer: Writer, at: int) -> bool:
    """Whether the code that begins here in the run holds a back-quote."""
    run, size = writer.run, writer.state[RUN]
    while at < size and not (run[at] == 0xEF and at + 2 < size and run[at + 1] == 0xB7 and run[at + 2] == CODE_END):
        if run[at] == BACK_QUOTE:
            return True
        at += 1
    return False


@bare_kernel
def copy_raw_run(writer: Writer) -> None:
    """A run that Python will look at, marks and all, to the output."""
    size = writer.state[RUN]
    begin = writer.state[OUT]
    if begin + size > len(writer.out):
        writer.state[OVER] = 1
        return
    for at in range(size):
        writer.out[begin + at] = writer.run[at]
    writer.state[OUT] = begin + size
