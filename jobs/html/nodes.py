"""A parsed page as a table of numbers, a row a node in document order, made in one pass over the bytes.

Pages that nest well are written as a serialiser would (`source_scan`); for others Lexbor (through resiliparse) does the
HTML5 parsing with all its repairs. Walking its tree from Python costs about 4 µs a node, because every step makes a
wrapper object; so its tree is serialised once (fast, in C) and scanned here, which that regular output allows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.html.attributes import attribute_marks
from jobs.html.characters import COLON, GREATER, LESS, SLASH, SPACE, Bytes, characters
from jobs.html.renderers import names_renderer
from jobs.html.tags import (
    HASH_PRIME,
    HASH_START,
    NO_FORMULAS_INSIDE,
    RAW,
    RAW_TEXT,
    TAG,
    TAG_BITS,
    TAG_TABLE,
    TEXT,
    UNKNOWN,
    UNREAD,
    VOID,
    look_up,
)
from jobs.html.word_marks import DISPLAY_WRAPPER, FORMULA, FORMULA_NAMES
from jobs.kernels import bare_kernel, kernel

Nodes = npt.NDArray[np.int32]
"""(nodes, COLUMNS)."""

KIND, BEGIN, NAME_END, END, LAST, PARENT, MARKS, SIZE, LINK_SIZE, LINKS, HOLDS, FOUND = range(12)
"""KIND: number of the tag, or TEXT, RAW, UNKNOWN. BEGIN, END: bytes of the text; of an element from its name to the end
of its attributes, which begin at NAME_END. LAST: the node after the element's last one. MARKS: bits of `word_marks`.
SIZE: characters of text below without white space around; LINK_SIZE and LINKS: characters and number of links. HOLDS:
what stands below (bits of `boilerplate`). FOUND: k > 0 if the k-th formula stands in its place, -1 if nothing does."""
COLUMNS = 12
Listed = npt.NDArray[np.int32]
"""Numbers of nodes."""

MAX_NODES = 200_000
MAX_DEPTH = 120
"""Deeper elements are kept, but flattened into the element at this depth."""
MAX_RENDERERS = 64
"""Scripts of a page that are read for the settings of a formula renderer."""
MAX_ATTRIBUTE_BYTES = 100_000
"""Attributes of one element; longer ones are dropped (images in `data:` addresses)."""

DISPLAYED = 1 << 29
"""Inherited mark: inside an element that shows its formula on a line of its own."""
NO_FORMULAS = 1 << 30
"""Inherited mark: inside code, scripts or fields."""


_MAX_OPENED = 4096
_SCRIPT, _BODY, _TITLE = (TAG[name] for name in "script body title".split())
_EXCLAMATION, _QUESTION, _DASH = (ord(c) for c in "!?-")
COUNT, DEPTH, SKIPPED, ELEMENTS, LISTED, RENDERERS, OVER, STOPPED = range(8)
"""Cells of `_Scan.state`. SKIPPED: open elements that the stack has no room for. OVER: a bound cut or flattened the
page."""


class _Scan(NamedTuple):
    markup: Bytes
    nodes: Nodes
    opened: Listed
    """Open elements, outermost first."""
    opened_names: npt.NDArray[np.int64]
    candidates: Listed
    places: Listed
    state: npt.NDArray[np.int64]


@kernel
def scan(markup: Bytes) -> tuple[Nodes, Listed, Listed, bool]:
    """The nodes of a serialised page; those that a name marks as possible formulas; the first `body`, the first `title`
    (0 if there is none) and the scripts that may name a formula renderer; whether a bound cut or flattened the page.
    Node 0 is the document itself."""
    room = 2
    for byte in markup:
        room += byte == LESS
    room = min(2 * room, 4 * MAX_NODES)
    scanned = _Scan(
        markup,
        np.zeros((room, COLUMNS), dtype=np.int32),
        np.zeros(MAX_DEPTH, dtype=np.int32),
        np.zeros(_MAX_OPENED, dtype=np.int64),
        np.empty(room, dtype=np.int32),
        np.zeros(2 + MAX_RENDERERS, dtype=np.int32),
        np.zeros(8, dtype=np.int64),
    )
    state = scanned.state
    state[COUNT], state[RENDERERS] = 1, 2
    _scan(scanned)
    scanned.nodes[0, LAST], scanned.nodes[0, KIND] = state[COUNT], UNKNOWN
    return (
        scanned.nodes[: state[COUNT]],
        scanned.candidates[: state[LISTED]],
        scanned.places[: state[RENDERERS]],
        state[OVER] != 0,
    )


@bare_kernel
def _scan(scanned: _Scan) -> None:
    markup, state = scanned.markup, scanned.state
    at, size, room = 0, len(markup), len(scanned.nodes)
    while at < size and not state[STOPPED]:
        if state[COUNT] + 2 > room:  # comments may cut a text into any number of pieces
            state[OVER] = 1
            break
        following = markup[at + 1] if at + 1 < size else SPACE
        if markup[at] != LESS:
            at = _text(scanned, at)
        elif following == SLASH:
            at = _end_tag(scanned, at + 2)
        elif 97 <= following | 32 <= 122:
            at = _start_tag(scanned, at + 1)
        else:
            at = _after_declaration(markup, at)
    while state[DEPTH] > 0:
        _close(scanned)


@bare_kernel
def _innermost(scanned: _Scan) -> int:
    """The element that the next node is a child of."""
    return scanned.opened[min(scanned.state[DEPTH], MAX_DEPTH - 1)]


@bare_kernel
def _close(scanned: _Scan) -> None:
    """Leave the innermost element."""
    depth = scanned.state[DEPTH]
    if depth < MAX_DEPTH:
        scanned.nodes[scanned.opened[depth], LAST] = scanned.state[COUNT]
    scanned.state[DEPTH] = depth - 1


@bare_kernel
def _text(scanned: _Scan, begin: int) -> int:
    markup, node = scanned.markup, scanned.state[COUNT]
    at, size = begin, len(markup)
    while at < size and markup[at] != LESS:
        at += 1
    _add_text(scanned.nodes, node, _innermost(scanned), TEXT, begin, at)
    scanned.nodes[node, SIZE] = characters(markup, begin, at)
    scanned.state[COUNT] = node + 1
    return at


@bare_kernel
def _add_text(nodes: Nodes, node: int, parent: int, kind: int, begin: int, end: int) -> None:
    nodes[node, KIND], nodes[node, BEGIN], nodes[node, NAME_END], nodes[node, END] = kind, begin, begin, end
    nodes[node, LAST], nodes[node, PARENT] = node + 1, parent


@bare_kernel
def _end_tag(scanned: _Scan, at: int) -> int:
    """Close the innermost open element of this name; the serialiser nests well, so it is nearly always the last."""
    markup, state, size = scanned.markup, scanned.state, len(scanned.markup)
    hashed = HASH_START
    while at < size and markup[at] != GREATER:
        hashed = (hashed ^ np.int64(markup[at])) * HASH_PRIME
        at += 1
    if state[SKIPPED]:
        state[SKIPPED] -= 1
        return at + 1
    depth = state[DEPTH]
    back = depth
    while back > 0 and depth - back < 8 and scanned.opened_names[back] != hashed:
        back -= 1
    if back > 0 and scanned.opened_names[back] == hashed:
        while state[DEPTH] >= back:
            _close(scanned)
    return at + 1


@bare_kernel
def _start_tag(scanned: _Scan, name_begin: int) -> int:
    markup, nodes, state, size = scanned.markup, scanned.nodes, scanned.state, len(scanned.markup)
    if state[ELEMENTS] >= MAX_NODES:
        state[OVER], state[STOPPED] = 1, 1
        return size
    state[ELEMENTS] += 1
    at, hashed = name_begin, HASH_START
    local, local_begin = HASH_START, name_begin
    while at < size and markup[at] != GREATER and markup[at] != SPACE:
        byte = np.int64(markup[at])
        hashed, local = (hashed ^ byte) * HASH_PRIME, (local ^ byte) * HASH_PRIME
        at += 1
        if byte == COLON:  # `mml:mi` -> `mi`: publishers prefix MathML, and HTML knows no prefixes
            local, local_begin = HASH_START, at
    if local_begin == at:
        local, local_begin = hashed, name_begin
    name_end = at
    kind = look_up(TAG_TABLE, local)
    if kind == 0:
        kind = UNKNOWN
    marks = _inherited(scanned) | (FORMULA if look_up(FORMULA_NAMES, local) != 0 else 0)
    own, at = attribute_marks(markup, at, kind)
    end = at
    if end - name_end > MAX_ATTRIBUTE_BYTES:
        state[OVER], own, end = 1, 0, name_end
    node = state[COUNT]
    state[COUNT] = node + 1
    nodes[node, KIND], nodes[node, BEGIN], nodes[node, NAME_END], nodes[node, END] = kind, local_begin, name_end, end
    nodes[node, LAST], nodes[node, PARENT], nodes[node, MARKS] = node + 1, _innermost(scanned), marks | own
    _note(scanned, node)
    if TAG_BITS[kind] & RAW_TEXT:
        return _raw_element(scanned, node, name_begin, at + 1)
    if not TAG_BITS[kind] & VOID:
        _open(scanned, node, hashed)
    return at + 1


@bare_kernel
def _inherited(scanned: _Scan) -> int:
    """Marks that a new element gets from those around it."""
    parent = _innermost(scanned)
    marks = scanned.nodes[parent, MARKS] & (DISPLAYED | NO_FORMULAS)
    if scanned.nodes[parent, MARKS] & DISPLAY_WRAPPER:
        marks |= DISPLAYED
    if TAG_BITS[scanned.nodes[parent, KIND]] & NO_FORMULAS_INSIDE:
        marks |= NO_FORMULAS
    return marks


@bare_kernel
def _note(scanned: _Scan, node: int) -> None:
    """List a node that may be a formula; remember the first body and title."""
    nodes, state, places = scanned.nodes, scanned.state, scanned.places
    kind = nodes[node, KIND]
    if kind == _BODY and places[0] == 0:
        places[0] = node
    elif kind == _TITLE and places[1] == 0:
        places[1] = node
    if nodes[node, MARKS] & (FORMULA | NO_FORMULAS) == FORMULA:
        scanned.candidates[state[LISTED]] = node
        state[LISTED] += 1


@bare_kernel
def _open(scanned: _Scan, node: int, name: int) -> None:
    state = scanned.state
    depth = state[DEPTH] + 1
    if depth >= _MAX_OPENED:
        state[SKIPPED] += 1
        return
    state[DEPTH] = depth
    scanned.opened_names[depth] = name
    if depth < MAX_DEPTH:
        scanned.opened[depth] = node
    else:
        state[OVER] = 1


@bare_kernel
def _raw_element(scanned: _Scan, node: int, name_begin: int, begin: int) -> int:
    """The unparsed text of a script or its like; notes a script that names a formula renderer."""
    markup, nodes, state = scanned.markup, scanned.nodes, scanned.state
    name_end, end = nodes[node, NAME_END], nodes[node, END]
    at, after = _raw_text(markup, begin, name_begin, name_end)
    is_script = nodes[node, KIND] == _SCRIPT and not nodes[node, MARKS] & FORMULA
    named = is_script and (names_renderer(markup, name_end, end) or names_renderer(markup, begin, at))
    if named and state[RENDERERS] < len(scanned.places):
        scanned.places[state[RENDERERS]] = node
        state[RENDERERS] += 1
    if begin < at and not TAG_BITS[nodes[node, KIND]] & UNREAD:
        _add_text(nodes, state[COUNT], node, RAW, begin, at)
        state[COUNT] += 1
        nodes[node, LAST] = state[COUNT]
    return after


@bare_kernel
def _after_declaration(markup: Bytes, at: int) -> int:
    """Past a comment, a doctype, or a lone `<`."""
    size = len(markup)
    following = markup[at + 1] if at + 1 < size else SPACE
    if following != _EXCLAMATION and following != _QUESTION:
        return at + 1
    if at + 3 < size and markup[at + 2] == _DASH and markup[at + 3] == _DASH:
        end = at + 4
        while end + 2 < size and not (markup[end] == _DASH and markup[end + 1] == _DASH and markup[end + 2] == GREATER):
            end += 1
        return end + 3
    end = at + 2
    while end < size and markup[end] != GREATER:
        end += 1
    return end + 1


@bare_kernel
def _raw_text(markup: Bytes, begin: int, name_begin: int, name_end: int) -> tuple[int, int]:
    """Where the unparsed text of a script ends, and where scanning goes on."""
    size, name_size = len(markup), name_end - name_begin
    at = begin
    while at + name_size + 2 < size:
        if markup[at] == LESS and markup[at + 1] == SLASH and markup[at + 2 + name_size] == GREATER:
            same = 0
            while same < name_size and markup[at + 2 + same] == markup[name_begin + same]:
                same += 1
            if same == name_size:
                return at, at + name_size + 3
        at += 1
    return size, size


__all__ = ["Nodes", "scan"]
