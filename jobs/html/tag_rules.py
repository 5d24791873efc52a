"""Where an element goes in a page as served, and what its tags close."""

from __future__ import annotations

import numpy as np

from jobs.html.characters import AMPERSAND, GREATER, LESS, SLASH
from jobs.html.open_elements import (
    PARAGRAPH,
    end_in_table,
    end_item,
    end_paragraph,
    is_open,
    open_implied,
    place_in_select,
    place_in_table,
    pop,
    pop_through,
    put_end_tag,
    top_bits,
    top_name,
)
from jobs.html.source_names import (
    BODY,
    BUTTON,
    CLOSES_P,
    DD,
    DT,
    ENDS_IMPLIED,
    FOREIGN,
    FORM,
    HEAD,
    HEADING,
    HTML,
    LI,
    LINK,
    META,
    METADATA,
    NOSCRIPT,
    NUMBER_SHIFT,
    OPTGROUP,
    OPTION,
    RCDATA,
    SCRIPT,
    SELECT,
    STYLE,
    TABLE,
    TABLE_CONTEXT,
    TABLE_PART,
    TEXTAREA,
    A,
    P,
)
from jobs.html.source_text import (
    DEPTH,
    FORMS,
    IS_SPACE,
    MODE,
    QUIRKS,
    SELECTS,
    UNSURE,
    Source,
    put_bytes,
    put_text,
)
from jobs.kernels import bare_kernel

BEFORE_HTML, BEFORE_HEAD, IN_HEAD, AFTER_HEAD, IN_BODY, AFTER_BODY = range(6)
"""Values of MODE."""
PLACED = CLOSES_P | TABLE_PART | -1 << NUMBER_SHIFT
"""Bits of elements that may close others, or have a rule of their own."""
_HTML, _HEAD, _BODY, _P = (np.frombuffer(name, dtype=np.uint8) for name in (b"html", b"head", b"body", b"p"))
_EXCLAMATION, _NEWLINE = (ord(c) for c in "!\n")


@bare_kernel
def to_body(source: Source) -> None:
    """Go where content stands; start tags that were left out come in."""
    state = source.state
    to_head(source)
    if state[MODE] == IN_HEAD:
        if top_name(source) != HEAD:
            state[UNSURE] = 1
        pop(source)
        state[MODE] = AFTER_HEAD
    if state[MODE] == AFTER_HEAD:
        open_implied(source, _BODY, BODY)
    state[MODE] = IN_BODY


@bare_kernel
def to_head(source: Source) -> None:
    state = source.state
    if state[MODE] == BEFORE_HTML:
        open_implied(source, _HTML, HTML)
        state[MODE] = BEFORE_HEAD
    if state[MODE] == BEFORE_HEAD:
        open_implied(source, _HEAD, HEAD)
        state[MODE] = IN_HEAD


@bare_kernel
def place_outside(source: Source, name: int, bits: int) -> None:
    """Make way for an element before, or after, the body."""
    state = source.state
    mode = state[MODE]
    if mode == AFTER_BODY:
        state[MODE] = IN_BODY
        place(source, name, bits)
    elif name == HTML:
        state[UNSURE] |= mode != BEFORE_HTML
        state[MODE] = BEFORE_HEAD
    elif name == HEAD:
        state[UNSURE] |= mode > BEFORE_HEAD
        if mode == BEFORE_HTML:
            open_implied(source, _HTML, HTML)
        state[MODE] = IN_HEAD
    elif name == BODY:
        if mode < AFTER_HEAD:
            to_head(source)
            state[UNSURE] |= top_name(source) != HEAD
            pop(source)
        state[MODE] = IN_BODY
    elif bits & METADATA and mode <= IN_HEAD:
        to_head(source)
        if top_name(source) != HEAD:  # in a `noscript`
            state[UNSURE] |= name != LINK and name != META and name != STYLE
    else:
        state[UNSURE] |= bits & METADATA != 0 and name != NOSCRIPT
        to_body(source)
        place(source, name, bits)


@bare_kernel
def place(source: Source, name: int, bits: int) -> None:
    """Close what a start tag in the body closes."""
    state = source.state
    if bits & TABLE_PART or top_bits(source) & TABLE_CONTEXT:
        place_in_table(source, name, bits)
    elif state[SELECTS]:
        place_in_select(source, name)
    elif name == OPTION or name == OPTGROUP:
        if top_name(source) == OPTION:
            pop(source)
    elif name == HTML or name == HEAD or name == BODY:
        state[UNSURE] = 1
    elif name == A or name == BUTTON:
        state[UNSURE] |= is_open(source, name)
    elif name == SELECT:
        state[SELECTS] += 1
    elif bits & CLOSES_P:
        if name == LI:
            end_item(source, LI, LI)
        elif name == DD or name == DT:
            end_item(source, DD, DT)
        elif name == FORM:
            state[UNSURE] |= state[FORMS] != 0
            state[FORMS] = 1
        elif name == TABLE and state[QUIRKS] and source.opened[state[DEPTH], PARAGRAPH] > 0:
            state[UNSURE] = 1
        end_paragraph(source)
        if bits & HEADING and top_bits(source) & HEADING:
            state[UNSURE] = 1


@bare_kernel
def close(source: Source, name: int, bits: int) -> None:
    """What an end tag in the body closes."""
    state = source.state
    if top_bits(source) & FOREIGN:
        state[UNSURE] |= top_name(source) != name
        pop(source)
    elif name == TABLE or bits & TABLE_PART:
        end_in_table(source, name, bits)
    elif (
        name == P
        and source.opened[state[DEPTH], PARAGRAPH] == 0
        and not (state[SELECTS] or top_bits(source) & TABLE_CONTEXT)
    ):
        open_implied(source, _P, P)
        pop(source)
    elif bits & ENDS_IMPLIED or name == P or name == LI or name == DD or name == DT:
        pop_through(source, name)
        if name == FORM:
            state[FORMS] = 0
    elif name == SELECT:
        pop_through(source, name)
        state[SELECTS] -= 1
    elif top_name(source) == name:
        pop(source)
    else:
        state[UNSURE] = 1


@bare_kernel
def put_unparsed(source: Source, name: int, bits: int, begin: int, name_begin: int, name_end: int) -> int:
    """The content of a script, a title or their like, up to its end tag."""
    page, state, size = source.page, source.state, len(source.page)
    if name == TEXTAREA and begin < size:
        state[UNSURE] |= page[begin] == AMPERSAND
        begin += page[begin] == _NEWLINE
    at, comment, name_size = begin, False, name_end - name_begin
    while at + 2 + name_size < size:
        if page[at] == LESS:
            if page[at + 1] == SLASH and _is_name(source, at + 2, name_begin, name_end):
                break
            if page[at + 1] == _EXCLAMATION:
                comment = True
            elif comment and name == SCRIPT and _is_name(source, at + 1, name_begin, name_end):
                state[UNSURE] = 1  # a script inside a comment inside a script hides an end tag
        at += 1
    if bits & RCDATA:
        put_text(source, begin, at, 0, False)
    else:
        put_bytes(source, page, begin, at)
    put_end_tag(source, name_begin, name_end)
    at += 2 + name_size
    while at < size and IS_SPACE[page[at]]:
        at += 1
    state[UNSURE] |= at >= size or page[at] != GREATER
    return at + 1


@bare_kernel
def _is_name(source: Source, at: int, name_begin: int, name_end: int) -> bool:
    """Whether a name as it is written stands at a byte of the page, in either case."""
    for step in range(name_end - name_begin):
        byte = source.page[at + step]
        if (byte + 32 if 65 <= byte <= 90 else byte) != source.out[name_begin + step]:
            return False
    return True
