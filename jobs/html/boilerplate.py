"""What of a page is not its content: navigation, notices, side columns, hidden parts, lists of links.

Rules of markup first (elements, roles, names); then link density. A rule never takes the larger part of a page: authors
call wrappers `content-with-sidebar`, and a wrong name must not cost the text.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jobs.html.nodes import FOUND, HOLDS, KIND, LINK_SIZE, LINKS, MARKS, PARENT, SIZE, Nodes
from jobs.html.tags import (
    BLOCK,
    DROPPED,
    LINK_BLOCK,
    NEVER_NAMED,
    NO_BLOCKS_INSIDE,
    TAG,
    TAG_BITS,
    TEXT,
    UNKNOWN,
)
from jobs.html.text_buffer import PRINTED_LENGTH
from jobs.html.word_marks import (
    HEADER_NAMED,
    HIDDEN,
    HREF,
    KEPT_ASIDE,
    LINE_NUMBERS,
    LOCAL_LINK,
    NAMED,
    ROLE_NAMED,
    WHOLE_NAME,
)
from jobs.kernels import bare_kernel

HAS_BLOCK, HAS_HEADING, HAS_PRE, HAS_LINE_NUMBERS, HAS_FORMULA, HAS_LOCAL_LINK, IS_BLOCK = (1 << at for at in range(7))
"""Bits of HOLDS: what stands below a node; IS_BLOCK: it is a block, or an inline element with blocks in it."""

KEPT_SHARE = 0.4
"""An element with more than this share of the page's text is never dropped for its name."""
LINK_SHARE = 0.75
LONG_LINK = 60
"""Characters of a link in a list of links; longer ones read like text."""

_H1, _H2, _PRE, _A, _P, _HEADER, _FOOTER, _ASIDE = (TAG[name] for name in "h1 h2 pre a p header footer aside".split())


@bare_kernel
def measure(nodes: Nodes, formula_places: npt.NDArray[np.int32]) -> None:
    """Sizes, links and contents of all nodes from the bottom up: below an element come only nodes that follow it."""
    for node in range(len(nodes) - 1, 0, -1):
        parent, kind = nodes[node, PARENT], nodes[node, KIND]
        if kind < UNKNOWN:
            if kind == TEXT:
                nodes[parent, SIZE] += nodes[node, SIZE]
            continue
        bits, holds = TAG_BITS[kind], nodes[node, HOLDS]
        if nodes[node, FOUND] != 0:
            formula = nodes[node, FOUND]
            nodes[node, SIZE] = formula_places[formula - 1, PRINTED_LENGTH] if formula > 0 else 0
            nodes[node, LINK_SIZE], nodes[node, LINKS] = 0, 0
            nodes[node, HOLDS] = holds = HAS_FORMULA if formula > 0 else 0
        elif bits & DROPPED:
            nodes[node, SIZE], nodes[node, LINK_SIZE], nodes[node, LINKS] = 0, 0, 0
        elif kind == _A and nodes[node, MARKS] & HREF:
            nodes[node, LINK_SIZE], nodes[node, LINKS] = nodes[node, SIZE], 1
        upwards = holds & ~HAS_BLOCK
        if nodes[node, FOUND] == 0:
            if bits & BLOCK or (holds & HAS_BLOCK and not bits & NO_BLOCKS_INSIDE):
                nodes[node, HOLDS] |= IS_BLOCK
                upwards |= HAS_BLOCK
            if kind == _H1 or kind == _H2:
                upwards |= HAS_HEADING
            if kind == _PRE:
                upwards |= HAS_PRE
            if kind == _A and nodes[node, MARKS] & LOCAL_LINK:
                upwards |= HAS_LOCAL_LINK
            if nodes[node, MARKS] & LINE_NUMBERS:
                upwards |= HAS_LINE_NUMBERS
        nodes[parent, SIZE] += nodes[node, SIZE]
        nodes[parent, LINK_SIZE] += nodes[node, LINK_SIZE]
        nodes[parent, LINKS] += nodes[node, LINKS]
        nodes[parent, HOLDS] |= upwards


@bare_kernel
def is_boilerplate(nodes: Nodes, node: int, inside_content: bool, total: int) -> bool:
    """Whether to leave an element out. `inside_content`: it lies in `main` or `article`; `total`: the page's SIZE."""
    kind, marks = nodes[node, KIND], nodes[node, MARKS]
    bits = TAG_BITS[kind]
    if bits & DROPPED or marks & HIDDEN:
        return True
    small = nodes[node, SIZE] < KEPT_SHARE * total
    if kind == _FOOTER or (kind == _ASIDE and not marks & KEPT_ASIDE):
        return small
    if bits & NEVER_NAMED:
        return (kind == _A or kind == _P) and marks & WHOLE_NAME != 0
    if marks & ROLE_NAMED and small:
        return True
    if (kind == _HEADER or marks & HEADER_NAMED) and not inside_content:
        return small and not nodes[node, HOLDS] & HAS_HEADING
    if small and marks & (WHOLE_NAME | NAMED):
        return True
    return bits & LINK_BLOCK != 0 and small and _is_link_list(nodes, node)


@bare_kernel
def _is_link_list(nodes: Nodes, node: int) -> bool:
    """Three links or more that make up nearly all of a block of short texts."""
    size, link_size, links = nodes[node, SIZE], nodes[node, LINK_SIZE], nodes[node, LINKS]
    if links < 3 or size == 0:
        return False
    return link_size > LINK_SHARE * size and link_size < LONG_LINK * links


__all__ = ["is_boilerplate", "measure"]
