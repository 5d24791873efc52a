"""Where the compiled writer puts text: buffers of bytes with bounds, and the run of inline text of a block.

Markup inside a run stands as marks (noncharacters, which the parser lets no page bring in), so that delimiters can be
searched across it and a formula that Markdown mangled can be put together again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.html.characters import AMPERSAND, SPACE, Bytes, entity_size, is_space
from jobs.html.nodes import BEGIN, END, KIND, LAST, MARKS, Nodes
from jobs.html.tags import HASH_PRIME, HASH_START, NO_CODE, TAG, TAG_BITS, TEXT, UNKNOWN, look_up, word_table
from jobs.html.word_marks import LINE_NUMBERS
from jobs.kernels import bare_kernel

Numbers = npt.NDArray[np.int64]

ATOM, ATOM_END, EM, EM_END, BREAK, SUB, SUB_END, SUP, SUP_END, CODE, CODE_END = (
    0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x9B, 0x9C,
)  # fmt: skip
"""Last bytes of the marks U+FDD0 and following in UTF-8; `delimiters` has them as characters."""

(RUN, CONTENT, SPECIAL, OUT, PIECES, POOL, LEVEL, SEPARATOR, TOTAL, OVER, OPTIONS) = range(11)
"""Cells of `Writer.state`. RUN, OUT, POOL: bytes in the buffers. CONTENT: the run is not blank. SPECIAL: the run holds
what Python must look at. LEVEL: the innermost context. SEPARATOR: where the bytes begin that part the current block
from the one before. TOTAL: the page's SIZE. OVER: something did not fit. OPTIONS: bits that follow."""
BACK_QUOTES, EVERYTHING = 1, 2
"""Options: the page uses back-quotes (AsciiMath), or delimiters of its own."""

TEXT_BEGIN, TEXT_END, CELL_BEGIN, CELL_END, PRINTED_LENGTH, PRINTED = range(6)
FORMULA_COLUMNS = 6
"""Columns of `Writer.formula_places`: where the formula stands as printed in text and in a cell, characters of its TeX
with delimiters, and how often it has been printed."""

_BR, _DIV, _P, _LI, _TR = (TAG[name] for name in "br div p li tr".split())
NEWLINE, DOLLAR, BACKSLASH, BACK_QUOTE, BRACKET, CLOSING_BRACKET, PIPE = (ord(c) for c in "\n$\\`[]|")
BBCODE = word_table(dict.fromkeys("itex imath tex math latex dmath equation".split(), 1))


_PLAIN = np.zeros(256, dtype=np.bool_)
"""Bytes of text that are copied as they are."""
_PLAIN[[byte for byte in range(33, 256) if byte not in (*b"&$\\`[", 0xC2, 0xE2)]] = True


class Writer(NamedTuple):
    """Everything the kernels of one page share."""

    markup: Bytes
    nodes: Nodes
    out: Bytes
    run: Bytes
    pool: Bytes
    """Line prefixes of the pieces."""
    prefix: Bytes
    pieces: npt.NDArray[np.int32]
    contexts: Numbers
    markers: npt.NDArray[np.uint8]
    state: Numbers
    inline_ends: Numbers
    inline_marks: Numbers
    formulas: Bytes
    """The printed formulas of the tree, one after another."""
    formula_places: npt.NDArray[np.int32]
    """(formulas, FORMULA_COLUMNS)."""
    opened: Numbers
    """Open blocks: where they end, the context outside, whether that is in the main content."""


@bare_kernel
def put(writer: Writer, byte: int) -> None:
    """One byte to the output."""
    at = writer.state[OUT]
    if at < len(writer.out):
        writer.out[at] = byte
        writer.state[OUT] = at + 1
    else:
        writer.state[OVER] = 1


@bare_kernel
def put_mark(writer: Writer, mark: int) -> None:
    """A mark to the run."""
    at = writer.state[RUN]
    if at + 3 <= len(writer.run):
        writer.run[at], writer.run[at + 1], writer.run[at + 2] = 0xEF, 0xB7, mark
        writer.state[RUN] = at + 3
    else:
        writer.state[OVER] = 1


@bare_kernel
def put_space(writer: Writer) -> None:
    """A space to the run, unless it ends with one."""
    at = writer.state[RUN]
    if at < len(writer.run) and (at == 0 or writer.run[at - 1] != SPACE):
        writer.run[at] = SPACE
        writer.state[RUN] = at + 1


@bare_kernel
def put_number(writer: Writer, number: int) -> None:
    """A formula's number between marks, to the run."""
    put_mark(writer, ATOM)
    digits = 1
    while number >= 10**digits:
        digits += 1
    at = writer.state[RUN]
    if at + digits <= len(writer.run):
        for step in range(digits):
            writer.run[at + digits - 1 - step] = 48 + number % 10
            number //= 10
        writer.state[RUN] = at + digits
    put_mark(writer, ATOM_END)
    writer.state[CONTENT] = 1


@bare_kernel
def decoded(markup: Bytes, at: int, end: int) -> tuple[int, int]:
    """The byte that an entity at an ampersand stands for (a space for `&nbsp;`), and the bytes it takes."""
    size = entity_size(markup, at, end)
    if size == 1:
        return AMPERSAND, 1
    first = markup[at + 1]
    if first == 97:
        return AMPERSAND, size
    if first == 108:
        return 60, size
    if first == 103:
        return 62, size
    if first == 113:
        return 34, size
    return SPACE, size


@bare_kernel
def put_text(writer: Writer, begin: int, end: int) -> None:
    """Text of the page to the run, white space collapsed; notes whether it is blank and whether it is plain."""
    markup, run = writer.markup, writer.run
    length, content, special = writer.state[RUN], writer.state[CONTENT], writer.state[SPECIAL]
    options = writer.state[OPTIONS]
    at = begin
    room = len(run) - 1
    while at < end and length < room:
        if _PLAIN[markup[at]]:
            content = 1
            run[length] = markup[at]
            length += 1
            at += 1
            continue
        byte, size = np.int64(markup[at]), 1
        if byte == AMPERSAND:
            byte, size = decoded(markup, at, end)
        elif byte == 0xC2 and at + 1 < end and markup[at + 1] == 0xA0:
            byte, size = SPACE, 2
        at += size
        if is_space(byte):
            if length == 0 or run[length - 1] != SPACE:
                run[length] = SPACE
                length += 1
            continue
        content = 1
        if byte == DOLLAR or byte == BACKSLASH:
            special = 1
        elif byte == BACK_QUOTE:
            special |= (options & BACK_QUOTES) != 0
        elif byte == BRACKET:
            special |= _opens_bbcode(markup, at, end)
        elif byte >= 0xC2 and at + 1 < end:
            special |= _is_script(byte, np.int64(markup[at]), np.int64(markup[at + 1]))
        run[length] = byte
        length += 1
    if at < end:
        writer.state[OVER] = 1
    writer.state[RUN], writer.state[CONTENT], writer.state[SPECIAL] = length, content, special


@bare_kernel
def _opens_bbcode(markup: Bytes, at: int, end: int) -> bool:
    """Whether `tex]` or another name of a formula stands behind a bracket."""
    hashed, stop = HASH_START, min(end, at + 12)
    while at < stop and markup[at] != CLOSING_BRACKET:
        hashed = (hashed ^ np.int64(markup[at])) * HASH_PRIME
        at += 1
    return at < stop and look_up(BBCODE, hashed) != 0


@bare_kernel
def _is_script(first: int, second: int, third: int) -> bool:
    """Whether bytes are a superscript or subscript character (U+00B2, U+2070 to U+209C, U+2C7C)."""
    if first == 0xC2:
        return second == 0xB2 or second == 0xB3 or second == 0xB9
    if first != 0xE2:
        return False
    return (
        (second == 0x81 and third >= 0xB0) or (second == 0x82 and third <= 0x9C) or (second == 0xB1 and third == 0xBC)
    )


@bare_kernel
def put_code(writer: Writer, first: int, last: int) -> bool:
    """The text of nodes as code to the run; False if it is blank and nothing was put."""
    start = writer.state[RUN]
    content, special = writer.state[CONTENT], writer.state[SPECIAL]
    put_mark(writer, CODE)
    begin = writer.state[RUN]
    writer.state[CONTENT] = 0
    put_texts(writer, first, last)
    blank = writer.state[CONTENT] == 0
    writer.state[SPECIAL] = special
    if blank:
        writer.state[RUN], writer.state[CONTENT] = start, content
        return False
    if begin < writer.state[RUN] and writer.run[begin] == SPACE:
        for at in range(begin, writer.state[RUN] - 1):
            writer.run[at] = writer.run[at + 1]
        writer.state[RUN] -= 1
    if writer.run[writer.state[RUN] - 1] == SPACE:
        writer.state[RUN] -= 1
    put_mark(writer, CODE_END)
    return True


@bare_kernel
def put_texts(writer: Writer, first: int, last: int) -> None:
    """All text of nodes to the run."""
    for node in range(first, last):
        if writer.nodes[node, KIND] == TEXT:
            put_text(writer, writer.nodes[node, BEGIN], writer.nodes[node, END])


@bare_kernel
def put_preformatted(writer: Writer, first: int, last: int) -> None:
    """The text of nodes to the output as it stands, without line numbers and buttons; a line for each block in it."""
    nodes, markup = writer.nodes, writer.markup
    begin = writer.state[OUT]
    ends, depth = writer.inline_ends, 0
    node = first
    while True:
        while depth > 0 and node >= ends[depth - 1]:
            depth -= 1
            _end_line(writer, begin)
        if node >= last:
            return
        kind = nodes[node, KIND]
        if kind == TEXT:
            at, end = nodes[node, BEGIN], nodes[node, END]
            while at < end:
                byte, size = np.int64(markup[at]), 1
                if byte == AMPERSAND:
                    byte, size = decoded(markup, at, end)
                elif byte == 0xC2 and at + 1 < end and markup[at + 1] == 0xA0:
                    byte, size = SPACE, 2
                put(writer, byte)
                at += size
        elif kind == _BR:
            put(writer, NEWLINE)
        elif kind >= UNKNOWN and (nodes[node, MARKS] & LINE_NUMBERS or TAG_BITS[kind] & NO_CODE):
            node = nodes[node, LAST]
            continue
        elif (kind == _DIV or kind == _P or kind == _LI or kind == _TR) and depth < len(ends):
            ends[depth] = nodes[node, LAST]
            depth += 1
        node += 1


@bare_kernel
def _end_line(writer: Writer, begin: int) -> None:
    at = writer.state[OUT]
    if at > begin and writer.out[at - 1] != NEWLINE:
        put(writer, NEWLINE)
